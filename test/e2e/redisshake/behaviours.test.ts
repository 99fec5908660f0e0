/** Rows 20 to 27 of README.md: users, functions, what is left out of a sync, libraries, and keys that exist. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compareServers } from '../../support/compare.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { addressLines, consistent, emptySide, ShakeRuns, shakeDocument } from '../../support/shake-runs.ts';

const runs = new ShakeRuns();
let source: RealServer;
let target: RealServer;
let from: Redis;
let to: Redis;

beforeAll(async () => {
  [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'redis-7.0' })]);
  from = source.client();
  to = target.client();
});
beforeEach(() => Promise.all([source, target].map(emptySide)));
afterEach(() => runs.endAll());
afterAll(async () => {
  await runs.close();
  await Promise.all([source.stop(), target.stop()]);
});

const reader = (kind: 'sync' | 'scan', more = ''): string => `[${kind}_reader]\n${addressLines(source)}${more}\n`;
const writer = (): string => `[redis_writer]\n${addressLines(target)}`;

test.each(['redis-6.0', 'redis-7.0'] as const)('users and passwords of ACL on both sides, %s', async (server) => {
  await using one = await startServer({ server });
  await using other = await startServer({ server });
  for (const side of [one, other]) {
    const client = side.client();
    await client.call('ACL', 'SETUSER', 'shaker', 'on', '>se:cr%et', '~*', '+@all', ...(side.atLeast(6, 2) ? ['&*'] : []));
    await client.call('ACL', 'SETUSER', 'default', 'on', '>other');
    client.disconnect();
  }
  const user = 'username = "shaker"\npassword = "se:cr%et"\n';
  const admin = [one, other].map((side) => side.client({ username: 'shaker', password: 'se:cr%et' }));
  await admin[0].set('a', '1');
  const godwit = runs.start(`[sync_reader]\n${addressLines(one)}${user}[redis_writer]\n${addressLines(other)}${user}`);
  await godwit.waitForPhase('incremental-sync');
  await admin[0].set('b', '2');
  const { incrementalSync } = await godwit.waitForStatus('the second key', (status) => status.incrementalSync.commandsApplied > 0);
  await consistent(godwit);
  expect([incrementalSync.commandsApplied, await admin[1].mget('a', 'b')]).toEqual([1, ['1', '2']]);
  for (const client of admin) client.disconnect();
  await godwit.stop();
});

test('a function leaves out database 0 and keeps 1 to 15', async () => {
  const write = async (name: string): Promise<void> => {
    for (let database = 0; database < 16; database++) {
      await from.select(database);
      await from.set(name, String(database));
    }
    await from.select(0);
  };
  await write('full');
  const lua = 'if DB == 0 then\n  return\nend\nshake.call(DB, ARGV)';
  const godwit = runs.start(`${reader('sync')}${writer()}[filter]\nfunction = """\n${lua}\n"""\n`);
  await godwit.waitForPhase('incremental-sync');
  await write('behind');
  await godwit.waitForLagZero(source);
  expect((await shakeDocument(godwit)).per_cmd_entries_count).toEqual({
    RESTORE: { read_count: 15, read_ops: 0, write_count: 15, write_ops: 0 },
    SET: { read_count: 16, read_ops: 0, write_count: 15, write_ops: 0 },
  });
  for (let database = 0; database < 16; database++) {
    await to.select(database);
    expect(await to.mget('full', 'behind')).toEqual(database === 0 ? [null, null] : [String(database), String(database)]);
  }
  await to.select(0);
  await godwit.stop();
});

test('sync_rdb = false: no key of the snapshot, what comes behind it, and no snapshot on the disk', async () => {
  await from.set('before', '1');
  const godwit = runs.start(`${reader('sync', 'sync_rdb = false')}${writer()}`);
  await godwit.waitForPhase('incremental-sync');
  await from.mset('k1', '1', 'k2', '2');
  await godwit.waitForLagZero(source);
  expect((await to.keys('k*')).toSorted()).toEqual(['k1', 'k2']);
  expect(await to.exists('before')).toBe(0);
  expect(readdirSync(join(runs.dir, 'data'), { recursive: true }).filter((name) => String(name).endsWith('.rdb'))).toEqual([]);
  await godwit.stop();
});

test('sync_aof = false: ends behind the snapshot, without what was written meanwhile, held back to a rate', async () => {
  const pipeline = from.pipeline();
  for (let i = 0; i < 60; i++) pipeline.set(`rdb:${i}`, String(i));
  await pipeline.exec();
  const godwit = runs.start(`${reader('sync', 'sync_aof = false')}${writer()}[advanced]\ntarget_redis_max_qps = 20\n`);
  await godwit.waitForStatus('the snapshot to be on its way', ({ fullSync }) => fullSync.bytesReceived > 0);
  await from.set('meanwhile', '1');
  expect((await shakeDocument(godwit)).reader).toMatchObject({ status: expect.stringMatching(/^(?:receiving|syncing) rdb$/) as string });
  expect(await godwit.exit).toMatchObject({ code: 0, stderr: '' });
  expect((await to.keys('rdb:*')).length).toBe(60);
  expect(await to.exists('meanwhile')).toBe(0);
  const again = await runs.run(`${reader('sync', 'sync_aof = false')}${writer()}`, runs.dir);
  expect([again.code, again.stderr, await to.exists('meanwhile')]).toEqual([0, '', 0]);
  expect(existsSync(join(runs.dir, 'data'))).toBe(true);
});

describe('a library of functions that the target has with another body becomes that of the source', () => {
  const library = (n: number): string => `#!lua name=lib\nredis.register_function('f', function() return ${n} end)`;

  test('from a snapshot and from a live source', async () => {
    await from.call('FUNCTION', 'LOAD', library(1));
    await from.save();
    await to.call('FUNCTION', 'LOAD', library(2));
    const rdb = `[rdb_reader]\nfilepath = "${join(source.dir, 'dump.rdb')}"\n${writer()}[advanced]\nrdb_restore_command_behavior = "rewrite"\n`;
    expect(await runs.run(rdb)).toMatchObject({ code: 0 });
    expect(await to.call('FCALL', 'f', 0)).toBe(1);
    await to.call('FUNCTION', 'LOAD', 'REPLACE', library(3));
    const godwit = runs.start(`${reader('sync')}${writer()}[advanced]\nrdb_restore_command_behavior = "rewrite"\n`);
    await godwit.waitForPhase('incremental-sync');
    expect(await to.call('FCALL', 'f', 0)).toBe(1);
    await from.call('FUNCTION', 'LOAD', 'REPLACE', library(4));
    await godwit.waitForLagZero(source);
    expect(await to.call('FCALL', 'f', 0)).toBe(4);
    await godwit.stop();
  });
});

describe('rdb_restore_command_behavior', () => {
  const readers: readonly (readonly [string, () => string])[] = [
    ['sync_reader', () => reader('sync', 'sync_aof = false')],
    ['scan_reader', () => reader('scan')],
    ['rdb_reader', () => `[rdb_reader]\nfilepath = "${join(source.dir, 'dump.rdb')}"\n`],
  ];

  test.each(readers)('%s: panic writes nothing, skip leaves, rewrite replaces', async (_, from_) => {
    await from.mset('theirs', 'new', 'fresh', '1');
    await from.rpush('list', 'a', 'b');
    await from.save();
    const run = (behavior: string) => runs.run(`${from_()}${writer()}[advanced]\nrdb_restore_command_behavior = "${behavior}"\n`);
    await to.set('theirs', 'own');
    await to.rpush('list', 'own');
    const panic = await run('panic');
    expect([panic.code, panic.stderr]).toEqual([2, expect.stringContaining('TARGET_NOT_EMPTY') as string]);
    expect((await to.keys('*')).toSorted()).toEqual(['list', 'theirs']);
    expect(await run('skip')).toMatchObject({ code: 0 });
    expect([await to.mget('theirs', 'fresh'), await to.lrange('list', 0, -1)]).toEqual([['own', '1'], ['own']]);
    await to.del(...(await to.keys('__godwit*')));
    expect(await run('rewrite')).toMatchObject({ code: 0 });
    expect(await compareServers(source, target)).toEqual([]);
  });
});
