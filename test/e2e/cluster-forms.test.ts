/** Clusters as targets in all their forms: databases, TLS, moves of slots at one go, keys that are there before, rights, large values, slots that nobody takes. */
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { slotOf } from '../../src/model/slot.ts';
import { makeCertificates } from '../support/certificates.ts';
import { askServer, type ClusterScene, openClusterScene } from '../support/cluster-scene.ts';
import { LiveLoad } from '../support/live-load.ts';
import { TARGET_RIGHTS } from '../support/sync-users.ts';
import { waitFor } from '../support/wait-for.ts';

const SLOT = slotOf(Buffer.from('tag'));
/** `npm run soak:cluster-keepalive` makes it longer. */
const FULL_SYNC_MS = Number(process.env['GODWIT_CLUSTER_FULL_SYNC_MS'] ?? 6_000);
const LATE_KEYS = 200;

let scene: ClusterScene;

afterEach(() => scene.close());

/** Begins to move the slot of `{tag}`, and brings so many keys over. */
async function halfMove(keys: number): Promise<Awaited<ReturnType<ClusterScene['cluster']['beginMove']>>> {
  const owner = await scene.cluster.primaryOfSlot(SLOT);
  const from = scene.cluster.nodes.indexOf(owner);
  const move = await scene.cluster.beginMove(from, (from + 1) % scene.cluster.shards, SLOT);
  await move.moveKeys(keys);
  return move;
}

async function fillHash(fields: number): Promise<void> {
  const client = scene.source.client();
  for (let from = 0; from < fields; from += 10_000)
    await client.hset('hash', ...Array.from({ length: 10_000 }, (_, i) => [`field ${from + i}`, `value of the field ${from + i}`]).flat());
  client.disconnect();
}

describe('a cluster that never had a key for one node', () => {
  test('keeps all connections, each with an interval that fits, and says why', { timeout: 60_000 + FULL_SYNC_MS }, async () => {
    const delay = String((FULL_SYNC_MS * 1_000) / LATE_KEYS);
    scene = await openClusterScene({}, { args: ['--rdb-key-save-delay', delay, '--repl-diskless-sync-delay', '0'] });
    const { cluster, source } = scene;
    const client = source.client();
    // None of them in the third shard.
    const keys = Array.from({ length: 600 }, (_, i) => `key:${i}`).filter((key) => slotOf(Buffer.from(key)) < 10_000);
    for (const key of keys.slice(0, LATE_KEYS)) await client.set(key, 'value');
    for (const node of cluster.nodes) await askServer(node, 'CONFIG', 'SET', 'timeout', '2');
    const startedAt = performance.now();
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync', { timeoutMs: 30_000 + FULL_SYNC_MS });
    expect(performance.now() - startedAt).toBeGreaterThan(FULL_SYNC_MS * 0.9);
    const first = Array.from({ length: 100 }, (_, i) => `late:${i}`).find((key) => slotOf(Buffer.from(key)) > 11_000) as string;
    await client.set(first, 'the first of its node');
    client.disconnect();
    expect(await scene.endsWith(godwit)).toEqual([]);
    const { connections } = await godwit.status();
    const data = connections.filter(({ role }) => role === 'target data');
    expect(data.map(({ address }) => address).toSorted()).toEqual(cluster.nodes.map(({ host, port }) => `${host}:${port}`).toSorted());
    const target = connections.filter(({ role }) => role.startsWith('target'));
    expect(target.length).toBeGreaterThanOrEqual(7);
    for (const one of target) {
      expect(one).toMatchObject({ state: 'ready', reconnects: 0, nodeTimeoutMs: 2_000, keepaliveReason: 'node-timeout' });
      expect(one.keepaliveIntervalMs).toBeLessThan(1_100);
    }
  });
});

