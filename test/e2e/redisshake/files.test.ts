/** Rows 9 to 19 of README.md: files as RedisShake's tests make them, to servers and clusters. */
import { copyFileSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { compareServers } from '../../support/compare.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { addressLines, emptySide, keyCount, ownKeyCount, type ShakeSide, ShakeRuns } from '../../support/shake-runs.ts';
import { waitFor } from '../../support/wait-for.ts';

const runs = new ShakeRuns();
let source: RealServer;
let target: RealServer;
let cluster: TestCluster;

beforeAll(async () => {
  const aof = ['--appendonly', 'yes', '--aof-timestamp-enabled', 'yes', '--aof-disable-auto-gc', 'yes'];
  [source, target, cluster] = await Promise.all([
    startServer({ server: 'redis-7.0', args: aof }),
    startServer({ server: 'redis-7.0' }),
    startCluster({ shards: 2, server: 'redis-7.0' }),
  ]);
}, 60_000);
beforeEach(() => Promise.all([source, target, cluster].map(emptySide)));
afterEach(() => runs.endAll());
afterAll(async () => {
  await runs.close();
  await Promise.all([source.stop(), target.stop(), cluster.stop()]);
});

const reader = (kind: 'rdb' | 'aof', file: string, more = ''): string => `[${kind}_reader]\nfilepath = "${file}"\n${more}\n`;
const writer = (side: ShakeSide): string => `[redis_writer]\n${addressLines(side)}`;

async function fill(server: RealServer, from: number, to: number): Promise<void> {
  const client = server.client();
  const pipeline = client.pipeline();
  for (let i = from; i < to; i++) {
    pipeline.set(`string:${i}`, `value ${i}`);
    pipeline.rpush('list', String(i));
    pipeline.hset('hash', String(i), 'v');
    pipeline.zadd('zset', i / 3, String(i));
  }
  await pipeline.exec();
  client.disconnect();
}

async function rewritten(server: RealServer): Promise<void> {
  const client = server.client();
  await waitFor('a rewrite to end', async () => /aof_rewrite_in_progress:0[^]*aof_rewrite_scheduled:0/.test(await client.info('persistence')));
  await client.bgrewriteaof();
  await waitFor('the rewrite to end', async () => /aof_rewrite_in_progress:0[^]*aof_last_bgrewrite_status:ok/.test(await client.info('persistence')));
  client.disconnect();
}

const SIDES = ['standalone', 'cluster'] as const;
const sideOf = (kind: (typeof SIDES)[number]): ShakeSide => (kind === 'cluster' ? cluster : target);

test.each(SIDES)('an RDB file that SAVE has written, to a %s', async (kind) => {
  await fill(source, 0, 300);
  const client = source.client();
  await client.save();
  client.disconnect();
  const dir = runs.folder();
  copyFileSync(join(source.dir, 'dump.rdb'), join(dir, 'dump.rdb'));
  expect(await runs.run(reader('rdb', 'dump.rdb') + writer(sideOf(kind)), dir)).toMatchObject({ code: 0, stderr: '' });
  expect(await compareServers(source, sideOf(kind))).toEqual([]);
  expect(await ownKeyCount(sideOf(kind))).toBe(await keyCount(source));
});

test.each(SIDES)('a multi-part AOF with timestamps, history and increments of several rewrites, to a %s', async (kind) => {
  await fill(source, 0, 500);
  await rewritten(source);
  await fill(source, 500, 1_000);
  await rewritten(source);
  await fill(source, 1_000, 1_100);
  const dir = runs.folder();
  cpSync(join(source.dir, 'appendonlydir'), join(dir, 'aof'), { recursive: true });
  expect(await runs.run(reader('aof', 'aof/appendonly.aof.manifest') + writer(sideOf(kind)), dir)).toMatchObject({ code: 0, stderr: '' });
  expect(await compareServers(source, sideOf(kind))).toEqual([]);
  expect(await ownKeyCount(sideOf(kind))).toBe(await keyCount(source));
});

test('a single AOF without a preamble, of Redis 6', async () => {
  await using old = await startServer({ server: 'redis-6.0', args: ['--appendonly', 'yes', '--aof-use-rdb-preamble', 'no'] });
  await fill(old, 0, 300);
  const dir = runs.folder();
  copyFileSync(join(old.dir, 'appendonly.aof'), join(dir, 'appendonly.aof'));
  expect(await runs.run(reader('aof', 'appendonly.aof') + writer(target), dir)).toMatchObject({ code: 0, stderr: '' });
  expect(await compareServers(old, target)).toEqual([]);
});

/** Commands and annotations as an AOF has them. */
const part = (...lines: readonly (string | readonly (string | Buffer)[])[]): Buffer =>
  Buffer.concat(
    lines.map((line) => {
      if (typeof line === 'string') return Buffer.from(`${line}\r\n`);
      const words = line.flatMap((word) => [Buffer.from(`$${Buffer.byteLength(word)}\r\n`), Buffer.from(word), Buffer.from('\r\n')]);
      return Buffer.concat([Buffer.from(`*${line.length}\r\n`), ...words]);
    }),
  );

async function keysOf(): Promise<string[]> {
  const client = target.client();
  try {
    return (await client.keys('*')).filter((key) => !key.startsWith('__godwit')).toSorted();
  } finally {
    client.disconnect();
  }
}

/** A manifest over these parts, `b` base and `i` increment. */
function manifest(parts: Readonly<Record<string, Buffer>>): string {
  const dir = runs.folder();
  for (const [name, bytes] of Object.entries(parts)) writeFileSync(join(dir, name), bytes);
  const line = (name: string, i: number): string => `file ${name} seq ${i + 1} type ${name.includes('base') ? 'b' : 'i'}\n`;
  writeFileSync(join(dir, 'a.manifest'), Object.keys(parts).map(line).join(''));
  return dir;
}

const BASE = part(['SET', 'k1', 'v'], ['SET', 'k2', 'v']);

test('a manifest that names a base alone', async () => {
  const dir = manifest({ 'a.base.aof': BASE });
  expect(await runs.run(reader('aof', 'a.manifest') + writer(target), dir)).toMatchObject({ code: 0 });
  expect(await keysOf()).toEqual(['k1', 'k2']);
});

describe('what is damaged ends with one line, and an empty target', () => {
  test.each([
    ['the manifest is rubbish', (dir: string) => writeFileSync(join(dir, 'a.manifest'), 'file a.base.aof sequence one\n'), /AOF_MANIFEST_INVALID/, 5],
    ['the AOF is rubbish', (dir: string) => writeFileSync(join(dir, 'a.base.aof'), '*3\r\n$3\r\nSET\r\n$x\r\n'), /AOF_CORRUPT/, 5],
    ['the base is deleted', (dir: string) => rmSync(join(dir, 'a.base.aof')), /FILE_NOT_FOUND/, 2],
  ])('%s', async (_, damage, words, exitCode) => {
    const dir = manifest({ 'a.base.aof': BASE, 'a.incr.aof': part(['SET', 'k3', 'v']) });
    damage(dir);
    const { code, stderr } = await runs.run(reader('aof', 'a.manifest') + writer(target), dir);
    expect([code, stderr]).toEqual([exitCode, expect.stringMatching(words) as string]);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(await keysOf()).toEqual([]);
  });
});

describe('timestamp', () => {
  test('with a base: all of it, and what the increments have up to then', async () => {
    const dir = manifest({ 'a.base.aof': BASE, 'a.incr.aof': part('#TS:1233', ['SET', 'k3', 'v'], '#TS:1235', ['SET', 'late', 'v']) });
    expect(await runs.run(reader('aof', 'a.manifest', 'timestamp = 1234') + writer(target), dir)).toMatchObject({ code: 0 });
    expect(await keysOf()).toEqual(['k1', 'k2', 'k3']);
  });

  test('between two increments: the first one alone', async () => {
    const dir = manifest({ 'a.1.incr.aof': part('#TS:1233', ['SET', 'k1', 'v'], ['SET', 'k2', 'v']), 'a.2.incr.aof': part('#TS:1235', ['SET', 'late', 'v']) });
    expect(await runs.run(reader('aof', 'a.manifest', 'timestamp = 1234') + writer(target), dir)).toMatchObject({ code: 0 });
    expect(await keysOf()).toEqual(['k1', 'k2']);
  });

  test('before a base that says its own time: refused, where RedisShake replays what is later', async () => {
    await fill(source, 0, 10);
    await rewritten(source);
    const dir = runs.folder();
    cpSync(join(source.dir, 'appendonlydir'), join(dir, 'aof'), { recursive: true });
    const { code, stderr } = await runs.run(reader('aof', 'aof', 'timestamp = 1234') + writer(target), dir);
    expect([code, stderr]).toEqual([5, expect.stringContaining('AOF_TOO_LATE') as string]);
    expect(await keysOf()).toEqual([]);
  });
});

test('arguments of any bytes, with line ends in them, and of none', async () => {
  const binary = Buffer.from([13, 10, 0, 255, 36, 51, 13, 10]);
  const dir = runs.folder();
  writeFileSync(join(dir, 'a.aof'), part(['SET', 'binary', binary], ['SET', '', ''], ['SET', 'plain', 'v']));
  expect(await runs.run(reader('aof', 'a.aof') + writer(target), dir)).toMatchObject({ code: 0 });
  const client = target.client();
  expect([await client.getBuffer('binary'), await client.get(''), await client.get('plain')]).toEqual([binary, '', 'v']);
  client.disconnect();
});
