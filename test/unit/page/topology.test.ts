import { describe, expect, test } from 'vitest';
import { pictureOf } from '../../../web/judge/topology.ts';
import { following, loading, manyShards } from '../../support/page/page-states.ts';

describe('the picture of a job', () => {
  test('one server to one server: two lines through one course', () => {
    const { sources, courses, targets, lines, slowest } = pictureOf(following());
    expect(sources.map(({ address, server }) => `${address} ${server}`)).toEqual(['10.0.0.1:6379 Redis 7.0.15']);
    expect(courses).toMatchObject([{ name: '', lagMs: 4, phase: 'incremental-sync', health: 'good' }]);
    expect(targets.map(({ address, connections }) => [address, connections.length])).toEqual([['10.0.0.2:6379', 2]]);
    expect(lines).toEqual([
      { from: 'source 10.0.0.1:6379', to: 'course ', health: 'good' },
      { from: 'course ', to: 'target 10.0.0.2:6379', health: 'good' },
    ]);
    expect(slowest).toBeNull();
  });

  test('sixteen shards into three nodes: each lost connection makes its own line, its course and its node bad', () => {
    const { sources, courses, targets, lines, slowest } = pictureOf(manyShards());
    expect([sources.length, courses.length, targets.length, lines.length]).toEqual([16, 16, 3, 64]);
    expect(lines.filter(({ health }) => health === 'bad').map(({ from, to }) => `${from} > ${to}`)).toEqual([
      'course shard-05 > target 10.0.1.2:7000',
      'source 10.0.0.9:7000 > course shard-09',
    ]);
    expect(courses.filter(({ health }) => health === 'bad').map(({ name }) => name)).toEqual(['shard-05', 'shard-09']);
    expect(targets.map(({ health }) => health)).toEqual(['good', 'bad', 'good']);
    expect(slowest?.address).toBe('10.0.1.3:7000');
  });

  test('a file has no connections, and is there all the same', () => {
    const { sources, lines } = pictureOf(loading());
    expect(sources).toMatchObject([{ address: 'dump.rdb.gz', connections: [], health: 'idle' }]);
    expect(lines).toHaveLength(2);
  });

  test('before anything is connected both ends are there', () => {
    const { sources, targets } = pictureOf(following({ connections: [] }));
    expect([...sources, ...targets].map(({ address }) => address)).toEqual(['10.0.0.1:6379', '10.0.0.2:6379']);
  });
});
