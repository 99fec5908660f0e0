/** `godwit verify` with clusters and sentinels on either side: what moves meanwhile, and what breaks. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VerifyResult } from '../../src/pipeline/verify/verify-result.ts';
import { slotOf } from '../../src/model/slot.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { type GodwitRun, runGodwit } from '../support/run-godwit.ts';
import { type SentinelSet, startSentinelSet } from '../support/sentinel-set.ts';
import { type RealServer, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { ALIKE, PLANTED, run } from '../support/verify/planted.ts';

const KEYS = 1_000;
const CUTS = 4;
const CUT_BYTES = 60_000;
const planted = PLANTED.filter(({ fields }) => fields !== true);

async function verify(source: string, target: string, ...args: string[]): Promise<GodwitRun & { result: VerifyResult }> {
  const ended = await runGodwit(['verify', source, target, '--format', 'json', '--settle', '300ms', ...args]);
  return { ...ended, result: (ended.stdout === '' ? {} : JSON.parse(ended.stdout)) as VerifyResult };
}

describe('a cluster', () => {
  let cluster: TestCluster;
  let single: RealServer;

  beforeAll(async () => {
    [cluster, single] = await Promise.all([startCluster({ shards: 3 }), startServer({ server: 'redis-7.0' })]);
    const data = [...planted, ...ALIKE].flatMap(({ make }) => make);
    const bulk = Array.from({ length: KEYS }, (_, i) => ['SET', `key:${i}`, `value ${i}`]);
    await Promise.all([run(single, [...data, ...bulk]), runInCluster(cluster, [...data, ...bulk])]);
  });

  afterAll(() => Promise.all([cluster.stop(), single.stop()]));

  test('is equal as the source and as the target', async () => {
    for (const [source, target] of [
      [cluster.url(), single.url],
      [single.url, cluster.url(1)],
    ]) {
      const { code, result, stderr } = await verify(source, target);
      expect({ code, differences: result.differences, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, differences: [], stderr: '' });
      expect([result.counts.sourceKeys, result.counts.targetKeys]).toEqual([result.counts.equal, result.counts.equal]);
    }
  });

  test('is read while a slot is on its way, and while slots move', async () => {
    const slot = slotOf(Buffer.from('key:1'));
    const from = await shardOf(cluster, slot);
    const move = await cluster.beginMove(from, (from + 1) % 3, slot);
    await move.moveKeys();
    const onItsWay = await verify(single.url, cluster.url());
    expect([onItsWay.result.differences, onItsWay.code]).toEqual([[], 0]);
    await move.finish();
    const { result, code } = await verify(single.url, cluster.url());
    expect([result.differences, code]).toEqual([[], 0]);
  });

  test('has every planted difference found, as the target and as the source', async () => {
    await runInCluster(
      cluster,
      planted.flatMap(({ spoil }) => spoil),
    );
    for (const args of [[], ['--large-above', '20kb']]) {
      const { code, result } = await verify(single.url, cluster.url(), ...args);
      expect([code, result.counts.differences]).toEqual([8, planted.length]);
      const keys = new Set(result.differences.map(({ key, kind }) => `${key} ${kind}`));
      const names = planted.map(({ name, kind }) => `${name.replace('\0', '\\x00').replace('\r\n', '\\x0d\\x0a')} ${kind}`);
      expect(names.filter((name) => !keys.has(name))).toEqual([]);
    }
    expect((await verify(cluster.url(), single.url)).result.counts.differences).toBe(planted.length);
  });
});

describe('what breaks on the way', () => {
  let source: RealServer;
  let target: RealServer;

  beforeAll(async () => {
    [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'redis-7.0' })]);
    const data = Array.from({ length: 20_000 }, (_, i) => ['HSET', `key:${i}`, 'f', `value ${i}`]);
    await Promise.all([run(source, data), run(target, data)]);
  });

  afterAll(() => Promise.all([source.stop(), target.stop()]));

  test('is made good: connections that are cut again and again', async () => {
    const proxies = await Promise.all([source, target].map(({ host, port }) => startFaultProxy({ host, port })));
    try {
      const verifying = verify(proxies[0].url, proxies[1].url, '--rate', '20000', '--reconnect-delay-max', '200ms');
      for (let i = 0; i < CUTS; i++) for (const proxy of proxies) await proxy.cutAfter(CUT_BYTES, 'to-client');
      const { code, result } = await verifying;
      expect([result.differences, result.counts.equal, code]).toEqual([[], 20_000, 0]);
      expect(proxies[0].accepted).toBeGreaterThan(2);
    } finally {
      for (const proxy of proxies) proxy.close();
    }
  });
});

describe('sentinels', () => {
  let set: SentinelSet;
  let single: RealServer;

  beforeAll(async () => {
    [set, single] = await Promise.all([startSentinelSet({ sentinels: 1, replicas: 1 }), startServer({ server: 'redis-7.0' })]);
    const data = Array.from({ length: 2_000 }, (_, i) => ['SET', `key:${i}`, `value ${i}`]);
    await Promise.all([run(await set.primary(), data), run(single, data)]);
  });

  afterAll(() => Promise.all([set.stop(), single.stop()]));

  test('know a replica, which is read from where that is preferred', async () => {
    const url = `redis+sentinel://127.0.0.1:${set.sentinels[0].port}/${set.name}`;
    const [replica] = await set.replicas();
    const client = replica.client();
    await waitFor('the replica to have all', async () => (await client.dbsize()) >= 2_000);
    const calls = async (): Promise<number> => Number(/cmdstat_getrange:calls=(\d+)/.exec(String(await client.info('commandstats')))?.[1] ?? 0);
    const before = await calls();
    const { code, result } = await verify(url, single.url, '--source-prefer-replica');
    expect([result.differences, result.counts.equal, code]).toEqual([[], 2_000, 0]);
    expect((await calls()) - before).toBeGreaterThanOrEqual(2_000);
    client.disconnect();
  });

  test('name the server that is read', async () => {
    const url = `redis+sentinel://127.0.0.1:${set.sentinels[0].port}/${set.name}`;
    const { code, result } = await verify(single.url, url);
    expect([result.differences, result.counts.equal, code]).toEqual([[], 2_000, 0]);
  });
});

async function runInCluster(cluster: TestCluster, commands: readonly (readonly (string | number | Buffer)[])[]): Promise<void> {
  const client = cluster.client();
  for (const [name, ...args] of commands) await client.call(String(name), ...args);
}

async function shardOf(cluster: TestCluster, slot: number): Promise<number> {
  const owner = await cluster.primaryOfSlot(slot);
  for (let shard = 0; shard < cluster.shards; shard++) if ((await cluster.primary(shard)) === owner) return shard;
  throw new Error(`slot ${slot} has no owner`);
}
