/** Snapshots of real servers read as files: the same rows from every kind of input, through windows of every size, and resumed anywhere. */
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { openFileSource } from '../../../src/source/open-file-source.ts';
import { ownFile, ownFiles } from '../../support/rdb/fixture-files.ts';
import { walkWhole } from '../../support/rdb/walk.ts';
import { readSource } from '../../support/files/read-source.ts';

const SET = encodeCommand(['SET', 'k', 'v']);
const MULTI = encodeCommand(['MULTI']);
const EXEC = encodeCommand(['EXEC']);
const TINY_WINDOW_BYTES = 64;
const SMALL_WINDOW_BYTES = 500;
const PLACES = 20;
let dir = '';

beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'godwit-files-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function written(name: string, ...parts: readonly Uint8Array[]): string {
  const path = join(dir, name);
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

describe.each(ownFiles())('$name', (file) => {
  const expected = walkWhole(file.bytes).rows.map(({ kind, type, key, value, database, expiryMs }) => ({ kind, type, key, value, database, expiryMs }));

  test.each([
    ['a file', 512 * 1024],
    ['a file', TINY_WINDOW_BYTES],
    ['a gzip file', TINY_WINDOW_BYTES],
    ['standard input', TINY_WINDOW_BYTES],
    ['standard input', 512 * 1024],
  ])('gives its rows from %s through a window of %i bytes, and checks the sum', async (from, windowBytes) => {
    const path = from === 'a gzip file' ? written(`${file.name}.rdb.gz`, gzipSync(file.bytes)) : written(`${file.name}.rdb`, file.bytes);
    const place = from === 'standard input' ? '-' : path;
    const source = await openFileSource(place, { windowBytes, stdin: createReadStream(path) });
    const { rows, end, largeValues } = await readSource(source);
    expect(rows).toEqual(expected);
    expect(end).toEqual({ kind: 'end', tail: null, until: null, trailingBytes: 0 });
    expect(largeValues > 0).toBe(windowBytes === TINY_WINDOW_BYTES);
  });

  test('is summed also where nobody asks for the large values', async () => {
    const path = written(`${file.name}.rdb`, file.bytes);
    for (const place of [path, '-']) {
      const source = await openFileSource(place, { windowBytes: SMALL_WINDOW_BYTES, stdin: createReadStream(path) });
      const kinds: string[] = [];
      while (kinds.at(-1) !== 'end') kinds.push((await source.next()).kind);
      expect(kinds).toContain('large');
      await source.close();
    }
  });

  test('gives the rest from every position that it told', async () => {
    const path = written(`${file.name}.rdb`, file.bytes);
    const { rows, stops } = await readSource(await openFileSource(path, { windowBytes: TINY_WINDOW_BYTES }));
    expect(stops.length).toBeGreaterThan(20);
    for (const stop of stops.filter((_, i) => i % Math.ceil(stops.length / 25) === 0)) {
      const rest = await readSource(await openFileSource(path, { from: stop.position, windowBytes: 20_000 }));
      expect(rest.rows).toEqual(rows.slice(stop.rows));
    }
  });

  test('with any other byte in it is not accepted', async () => {
    for (let at = 9; at < file.bytes.length; at += Math.ceil(file.bytes.length / PLACES)) {
      const damaged = Buffer.from(file.bytes);
      damaged[at] ^= 0x10;
      const read = openFileSource(written('damaged.rdb', damaged), { windowBytes: SMALL_WINDOW_BYTES }).then(readSource);
      await expect(read, `byte ${at}`).rejects.toMatchObject({ code: expect.stringMatching(/^RDB_/) });
    }
  });

  test('cut short is RDB_CORRUPT wherever it ends', async () => {
    for (let length = 9; length < file.bytes.length; length += Math.ceil(file.bytes.length / PLACES)) {
      for (const windowBytes of [SMALL_WINDOW_BYTES, 512 * 1024]) {
        const read = openFileSource(written('cut.rdb', file.bytes.subarray(0, length)), { windowBytes }).then(readSource);
        await expect(read, `cut at ${length}`).rejects.toMatchObject({ code: 'RDB_CORRUPT' });
      }
    }
  });
});

