/** Times of expiry at both ends: keys that are renewed while the target is behind by more than they had left to live, and keys that expire while a slow full sync brings them. */
import { afterEach, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { startGodwit } from '../support/godwit-process.ts';
import type { ServerName } from '../../scripts/servers.ts';
import { runGodwit } from '../support/run-godwit.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';
import { run } from '../support/verify/planted.ts';
import { waitFor } from '../support/wait-for.ts';

let scene: SyncScene;
let proxy: FaultProxy | undefined;

afterEach(async () => {
  proxy?.close();
  proxy = undefined;
  await scene.close();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test.each([
  ['EXPIRE', ['PEXPIRE', 'session', '700']],
  ['PERSIST', ['PERSIST', 'session']],
])('a key that is renewed by %s while the target is away is there when it is back', async (_, renew) => {
  scene = await openScene();
  const between = await startFaultProxy(scene.target);
  proxy = between;
  const client = scene.source.client();
  const godwit = startGodwit({ source: scene.source.url, target: between.url, spoolDir: scene.spoolDir });
  try {
    await godwit.waitForPhase('incremental-sync');
    between.stall();
    await client.set('session', 'user 1', 'PX', 700);
    for (let i = 0; i < 4; i++) {
      await pause(300);
      await client.call(...(renew as [string, ...string[]]));
    }
    await client.persist('session');
    between.resume();
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
  } finally {
    await godwit.kill();
  }
});

test.each<[ServerName, ServerName]>([
  ['redis-7.0', 'valkey-8.1'],
  ['redis-8.0', 'valkey-9.1'],
  ['redis-6.0', 'redis-7.0'],
])('a slow full sync from %s to %s: what is renewed meanwhile lives, what expires is gone, and times are equal', async (sourceName, targetName) => {
  const [keys, delayUs] = [400, 8_000];
  const slow = { 'repl-diskless-sync': 'yes', 'repl-diskless-sync-delay': 0, 'rdb-key-save-delay': delayUs, 'repl-backlog-size': '64mb' };
  scene = await openScene({ source: { server: sourceName, args: slow }, target: { server: targetName } });
  const hasFields = sourceName === 'redis-8.0';
  const client = scene.source.client();
  const names = Array.from({ length: keys / 4 }, (_, i) => i);
  await run(
    scene.source,
    names.flatMap((i) => [
      ['SET', `renewed:${i}`, `v${i}`, 'PX', 1_200],
      // From before its turn comes to long after.
      ['SET', `expires:${i}`, `v${i}`, 'PX', 400 + i * 60],
      ['RPUSH', `lives:${i}`, 'a', String(i)],
      ['PEXPIRE', `lives:${i}`, 3_600_000 + i],
      ['HSET', `fields:${i}`, 'a', '1', 'b', '2'],
      ...(hasFields ? [['HPEXPIRE', `fields:${i}`, 600 + i * 40, 'FIELDS', 1, 'a']] : []),
    ]),
  );
  const godwit = scene.godwit();
  let phase = '';
  for (let turn = 0; phase !== 'incremental-sync'; turn++) {
    const pipeline = client.pipeline();
    for (const i of names) {
      // Each way that a life can be made longer.
      if (i % 4 === 0) pipeline.pexpire(`renewed:${i}`, 1_200);
      else if (i % 4 === 1) pipeline.set(`renewed:${i}`, `v${turn}`, 'PX', 1_200);
      else if (i % 4 === 2) pipeline.pexpireat(`renewed:${i}`, Date.now() + 1_200);
      else pipeline.append(`renewed:${i}`, 'x').pexpire(`renewed:${i}`, 1_200);
    }
    await pipeline.exec();
    await pause(150);
    phase = (await godwit.status().catch(() => ({ phase: '' }))).phase;
  }
  const last = client.pipeline();
  for (const i of names) last.pexpire(`renewed:${i}`, 3_600_000);
  await last.exec();
  await waitFor('the last to expire', async () => (await client.exists(`expires:${names.length - 1}`)) === 0, { timeoutMs: 20_000 });
  await godwit.waitForLagZero(scene.source);
  await waitFor('both sides to have the same keys', async () => (await scene.differences()).length === 0, { timeoutMs: 10_000 }).catch(() => undefined);
  expect(await scene.differences({ ttlToleranceMs: 50 })).toEqual([]);
  expect(await client.exists(...names.map((i) => `renewed:${i}`))).toBe(names.length);
  const { code, stderr } = await runGodwit(['verify', scene.sourceUrl, scene.targetUrl, '--settle', '300ms', '--ttl-tolerance', '50ms']);
  expect([code, stderr.includes('NOT EQUAL')]).toEqual([0, false]);
});