describe('slots that are on their way', () => {
  test('do not keep a job from beginning, nor from going on, nor from ending', async () => {
    scene = await openClusterScene();
    const client = scene.source.client();
    for (let i = 0; i < 40; i++) await client.rpush(`{tag}:${i}`, 'a');
    const first = scene.godwit();
    await first.waitForPhase('incremental-sync');
    for (let i = 0; i < 40; i++) await client.rpush(`{tag}:${i}`, 'b');
    await first.waitForLagZero(scene.source);
    const move = await halfMove(20);
    await first.kill();
    const second = scene.godwit();
    await second.waitForPhase('incremental-sync');
    for (let i = 0; i < 40; i++) await client.rpush(`{tag}:${i}`, 'c');
    await client.set('other', 'arrives');
    await waitFor('another slot', async () => (await scene.at('other', 'GET')) === 'arrives');
    const askedAt = performance.now();
    expect((await second.stop()).code).toBe(143);
    expect(performance.now() - askedAt).toBeLessThan(7_000);
    await move.moveKeys();
    await move.finish();
    const third = scene.godwit();
    await third.waitForPhase('incremental-sync');
    expect(await scene.endsWith(third)).toEqual([]);
    expect(await scene.fullSyncs()).toBe(1);
    client.disconnect();
  });

  test('may go to a node that had none, and its neighbour be moved behind it while the job starts again', async () => {
    scene = await openClusterScene({ shards: 3, slots: [[[0, 8_000]], [[8_001, 16_383]], []] });
    const load = new LiveLoad(scene.source);
    const first = scene.godwit();
    await first.waitForPhase('incremental-sync');
    await load.more(500);
    await scene.cluster.moveSlots(0, 2, [[0, 200]]);
    await load.more(200);
    await first.kill();
    const moving = scene.cluster.moveSlots(0, 2, [[201, 900]]);
    const second = scene.godwit();
    await second.waitForPhase('incremental-sync');
    await moving;
    await load.more(500);
    expect(await scene.endsWith(second, load)).toEqual([]);
    expect(await scene.fullSyncs()).toBe(1);
  });
});

