/** Renaming, a database map, filters and functions on the way to a real cluster: routing sees the names of the target, marks the positions of the source. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { type GodwitProcess, startGodwit } from '../../support/godwit-process.ts';
import { LiveLoad } from '../../support/live-load.ts';
import { type RealServer, startServer } from '../../support/server.ts';

let source: RealServer;
let cluster: TestCluster;
let from: Redis;
let dir = '';
let jobs = 0;
const godwits: GodwitProcess[] = [];

beforeAll(async () => {
  [source, cluster] = await Promise.all([startServer({ server: 'redis-7.0', args: ['--repl-backlog-size', '64mb'] }), startCluster({ shards: 2 })]);
  from = source.client();
  dir = mkdtempSync(join(tmpdir(), 'godwit-rules-'));
});

beforeEach(async () => {
  await Promise.all(godwits.splice(0).map((godwit) => godwit.kill()));
  await from.flushall();
  for (const node of cluster.nodes) await onNode(node, (client) => client.flushall());
});

afterAll(async () => {
  await Promise.all(godwits.map((godwit) => godwit.kill()));
  from.disconnect();
  await Promise.all([source.stop(), cluster.stop()]);
  rmSync(dir, { recursive: true, force: true });
});

async function onNode<T>(node: { client(): Redis }, ask: (client: Redis) => Promise<T>): Promise<T> {
  const client = node.client();
  try {
    return await ask(client);
  } finally {
    client.disconnect();
  }
}

function sync(...args: readonly string[]): GodwitProcess {
  const godwit = startGodwit({ source: source.url, target: cluster.url(), spoolDir: dir, args: ['--job', `cluster-${++jobs}`, ...args] });
  godwits.push(godwit);
  return godwit;
}

/** Name and digest of each key of all nodes, without the marks. */
async function digests(clients: readonly { client(): Redis }[], database = 0): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const node of clients) {
    await onNode(node, async (client) => {
      if (database > 0) await client.select(database);
      for (const key of await client.keys('*')) if (!key.startsWith('__godwit')) found.set(key, String(await client.call('DEBUG', 'DIGEST-VALUE', key)));
    });
  }
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const renamed = (all: Map<string, string>, name: (key: string) => string): Map<string, string> =>
  new Map([...all].map(([key, value]): [string, string] => [name(key), value]).toSorted(([a], [b]) => (a < b ? -1 : 1)));

const library = (name: string): string => `#!lua name=${name}\nredis.register_function("${name}", function() return 1 end)`;

test('databases are mapped, keys renamed, and marks name the database of the source', async () => {
  await from.select(3);
  await from.mset('user:1', 'a', 'user:2', 'b');
  await from.select(5);
  await from.set('gone', '1');
  const args = ['--db-map', '3=0,*=drop', '--rename', 'prefix:user:=>u/', '--rename', 'suffix:=>.x', '--on-untold', 'pass'];
  let godwit = sync(...args, '--job', 'mapped');
  await godwit.waitForPhase('incremental-sync');
  const load = new LiveLoad(source);
  await from.select(3);
  for (let i = 0; i < 20; i++) {
    await from.incr('user:n');
    if (i % 10 === 5) await from.call('FUNCTION', 'LOAD', 'REPLACE', library(`l${i}`));
    if (i % 10 === 9) {
      await godwit.kill();
      godwit = sync(...args, '--job', 'mapped');
    }
  }
  await load.stop();
  await from.incr('user:n');
  await godwit.waitForLagZero(source);
  const expected = renamed(await digests([source], 3), (key) => `${key.replace(/^user:/, 'u/')}.x`);
  expect(await digests(cluster.nodes)).toEqual(expected);
  expect(expected.size).toBe(3);
  for (const node of cluster.nodes) expect(await onNode(node, (client) => client.call('FUNCTION', 'LIST'))).toHaveLength(2);
});

test('a job that stops behind a command for all nodes goes on in the database of the source', async () => {
  const args = ['--db-map', '3=0,*=drop', '--job', 'stops'];
  const everywhere = async (...command: [string, ...string[]]): Promise<void> => {
    for (const node of cluster.nodes) await onNode(node, (client) => client.call(...command).catch(() => null));
  };
  await from.select(3);
  const godwit = sync(...args);
  await godwit.waitForPhase('incremental-sync');
  await from.set('before', '1');
  await godwit.waitForLagZero(source);
  await everywhere('RPUSH', 'n', 'other');
  await from
    .pipeline([
      ['function', 'load', 'replace', library('l')],
      ['sadd', 'n', 'a'],
    ])
    .exec();
  expect((await godwit.exit).stderr).toMatch(/TARGET_REFUSED/);
  await everywhere('DEL', 'n');
  await sync(...args).waitForLagZero(source);
  expect(await digests(cluster.nodes)).toEqual(await digests([source], 3));
});

test('keys of a database that goes nowhere are no reason to refuse a cluster, others are told of the map', async () => {
  await from.select(3);
  await from.set('a', '1');
  const refused = await sync().exit;
  expect([refused.code, refused.stderr]).toEqual([4, expect.stringMatching(/DATABASE_MISSING.*database 3.*--db-map 3=0/)]);
  expect(await sync('--db', '0', '--stop-after', 'full-sync', '--on-existing', 'replace').exit).toMatchObject({ code: 0, stderr: '' });
  expect(await sync('--db-map', '3=drop', '--stop-after', 'full-sync', '--on-existing', 'replace').exit).toMatchObject({ code: 0, stderr: '' });
  expect(await digests(cluster.nodes)).toEqual(new Map());
});

test('a function renames values and commands of a live source, and a kill in between costs nothing', async () => {
  await from.select(0);
  await from.eval("for i = 1, 4000 do redis.call('RPUSH', 'list:' .. i, i, i + 1) redis.call('HSET', 'hash:' .. i, 'f', i) end", 0);
  const lua =
    'for _, i in ipairs(KEY_INDEXES) do ARGV[i] = "{new}" .. ARGV[i] end shake.call(DB, ARGV)\nif CMD == "INCR" then shake.call(0, {"INCR", "seen"}) end';
  const args = ['--function', lua.replace('"{new}"', 'string.sub(ARGV[i], -1) .. "/"'), '--on-cross-slot', 'split', '--job', 'function'];
  let godwit = sync(...args);
  const load = new LiveLoad(source, { prefix: '{t}' });
  await godwit.waitForStatus('some keys', ({ fullSync }) => fullSync.keysApplied > 500);
  await godwit.kill();
  for (let kill = 0; kill < 2; kill++) {
    godwit = sync(...args);
    await godwit.waitForPhase('incremental-sync');
    await load.more(400);
    await godwit.kill();
  }
  await load.stop();
  godwit = sync(...args);
  await godwit.waitForLagZero(source);
  const all = await digests(cluster.nodes);
  all.delete('seen');
  expect(all).toEqual(renamed(await digests([source]), (key) => `${key.slice(-1)}/${key}`));
});
