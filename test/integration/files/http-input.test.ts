/** Files from a web server: read once, continued where a transfer broke, and refused in words. */
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { openFileSource } from '../../../src/source/open-file-source.ts';
import type { FileSourceOptions } from '../../../src/source/file/file-source.ts';
import { FileServer } from '../../support/files/file-server.ts';
import { type ReadSource, readSource } from '../../support/files/read-source.ts';
import { ownFile } from '../../support/rdb/fixture-files.ts';
import { walkWhole } from '../../support/rdb/walk.ts';

const RDB = ownFile('valkey-8.1.1');
const KEYS = walkWhole(RDB).rows.length;
let server: FileServer;

beforeEach(async () => void (server = await FileServer.start(RDB)));
afterEach(() => server.stop());

async function read(path: string, options: FileSourceOptions = {}): Promise<ReadSource> {
  return readSource(await openFileSource(`${server.origin}${path}`, options));
}

describe('a file on the web', () => {
  test('is read with one request', async () => {
    expect((await read('/dump.rdb')).rows).toHaveLength(KEYS);
    expect(server.ranges).toEqual(['']);
  });

  test('goes on where the connection broke, again and again, with each byte taken once', async () => {
    server.faults = { breakAfterBytes: 10_000 };
    expect((await read('/dump.rdb', { windowBytes: 1000 })).rows).toHaveLength(KEYS);
    expect(server.ranges.length).toBeGreaterThan(6);
    expect(server.ranges[1]).toBe('bytes=10000-');
  });

  test('goes on in another connection when nothing comes any more', async () => {
    server.faults = { stallAfterBytes: 40_000 };
    expect((await read('/dump.rdb', { http: { silenceTimeoutMs: 100 } })).rows).toHaveLength(KEYS);
    expect(server.ranges).toEqual(['', 'bytes=40000-']);
  });

  test('that is compressed goes on in the same way', async () => {
    server.file = gzipSync(RDB);
    server.faults = { breakAfterBytes: 5_000 };
    expect((await read('/dump.rdb.gz', { windowBytes: 1000 })).rows).toHaveLength(KEYS);
  });

  test('begins in the middle when a load is resumed', async () => {
    const set = encodeCommand(['SET', 'key', Buffer.alloc(1_000)]);
    server.file = Buffer.concat(Array.from({ length: 3_000 }, () => set));
    const { stops, rows } = await read('/some.aof');
    const stop = stops.at(-3)!;
    const rest = await read('/some.aof', { from: stop.position });
    expect(rest.rows).toHaveLength(rows.length - stop.rows);
    expect(server.ranges.at(-1)).toBe(`bytes=${stop.position.offset}-`);
  });

  test('is read from a server that gives no parts, large values included', async () => {
    server.faults = { givesParts: false };
    expect((await read('/dump.rdb', { windowBytes: 64 })).rows).toHaveLength(KEYS);
  });

  test('cannot go on at a server that gives no parts, which is said', async () => {
    server.faults = { givesParts: false, breakAfterBytes: 10_000 };
    await expect(read('/dump.rdb')).rejects.toMatchObject({ code: 'CONNECTION_LOST', fix: expect.stringContaining('from disk') });
  });

  test('that becomes another one on the way is FILE_CHANGED', async () => {
    server.faults = { breakAfterBytes: 30_000 };
    const source = await openFileSource(`${server.origin}/dump.rdb`, { windowBytes: 20_000 });
    await source.next();
    server.file = Buffer.from(RDB).fill(0, 40_000, 40_100);
    await expect(readSource(source)).rejects.toMatchObject({ code: 'FILE_CHANGED' });
  });

  test('is given up when no byte comes for long', async () => {
    server.faults = { breakAfterBytes: 30_000 };
    const source = await openFileSource(`${server.origin}/dump.rdb`, { windowBytes: 20_000, http: { attemptsMax: 2 } });
    await source.next();
    server.faults = { answer: () => ({ status: 503 }) };
    await expect(readSource(source)).rejects.toMatchObject({ code: 'CONNECTION_LOST', message: expect.stringContaining('2 attempts') });
  });
});

describe('refusals', () => {
  test.each([
    [404, 'FILE_NOT_FOUND'],
    [403, 'FILE_UNREADABLE'],
    [401, 'FILE_UNREADABLE'],
    [503, 'HTTP_FAILED'],
    [418, 'HTTP_FAILED'],
  ])('status %i is %s', async (status, code) => {
    server.faults = { answer: () => ({ status }) };
    await expect(read('/dump.rdb')).rejects.toMatchObject({ code, message: expect.stringContaining(`status ${status}`) });
  });

  test('a server that is not there is CONNECT_FAILED', async () => {
    const { origin } = server;
    await server.stop();
    await expect(openFileSource(`${origin}/dump.rdb`)).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    server = await FileServer.start(RDB);
  });

  test('a page instead of a file is FILE_FORMAT_UNKNOWN', async () => {
    server.file = Buffer.from('<html>Please log in</html>');
    await expect(read('/dump.rdb')).rejects.toMatchObject({ code: 'FILE_FORMAT_UNKNOWN' });
  });

  test('passwords and queries are in no message', async () => {
    server.faults = { answer: () => ({ status: 403 }) };
    const url = `${server.origin.replace('//', '//user:p%40ss@')}/dump.rdb?signature=s3cret`;
    const error = await openFileSource(url).catch((caught: unknown) => caught as Error);
    expect(JSON.stringify([error, (error as Error).message])).not.toMatch(/p%40ss|p@ss|s3cret/);
    expect(server.authorizations).toEqual([`Basic ${Buffer.from('user:p@ss').toString('base64')}`]);
  });
});

describe('redirects', () => {
  test('are followed within the scheme, without taking the password to another host', async () => {
    const other = await FileServer.start(RDB);
    server.faults = { answer: () => ({ status: 302, headers: { location: `${other.origin}/there.rdb` } }) };
    try {
      const source = await openFileSource(`${server.origin.replace('//', '//user:secret@')}/dump.rdb`);
      expect((await readSource(source)).rows).toHaveLength(KEYS);
      expect(other.authorizations).toEqual(['']);
    } finally {
      await other.stop();
    }
  });

  test('to another scheme are not followed', async () => {
    for (const location of ['ftp://host/dump.rdb', 'https://127.0.0.1/dump.rdb', 'file:///dump.rdb']) {
      server.faults = { answer: () => ({ status: 301, headers: { location } }) };
      await expect(read('/dump.rdb')).rejects.toMatchObject({ code: 'HTTP_FAILED', message: expect.stringContaining('another scheme') });
    }
  });

  test('in a circle end', async () => {
    server.faults = { answer: () => ({ status: 302, headers: { location: '/dump.rdb' } }) };
    await expect(read('/dump.rdb')).rejects.toMatchObject({ code: 'HTTP_FAILED', message: expect.stringContaining('more than 5 times') });
  });
});
