/** Which files make an AOF, by what the user names; and what is said when they do not fit. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { openFileSource } from '../../../src/source/open-file-source.ts';
import type { FileSourceOptions } from '../../../src/source/file/file-source.ts';
import { FileServer } from '../../support/files/file-server.ts';
import { readSource } from '../../support/files/read-source.ts';

const set = (key: string): Buffer => encodeCommand(['SET', key, 'v']);
const MANIFEST = ['file a.1.base.rdb seq 1 type b', 'file old.aof seq 1 type h', 'file "a 1.incr.aof" seq 1 type i', 'file a.2.incr.aof seq 2 type i', ''].join(
  '\n',
);
let dir = '';

beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'godwit-parts-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string | Uint8Array>>, folder = '.'): string {
  mkdirSync(join(dir, folder), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, folder, name), content);
  return join(dir, folder);
}

function writeParts(folder = '.'): string {
  const parts = { 'a.1.base.rdb': Buffer.concat([encodeCommand(['SELECT', 5]), set('base')]), 'a 1.incr.aof': set('one'), 'a.2.incr.aof': set('two') };
  return write({ 'a.manifest': MANIFEST, ...parts }, folder);
}

async function keysOf(place: string, options: FileSourceOptions = {}): Promise<string[]> {
  const { rows } = await readSource(await openFileSource(place, options));
  return rows.map(({ key, database }) => `${database}:${key}`);
}

const ALL = ['5:base', '0:one', '0:two'];

describe('the parts of an AOF', () => {
  test('are found by the folder, the data folder, and the manifest, and read in order, each from database 0', async () => {
    expect(await keysOf(writeParts())).toEqual(ALL);
    expect(await keysOf(join(dir, 'a.manifest'))).toEqual(ALL);
    writeParts('data/appendonlydir');
    expect(await keysOf(join(dir, 'data'))).toEqual(ALL);
  });

  test('are found beside a manifest on the web', async () => {
    writeParts();
    const files: Readonly<Record<string, Uint8Array>> = {
      '/b/a.manifest': Buffer.from(MANIFEST),
      '/b/a.1.base.rdb': set('base'),
      '/b/a%201.incr.aof': set('one'),
      '/b/a.2.incr.aof': set('two'),
    };
    const server = await FileServer.start(Buffer.alloc(0));
    const asked: string[] = [];
    server.faults = {
      answer(request) {
        asked.push(request.url ?? '');
        server.file = files[(request.url ?? '').split('?')[0]];
        return server.file === undefined ? { status: 404 } : null;
      },
    };
    try {
      expect(await keysOf(`${server.origin}/b/a.manifest?signature=x`)).toEqual(['0:base', '0:one', '0:two']);
      expect(asked.every((url) => url.endsWith('?signature=x'))).toBe(true);
    } finally {
      await server.stop();
    }
  });

  test('may be one file in a folder, and compressed', async () => {
    expect(await keysOf(write({ 'appendonly.aof': set('k') }, 'old'))).toEqual(['0:k']);
    write({ 'a.aof.gz': gzipSync(set('k')) });
    expect(await keysOf(join(dir, 'a.aof.gz'))).toEqual(['0:k']);
  });

  test('are held open, so that a rewrite that deletes them takes nothing away', async () => {
    const source = await openFileSource(writeParts());
    await source.next();
    rmSync(dir, { recursive: true });
    expect((await readSource(source)).rows.map(({ key }) => key)).toEqual(['one', 'two']);
  });

  test('are as long as they were when they were opened', async () => {
    const place = writeParts();
    const source = await openFileSource(place);
    appendFileSync(join(place, 'a.2.incr.aof'), set('later'));
    expect((await readSource(source)).rows.map(({ key }) => key)).toEqual(['base', 'one', 'two']);
  });

  test('count into the progress', async () => {
    const source = await openFileSource(writeParts());
    const { bytesTotal } = source.progress;
    expect(bytesTotal).toBe(encodeCommand(['SELECT', 5]).length + set('base').length + 2 * set('one').length);
    await readSource(source);
    expect(source.progress).toEqual({ bytes: bytesTotal, bytesTotal });
  });
});

describe('refused in words:', () => {
  test('a folder without an AOF', async () => {
    await expect(keysOf(write({ 'dump.rdb': '' }))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND', message: expect.stringContaining('no AOF') });
  });

  test('a folder with two manifests', async () => {
    writeParts();
    await expect(keysOf(write({ 'b.manifest': MANIFEST }))).rejects.toMatchObject({ message: expect.stringContaining('a.manifest, b.manifest') });
  });

  test('a file of the manifest that is not there', async () => {
    rmSync(join(writeParts(), 'a.2.incr.aof'));
    await expect(keysOf(dir)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND', message: expect.stringContaining('line 4 of the manifest') });
  });

  test('a manifest that is damaged, with file and line', async () => {
    const path = join(write({ 'a.manifest': 'file a seq 1\n' }), 'a.manifest');
    await expect(keysOf(path)).rejects.toMatchObject({ code: 'AOF_MANIFEST_INVALID', details: { file: path, line: 1 } });
  });

  test('a manifest of history files alone', async () => {
    await expect(keysOf(write({ 'a.manifest': 'file old.aof seq 1 type h\n' }))).rejects.toMatchObject({ code: 'AOF_MANIFEST_INVALID' });
  });

  test('a part that ends within a command, and is not the last', async () => {
    writeParts();
    write({ 'a 1.incr.aof': set('one').subarray(0, -1) });
    await expect(keysOf(dir)).rejects.toMatchObject({ code: 'AOF_TRUNCATED', message: expect.stringContaining('more files follow') });
  });

  test('a position in a part that a rewrite has removed', async () => {
    const from = { part: 'a.0.incr.aof', offset: 10, rdb: null, database: 0, timestampMs: -1 };
    await expect(keysOf(writeParts(), { from })).rejects.toMatchObject({ code: 'FILE_CHANGED' });
  });
});
