/** `godwit load`: files that real servers wrote, brought to other real servers. */
import { randomBytes } from 'node:crypto';
import { appendFileSync, copyFileSync, createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ServerName } from '../../scripts/servers.ts';
import { compareServers } from '../support/compare.ts';
import { writeAof } from '../support/files/aof-writer.ts';
import { FileServer } from '../support/files/file-server.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { loadRichData } from '../support/rich-data.ts';
import { type RealServer, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const dir = mkdtempSync(join(tmpdir(), 'godwit-load-'));
const godwits: GodwitProcess[] = [];

afterAll(async () => {
  await Promise.all(godwits.map((godwit) => godwit.kill()));
  rmSync(dir, { recursive: true, force: true });
});

interface LoadRun {
  readonly file: string;
  readonly target: { readonly url: string };
  readonly args?: readonly string[];
  readonly stdinFile?: string;
}

function start({ file, target, args, stdinFile }: LoadRun): GodwitProcess {
  const godwit = startGodwit({ file, target: target.url, spoolDir: join(dir, 'spool'), args, stdinFile });
  godwits.push(godwit);
  return godwit;
}

/** To the end. @returns exit code, error lines, and what it said at last */
async function load(run: LoadRun): Promise<{ code: number | null; stderr: string; said: string; warnings: string[] }> {
  const godwit = start(run);
  const { code, stderr } = await godwit.exit;
  const warnings = godwit.lines.filter(({ level }) => level === 'warn').map(({ message }) => String(message));
  return { code, stderr, said: String(godwit.lines.at(-1)?.message), warnings };
}

async function ask(server: RealServer, command: string, ...args: readonly (string | number)[]): Promise<unknown> {
  const client = server.client();
  try {
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

async function saveRdb(server: RealServer, name: string): Promise<string> {
  await ask(server, 'SAVE');
  const file = join(dir, name);
  copyFileSync(join(server.dir, 'dump.rdb'), file);
  return file;
}

function resp(...words: readonly (string | number)[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`).join('')}`;
}

/** What the target cannot hold whole needs a word of the user. */
describe.each([
  ['redis-6.0', 'valkey-8.1', []],
  ['redis-7.0', 'redis-6.0', ['--on-unsupported', 'degrade']],
  ['redis-8.0', 'valkey-9.1', []],
  ['valkey-8.1', 'redis-7.0', ['--on-unsupported', 'degrade']],
  ['valkey-9.1', 'redis-8.0', []],
] as const satisfies readonly (readonly [ServerName, ServerName, readonly string[]])[])('a snapshot of %s', (from, to, args) => {
  test(`is loaded into ${to}`, async () => {
    const [writer, target] = await Promise.all([startServer({ server: from }), startServer({ server: to })]);
    try {
      await loadRichData(writer, { bigElements: 600 });
      const file = await saveRdb(writer, `${from}.rdb`);
      const { code, stderr, said } = await load({ file, target, args });
      expect([code, stderr]).toEqual([0, '']);
      expect(said).toMatch(/\.rdb is loaded: [1-9][\d,]* keys and 0 commands applied by this run/);
      expect(said.includes('degraded')).toBe(args.length > 0);
      expect(await compareServers(writer, target)).toEqual([]);
    } finally {
      await Promise.all([writer.stop(), target.stop()]);
    }
  });
});

describe.each(['redis-7.0', 'valkey-9.1'] as const)('the AOF folder of %s', (server) => {
  test('is loaded as the server loads it', async () => {
    const [writer, target] = await Promise.all([writeAof({ server }), startServer({ server })]);
    try {
      const { code, stderr, said } = await load({ file: writer.place, target });
      expect([code, stderr]).toEqual([0, '']);
      expect(said).toMatch(/is loaded: [1-9][\d,]* keys and [1-9][\d,]* commands applied by this run/);
      expect(await compareServers(writer.server, target)).toEqual([]);
    } finally {
      await Promise.all([writer.server.stop(), target.stop()]);
      writer.remove();
    }
  });
});

describe('a load', () => {
  let target: RealServer;
  let snapshot: string;

  beforeAll(async () => {
    target = await startServer({ server: 'redis-7.0', args: ['--appendonly', 'yes'] });
    const client = target.client();
    await client.mset(...Array.from({ length: 3000 }, (_, i) => [`key:${i}`, `value ${i}`]).flat());
    await client.psetex('soon', 60, 'gone when it is loaded');
    snapshot = await saveRdb(target, 'plain.rdb');
  });

  beforeEach(() => ask(target, 'FLUSHALL'));

  afterAll(() => target.stop());

  const dbSize = async (): Promise<number> => Number(await ask(target, 'DBSIZE'));
  const counter = async (): Promise<number> => Number(await ask(target, 'GET', 'counter'));
  /** Keys but for the mark. */
  const keys = async (): Promise<number> => (await dbSize()) - 1;

  test('leaves out what had expired', async () => {
    expect(await load({ file: snapshot, target })).toMatchObject({ code: 0, said: expect.stringContaining('3,000 keys and 0 commands') as string });
    expect([await keys(), await ask(target, 'EXISTS', 'soon')]).toEqual([3000, 0]);
  });

  test('reads several increments behind a snapshot in their order, and what was appended when it is asked again', async () => {
    const file = join(dir, 'several.manifest');
    copyFileSync(snapshot, join(dir, 'several.base.rdb'));
    writeFileSync(join(dir, 'several.1.aof'), resp('SELECT', 0) + resp('APPEND', 'key:1', '-first') + resp('INCR', 'counter'));
    writeFileSync(join(dir, 'several.2.aof'), resp('MULTI') + resp('INCR', 'counter') + resp('APPEND', 'key:1', '-second') + resp('EXEC'));
    const parts = ['several.base.rdb seq 1 type b', 'several.1.aof seq 1 type i', 'several.2.aof seq 2 type i'];
    writeFileSync(file, parts.map((line) => `file ${line}\n`).join(''));
    const first = await load({ file, target });
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect([await counter(), await ask(target, 'GET', 'key:1'), await keys()]).toEqual([2, 'value 1-first-second', 3001]);
    expect((await load({ file, target })).said).toContain('0 keys and 0 commands');
    appendFileSync(join(dir, 'several.2.aof'), resp('INCR', 'counter'));
    expect((await load({ file, target })).said).toContain('0 keys and 1 commands');
    expect(await counter()).toBe(3);
  });

  test('ends before the time that was asked for', async () => {
    const file = join(dir, 'times.aof');
    writeFileSync(file, `#TS:1700000000\r\n${resp('INCR', 'counter')}#TS:1700000060\r\n${resp('INCR', 'counter')}#TS:1700000120\r\n${resp('INCR', 'counter')}`);
    expect(await load({ file, target, args: ['--until', '2023-11-14T22:14:30Z'] })).toMatchObject({ code: 0, warnings: [] });
    expect(await counter()).toBe(2);
    const late = await load({ file, target, args: ['--until', '1800000000'] });
    expect([late.code, late.warnings]).toEqual([0, [expect.stringContaining('ends before the time')]]);
    expect(await counter()).toBe(3);
    expect(await load({ file: snapshot, target, args: ['--until', '1800000000'] })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no points in time') as string,
    });
  });

  test('leaves out a tail that is not whole and says so, or fails', async () => {
    const file = join(dir, 'cut.aof');
    writeFileSync(file, resp('INCR', 'counter').repeat(5));
    truncateSync(file, readFileSync(file).length - 3);
    const cut = await load({ file, target });
    expect([cut.code, cut.said]).toEqual([0, expect.stringMatching(/4 commands applied .*; 2\d bytes at the end were not whole/)]);
    expect(cut.warnings).toEqual([expect.stringContaining('cut.aof ends within a command')]);
    expect(await load({ file, target, args: ['--on-truncated', 'error'] })).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('[AOF_TRUNCATED]') as string,
    });
    expect(await counter()).toBe(4);
  });

  test('reads gzip from the web, and goes on where the transfer broke', async () => {
    const packed = join(dir, 'plain.rdb.gz');
    await pipeline(createReadStream(snapshot), createGzip(), createWriteStream(packed));
    const web = await FileServer.start(readFileSync(packed));
    try {
      web.faults = { breakAfterBytes: 6_000 };
      const { code, said } = await load({ file: `${web.origin}/plain.rdb.gz?signature=planted`, target });
      expect([code, await keys(), web.ranges.length > 2]).toEqual([0, 3000, true]);
      expect(said).not.toContain('planted');
    } finally {
      await web.stop();
    }
  });

  test('reads standard input, and begins it anew as long as nothing was applied that counts', async () => {
    const half = join(dir, 'half.rdb');
    copyFileSync(snapshot, half);
    truncateSync(half, 40_000);
    const args = ['--job', 'piped'];
    expect(await load({ file: '-', stdinFile: half, target, args })).toMatchObject({ code: 5, stderr: expect.stringContaining('[RDB_CORRUPT]') as string });
    expect(await keys()).toBeGreaterThan(0);
    expect(await load({ file: '-', stdinFile: snapshot, target, args })).toMatchObject({ code: 0 });
    expect(await keys()).toBe(3000);
    const again = await load({ file: '-', stdinFile: snapshot, target, args });
    expect([again.code, again.stderr]).toEqual([4, expect.stringContaining('has loaded this already')]);
    const aof = join(dir, 'piped.aof');
    writeFileSync(aof, `${resp('INCR', 'counter').repeat(3)}nonsense`);
    expect(await load({ file: '-', stdinFile: aof, target, args: ['--job', 'counts', '--on-existing', 'replace'] })).toMatchObject({ code: 5 });
    const twice = await load({ file: '-', stdinFile: aof, target, args: ['--job', 'counts', '--on-existing', 'replace'] });
    expect([twice.code, twice.stderr]).toEqual([4, expect.stringContaining('would be applied twice')]);
    expect(await counter()).toBe(3);
  });

  test('names what stands in its way before it writes', async () => {
    await ask(target, 'SET', 'key:1', 'mine');
    expect(await load({ file: join(dir, 'nowhere.rdb'), target })).toMatchObject({ code: 2, stderr: expect.stringContaining('[FILE_NOT_FOUND]') as string });
    expect(await load({ file: snapshot, target })).toMatchObject({ code: 2, stderr: expect.stringContaining('[TARGET_NOT_EMPTY]') as string });
    expect(await dbSize()).toBe(1);
    expect(await load({ file: snapshot, target, args: ['--on-existing', 'skip'] })).toMatchObject({
      said: expect.stringContaining('; 1 keys skipped') as string,
    });
    expect([await ask(target, 'GET', 'key:1'), await keys()]).toEqual(['mine', 3000]);
    const other = join(dir, 'other.aof');
    writeFileSync(other, resp('INCR', 'counter'));
    const sameJob = ['--job', `load-plain.rdb-to-127.0.0.1-${target.port}`];
    const refused = await load({ file: other, target, args: sameJob });
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringMatching(/\[FILE_CHANGED\].*loads another file: this one is other\.aof/)]);
    expect(await load({ file: other, target, args: [...sameJob, '--finish'] })).toMatchObject({ code: 0 });
    expect(await dbSize()).toBe(3000);
  });

  test('writes a command that the target refuses to the dead-letter file, or stops', async () => {
    const file = join(dir, 'refused.aof');
    writeFileSync(file, resp('SET', 'text', 'a') + resp('INCR', 'counter') + resp('LPUSH', 'text', 'b') + resp('INCR', 'counter'));
    const letters = join(dir, 'letters.jsonl');
    expect(await load({ file, target, args: ['--on-error', 'dead-letter', '--dead-letter-file', letters] })).toMatchObject({
      code: 0,
      said: expect.stringContaining('1 dead letters') as string,
    });
    expect([await counter(), JSON.parse(readFileSync(letters, 'utf8'))]).toEqual([
      2,
      expect.objectContaining({ error: expect.stringContaining('WRONGTYPE') as string }),
    ]);
    expect(await load({ file, target, args: ['--job', 'anew', '--flush-target', '--yes'] })).toMatchObject({ code: 4 });
  });

  test('goes on within a snapshot after kill -9', async () => {
    const client = target.client();
    await client.eval("for i = 1, 200000 do redis.call('SET', 'k' .. i, i) end return 1", 0);
    const file = await saveRdb(target, 'many.rdb');
    await client.flushall();
    const first = start({ file, target });
    const mark = `__godwit:load-many.rdb-to-127.0.0.1-${target.port}`;
    await waitFor('a mark within the snapshot', async () => (await client.hget(mark, 'file-position')) !== '' && (await dbSize()) > 1000, { intervalMs: 2 });
    await first.kill();
    expect(await dbSize()).toBeLessThan(200_000);
    const { code, said } = await load({ file, target });
    expect([code, await keys(), await client.get('k1'), await client.get('k200000')]).toEqual([0, 200_000, '1', '200000']);
    const loaded = Number(/([\d,]+) keys and/.exec(said)?.[1]?.replaceAll(',', ''));
    expect(loaded).toBeGreaterThan(0);
    expect(loaded).toBeLessThan(200_000);
  });

  test('brings values that are larger than the window, as they are and encoded anew, also where the file can be read only forward', async () => {
    const [writer, older] = await Promise.all([startServer({ server: 'redis-8.0' }), startServer({ server: 'valkey-8.1' })]);
    try {
      await loadRichData(writer, { bigElements: 300 });
      const client = writer.client();
      await client.set('large:text', randomBytes(3_000_000));
      await client.eval(
        "for i = 1, 60000 do redis.call('HSET', 'large:hash', 'field' .. i, 'value' .. i) end return redis.call('PEXPIRE', 'large:hash', 600000)",
        0,
      );
      await client.eval("for i = 1, 60000 do redis.call('XADD', 'large:stream', i .. '-1', 'field', i) end return 1", 0);
      const file = await saveRdb(writer, 'large.rdb');
      const packed = `${file}.gz`;
      await pipeline(createReadStream(file), createGzip(), createWriteStream(packed));
      const { code, stderr } = await load({ file: packed, target: older, args: ['--on-unsupported', 'degrade'] });
      expect([code, stderr]).toEqual([0, '']);
      expect(await compareServers(writer, older)).toEqual([]);
    } finally {
      await Promise.all([writer.stop(), older.stop()]);
    }
  });

  test('stops when its mark is taken away from a target that holds what it has applied, and begins anew when all is gone', async () => {
    const file = join(dir, 'long.aof');
    const rounds = 400_000;
    writeFileSync(file, resp('INCR', 'counter').repeat(rounds));
    const mark = `__godwit:load-long.aof-to-127.0.0.1-${target.port}`;
    const first = start({ file, target });
    await waitFor('commands', async () => (await counter()) > 1000, { intervalMs: 2 });
    await ask(target, 'DEL', mark);
    const ended = await first.exit;
    expect([ended.code, ended.stderr]).toEqual([4, expect.stringMatching(/\[POSITION_LOST\] the mark .* is gone from the target, and 1 keys are there/)]);
    await ask(target, 'FLUSHALL');
    const second = start({ file, target });
    await waitFor('commands', async () => (await counter()) > 1000, { intervalMs: 2 });
    await ask(target, 'FLUSHALL');
    expect(await second.exit).toMatchObject({ code: 0, stderr: '' });
    expect(await counter()).toBe(rounds);
  });

  test('counts exactly after kill -9 of Godwit and of the target, cut connections, and SIGTERM', { timeout: 60_000 }, async () => {
    const rounds = 150_000;
    const file = join(dir, 'big.aof');
    const round =
      resp('INCR', 'counter') + resp('RPUSH', 'list', 'x') + resp('MULTI') + resp('INCRBY', 'twice', 2) + resp('APPEND', 'text', 'y') + resp('EXEC');
    writeFileSync(file, round.repeat(rounds));
    const breaks: ((godwit: GodwitProcess) => Promise<unknown>)[] = [
      (godwit) => godwit.kill(),
      () => ask(target, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
      (godwit) => godwit.kill(),
      async () => {
        await target.kill();
        await target.start();
      },
      (godwit) => godwit.stop(),
      (godwit) => godwit.kill(),
    ];
    let godwit = start({ file, target });
    for (const [i, breakIt] of breaks.entries()) {
      const enough = ((i + 1) * rounds) / (breaks.length + 2);
      await waitFor(`${enough} rounds`, async () => (await counter()) >= enough, { intervalMs: 2, timeoutMs: 20_000 });
      await breakIt(godwit);
      if ((await ask(target, 'LLEN', 'list')) === rounds) throw new Error('the load was over before it was broken');
      if (i === 4) expect((await godwit.exit).code).toBe(143);
      if (i !== 1 && i !== 3) godwit = start({ file, target });
    }
    const { code, stderr } = await godwit.exit;
    expect([code, stderr]).toEqual([0, '']);
    const found = [await counter(), Number(await ask(target, 'GET', 'twice')), await ask(target, 'LLEN', 'list'), await ask(target, 'STRLEN', 'text')];
    expect(found).toEqual([rounds, rounds * 2, rounds, rounds]);
  });
});
