/** The page of a real run, from the full sync to its end, with real servers and a line between that breaks. */
import { readFileSync } from 'node:fs';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OpenedPage, openPage, startBrowser } from '../support/page/browser.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { GodwitProcess } from '../support/godwit-process.ts';
import type { LiveLoad } from '../support/live-load.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

const KEYS = 3_000;
const COMMANDS_A_SECOND = 600;

let browser: Browser;
let scene: SyncScene;
let proxy: FaultProxy;
let godwit: GodwitProcess;
let load: LiveLoad;
let opened: OpenedPage;
let page: Page;

beforeAll(async () => {
  [browser, scene] = await Promise.all([startBrowser(), openScene({ target: { args: { timeout: 2 } } })]);
  const client = scene.source.client();
  const pipeline = client.pipeline();
  for (let i = 0; i < KEYS; i++) pipeline.set(`key:${i}`, 'x'.repeat(100));
  await pipeline.exec();
  client.disconnect();
  proxy = await startFaultProxy({ port: scene.target.port });
  scene.targetUrl = proxy.url;
  godwit = scene.godwit('--rate-commands', String(COMMANDS_A_SECOND), '--doctor-interval', '0');
  await godwit.waitForStatus('the status server', () => true);
  opened = await openPage(browser, godwit.statusUrl);
  page = opened.page;
  page.setDefaultTimeout(20_000);
});

afterAll(async () => {
  await opened?.close();
  await browser?.close();
  await scene?.close();
  proxy?.close();
});

const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
const rowOf = (role: string): Locator => page.locator('#connections tr[data-health]', { hasText: role });

test('the root of the status server sends a browser to the page, whose address the log tells', async () => {
  expect(page.url()).toBe(`${godwit.statusUrl}/ui/`);
  expect(godwit.lines.map(({ message }) => message)).toContain(`the page of this run is at ${godwit.statusUrl}/ui/`);
  await page.locator('.contact[data-contact=live]').waitFor();
});

test('the full sync is followed with its progress, and with the limits that are set on the page', async () => {
  await page.locator('[aria-current=step]', { hasText: 'full sync' }).waitFor();
  const progress = page.locator('.progress progress');
  const before = Number(await progress.getAttribute('value'));
  await expect.poll(async () => Number(await progress.getAttribute('value')), { timeout: 10_000 }).toBeGreaterThan(Math.max(0.1, before));
  await button('Limit the rate').click();
  await button('Set the limits').click();
  const path = String(godwit.lines.find(({ file }) => typeof file === 'string')?.['file']);
  await page.getByLabel('Token', { exact: true }).fill(readFileSync(path, 'utf8').trim());
  await button('Use it').click();
  await page.getByText('The limits of the rate are in force.').waitFor();
  await page.locator('[aria-current=step]', { hasText: 'following' }).waitFor();
  expect(await page.locator('.events', { hasText: 'rate.changed' }).count()).toBe(1);
});

test('the live sync is well, with its speed and its charts', async () => {
  load = scene.load();
  await page.locator('.banner[data-level=good]').waitFor();
  await page.locator('.tile', { hasText: /Speed\s*[1-9]/ }).waitFor();
  await page.getByRole('img', { name: /^Keys and commands per second.*commands: now [1-9]/ }).waitFor();
  expect(await rowOf('target data').innerText()).toMatch(/ready.*every .* \(the node's timeout is 2 s\)/s);
});

test('a killed connection is seen red with its reason, then green again', async () => {
  proxy.refuse();
  proxy.reset();
  await page.locator('.banner[data-level=bad]').waitFor();
  await page.locator('.troubles', { hasText: /target data .*: lost for/ }).waitFor();
  expect(await rowOf('target data').getAttribute('data-health')).toBe('bad');
  expect(await page.locator('.lines path.bad').count()).toBe(1);
  expect(await page.title()).toMatch(/^✖ /);
  await proxy.accept();
  await page.locator('#connections tr[data-health=good]', { hasText: 'target data' }).waitFor();
  await page.locator('.troubles', { hasText: /target data .*: was lost, back for/ }).waitFor();
  expect(await page.locator('.lines path.bad').count()).toBe(0);
});

test('a pause holds the target and is seen, and resuming lets it catch up', async () => {
  await button('Pause').click();
  await page.locator('.troubles', { hasText: 'Paused: the source is read into the spool' }).waitFor();
  const { incrementalSync } = await godwit.status();
  await load.more(200);
  expect((await godwit.status()).incrementalSync.commandsApplied).toBe(incrementalSync.commandsApplied);
  await button('Resume').click();
  await button('Pause').waitFor();
  await godwit.waitForStatus('new commands', (status) => status.incrementalSync.commandsApplied > incrementalSync.commandsApplied);
});

test('finish is asked about and ends the job, and the page says what it saw last', async () => {
  await load.stop();
  await button('Finish').click();
  await button('Finish the job').click();
  expect(await godwit.exit).toMatchObject({ code: 0, stderr: '' });
  const lost = page.locator('.lost.ended');
  await lost.waitFor();
  expect(await lost.innerText()).toMatch(/No contact with Godwit since .*\n+It was (draining|stopped) when last seen/);
  expect(await scene.differences()).toEqual([]);
  expect(opened.failures).toEqual([]);
});
