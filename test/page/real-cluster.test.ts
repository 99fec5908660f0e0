/** The page of a real run between clusters: several pipelines, each with a connection to each node. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { openPage, startBrowser } from '../support/page/browser.ts';

const spoolDir = mkdtempSync(join(tmpdir(), 'godwit-page-'));
let browser: Browser;
let source: TestCluster;
let target: TestCluster;
let godwit: GodwitProcess;

beforeAll(async () => {
  [browser, source, target] = await Promise.all([startBrowser(), startCluster({ shards: 3 }), startCluster({ shards: 3 })]);
  godwit = startGodwit({ source: source.url(), target: target.url(), spoolDir, args: ['--doctor-interval', '0'] });
  await godwit.waitForPhase('incremental-sync');
});

afterAll(async () => {
  await browser?.close();
  await godwit?.kill();
  await Promise.all([source?.stop(), target?.stop()]);
  rmSync(spoolDir, { recursive: true, force: true });
});

test('every pipeline leads from its shard to each node of the target, and each of its connections bears its name', async () => {
  const { connections, pipelines } = await godwit.status();
  const names = pipelines.map(({ name }) => name).toSorted();
  expect(names).toHaveLength(3);
  for (const role of ['target data', 'source replication']) {
    const owners = new Set(connections.flatMap((one) => (one.role === role ? [String(one.pipeline)] : [])));
    expect([...owners].toSorted()).toEqual(names);
  }
  const { page, failures, close } = await openPage(browser, `${godwit.statusUrl}/ui/`);
  await page.locator('.banner[data-level=good]').waitFor();
  expect(await page.locator('.course').count()).toBe(3);
  expect(await page.locator('.lines path').count()).toBe(3 + 3 * 3);
  expect(await page.locator('.course .name').allInnerTexts()).toEqual(pipelines.map(({ name }) => name.slice(0, 8)));
  await page.getByRole('searchbox').fill(names[0]);
  expect(await page.locator('#connections tbody tr[data-health]', { hasText: 'target data' }).count()).toBe(3);
  expect(failures).toEqual([]);
  await close();
});
