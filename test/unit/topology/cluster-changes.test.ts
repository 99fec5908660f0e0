import { describe, expect, test } from 'vitest';
import { clusterChanges } from '../../../src/topology/cluster-changes.ts';
import { ClusterMap, type ClusterShard } from '../../../src/topology/cluster-map.ts';
import type { ClusterNode } from '../../../src/topology/cluster-node.ts';
import { parseRedirect } from '../../../src/topology/parse-redirect.ts';

const node = (id: string, more: Partial<ClusterNode> = {}): ClusterNode => ({
  id,
  host: '10.0.0.1',
  port: 7000,
  announcedAddress: `10.0.0.1:7000`,
  aliases: [],
  role: 'primary',
  primaryId: undefined,
  health: 'online',
  offset: 0,
  configEpoch: 1,
  ...more,
});

const shard = (id: string, primary: ClusterNode, ...slots: [number, number][]): ClusterShard => ({
  id,
  primary,
  replicas: [],
  slots: slots.map(([first, last]) => ({ first, last })),
});

describe('between two maps', () => {
  const before = new ClusterMap({ shards: [shard('A', node('a'), [0, 8000]), shard('B', node('b'), [8001, 16_383])] });

  test('nothing has changed when only offsets and epochs have', () => {
    const after = new ClusterMap({ shards: [shard('A', node('a', { offset: 9, configEpoch: 4 }), [0, 8000]), shard('B', node('b'), [8001, 16_383])] });
    expect(clusterChanges(before, after)).toEqual([]);
  });

  test('slots have moved, in as few ranges as there are', () => {
    const after = new ClusterMap({ shards: [shard('A', node('a'), [100, 8000]), shard('B', node('b'), [0, 49], [8001, 16_382])] });
    expect(clusterChanges(before, after)).toEqual([
      { type: 'slots-moved', first: 0, last: 49, from: 'A', to: 'B' },
      { type: 'slots-moved', first: 50, last: 99, from: 'A', to: undefined },
      { type: 'slots-moved', first: 16_383, last: 16_383, from: 'B', to: undefined },
    ]);
    expect([after.slotsMissing, before.slotsMissing]).toEqual([51, 0]);
  });

  test('a failover is a change of the primary, not of slots', () => {
    const [old, fresh] = [node('a', { role: 'replica', primaryId: 'c' }), node('c')];
    const after = new ClusterMap({ shards: [{ ...shard('A', fresh, [0, 8000]), replicas: [old] }, shard('B', node('b'), [8001, 16_383])] });
    expect(clusterChanges(before, after).map(({ type }) => type)).toEqual(['node-changed', 'node-added', 'primary-changed']);
  });
});

test('owners are found by slot, nodes by id and by every address of theirs', () => {
  const one = node('a', { announcedAddress: '10.0.0.9:1', aliases: ['Node-A.local:1'] });
  const map = new ClusterMap({ shards: [shard('A', one, [0, 0], [16_383, 16_383])] });
  expect([map.primaryOfSlot(0), map.primaryOfSlot(1), map.primaryOfSlot(16_383)]).toEqual([one, undefined, one]);
  expect([map.nodeAt('10.0.0.9:1'), map.nodeAt('node-a.local:1'), map.nodeAt('10.0.0.9:2')]).toEqual([one, one, undefined]);
  expect([...map.ownerIndexes().subarray(0, 2)]).toEqual([0, -1]);
});

test.each([
  ['MOVED 3999 127.0.0.1:6381', { kind: 'moved', slot: 3999, host: '127.0.0.1', port: 6381 }],
  ['ASK 0 node-3.example:6381', { kind: 'ask', slot: 0, host: 'node-3.example', port: 6381 }],
  ['MOVED 3999 ::1:6381', { kind: 'moved', slot: 3999, host: '::1', port: 6381 }],
  ['MOVED 3999 :6381', { kind: 'moved', slot: 3999, host: '', port: 6381 }],
  ['MOVED 3999 ?:6381', { kind: 'moved', slot: 3999, host: '', port: 6381 }],
  ['MOVED 16384 127.0.0.1:6381', undefined],
  ['MOVED 1 127.0.0.1:0', undefined],
  ['MOVED', undefined],
  ['ERR unknown command', undefined],
])('the redirect in %s', (text, redirect) => {
  expect(parseRedirect(text)).toEqual(redirect);
});
