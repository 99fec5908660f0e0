/** `godwit sync` from several standalone servers into one, while all of them are written to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareServers } from '../support/compare.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { LiveLoad } from '../support/live-load.ts';
import { type RealServer, startServer } from '../support/server.ts';

const SOURCES = 3;

let sources: RealServer[];
let target: RealServer;
let spoolDir: string;
const godwits: GodwitProcess[] = [];
const loads: LiveLoad[] = [];

beforeEach(async () => {
  spoolDir = mkdtempSync(join(tmpdir(), 'godwit-spool-'));
  const args = ['--repl-backlog-size', '16mb'];
  [target, ...sources] = await Promise.all([startServer(), ...Array.from({ length: SOURCES }, () => startServer({ args }))]);
});

afterEach(async () => {
  await Promise.all(loads.splice(0).map((load) => load.stop().catch(() => 0)));
  await Promise.all(godwits.splice(0).map((godwit) => godwit.kill()));
  await Promise.all([target, ...sources].map((server) => server.stop()));
  rmSync(spoolDir, { recursive: true, force: true });
});

function godwit(...args: string[]): GodwitProcess {
  const [first, ...others] = sources.map(({ url }) => url);
  const started = startGodwit({ source: first, target: target.url, spoolDir, args: ['--source-others', others.join(' '), ...args] });
  godwits.push(started);
  return started;
}

/** Each source has keys of its own. */
async function writeToAll(): Promise<void> {
  for (const [i, source] of sources.entries()) {
    await source.client().mset(Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`source ${i}: ${n}`, String(n)])));
    loads.push(new LiveLoad(source, { prefix: `of-${i}:` }));
  }
}

async function expectEqual(running: GodwitProcess): Promise<void> {
  await Promise.all(loads.splice(0).map((load) => load.stop()));
  await running.waitForCaughtUp(sources);
  expect(await compareServers(sources, target)).toEqual([]);
}

test('three servers come into one, each exactly once, over a kill of Godwit', async () => {
  await writeToAll();
  const first = godwit();
  const status = await first.waitForPhase('incremental-sync');
  expect(status.pipelines.map(({ source }) => source.address)).toEqual(sources.map(({ port }) => `127.0.0.1:${port}`));
  expect(new Set(status.pipelines.map(({ name }) => name)).size).toBe(SOURCES);
  expect(status.fullSync.keysApplied).toBeGreaterThanOrEqual(SOURCES * 500);
  await Promise.all(loads.map((load) => load.more(500)));
  // Each pipeline ends what is left of itself, not the others.
  expect(first.lines.filter(({ code }) => code === 'CONNECTION_LOST')).toEqual([]);
  await first.kill();
  await Promise.all(loads.map((load) => load.more(300)));
  const second = godwit();
  await second.waitForPhase('incremental-sync');
  await Promise.all(loads.map((load) => load.more(300)));
  await expectEqual(second);
  await second.stop();
  for (const source of sources) expect(await source.client().info('stats')).toContain('sync_full:1\r');
  expect((await godwit('--finish').exit).code).toBe(0);
  expect(await target.client().keys('__godwit*')).toEqual([]);
});

test('one that is emptied, and one that cannot go on where it was, stop the job: whose keys are whose is not known', async () => {
  await writeToAll();
  const first = godwit();
  await first.waitForPhase('incremental-sync');
  await Promise.all(loads.splice(0).map((load) => load.stop()));
  await first.waitForCaughtUp(sources);
  const keys = await target.client().dbsize();
  await sources[1].client().flushall();
  const { code, stderr } = await first.exit;
  expect(stderr).toMatch(/^godwit: \[SHARED_FLUSH\] [^\n]+\n$/);
  expect(code).toBe(4);
  expect(await target.client().dbsize()).toBe(keys);
  // Its history is another one after that.
  await sources[0].restart({ keepData: false });
  await sources[1].restart({ keepData: false });
  expect((await godwit().exit).stderr).toMatch(/^godwit: \[POSITION_LOST\]/);
  expect(await target.client().dbsize()).toBe(keys);
});

test('with --on-lost-position resync one that begins anew leaves the others alone', async () => {
  await writeToAll();
  const running = godwit('--on-lost-position', 'resync');
  await running.waitForPhase('incremental-sync');
  await Promise.all(loads.splice(0).map((load) => load.stop()));
  await running.waitForCaughtUp(sources);
  const keys = await target.client().dbsize();
  await sources[2].restart({ keepData: false });
  await sources[2].client().set('source 2: 1', 'changed');
  await running.waitForStatus('the full sync of one', () => running.lines.filter(({ event }) => event === 'full-sync.done').length === SOURCES + 1);
  await running.waitForStatus('the change', ({ pipelines }) => pipelines.every(({ phase }) => phase === 'incremental-sync'));
  const client = target.client();
  await expect.poll(() => client.get('source 2: 1')).toBe('changed');
  expect(await client.dbsize()).toBe(keys);
  expect(running.lines.some(({ event }) => event === 'target.keys-remain')).toBe(true);
});