describe('a cluster of Valkey 9', () => {
  // No slots move meanwhile: Valkey 9.1.2 brings what is written during an atomic move to the database that the snapshot of the move ended with.
  test('with databases takes keys of several', async () => {
    scene = await openClusterScene({ server: 'valkey-9.1', config: { 'cluster-databases': 16 } }, { server: 'valkey-9.1' });
    const client = scene.source.client();
    for (const database of [0, 3, 15]) {
      await client.select(database);
      for (let i = 0; i < 60; i++) await client.rpush(`list:${i}`, `of ${database}`);
    }
    const load = new LiveLoad(scene.source);
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    for (const database of [3, 15, 0]) {
      await client.select(database);
      for (let i = 0; i < 60; i++) await client.multi().incr(`count:${i}`).rpush(`list:${i}`, 'more').exec();
    }
    for (const node of scene.cluster.nodes) await askServer(node, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await load.more(400);
    expect(await scene.endsWith(godwit, load)).toEqual([]);
    await client.select(3);
    await client.flushdb();
    await client.rpush('list:1', 'after');
    client.disconnect();
    await godwit.kill();
    const second = scene.godwit();
    await second.waitForPhase('incremental-sync');
    expect(await scene.endsWith(second)).toEqual([]);
    expect(await scene.fullSyncs()).toBe(1);
  });

  test('is followed through slots that move at one go', async () => {
    scene = await openClusterScene({ server: 'valkey-9.1' }, { server: 'valkey-9.1' });
    const load = new LiveLoad(scene.source);
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    await load.more(200);
    await scene.cluster.moveSlots(0, 2, [[0, 1_500]], { atomic: true });
    await scene.cluster.moveSlots(1, 0, [[6_000, 8_000]], { atomic: true });
    await load.more(400);
    expect(await scene.endsWith(godwit, load)).toEqual([]);
    expect(await scene.fullSyncs()).toBe(1);
  });
});

test('a cluster behind TLS is followed by its TLS ports', async () => {
  const certificates = await makeCertificates();
  try {
    scene = await openClusterScene({ tls: certificates.server });
    scene.targetUrl = scene.cluster.node(0).tlsUrl;
    const load = new LiveLoad(scene.source);
    const godwit = scene.godwit('--target-tls-ca', certificates.server.caFile);
    const { connections } = await godwit.waitForPhase('incremental-sync');
    const ports = scene.cluster.nodes.map(({ tlsPort }) => tlsPort);
    for (const { role, address } of connections) if (role.startsWith('target')) expect(ports).toContain(Number(address.split(':').at(-1)));
    await scene.cluster.moveSlots(1, 2, [[6_000, 6_050]]);
    await load.more(300);
    expect(await scene.endsWith(godwit, load)).toEqual([]);
  } finally {
    certificates.remove();
  }
});

describe('at a cluster with limits, and keys of its own', () => {
  test('what is there stays, is replaced, stops the job, or goes, as it is asked', { timeout: 60_000 }, async () => {
    scene = await openClusterScene();
    const client = scene.source.client();
    for (let i = 0; i < 30; i++) await client.set(`key:${i}`, 'source');
    await scene.at('key:1', 'SET', 'target');
    await scene.at('own', 'SET', 'target');
    const { code, stderr } = await scene.godwit().exit;
    expect([code, stderr]).toEqual([2, expect.stringContaining('TARGET_NOT_EMPTY')]);
    const outcome = async (...args: string[]): Promise<unknown[]> => {
      const godwit = scene.godwit(...args);
      await godwit.waitForPhase('incremental-sync');
      await godwit.waitForLagZero(scene.source);
      await godwit.stop();
      expect((await scene.godwit('--finish').exit).code).toBe(0);
      return [await scene.at('key:1', 'GET'), await scene.at('own', 'GET'), await scene.at('key:2', 'GET')];
    };
    expect(await outcome('--on-existing', 'skip')).toEqual(['target', 'target', 'source']);
    expect(await outcome('--on-existing', 'replace')).toEqual(['source', 'target', 'source']);
    expect(await outcome('--flush-target', '--yes')).toEqual(['source', null, 'source']);
    client.disconnect();
  });

  test('without the right to end connections the job says which to grant', async () => {
    scene = await openClusterScene();
    for (const node of scene.cluster.nodes) {
      const rights = TARGET_RIGHTS.replace(' +client|kill', ' +cluster');
      await askServer(node, 'ACL', 'SETUSER', 'mover', 'on', '>secret', '&*', ...rights.split(' '));
    }
    scene.targetUrl = scene.targetUrl.replace('redis://', 'redis://mover:secret@');
    const { code, stderr } = await scene.godwit().exit;
    expect(stderr).toContain('PERMISSION_DENIED');
    expect(stderr).toMatch(/ACL SETUSER \S+ .*\+client\|kill/);
    expect(code).toBe(3);
    expect(await scene.cluster.keyCount()).toBe(0);
  });

  test('a large string and a large hash arrive, and grow there', { timeout: 60_000 }, async () => {
    scene = await openClusterScene();
    const client = scene.source.client();
    await client.set('string', randomBytes(64 * 1024 * 1024));
    await fillHash(300_000);
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync', { timeoutMs: 30_000 });
    await client.append('string', randomBytes(1024));
    await client.hdel('hash', 'field 7');
    client.disconnect();
    expect(await scene.endsWith(godwit)).toEqual([]);
  });

  test('a hash that is larger than one argument may be arrives in commands; a string cannot, and is named', async () => {
    scene = await openClusterScene({ config: { 'proto-max-bulk-len': '1mb' } });
    await fillHash(60_000);
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    expect(await scene.endsWith(godwit)).toEqual([]);
    const client = scene.source.client();
    await client.set('a large string', randomBytes(2 * 1024 * 1024));
    client.disconnect();
    const { code, stderr } = await godwit.exit;
    expect(stderr).toMatch(/^godwit: \[VALUE_TOO_LARGE\] [^\n]*a large string[^\n]*\n$/);
    expect(code).toBe(4);
  });

  test('a transaction of more commands than a batch has room for stays whole in each slot', async () => {
    scene = await openClusterScene();
    const client = scene.source.client();
    const godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    const multi = client.multi();
    for (let i = 0; i < 25_000; i++) multi.incr(`count:${i % 50}`);
    await multi.exec();
    client.disconnect();
    expect(await scene.endsWith(godwit)).toEqual([]);
    expect(await scene.at('count:7', 'GET')).toBe('500');
    expect((await godwit.status()).errors.retried).toBe(0);
  });
});
