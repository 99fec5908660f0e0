/**
 * Commands that may be applied twice go without transactions: after a kill some of them are applied again, over what came after them. Types change on
 * the same keys, so that a replay meets a key of another type, and a replayed deletion a key that is new.
 */
import { afterEach, expect, test } from 'vitest';
import type { ChainableCommander } from 'ioredis';
import type { GodwitProcess } from '../support/godwit-process.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';
import { waitFor } from '../support/wait-for.ts';

const KEYS = 40;
const ROUNDS = 4;
const BACKLOG = ['--repl-backlog-size', '64mb'];

let scene: SyncScene;

afterEach(() => scene.close());

function turn(pipeline: ChainableCommander, n: number): void {
  for (let i = 0; i < 60; i++) {
    const key = `k${(n * 31 + i * 7) % KEYS}`;
    pipeline.del(key);
    const value = String(n * 100 + i);
    switch ((n + i) % 5) {
      case 0:
        pipeline.set(key, value).setrange(key, 3, 'x').pexpire(key, 3_600_000);
        break;
      case 1:
        pipeline.hset(key, 'a', value, 'b', value).hdel(key, 'b');
        break;
      case 2:
        pipeline.sadd(key, value, 'm').srem(key, 'm');
        break;
      case 3:
        pipeline.zadd(key, i, value, n, 'z').zrem(key, 'z');
        break;
      default:
        pipeline.mset(key, value, `${key}:pair`, value).persist(key);
    }
  }
}

async function write(turns: number, from: number): Promise<void> {
  const client = scene.source.client();
  for (let n = from; n < from + turns; n++) {
    const pipeline = client.pipeline();
    turn(pipeline, n);
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  }
  client.disconnect();
}

async function breakIt(round: number, godwit: GodwitProcess): Promise<GodwitProcess> {
  if (round % 2 === 1) {
    await scene.killTargetConnections();
    return godwit;
  }
  await godwit.kill();
  return scene.godwit();
}

test('a replay of repeatable commands leads to the same end', async () => {
  scene = await openScene({ source: { args: BACKLOG } });
  let godwit = scene.godwit();
  await godwit.waitForPhase('incremental-sync');
  for (let round = 0; round < ROUNDS; round++) {
    const writing = write(60, round * 60);
    await godwit.waitForStatus('commands', ({ incrementalSync }) => incrementalSync.commandsApplied > 500);
    godwit = await breakIt(round, godwit);
    await writing;
    await godwit.waitForPhase('incremental-sync');
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
  }
  expect(await scene.sourceCounter('sync_full')).toBe(1);
  // In plain batches there are far fewer transactions than commands.
  const client = scene.target.client();
  const transactions = Number(/cmdstat_exec:calls=(\d+)/.exec(await client.info('commandstats'))?.[1]);
  const deletions = Number(/cmdstat_del:calls=(\d+)/.exec(await client.info('commandstats'))?.[1]);
  expect(transactions).toBeLessThan(deletions / 10);
});

test('a replay is told from what is new, also when both come in one batch and the new part may not be applied twice', async () => {
  scene = await openScene({ source: { args: BACKLOG } });
  const [source, target] = [scene.source.client(), scene.target.client()];
  const first = scene.godwit();
  await first.waitForPhase('incremental-sync');
  await source.incr('counter');
  await first.waitForLagZero(scene.source);
  await waitFor('the mark', async () => (await target.keys('__godwit*')).length === 1);
  const [mark] = await target.keys('__godwit*');
  const before = String(await target.hget(mark, 'offset'));
  await source.sadd('key', 'member');
  await source.hset('other', 'field', 'value');
  await source.del('key', 'other');
  await source.mset('key', 'text', 'other', 'text');
  await first.waitForLagZero(scene.source);
  expect((await first.stop()).code).toBe(143);
  // As a kill leaves it that comes before the mark.
  await target.hset(mark, 'offset', before);
  await source.incr('counter');
  const second = scene.godwit();
  await second.waitForPhase('incremental-sync');
  await second.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
  expect((await second.status()).errors.deadLetters).toBe(0);
});

test('without the right to end the connections of an owner before, everything goes in transactions', async () => {
  scene = await openScene({ source: { args: BACKLOG } });
  await scene.target.client().call('ACL', 'SETUSER', 'narrow', 'on', '>secret', '~*', '&*', '+@all', '-client|kill', '-client|list');
  const monitor = await scene.target.client().monitor();
  const outside: string[] = [];
  let deletions = 0;
  let ended = false;
  let within = false;
  monitor.on('monitor', (_time: string, [name]: string[]) => {
    const command = name.toLowerCase();
    if (command === 'multi' || command === 'exec') within = command === 'multi';
    ended ||= command === 'echo';
    if (command !== 'del') return;
    deletions++;
    if (!within) outside.push(command);
  });
  const godwit = scene.godwit('--target-username', 'narrow', '--target-password', 'secret');
  await godwit.waitForPhase('incremental-sync');
  await write(5, 0);
  await godwit.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
  await scene.target.client().echo('the end');
  await waitFor('the end of the monitored commands', () => ended);
  expect(deletions).toBeGreaterThan(100);
  expect(outside).toEqual([]);
  monitor.disconnect();
});
