/** `godwit sync` from and to servers that sentinels watch, over failovers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareServers } from '../support/compare.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { LiveLoad } from '../support/live-load.ts';
import { type SentinelSet, startSentinelSet } from '../support/sentinel-set.ts';
import { type RealServer, startServer } from '../support/server.ts';

let watched: SentinelSet;
let alone: RealServer;
let spoolDir: string;
let godwit: GodwitProcess | undefined;
let load: LiveLoad | undefined;

beforeEach(async () => {
  spoolDir = mkdtempSync(join(tmpdir(), 'godwit-spool-'));
  const backlog = { 'repl-backlog-size': '16mb' };
  [watched, alone] = await Promise.all([startSentinelSet({ config: backlog }), startServer({ args: ['--repl-backlog-size', '16mb'] })]);
});

afterEach(async () => {
  await load?.stop().catch(() => 0);
  await godwit?.kill();
  await Promise.all([watched.stop(), alone.stop()]);
  rmSync(spoolDir, { recursive: true, force: true });
});

function url(): string {
  return `redis+sentinel://${watched.sentinels.map(({ host, port }) => `${host}:${port}`).join(',')}/${watched.name}`;
}

function sync(source: string, target: string): GodwitProcess {
  godwit = startGodwit({ source, target, spoolDir });
  return godwit;
}

test('a source whose primary dies is followed to the new one', async () => {
  const before = await watched.primary();
  await before.client().mset(Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`key ${n}`, String(n)])));
  load = new LiveLoad(before, { isTolerant: true });
  const running = sync(url(), alone.url);
  await running.waitForPhase('incremental-sync');
  await load.more(500);
  await load.stop();
  await watched.killPrimary();
  const now = await watched.primary();
  load = new LiveLoad(now);
  await load.more(500);
  await load.stop();
  await running.waitForCaughtUp([now]);
  expect(await compareServers(now, alone)).toEqual([]);
});

test('a target whose primary changes is written to where it is, nothing lost or done twice', async () => {
  load = new LiveLoad(alone);
  const running = sync(alone.url, url());
  await running.waitForPhase('incremental-sync');
  await load.more(500);
  const now = await watched.loseTail(() => load?.more(500));
  await load.more(500);
  await load.stop();
  await running.waitForLagZero(alone);
  expect((await running.status()).target.address).toBe(`${now.host}:${now.port}`);
  expect(await compareServers(alone, now)).toEqual([]);
  expect(await alone.client().info('stats')).toContain('sync_full:1\r');
});
