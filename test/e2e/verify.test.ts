/** `godwit verify` finds every planted difference, says where it is, and invents none: on servers of all versions. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerName } from '../../scripts/servers.ts';
import type { VerifyResult } from '../../src/pipeline/verify/verify-result.ts';
import { loadRichData } from '../support/rich-data.ts';
import { type GodwitRun, runGodwit } from '../support/run-godwit.ts';
import { type RealServer, startServer } from '../support/server.ts';
import { ALIKE, PLANTED, run } from '../support/verify/planted.ts';

const FAST = ['--settle', '300ms'];

async function verify(source: RealServer, target: RealServer, ...args: string[]): Promise<GodwitRun & { result: VerifyResult }> {
  const ended = await runGodwit(['verify', source.url, target.url, '--format', 'json', ...FAST, ...args]);
  return { ...ended, result: (ended.stdout === '' ? {} : JSON.parse(ended.stdout)) as VerifyResult };
}

const found = ({ differences }: VerifyResult): string[] => differences.map(({ database, key, kind, where }) => `${database} ${key} ${kind} ${where}`);

describe.each<[ServerName, ServerName]>([
  ['redis-7.0', 'redis-7.0'],
  ['redis-8.0', 'valkey-9.1'],
  ['redis-6.0', 'valkey-8.1'],
])('%s and %s', (sourceName, targetName) => {
  let source: RealServer;
  let target: RealServer;
  const hasFields = sourceName === 'redis-8.0';
  const planted = PLANTED.filter(({ fields }) => fields !== true || hasFields);

  beforeAll(async () => {
    [source, target] = await Promise.all([startServer({ server: sourceName }), startServer({ server: targetName })]);
    for (const server of [source, target]) {
      await run(
        server,
        [...planted, ...ALIKE].flatMap(({ make }) => make),
      );
    }
    await run(
      target,
      ALIKE.flatMap(({ spoil }) => spoil),
    );
  });

  afterAll(() => Promise.all([source.stop(), target.stop()]));

  test.each([[[]], [['--large-above', '1kb']]])('are equal before anything is planted %s', async (args) => {
    const { code, result } = await verify(source, target, ...args);
    expect({ differences: result.differences, code }).toEqual({ differences: [], code: 0 });
    expect(result.counts.equal).toBe(planted.length + ALIKE.length - 1);
  });

  test('each planted difference is found, with its place, and nothing else', async () => {
    await run(
      target,
      planted.flatMap(({ spoil }) => spoil),
    );
    for (const args of [[], ['--large-above', '20kb']]) {
      const { code, result, stderr } = await verify(source, target, ...args);
      expect([code, stderr]).toEqual([8, expect.stringContaining('VERIFY_DIFFERENCES')]);
      const byKey = new Map(result.differences.map((one) => [one.key, one]));
      const wrong = planted.filter(({ name, kind, where }) => {
        const one = byKey.get(name.replace('\0', '\\x00').replace('\r\n', '\\x0d\\x0a'));
        return one === undefined || one.kind !== kind || !where.test(one.where);
      });
      expect(wrong.map(({ name }) => [name, byKey.get(name)])).toEqual([]);
      expect([result.counts.differences, result.differences.length]).toEqual([planted.length, planted.length]);
    }
  });

  test('a file of the source has the same differences', async () => {
    await source.client().call('SAVE');
    const file = join(source.dir, 'dump.rdb');
    const { stdout, code, stderr } = await runGodwit(['verify', file, target.url, '--format', 'json']);
    expect([code, stderr]).toEqual([8, expect.stringContaining('VERIFY_DIFFERENCES')]);
    const { differences } = JSON.parse(stdout) as VerifyResult;
    const kinds = new Map(differences.map((one) => [one.key, one.kind]));
    const wrong = planted.filter(({ name, kind }) => kinds.get(name.replace('\0', '\\x00').replace('\r\n', '\\x0d\\x0a')) !== kind);
    expect([wrong.map(({ name }) => name), differences.length]).toEqual([[], planted.length]);
  });

  test('the quick way finds what is missing, extra, of another type, length or expiry', async () => {
    const { result } = await verify(source, target, '--quick');
    const names = new Set(result.differences.map(({ key }) => key.replace('planted:', '')));
    for (const name of ['missing', 'extra', 'type', 'one byte more', 'list longer', 'expiry', 'no expiry', 'stream entry']) expect(names).toContain(name);
    expect(names).not.toContain('one byte');
  });
});

test('pages of strings alone are followed by others, and a time of expiry by itself is found there', async () => {
  const [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'valkey-8.1' })]);
  try {
    const strings = Array.from({ length: 30_000 }, (_, i) => ['SET', `s:${i}`, `value ${i}`]);
    const hashes = Array.from({ length: 20 }, (_, i) => ['HSET', `h:${i}`, 'f', String(i)]);
    await Promise.all([source, target].map((server) => run(server, [...strings, ...hashes])));
    expect((await verify(source, target)).result).toMatchObject({ differences: [], counts: { equal: 30_020 } });
    await run(target, [
      ['PEXPIRE', 's:7', 3_600_000],
      ['SETRANGE', 's:29999', 0, 'V'],
      ['HSET', 'h:3', 'f', 'other'],
      ['DEL', 'h:4'],
      ['PEXPIRE', 'h:5', 3_600_000],
    ]);
    const planted = ['0 h:3 value field "f"', '0 h:4 missing ', '0 h:5 ttl ', '0 s:29999 value byte 0', '0 s:7 ttl '];
    expect(found((await verify(source, target)).result).toSorted()).toEqual(planted);
  } finally {
    await Promise.all([source.stop(), target.stop()]);
  }
});

describe('large values', () => {
  const many = (count: number, before: string): string[] => Array.from({ length: count }, (_, i) => `${before}${i}`);
  // Does not shrink: a value is large by the bytes that it is stored in.
  const text = randomBytes(2_000_000).toString('base64');
  const members = many(40_000, 'a member with a long name ');
  const large: readonly (readonly [string, readonly string[], readonly string[], RegExp])[] = [
    ['SET', [text], ['SETRANGE', '$', '2000000', '!'], /^byte 2000000$/],
    ['RPUSH', members, ['LSET', '$', '30000', 'other'], /^index 30000$/],
    ['SADD', members, ['SREM', '$', members[20_000]], /^member "a member with a long name 20000"$/],
    ['HSET', members.flatMap((member, i) => [member, `${i}`]), ['HSET', '$', members[39_999], 'other'], /^field ".* 39999"$/],
    ['ZADD', members.flatMap((member, i) => [`${i}`, member]), ['ZINCRBY', '$', '0.5', members[1]], /^member ".* 1"$/],
  ];
  let source: RealServer;
  let target: RealServer;
  let file: string;

  beforeAll(async () => {
    [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'redis-8.0' })]);
    for (const server of [source, target]) {
      for (const [command, words] of large) {
        const step = command === 'SET' ? words.length : 20_000;
        for (let i = 0; i < words.length; i += step) await run(server, [[command, `large:${command}`, ...words.slice(i, i + step)]]);
      }
    }
    await source.client().call('SAVE');
    file = join(source.dir, 'dump.rdb');
  });

  afterAll(() => Promise.all([source.stop(), target.stop()]));

  test.each([['of two servers'], ['of a file and a server']])('%s are read in parts, and the first difference is named', async (sides) => {
    const from = sides === 'of two servers' ? source.url : file;
    const look = async (): Promise<VerifyResult> =>
      JSON.parse((await runGodwit(['verify', from, target.url, '--format', 'json', ...FAST])).stdout) as VerifyResult;
    expect(await look()).toMatchObject({ differences: [], counts: { equal: large.length } });
    await run(
      target,
      large.map(([command, , spoil]) => spoil.map((word) => (word === '$' ? `large:${command}` : word))),
    );
    const { differences } = await look();
    for (const [command, , , where] of large) expect(differences.find(({ key }) => key === `large:${command}`)?.where).toMatch(where);
    expect(differences.length).toBe(large.length);
    const mend = [
      ['SETRANGE', '$', 2_000_000, text[2_000_000]],
      ['LSET', '$', 30_000, members[30_000]],
      ['SADD', '$', members[20_000]],
      ['HSET', '$', members[39_999], '39999'],
      ['ZADD', '$', 1, members[1]],
    ];
    await run(
      target,
      mend.map((words, i) => words.map((word) => (word === '$' ? `large:${large[i][0]}` : word))),
    );
  });
});

describe('rich data', () => {
  let source: RealServer;
  let target: RealServer;

  beforeAll(async () => {
    [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'redis-8.0' })]);
    await Promise.all([loadRichData(source, { bigElements: 500 }), run(target, [['SET', 'x', 1]], 3)]);
    await run(target, [['FLUSHALL']]);
    const spool = `${source.dir}/spool`;
    await runGodwit(['sync', source.url, target.url, '--stop-after', 'full-sync', '--spool-dir', spool, '--log-format', 'json']);
  });

  afterAll(() => Promise.all([source.stop(), target.stop()]));

  test('of a sync is equal, its mark left out', async () => {
    const { code, result } = await verify(source, target);
    expect([result.differences, result.counts.targetKeys, code]).toEqual([[], result.counts.sourceKeys, 0]);
  });

  test('in another database is missing in the one and extra in the other', async () => {
    await run(source, [['SET', 'moved', 'v']], 1);
    await run(target, [['SET', 'moved', 'v']], 3);
    expect(found((await verify(source, target)).result).toSorted()).toEqual(['1 moved missing ', '3 moved extra ']);
    expect((await verify(source, target, '--db', '1', '--db-map', '1=3', '--key', 'moved')).code).toBe(0);
    const { result } = await verify(source, target, '--one-way');
    expect(found(result)).toEqual(['1 moved missing ']);
  });

  test('renamed and filtered verifies clean, and what is wrong there is found', async () => {
    await run(
      source,
      [
        ['SET', 'user:1', 'a'],
        ['SET', 'user:2', 'b'],
        ['SET', 'other', 'c'],
        ['SET', 'gone:1', 'x'],
      ],
      7,
    );
    await run(
      target,
      [
        ['SET', 'app:user:1', 'a'],
        ['SET', 'app:user:2', 'b'],
        ['SET', 'stranger', '1'],
      ],
      9,
    );
    const args = ['--db', '7', '--prefix', 'user:', '--rename-prefix', 'user:=app:user:', '--db-map', '7=9'];
    expect((await verify(source, target, ...args)).result).toMatchObject({ differences: [], counts: { equal: 2, targetKeys: 2, outOfScope: 1 } });
    await run(
      target,
      [
        ['SET', 'app:user:3', 'z'],
        ['SET', 'app:user:1', 'A'],
      ],
      9,
    );
    const { result } = await verify(source, target, ...args);
    expect(found(result).toSorted()).toEqual(['7 user:1 value byte 0', '7 user:3 extra ']);
  });

  test('in a sample is a part of it', async () => {
    const { result } = await verify(source, target, '--sample', '20%', '--db', '0');
    expect(result.counts.sourceKeys).toBeGreaterThan(0);
    expect(result.counts.sourceKeys).toBeLessThan(60);
  });

  test.each(['table', 'html', 'jsonl'])('is reported as %s', async (format) => {
    await run(target, [['SET', 'planted<script>', 'v']]);
    const { stdout, code } = await runGodwit(['verify', source.url, target.url, '--format', format, '--db', '0', ...FAST]);
    expect([code, stdout]).toEqual([8, expect.stringMatching(/planted(<script>|&lt;script&gt;)/)]);
    if (format === 'html') expect(stdout).not.toContain('<script>');
  });

  test('a side that is not there is an error of the connection, the same one twice one of its own', async () => {
    expect((await runGodwit(['verify', source.url, 'redis://127.0.0.1:1', '--reconnect-attempts', '1'])).code).toBe(3);
    const { code, stderr } = await runGodwit(['verify', source.url, source.url.replace('127.0.0.1', 'localhost')]);
    expect([code, stderr]).toEqual([4, expect.stringContaining('SAME_SERVER')]);
  });
});
