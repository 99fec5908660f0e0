/** The built command reads a part of what a server or a file holds: each rule by its flag, on values and on commands. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InspectionReport } from '../../src/rdb/inspect/inspection-report.ts';
import { slotOf } from '../../src/model/slot.ts';
import { exportedKeys } from '../support/exported.ts';
import { runGodwit } from '../support/run-godwit.ts';
import { sendRaw } from '../support/send-raw.ts';
import { type RealServer, startServer } from '../support/server.ts';

const HOUR_S = 3600;
const LARGE_BYTES = 3_000_000;
const dir = mkdtempSync(join(tmpdir(), 'godwit-filtered-'));

afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('values of a snapshot', () => {
  let source: RealServer;
  let file: string;

  beforeAll(async () => {
    source = await startServer({ server: 'redis-7.0' });
    const client = source.client();
    await client.mset('user:1', 'a', 'user:2:tmp', 'b', 'order:1', 'c');
    // Sizes are those of what is stored, which random bytes do not make smaller.
    await client.set('user:3', randomBytes(LARGE_BYTES), 'EX', HOUR_S);
    await client.hset('hash:1', 'f', 'v');
    await client.zadd('board', 1, 'm');
    await client.expire('board', 60);
    await client.select(5);
    await client.set('user:5', 'five');
    await client.call('SAVE');
    file = join(source.dir, 'dump.rdb');
  });

  afterAll(() => source.stop());

  test.each<[string, string[], string[]]>([
    ['prefix, not suffix', ['--prefix', 'user:', '--block-suffix', ':tmp'], ['0 user:1', '0 user:3', '5 user:5']],
    ['glob, not database', ['--glob', 'user:[0-9]', '--block-db', '5'], ['0 user:1', '0 user:3']],
    ['regex, key', ['--regex', '^order:\\d$', '--key', 'board'], ['0 board', '0 order:1']],
    ['slot', ['--slots', `${slotOf(Buffer.from('order:1'))}`], ['0 order:1']],
    ['not types', ['--block-type', 'string'], ['0 board', '0 hash:1']],
    ['group', ['--group', 'SORTED_SET,hash'], ['0 board', '0 hash:1']],
    ['command', ['--command', 'zadd'], ['0 board']],
    ['size, also of one that is larger than the window', ['--size-min', '1mb'], ['0 user:3']],
    ['time to live', ['--ttl-max', '30m'], ['0 board']],
    ['expiry and size', ['--expiring', 'only', '--size-max', '1mb'], ['0 board']],
  ])('%s', async (_, words, keys) => {
    const { stdout, code, stderr } = await runGodwit(['export', file, '--to', '-', '--format', 'jsonl', ...words]);
    expect({ code, keys: [...exportedKeys(stdout).keys()].toSorted() }).toEqual({ code: 0, keys });
    expect(stderr).toContain(`${7 - keys.length} keys were not asked for`);
  });

  test('are inspected in part as well, and the report says so', async () => {
    const { stdout } = await runGodwit(['inspect', file, '--format', 'json', '--prefix', 'user:', '--size-min', '3']);
    const report = JSON.parse(stdout) as InspectionReport;
    expect([report.totals.keys, report.source.filteredOut, report.largestByMemory[0].key]).toEqual([2, 5, 'user:3']);
    const { stdout: text } = await runGodwit(['inspect', file, '--type', 'zset']);
    expect(text).toContain('6 keys were not asked for');
  });

  test.each([
    [['--slots', '9-1'], 'slots 9-1'],
    [['--slots', 'all'], '--slots has "all"'],
    [['--type', 'sting'], 'which is no type'],
    [['--regex', '(?=x)'], 'cannot be read'],
    [['--size-min', 'big'], '--size-min is "big"'],
    [['--block-db', 'x'], '--block-db has "x"'],
  ])('%s is refused', async (words, message) => {
    const { code, stderr } = await runGodwit(['export', file, '--to', '-', '--format', 'jsonl', ...words]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('commands of an AOF', () => {
  let source: RealServer;
  let target: RealServer;
  let client: Redis;

  beforeAll(async () => {
    [source, target] = await Promise.all([startServer({ server: 'redis-7.0', args: { appendonly: 'yes', appendfsync: 'always' } }), startServer()]);
    client = source.client();
    await client.mset('a:1', '1', 'b:1', '2', 'a:2', '3');
    await client.sadd('a:set', 'x', 'y');
    await client.smove('a:set', 'b:set', 'x');
    await client.multi().incr('a:1').incr('b:1').del('b:9', 'a:2').exec();
    await client.rename('b:1', 'b:2');
  });

  afterAll(() => Promise.all([source.stop(), target.stop()]));

  test('of which some keys are wanted bring those', async () => {
    const to = join(dir, 'a.resp');
    const { code, stderr } = await runGodwit(['export', source.dir, '--to', to, '--prefix', 'a:']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('2 commands were not asked for') as string });
    await sendRaw(target, readFileSync(to));
    const there = target.client();
    expect((await there.keys('*')).toSorted()).toEqual(['a:1', 'a:set']);
    expect([await there.get('a:1'), await there.smembers('a:set')]).toEqual(['2', ['y']]);
  });

  test('that cannot be decided stop with their name, or do what was asked for', async () => {
    await client.rename('b:2', 'a:9');
    const stopped = await runGodwit(['export', source.dir, '--to', join(dir, 'b.resp'), '--prefix', 'a:']);
    expect([stopped.code, stopped.stderr]).toEqual([6, expect.stringContaining('[COMMAND_UNDECIDED] RENAME at offset')]);
    expect((await runGodwit(['export', source.dir, '--to', join(dir, 'b.resp'), '--prefix', 'a:', '--on-mixed', 'drop'])).code).toBe(0);
    const bySize = await runGodwit(['export', source.dir, '--to', join(dir, 'c.resp'), '--size-max', '1kb']);
    expect([bySize.code, bySize.stderr]).toEqual([5, expect.stringContaining('by the size of a value')]);
  });
});