describe('a file with data', () => {
  const rdb = ownFile('redis-7.0.15');

  test('called .rdb has what follows the snapshot counted and not read', async () => {
    const { end } = await readSource(await openFileSource(written('followed.rdb', rdb, SET), { windowBytes: 1000 }));
    expect(end.trailingBytes).toBe(SET.length);
  });

  test('of any other name goes on with commands behind the snapshot, in database 0', async () => {
    const path = written('mixed', rdb, encodeCommand(['SELECT', 2]), SET, MULTI, SET, SET, EXEC);
    const { rows, stops } = await readSource(await openFileSource(path, { windowBytes: 100 }));
    expect(rows.filter(({ kind }) => kind === 0).map(({ database, key }) => [database, key])).toEqual([
      [2, 'k'],
      [2, 'k'],
      [2, 'k'],
    ]);
    for (const stop of stops) {
      const rest = await readSource(await openFileSource(path, { from: stop.position }));
      expect(rest.rows).toEqual(rows.slice(stop.rows));
    }
  });

  test.each([
    ['text', 'hello there'],
    ['nothing', ''],
  ])('with %s in it is FILE_FORMAT_UNKNOWN', async (_, content) => {
    await expect(openFileSource(written('other', Buffer.from(content)))).rejects.toMatchObject({ code: 'FILE_FORMAT_UNKNOWN' });
  });

  test('that is an empty AOF has no rows', async () => {
    expect((await readSource(await openFileSource(written('empty.aof')))).rows).toEqual([]);
  });
});

describe('an AOF', () => {
  const value = Buffer.alloc(50_000, 'v');
  const big = encodeCommand(['SET', 'big', value]);

  test('gives a command and a transaction that are larger than the window, each whole', async () => {
    const many = Array.from({ length: 20_000 }, (_, i) => encodeCommand(['INCR', `k${i}`]));
    const path = written('large.aof', SET, big, MULTI, ...many, EXEC, SET);
    for (const place of [path, '-']) {
      const { rows, stops } = await readSource(await openFileSource(place, { windowBytes: 1000, stdin: createReadStream(path) }));
      expect(rows).toHaveLength(20_003);
      expect(rows[1].value.length).toBe(big.length);
      expect(stops.find((stop) => stop.rows > 2)?.rows, 'the transaction is in one batch').toBeGreaterThanOrEqual(20_002);
    }
  });

  test('with a length that nothing confirms is a tail, and takes no memory for it', async () => {
    const path = written('length.aof', SET, Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000000\r\nabc'));
    const before = process.memoryUsage().arrayBuffers;
    for (const place of [path, '-']) {
      const { rows, end } = await readSource(await openFileSource(place, { stdin: createReadStream(path) }));
      expect(rows).toHaveLength(1);
      expect(end.tail).toMatchObject({ offset: SET.length, bytes: readFileSync(path).length - SET.length, unit: 'command' });
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100e6);
  });

  test('that is cut is AOF_TRUNCATED where that is asked for, behind its rows', async () => {
    const path = written('cut.aof', SET, MULTI, SET);
    const source = await openFileSource(path, { onTruncated: 'error' });
    expect(await source.next()).toMatchObject({ kind: 'rows' });
    await expect(source.next()).rejects.toMatchObject({ code: 'AOF_TRUNCATED', details: { offset: SET.length, bytes: MULTI.length + SET.length } });
    await source.close();
  });

  test('that is damaged gives what stands before it, then AOF_CORRUPT with file and offset', async () => {
    const path = written('damaged.aof', SET, SET, Buffer.from('rubbish'), SET);
    const source = await openFileSource(path);
    expect(await source.next()).toMatchObject({ kind: 'rows', batch: { count: 2 } });
    expect(source.position).toMatchObject({ offset: 2 * SET.length });
    for (let again = 0; again < 2; again++) {
      await expect(source.next()).rejects.toMatchObject({ code: 'AOF_CORRUPT', details: { file: path, offset: 2 * SET.length } });
    }
    await source.close();
  });

  test('says whether a point in time was met', async () => {
    const stamped = written('stamped.aof', Buffer.from('#TS:100\r\n'), SET, Buffer.from('#TS:200\r\n'), SET);
    const until = async (path: string, untilMs: number): Promise<readonly [number, unknown]> => {
      const { rows, end } = await readSource(await openFileSource(path, { untilMs }));
      return [rows.length, end.until];
    };
    expect(await until(stamped, 150_000)).toEqual([1, 'reached']);
    expect(await until(stamped, 250_000)).toEqual([2, 'not-reached']);
    expect(await until(written('bare.aof', SET), 250_000)).toEqual([1, 'no-timestamps']);
    const preamble = written('young.aof', ownFile('redis-7.0.15'), SET);
    await expect(until(preamble, 1_000_000)).rejects.toMatchObject({ code: 'AOF_TOO_LATE' });
  });
});
