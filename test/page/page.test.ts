/** The page in a real browser, over states that a stand-in shows: what is said, in both languages and at three widths, what the buttons ask for, and how it comes back. */
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type OpenedPage, openPage, startBrowser } from '../support/page/browser.ts';
import { copying, following, loading, manyShards, scanning, troubled } from '../support/page/page-states.ts';
import { type StandIn, type StandInStatus, startStandIn } from '../support/page/stand-in.ts';

let browser: Browser;
let standIn: StandIn;
let opened: OpenedPage;

beforeAll(async () => {
  browser = await startBrowser();
});

afterEach(async () => {
  await opened.close();
  await standIn.close();
  expect(opened.failures).toEqual([]);
});

afterAll(() => browser.close());

async function show(state: () => StandInStatus, options: BrowserContextOptions = {}, more: { path?: string; prepare?: () => void } = {}): Promise<Page> {
  standIn = await startStandIn(state);
  more.prepare?.();
  opened = await openPage(browser, `${standIn.url}${more.path ?? '/ui/'}`, options);
  await opened.page.locator('.banner').waitFor();
  return opened.page;
}

const button = (page: Page, name: string): ReturnType<Page['getByRole']> => page.getByRole('button', { name, exact: true });

describe('at a glance', () => {
  test('a job that follows is well, with how far it is behind', async () => {
    const page = await show(following);
    expect(await page.locator('.banner').getAttribute('data-level')).toBe('good');
    expect(await page.locator('.sentence').innerText()).toContain('All is well: the target follows · 4 ms (1.2 KiB) behind the source');
    expect(await page.title()).toBe('10.0.0.1-6379-to-10.0.0.2-6379 · Godwit');
    await page.locator('.contact[data-contact=live]').waitFor();
  });

  test('a copy shows how far it is and how long it takes yet', async () => {
    const page = await show(copying);
    expect(await page.locator('.progress').innerText()).toMatch(/48\.1 %\s+34 s left/);
    expect(await page.locator('[aria-current=step]').innerText()).toContain('full sync');
  });

  test('a lost connection is named with its reason, first in the list, and seen in the title of the tab', async () => {
    const page = await show(troubled);
    expect(await page.locator('.sentence').innerText()).toContain('Trouble: one thing is wrong');
    expect(await page.locator('.troubles li').first().innerText()).toMatch(
      /^target data 10\.0\.0\.2:6379: lost for 8.* s, being made again\. CONNECTION_LOST: closed the connection$/,
    );
    expect(await page.title()).toMatch(/^✖ /);
    const rows = page.locator('#connections tbody tr');
    expect(await rows.nth(0).getAttribute('data-health')).toBe('bad');
    expect(await rows.nth(0).innerText()).toMatch(/waiting to try again.*every 640 ms \(the node's timeout is 2 s\) 1 ping lost/s);
    expect(await rows.nth(1).innerText()).toContain('CONNECTION_LOST');
  });

  test('what a job has besides is shown: of a file, of rules, of a scan, of a verification', async () => {
    const page = await show(loading);
    expect(await page.locator('#more').innerText()).toMatch(/prefix user:\s+allow\s+81,223/);
    expect(await page.locator('#more').innerText()).toContain('keys that had expired');
    expect(await page.locator('.losses').innerText()).toContain('the target has no such type');
    standIn.status = scanning;
    await page.locator('#verification', { hasText: 'keys looked at in this round' }).waitFor();
    expect(await page.locator('#more').innerText()).toContain('changed and still to be applied');
    expect(await page.locator('#findings').innerText()).toContain('Command for source 10.0.0.1:6379 CONFIG SET repl-backlog-size 64mb');
  });
});

describe('sixteen pipelines and 64 connections', () => {
  test('what is in trouble comes first, the slowest node is named, and every connection can be found', async () => {
    const page = await show(manyShards);
    expect(await page.locator('.course').count()).toBe(16);
    expect(await page.locator('.lines path').count()).toBe(64);
    expect(await page.locator('.lines path.bad').count()).toBe(2);
    expect(await page.locator('.tile', { hasText: 'Slowest node' }).innerText()).toContain('10.0.1.3:7000');
    const lost = page.locator('#connections tr.has-error');
    expect(await lost.count()).toBe(2);
    await button(page, 'Show all 64').click();
    expect(await page.locator('#connections tbody tr[data-health]').count()).toBe(64);
    await page.getByRole('searchbox').fill('shard-07 target');
    expect(await page.locator('#connections tbody tr[data-health]').count()).toBe(3);
    await page.getByRole('searchbox').fill('');
    await button(page, '10.0.1.2:7000: Show its connections').click();
    expect(await page.locator('#connections .panel-head').innerText()).toContain('16 of 64');
  });

  test.each([360, 800, 1440])('nothing is wider than a screen of %i, and no card lies on another', async (width) => {
    const page = await show(manyShards, { viewport: { width, height: 900 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const boxes = await Promise.all((await page.locator('.card').all()).map((card) => card.boundingBox()));
    const places = boxes.map((box) => box!);
    const overlaps = places.flatMap((a, i) =>
      places.slice(i + 1).filter((b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height - 1 && b.y < a.y + a.height - 1),
    );
    expect(overlaps).toEqual([]);
    expect(Math.max(...places.map(({ x, width: wide }) => x + wide))).toBeLessThanOrEqual(width);
  });
});

describe('languages and readers', () => {
  test('the browser says the language, the switch changes it, and the choice is kept', async () => {
    const page = await show(troubled, { locale: 'zh-CN' });
    expect(await page.locator('.sentence').innerText()).toContain('出现问题：1 处异常');
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    await page.getByRole('combobox', { name: '语言' }).selectOption('English');
    expect(await page.locator('.sentence').innerText()).toContain('Trouble: one thing is wrong');
    await page.reload();
    await page.locator('.banner').waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
  });

  const looks: readonly (readonly [string, () => StandInStatus, BrowserContextOptions])[] = [
    ['troubled, English, light', troubled, { colorScheme: 'light' }],
    ['troubled, Chinese, dark, on a phone', troubled, { colorScheme: 'dark', locale: 'zh-CN', viewport: { width: 390, height: 800 } }],
    ['sixteen shards, dark', manyShards, { colorScheme: 'dark' }],
    ['loading, on a tablet', loading, { viewport: { width: 800, height: 900 } }],
    ['following, Chinese', following, { locale: 'zh-CN' }],
  ];
  test.each(looks)('axe finds nothing serious: %s', async (_, state, options) => {
    const page = await show(state, options);
    expect(await seriousIssues(page)).toEqual([]);
  });

  test('a reader hears of troubles, not of numbers that move', async () => {
    const page = await show(following);
    const announced = page.locator('.banner [role=status]');
    const before = await announced.innerText();
    standIn.status = () => following({ lagMs: 812, lagBytes: 99_000 });
    await page.locator('.sentence', { hasText: '812 ms' }).waitFor();
    expect(await announced.innerText()).toBe(before);
    standIn.status = troubled;
    await page.locator('.banner[data-level=bad]').waitFor();
    expect(await announced.innerText()).toContain('target data 10.0.0.2:6379: lost');
  });

  test('the keyboard skips to the facts, opens a question and leaves it', async () => {
    const page = await show(following);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('facts');
    await button(page, 'Finish').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await seriousIssues(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(standIn.changes).toEqual([]);
  });
});

describe('steering', () => {
  test('the token is asked for once, a wrong one again, and is kept for the tab', async () => {
    const page = await show(following);
    await button(page, 'Pause').click();
    await page.getByLabel('Token', { exact: true }).fill('a wrong one');
    await button(page, 'Use it').click();
    await page.getByRole('dialog').getByText('This token is not the right one.').waitFor();
    await page.getByLabel('Token', { exact: true }).fill(standIn.token);
    await button(page, 'Use it').click();
    await page.getByText('Asked to pause.').waitFor();
    expect(standIn.changes).toEqual(['POST /control/pause']);
    standIn.status = () => following({ paused: true });
    await page.locator('.troubles', { hasText: 'Paused' }).waitFor();
    await page.reload();
    await button(page, 'Resume').click();
    await page.getByText('Asked to go on.').waitFor();
    expect(standIn.changes).toEqual(['POST /control/pause', 'POST /control/resume']);
  });

  test('a token in the address is taken and removed at once', async () => {
    const page = await show(following, {}, { path: `/ui/#token=${encodeURIComponent('the token of this run')}` });
    expect(page.url()).toBe(`${standIn.url}/ui/`);
    await button(page, 'Write a mark now').click();
    await page.getByText('The mark is written.').waitFor();
    await button(page, 'Limit the rate').click();
    await page.getByLabel('Commands per second', { exact: true }).fill('1000');
    await button(page, 'Set the limits').click();
    await page.getByText('The limits of the rate are in force.').waitFor();
    expect(standIn.changes).toEqual(['POST /control/checkpoint', 'PUT /rate?commands=1000&bytes=0']);
  });

  test('finishing is asked about, and a refusal is told in the words of the job', async () => {
    const page = await show(following, {}, { path: `/ui/#token=${encodeURIComponent('the token of this run')}` });
    standIn.answer = { code: 409, body: { error: 'the full sync is not done', code: 'NOT_NOW' } };
    await button(page, 'Finish').click();
    await page.getByText('The target is still 1.2 KiB behind.').waitFor();
    await button(page, 'Finish the job').click();
    await page.getByText('Godwit refused: the full sync is not done').waitFor();
  });
});

describe('contact with the job', () => {
  test('its loss is said plainly with its time, and it comes back by itself', async () => {
    const page = await show(following);
    await standIn.close();
    const lost = page.getByRole('alert');
    await lost.waitFor();
    expect(await lost.innerText()).toMatch(/^No contact with Godwit since \d\d:\d\d:\d\d/);
    expect(await page.title()).toMatch(/^✖ /);
    expect(await page.locator('.sentence').innerText()).toContain('When last seen: All is well');
    expect(await button(page, 'Pause').isDisabled()).toBe(true);
    await standIn.open();
    await lost.waitFor({ state: 'detached' });
    await page.locator('.contact[data-contact=live]').waitFor();
  });

  test('where no stream comes through it asks instead', async () => {
    const page = await show(following, {}, { prepare: () => (standIn.hasStream = false) });
    await page.locator('.contact[data-contact=polling]').waitFor();
    standIn.status = troubled;
    await page.locator('.banner[data-level=bad]').waitFor();
    standIn.status = following;
    await page.locator('.banner[data-level=good]').waitFor();
  });

  test('behind a proxy with a path of its own everything is asked for below that path', async () => {
    const path = `/ops/godwit/ui/#token=${encodeURIComponent('the token of this run')}`;
    const page = await show(following, {}, { path, prepare: () => (standIn.prefix = '/ops/godwit') });
    await page.locator('.contact[data-contact=live]').waitFor();
    await button(page, 'Pause').click();
    await page.getByText('Asked to pause.').waitFor();
    expect(standIn.changes).toEqual(['POST /control/pause']);
  });

  test('events come once, newest first, and what is in them is text', async () => {
    const now = Date.now();
    const page = await show(
      following,
      {},
      {
        prepare: () => {
          standIn.events = [
            { at: now - 2000, level: 'info', kind: 'job.phase', message: 'the job follows' },
            { at: now - 1000, level: 'warn', kind: 'spool.full', message: '<img src=x onerror=alert(1)>' },
          ];
        },
      },
    );
    const events = page.locator('.events li');
    await events.nth(1).waitFor();
    expect(await events.nth(0).innerText()).toContain('<img src=x onerror=alert(1)>');
    await standIn.close();
    await page.getByRole('alert').waitFor();
    await standIn.open();
    await page.locator('.contact[data-contact=live]').waitFor();
    expect(await events.count()).toBe(2);
    await page.getByLabel('Only warnings and errors').check();
    expect(await events.count()).toBe(1);
  });
});

/** By rule and place. */
async function seriousIssues(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: { id: string; impact: string; nodes: { target: string[] }[] }[] }>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}
