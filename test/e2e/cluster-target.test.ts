/** `godwit sync`, built, from a standalone source to a real cluster that is killed, failed over and resharded: both sides must end exactly equal. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { startCluster, type ClusterOptions, type TestCluster } from '../support/cluster.ts';
import { askServer, ClusterScene } from '../support/cluster-scene.ts';
import type { GodwitProcess } from '../support/godwit-process.ts';
import { LiveLoad } from '../support/live-load.ts';
import { type ServerOptions, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { slotOf } from '../../src/model/slot.ts';

const BACKLOG = ['--repl-backlog-size', '64mb'];

let scene: ClusterScene;

async function open(cluster: ClusterOptions = {}, source: ServerOptions = {}): Promise<ClusterScene> {
  const [server, nodes] = await Promise.all([startServer({ server: 'redis-7.0', args: BACKLOG, ...source }), startCluster(cluster)]);
  scene = new ClusterScene(server, nodes);
  return scene;
}

async function expectEqual(godwit: GodwitProcess, load?: LiveLoad): Promise<void> {
  await load?.stop();
  await godwit.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
}

afterEach(() => scene.close());

describe('a sync to a cluster', () => {
  test('copies data of every type and what is written meanwhile, whichever node it was given', async () => {
    await open();
    const keys = await scene.richData(2_000);
    const load = new LiveLoad(scene.source);
    const godwit = scene.godwit();
    const status = await godwit.waitForPhase('incremental-sync');
    expect(status.fullSync.keysApplied).toBeGreaterThanOrEqual(keys);
    await load.more(4_000);
    await expectEqual(godwit, load);
    expect((await godwit.stop()).code).toBe(143);
  });

  test('waits at its start for a node that does not answer yet, whatever becomes of it', async () => {
    await open();
    await scene.richData(10);
    const node = await scene.cluster.primary(1);
    node.suspend();
    const godwit = scene.godwit();
    await waitFor('the wait to be told', () => godwit.lines.some(({ event }) => event === 'target.not-ready'));
    node.resume();
    await godwit.waitForPhase('incremental-sync');
    await expectEqual(godwit);
  });

  test('goes on after kill -9, three times, and applies nothing twice', async () => {
    await open();
    await scene.richData(300);
    const load = new LiveLoad(scene.source);
    for (let round = 0; round < 3; round++) {
      const godwit = scene.godwit();
      await godwit.waitForPhase('incremental-sync');
      await load.more(1_500);
      await godwit.kill();
      await load.more(500);
    }
    const last = scene.godwit();
    await last.waitForPhase('incremental-sync');
    await expectEqual(last, load);
    expect(await scene.fullSyncs()).toBe(1);
  });

  test('comes back over killed connections on every node', async () => {
    await open();
    const load = new LiveLoad(scene.source);
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    for (let round = 0; round < 6; round++) {
      await load.more(400);
      await askServer(scene.cluster.node(round % 3), 'CLIENT', 'KILL', 'TYPE', 'normal');
    }
    await load.more(500);
    await expectEqual(godwit, load);
  });

  test('follows a failover that was asked for', async () => {
    await open({ replicasPerShard: 1 });
    const load = new LiveLoad(scene.source);
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    await load.more(1_000);
    await scene.cluster.failover(1);
    await load.more(1_000);
    await expectEqual(godwit, load);
  });

  test('applies again what a failover has lost', async () => {
    await open({ replicasPerShard: 1 });
    const load = new LiveLoad(scene.source);
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    await load.more(1_000);
    await scene.cluster.loseTail(0, () => load.more(800));
    await load.more(1_000);
    await expectEqual(godwit, load);
    expect(await scene.fullSyncs()).toBe(1);
  });

  test('follows slots that move, under load', async () => {
    await open();
    const load = new LiveLoad(scene.source);
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    await load.more(1_000);
    await scene.cluster.moveSlots(0, 2, [[0, 600]]);
    await load.more(1_000);
    await expectEqual(godwit, load);
    expect((await godwit.status()).errors.retried).toBeLessThan(3);
  });

  test('waits for a slot that is half moved, and loses nothing of it', async () => {
    await open();
    const client = scene.source.client();
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    for (let i = 0; i < 200; i++) await client.rpush(`{tag}:${i}`, 'a');
    await godwit.waitForLagZero(scene.source);
    const slot = slotOf(Buffer.from('tag'));
    const from = await shardOf(scene.cluster, slot);
    const move = await scene.cluster.beginMove(from, (from + 1) % 3, slot);
    await move.moveKeys(100);
    for (let i = 0; i < 250; i++) await client.rpush(`{tag}:${i}`, 'b');
    await client.incr('other');
    await waitFor('keys of other slots to arrive', async () => (await onCluster(scene.cluster, 'other')) === '1');
    await move.moveKeys();
    await move.finish();
    client.disconnect();
    await expectEqual(godwit);
  });

  test('splits what spans slots where that is safe, and carries out FLUSHALL everywhere', async () => {
    await open();
    const client = scene.source.client();
    await client.mset(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`before:${i}`, i])));
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    await client.mset('a', '1', 'b', '2', 'c', '3', 'd', '4');
    await client.del('a', 'b', 'before:1', 'before:2');
    await client.multi().set('x', '1').incr('y').rpush('z', '1').exec();
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
    await client.multi().incr('y').flushall().incr('y').exec();
    await client.incr('w');
    await expectEqual(godwit);
    client.disconnect();
    await godwit.kill();
    const second = scene.godwit();
    await second.waitForPhase('incremental-sync');
    await expectEqual(second);
  });

  test('delivers a message once', async () => {
    await open();
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    const listener = scene.cluster.node(1).client();
    const heard: string[] = [];
    listener.on('message', (_channel: string, text: string) => heard.push(text));
    await listener.subscribe('news');
    const client = scene.source.client();
    for (let i = 0; i < 20; i++) await client.publish('news', String(i));
    await client.set('end', '1');
    await godwit.waitForLagZero(scene.source);
    await waitFor('the messages', () => heard.length >= 20);
    expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
    client.disconnect();
    listener.disconnect();
  });

  test('ends when another one has taken over, even if it slept meanwhile', async () => {
    await open();
    const load = new LiveLoad(scene.source);
    const first = scene.godwit();
    await first.waitForPhase('incremental-sync');
    await load.more(500);
    first.suspend();
    const second = scene.godwit();
    await second.waitForPhase('incremental-sync');
    await load.more(500);
    first.resume();
    expect(await first.exit).toMatchObject({ code: 7, stderr: expect.stringContaining('FENCED') });
    await expectEqual(second, load);
  });

  test('names a command that cannot be split, and writes it down where that is wanted', async () => {
    await open();
    const client = scene.source.client();
    await client.sadd('s1', 'a');
    const first = scene.godwit();
    await first.waitForPhase('incremental-sync');
    await client.rename('s1', 's2');
    const { code, stderr } = await first.exit;
    expect(code).toBe(4);
    expect(stderr).toContain('TARGET_REFUSED');
    expect(stderr).toContain('rename of key');
    expect(stderr).toContain('several slots');
    const second = scene.godwit('--on-cross-slot', 'dead-letter');
    await second.waitForPhase('incremental-sync');
    await client.set('after', '1');
    const status = await second.waitForLagZero(scene.source);
    expect(status.errors.deadLetters).toBe(1);
    expect(await onCluster(scene.cluster, 'after')).toBe('1');
    client.disconnect();
  });

  test('says at once that the source has databases that a cluster has not', async () => {
    await open();
    const client = scene.source.client();
    await client.select(3);
    await client.set('key', '1');
    client.disconnect();
    const { code, stderr } = await scene.godwit().exit;
    expect(code).toBe(4);
    expect(stderr).toContain('DATABASE_MISSING');
    expect(await scene.cluster.keyCount()).toBe(0);
  });

  test.each([
    ['degrade', 'degraded'],
    ['skip', 'left-out'],
  ])('names each loss, in the snapshot and in the stream: %s', async (policy, outcome) => {
    await open({ server: 'redis-6.0' }, { server: 'redis-8.0' });
    const report = join(scene.spoolDir, 'report.jsonl');
    const client = scene.source.client();
    for (let i = 0; i < 20; i++) await client.hset(`hash:${i}`, 'f', 'v', 'g', 'w');
    for (let i = 0; i < 2_000; i++) await client.hset('hash:large', `f${i}`, randomBytes(1024));
    const expiring = ['hash:1', 'hash:2', 'hash:large', 'hash:late'];
    for (const key of expiring.slice(0, 3)) await client.call('HPEXPIREAT', key, Date.now() + 3_600_000, 'FIELDS', 1, key === 'hash:large' ? 'f7' : 'f');
    await client.call('VADD', 'vectors', 'VALUES', 3, 1, 2, 3, 'a');
    await client.call('FUNCTION', 'LOAD', '#!lua name=mylib\nredis.register_function("f", function() return 1 end)');
    const godwit = scene.godwit('--on-unsupported', policy, '--report', report);
    await godwit.waitForPhase('incremental-sync');
    await client.call('HSETEX', 'hash:late', 'PX', 3_600_000, 'FIELDS', 1, 'f', 'v');
    await client.set('last', '1');
    const { conversion } = await godwit.waitForLagZero(scene.source);
    client.disconnect();
    const lines = readFileSync(report, 'utf8').split('\n').slice(0, -1);
    const named = lines.map((line) => JSON.parse(line) as { outcome: string; key: string | null; library?: string });
    expect(named.map((one) => `${one.key ?? one.library} ${one.outcome}`).toSorted()).toEqual(
      [...expiring.map((key) => `${key} ${outcome}`), 'mylib left-out', 'vectors left-out'].toSorted(),
    );
    expect(conversion).toMatchObject(policy === 'degrade' ? { degraded: 4, skipped: 2, report } : { degraded: 0, skipped: 6, report });
    expect(await scene.cluster.keyCount()).toBeGreaterThanOrEqual(policy === 'degrade' ? 23 : 19);
    expect([await onCluster(scene.cluster, 'last'), (await godwit.stop()).code]).toEqual(['1', 143]);
  });

  test('leaves out a large stream that only commands could bring, and loses nothing else', async () => {
    await open({ config: { 'proto-max-bulk-len': '1mb' } });
    const report = join(scene.spoolDir, 'report.jsonl');
    const client = scene.source.client();
    for (let i = 0; i < 20; i++) await client.set(`plain:${i}`, 'v');
    for (let i = 1; i <= 300; i++) await client.xadd('stream', `${i}-1`, 'f', randomBytes(8192));
    await client.xgroup('CREATE', 'stream', 'group', '0');
    await client.xreadgroup('GROUP', 'group', 'consumer', 'COUNT', 5, 'STREAMS', 'stream', '>');
    const godwit = scene.godwit('--on-unsupported', 'skip', '--report', report);
    await godwit.waitForPhase('incremental-sync');
    const owner = (await scene.cluster.primaryOfKey('stream')).client();
    expect(await owner.exists('stream', '__godwit-tmp:{stream}')).toBe(0);
    owner.disconnect();
    await client.del('stream');
    await expectEqual(godwit);
    client.disconnect();
    const lines = readFileSync(report, 'utf8').split('\n').slice(0, -1);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([expect.objectContaining({ key: 'stream', outcome: 'left-out', type: 'stream' })]);
  });

  test('leaves nothing of its own behind at --finish', async () => {
    await open();
    const client = scene.source.client();
    for (let i = 0; i < 300; i++) await client.incr(`counter:${i}`);
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    for (let i = 0; i < 300; i++) await client.incr(`counter:${i}`);
    await godwit.waitForLagZero(scene.source);
    await godwit.stop();
    expect(await scene.cluster.keyCount()).toBeGreaterThan(300);
    expect((await scene.godwit('--finish').exit).code).toBe(0);
    expect(await scene.cluster.keyCount()).toBe(300);
    client.disconnect();
  });
});

async function onCluster(cluster: TestCluster, key: string): Promise<string | null> {
  const client = (await cluster.primaryOfKey(key)).client();
  try {
    return await client.get(key);
  } finally {
    client.disconnect();
  }
}

async function shardOf(cluster: TestCluster, slot: number): Promise<number> {
  const owner = await cluster.primaryOfSlot(slot);
  return cluster.nodes.indexOf(owner);
}
