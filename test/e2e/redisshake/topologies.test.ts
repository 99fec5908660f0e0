/** Rows 1 to 8 of README.md: sync_reader and scan_reader between servers and clusters, as the tests of RedisShake do it, but compared value by value. */
import type { Cluster, Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startCluster, TestCluster } from '../../support/cluster.ts';
import { compareServers } from '../../support/compare.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { addressLines, consistent, emptySide, ownKeyCount, type ShakeSide, ShakeRuns, shakeDocument } from '../../support/shake-runs.ts';
import { waitFor } from '../../support/wait-for.ts';

const runs = new ShakeRuns();
let servers: readonly RealServer[] = [];
let clusters: readonly TestCluster[] = [];
type Kind = 'standalone' | 'cluster';
const PAIRS: readonly (readonly [Kind, Kind])[] = [
  ['standalone', 'standalone'],
  ['standalone', 'cluster'],
  ['cluster', 'standalone'],
  ['cluster', 'cluster'],
];

beforeAll(async () => {
  const server = 'redis-7.0' as const;
  [servers, clusters] = await Promise.all([
    Promise.all([startServer({ server }), startServer({ server })]),
    Promise.all([startCluster({ shards: 2, server }), startCluster({ shards: 2, server })]),
  ]);
}, 60_000);
beforeEach(() => Promise.all([...servers, ...clusters].map(emptySide)));
afterEach(() => runs.endAll());
afterAll(async () => {
  await runs.close();
  await Promise.all([...servers, ...clusters].map((side) => side.stop()));
});

function sides(source: Kind, target: Kind): [ShakeSide, ShakeSide] {
  const pick = (kind: Kind, i: number): ShakeSide => (kind === 'cluster' ? clusters[i] : servers[i]);
  return [pick(source, 0), pick(target, 1)];
}

/** The checkers of RedisShake, its list checker (which nothing calls there), and what they leave out. @param databases that can be used on both sides */
async function insert(side: ShakeSide, round: number, databases: readonly number[]): Promise<void> {
  const client: Redis | Cluster = side.client();
  const name = (what: string): string => `${what}:${round}`;
  for (const [i, text] of ['string', '0', '-1', '123456789'].entries()) await client.set(name(`string:${i}`), text);
  await client.rpush(name('list'), 'a', 'b', '0', '-1');
  await client.hset(name('hash'), { f: 'v', '0': '1', bin: Buffer.from([0, 255, 13, 10]) });
  await client.sadd(name('set'), '1', '2', 'three');
  await client.zadd(name('zset'), '1.0000000000000002', 'precise', '-inf', 'least', '3', 'three');
  await client.xadd(name('stream'), '1-1', 'f', 'v');
  await client.xadd(name('stream'), '2-1', 'f', 'v');
  await client.xgroup('CREATE', name('stream'), 'group', '1-1');
  await client.set(name('expiring'), 'x', 'PX', 3_600_000);
  for (const database of databases) {
    const other = (side as RealServer).client({ db: database });
    await other.set(name('string'), String(database));
    other.disconnect();
  }
  client.disconnect();
}

const databasesOf = (...both: readonly ShakeSide[]): number[] => (both.some((side) => side instanceof TestCluster) ? [] : [1, 2, 3]);

test.each(PAIRS)('sync_reader, %s to %s: consistent, again behind more writes, and equal', async (from, to) => {
  const [source, target] = sides(from, to);
  const databases = databasesOf(source, target);
  await insert(source, 1, databases);
  const godwit = runs.start(`[sync_reader]\n${addressLines(source)}[redis_writer]\n${addressLines(target)}`);
  await godwit.waitForPhase('incremental-sync');
  await consistent(godwit);
  expect(await compareServers(source, target)).toEqual([]);
  await insert(source, 2, databases);
  await waitFor('both to be equal', async () => (await compareServers(source, target)).length === 0, { timeoutMs: 20_000, intervalMs: 50 });
  const { reader } = await consistent(godwit);
  expect(Array.isArray(reader)).toBe(from === 'cluster');
  expect(await ownKeyCount(target)).toBe(await ownKeyCount(source));
  expect(await godwit.stop()).toMatchObject({ code: 143, stderr: '' });
});

test.each(PAIRS)('scan_reader, %s to %s: runs to its end, and equal', async (from, to) => {
  const [source, target] = sides(from, to);
  const databases = databasesOf(source, target);
  await insert(source, 1, databases);
  await insert(source, 2, databases);
  expect(await runs.run(`[scan_reader]\n${addressLines(source)}[redis_writer]\n${addressLines(target)}`)).toMatchObject({ code: 0, stderr: '' });
  expect(await compareServers(source, target)).toEqual([]);
  expect(await ownKeyCount(target)).toBe(await ownKeyCount(source));
});

test.each([
  ['standalone', 'standalone'],
  ['cluster', 'cluster'],
] as const)('scan_reader with ksn = true, %s to %s: follows what changes, and what is gone', async (from, to) => {
  const [source, target] = sides(from, to);
  await insert(source, 1, databasesOf(source, target));
  const godwit = runs.start(`[scan_reader]\n${addressLines(source)}ksn = true\n[redis_writer]\n${addressLines(target)}`);
  await godwit.waitForStatus('following', ({ scan }) => scan?.stage === 'following');
  await consistent(godwit);
  const client = source.client();
  await client.del('string:0:1');
  await client.rename('{a}1', '{a}2').catch(() => {});
  await client.set('brief', 'x', 'PX', 30);
  await insert(source, 2, databasesOf(source, target));
  await waitFor('both to be equal', async () => (await compareServers(source, target)).length === 0, { timeoutMs: 20_000, intervalMs: 50 });
  const { reader } = await consistent(godwit);
  const first = Array.isArray(reader) ? (reader[0] as Readonly<Record<string, unknown>>) : reader;
  expect(Object.keys(first)).toEqual(['name', 'scan_finished', 'scan_dbId', 'scan_cursor', 'scan_percent', 'need_update_count']);
  expect(first).toMatchObject({ scan_finished: true, scan_percent: '100.00%', need_update_count: 0 });
  expect((await shakeDocument(godwit)).writer).not.toBeNull();
  expect((await godwit.stop()).code).toBe(143);
  client.disconnect();
});
