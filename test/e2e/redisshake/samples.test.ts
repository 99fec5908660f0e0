/** The sample files of RedisShake's documents, every reader with every writer, run as they are but for addresses and paths; and functions and clusters with a file_writer. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { compareServers } from '../../support/compare.ts';
import { sendRaw } from '../../support/send-raw.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { addressLines, emptySide, keyCount, ShakeRuns } from '../../support/shake-runs.ts';
import { waitFor } from '../../support/wait-for.ts';
import { SAMPLE_READERS, SAMPLE_REST, SAMPLE_WRITERS } from '../../unit/config/shake/shake-samples.ts';

const runs = new ShakeRuns();
let source: RealServer;
let target: RealServer;
let cluster: TestCluster;

beforeAll(async () => {
  const args = ['--appendonly', 'yes', '--aof-use-rdb-preamble', 'no'];
  [source, target, cluster] = await Promise.all([
    startServer({ server: 'redis-7.0', args }),
    startServer({ server: 'redis-7.0' }),
    startCluster({ shards: 2, server: 'redis-7.0' }),
  ]);
}, 60_000);
beforeEach(async () => {
  await Promise.all([source, target, cluster].map(emptySide));
  const client = source.client();
  await client.mset('user:1', 'a', 'order:1', 'e');
  await client.set('user:2', 'b c "d"');
  await client.rpush('list', '1', '2', '3');
  await client.hset('hash', 'f', 'v');
  await client.set('brief', 'x', 'PX', 3_600_000);
  // The snapshot of the test before may still be made.
  await waitFor('no other save', async () => /rdb_bgsave_in_progress:0/.test(await client.info('persistence')));
  await client.save();
  client.disconnect();
});
afterEach(() => runs.endAll());
afterAll(async () => {
  await runs.close();
  await Promise.all([source.stop(), target.stop(), cluster.stop()]);
});

type Reader = keyof typeof SAMPLE_READERS;
const READERS = Object.keys(SAMPLE_READERS) as Reader[];

/** The sample, at these servers; of a sync the end of the full sync is the end. */
function sample(reader: Reader, writer: keyof typeof SAMPLE_WRITERS, type = 'cmd'): string {
  const text = SAMPLE_READERS[reader] + SAMPLE_WRITERS[writer] + SAMPLE_REST;
  return text
    .replace('127.0.0.1:6379', `127.0.0.1:${source.port}`)
    .replace('127.0.0.1:6380', `127.0.0.1:${target.port}`)
    .replace('/tmp/dump.rdb', join(source.dir, 'dump.rdb'))
    .replace('/tmp/appendonly.aof.manifest', join(source.dir, 'appendonlydir', 'appendonly.aof.manifest'))
    .replace('/tmp/cmd.txt', 'out')
    .replace('type = "cmd"', `type = "${type}"`)
    .replace('sync_aof = true', 'sync_aof = false');
}

const exported = (): string => readFileSync(join(runs.dir, 'data', 'out'), 'latin1');

test.each(READERS)('%s and redis_writer', async (reader) => {
  expect(await runs.run(sample(reader, 'redis_writer'))).toMatchObject({ code: 0, stderr: '' });
  expect(await compareServers(source, target)).toEqual([]);
});

describe.each(READERS)('%s and file_writer', (reader) => {
  test('of the types cmd and aof', async () => {
    const cmd = await runs.run(sample(reader, 'file_writer'));
    expect([cmd.code, cmd.stderr]).toEqual([0, expect.stringContaining('exported to') as string]);
    expect(exported()).toMatch(/"?user:2"? /);
    expect(exported()).not.toMatch(/^PING/m);
    expect(await runs.run(sample(reader, 'file_writer', 'aof'))).toMatchObject({ code: 0 });
    await sendRaw(target, Buffer.from(exported(), 'latin1'));
    expect(await compareServers(source, target)).toEqual([]);
  });

  test('of the type json, which takes no commands', async () => {
    const { code, stderr } = await runs.run(sample(reader, 'file_writer', 'json'));
    if (reader === 'aof_reader') return expect([code, stderr]).toEqual([5, expect.stringContaining('COMMANDS_NOT_EXPORTABLE') as string]);
    const keys = exported()
      .trimEnd()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as { key?: string }).key ?? []);
    expect([code, keys.toSorted()]).toEqual([0, ['brief', 'hash', 'list', 'order:1', 'user:1', 'user:2']]);
  });

  test('through a filter and a function', async () => {
    const function_ =
      'if #KEYS == 0 then\n  shake.call(DB, ARGV)\n  return\nend\nif KEYS[1] == "user:1" then\n  return\nend\nARGV[KEY_INDEXES[1]] = "new:" .. KEYS[1]\nshake.call(DB, ARGV)';
    const text = sample(reader, 'file_writer', 'aof')
      .replace('allow_key_prefix = []', 'allow_key_prefix = ["user:", "list"]')
      .replace('function = ""', `function = """\n${function_}\n"""`);
    expect(await runs.run(text)).toMatchObject({ code: 0 });
    await sendRaw(target, Buffer.from(exported(), 'latin1'));
    const client = target.client();
    expect((await client.keys('*')).toSorted()).toEqual(['new:list', 'new:user:2']);
    expect([await client.get('new:user:2'), await client.lrange('new:list', 0, -1)]).toEqual(['b c "d"', ['1', '2', '3']]);
    client.disconnect();
  });
});

test.each(['sync', 'scan'] as const)('%s_reader of a cluster and file_writer: all shards', async (reader) => {
  const client = cluster.client();
  for (let i = 0; i < 50; i++) await client.set(`key:${i}`, String(i));
  client.disconnect();
  const more = reader === 'sync' ? 'sync_aof = false\n' : '';
  expect(await runs.run(`[${reader}_reader]\n${addressLines(cluster)}${more}[file_writer]\nfilepath = "out"\ntype = "aof"\n`)).toMatchObject({ code: 0 });
  await sendRaw(target, Buffer.from(exported(), 'latin1'));
  expect(await keyCount(target)).toBe(50);
  copyFileSync(join(runs.dir, 'data', 'out'), join(runs.dir, 'out.aof'));
  expect(await compareServers(cluster, target)).toEqual([]);
});

test('a function and json do not go together, which is said before anything is read', async () => {
  const text = sample('rdb_reader', 'file_writer', 'json').replace('function = ""', 'function = "shake.call(DB, ARGV)"');
  const { code, stderr } = await runs.run(text);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/CONFIG_INVALID.*a function makes commands, and jsonl holds keys/) as string]);
});
