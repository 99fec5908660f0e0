import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { slotOf } from '../../../src/model/slot.ts';
import { slotsIn, startCluster, type TestCluster } from '../../support/cluster.ts';
import { compareServers } from '../../support/compare.ts';
import { startServer } from '../../support/server.ts';

describe.each(['redis-6.0', 'redis-7.0', 'valkey-9.1'] as const)('a cluster of %s', (server) => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ server, shards: 3, replicasPerShard: 1 });
  });
  afterAll(() => cluster?.stop());

  test('takes keys at once, wherever they belong, and brings them to its replicas', async () => {
    const client = cluster.client();
    await Promise.all(Array.from({ length: 300 }, (_, i) => client.set(`key:${i}`, i)));
    expect(await cluster.keyCount()).toBe(300);
    expect((await cluster.replicas(1)).length).toBe(1);
  });

  test('moves slots with their keys', async () => {
    const moved = slotOf(Buffer.from('key:7'));
    const owner = (await cluster.contentNodes()).indexOf(await cluster.primaryOfSlot(moved));
    const to = (owner + 1) % 3;
    await cluster.moveSlots(owner, to, [[moved, moved]]);
    expect(await cluster.primaryOfKey('key:7')).toBe(await cluster.primary(to));
    expect(await cluster.client().get('key:7')).toBe('7');
    expect(await cluster.keyCount()).toBe(300);
  });

  test.runIf(server === 'valkey-9.1')('moves slots with their keys at once', async () => {
    await cluster.moveSlots(0, 1, [[100, 600]], { atomic: true });
    expect(await cluster.primaryOfSlot(600)).toBe(await cluster.primary(1));
    expect(await cluster.keyCount()).toBe(300);
  });

  test('fails over when asked, and keeps what was written', async () => {
    const before = await cluster.primary(0);
    const after = await cluster.failover(0);
    expect(after).not.toBe(before);
    expect(await cluster.primary(0)).toBe(after);
    expect(await cluster.replicas(0)).toEqual([before]);
    expect(await cluster.keyCount()).toBe(300);
  });

  test('loses what was written last when that is asked for', async () => {
    const key = Array.from({ length: 1000 }, (_, i) => `lost:${i}`).find((name) => slotOf(Buffer.from(name)) > 16_000)!;
    const before = await cluster.primary(2);
    const after = await cluster.loseTail(2, (primary) => primary.client().set(key, 'v'));
    expect(await cluster.replicas(2)).toEqual([before]);
    expect(await after.client().get(key)).toBe(null);
    expect(await cluster.keyCount()).toBe(300);
  });

  test('fails over when a primary dies, and takes it back as a replica', async () => {
    const killed = await cluster.killPrimary(1);
    expect(await cluster.primary(1)).not.toBe(killed);
    await killed.start();
    await cluster.settled();
    expect(await cluster.replicas(1)).toEqual([killed]);
  });
});

test('slots can be spread unevenly, and a primary can have none', async () => {
  await using cluster = await startCluster({
    slots: [
      [
        [0, 99],
        [16_000, 16_383],
      ],
      [[100, 15_999]],
      [],
    ],
  });
  expect(await cluster.primaryOfSlot(16_383)).toBe(cluster.node(0));
  expect(await cluster.primaryOfSlot(5_000)).toBe(cluster.node(1));
  expect(
    slotsIn([
      [0, 99],
      [16_000, 16_383],
    ]),
  ).toBe(484);
});

test('contents are compared whatever the topology', async () => {
  await using three = await startCluster({ shards: 3 });
  await using two = await startCluster({ shards: 2, slots: [[[0, 99]], [[100, 16_383]]], server: 'valkey-9.1' });
  await using alone = await startServer({ server: 'redis-8.0' });
  const write = async (client: { call(command: string, ...args: (string | number)[]): Promise<unknown> }): Promise<void> => {
    for (let i = 0; i < 60; i++) await client.call('SET', `string:${i}`, i, 'PXAT', 4_000_000_000_000 + i);
    await client.call('ZADD', 'zset', 1, 'a', 2, 'b');
    await client.call('HSET', 'hash', 'f', 'v');
    await client.call('XADD', 'stream', '1-1', 'f', 'v');
    await client.call('RPUSH', 'long', ...Array.from({ length: 2_000 }, (_, i) => i));
  };
  const [left, right, single] = [three.client(), two.client(), alone.client()];
  for (const client of [left, right, single]) await write(client);
  expect([await compareServers(three, two), await compareServers(three, alone), await compareServers(alone, two)]).toEqual([[], [], []]);
  await right.call('PEXPIREAT', 'string:7', 4_000_000_000_000);
  await right.call('LSET', 'long', 1_500, 'x');
  await right.call('DEL', 'stream');
  await right.call('SET', 'more', 'v');
  const found = [
    'db 0 "string:7": expires at: 4000000000007 | 4000000000000',
    'db 0 "long": value: from 1000 on: element 500: "1500" | "x"',
    'db 0 "stream": type: stream | none',
    'db 0 "more": type: none | string',
  ].toSorted();
  expect((await compareServers(three, two)).toSorted()).toEqual(found);
  expect((await compareServers(alone, two)).toSorted()).toEqual(found);
  await using other = await startServer();
  await other.client().set('more', 'v');
  await alone.client().call('PEXPIREAT', 'string:7', 4_000_000_000_000);
  await alone.client().lset('long', 1_500, 'x');
  await alone.client().del('stream');
  expect(await compareServers([alone, other], two)).toEqual([]);
});
