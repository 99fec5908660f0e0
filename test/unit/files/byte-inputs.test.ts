/** Whatever the bytes come from, and however they are packed, the reader sees the same. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ByteInput } from '../../../src/source/file/byte-input.ts';
import { HeldInput } from '../../../src/source/file/held-input.ts';
import { openInput } from '../../../src/source/file/open-input.ts';
import { Seeded } from '../../support/rdb/seeded.ts';

const random = new Seeded();
const FILE = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i % 7 === 0 ? random.below(256) : i & 0xff)));
let dir = '';

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'godwit-inputs-'));
  writeFileSync(join(dir, 'plain'), FILE);
  writeFileSync(join(dir, 'packed.gz'), gzipSync(FILE));
  writeFileSync(join(dir, 'members.gz'), Buffer.concat([gzipSync(FILE.subarray(0, 1000)), gzipSync(FILE.subarray(1000))]));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

function pieces(bytes: Buffer): Readable {
  const cuts = [0, ...random.cuts(50, bytes.length)];
  return Readable.from(
    cuts
      .slice(1)
      .map((cut, i) => bytes.subarray(cuts[i], cut))
      .filter((piece) => piece.length > 0),
    { objectMode: false },
  );
}

const INPUTS: Readonly<Record<string, () => Promise<ByteInput>>> = {
  'a file': () => openInput(join(dir, 'plain')),
  'a gzip file': () => openInput(join(dir, 'packed.gz')),
  'a gzip file of two members': () => openInput(join(dir, 'members.gz')),
  'standard input': () => openInput('-', { stdin: pieces(FILE) }),
  'gzip in standard input': () => openInput('-', { stdin: pieces(gzipSync(FILE)) }),
};

async function readFrom(input: ByteInput, offset: number, step: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let at = offset; ;) {
    const into = Buffer.alloc(step + 4, 0xee);
    const got = await input.read(at, into, 2, step);
    expect(into.subarray(2 + got).every((byte) => byte === 0xee)).toBe(true);
    if (got === 0) return Buffer.concat(parts);
    parts.push(into.subarray(2, 2 + got));
    at += got;
  }
}

async function refusal(opened: Promise<ByteInput>): Promise<unknown> {
  return opened.then(
    async (input) => {
      await input.close();
      throw new Error('it was opened');
    },
    (error: unknown) => error,
  );
}

describe.each(Object.keys(INPUTS))('%s', (name) => {
  test('is read whole, also after a look at its begin', async () => {
    const input = await INPUTS[name]();
    expect((await input.peek(5)).equals(FILE.subarray(0, 5))).toBe(true);
    expect((await readFrom(input, 0, 7_001)).equals(FILE)).toBe(true);
    expect(input.rawBytes).toBeGreaterThan(0);
    await input.close();
  });

  test('is read from the middle on', async () => {
    const input = await INPUTS[name]();
    expect((await readFrom(input, 123_456, 65_536)).equals(FILE.subarray(123_456))).toBe(true);
    await input.close();
  });

  test('goes back to what is held, as often as is asked, and leaves no file behind', async () => {
    const input = await INPUTS[name]();
    const hold = async (offset: number, window: Buffer): Promise<void> => (input instanceof HeldInput ? input.hold(offset, window) : undefined);
    const window = Buffer.alloc(5_000);
    const have = await input.read(0, window, 0, 5_000);
    await hold(100, window.subarray(100, have));
    const far = Buffer.alloc(1_000);
    const got = await input.read(200_000, far, 0, 1_000);
    expect(far.subarray(0, got).equals(FILE.subarray(200_000, 200_000 + got))).toBe(true);
    for (const back of [100, 4_000, 150_000]) {
      const count = await input.read(back, far, 0, 1_000);
      expect(count).toBeGreaterThan(0);
      expect(far.subarray(0, count).equals(FILE.subarray(back, back + count))).toBe(true);
    }
    const again = await input.read(150_000, window, 0, 1_000);
    await hold(150_000, window.subarray(0, again));
    if (input instanceof HeldInput) input.release();
    expect((await readFrom(input, 150_000 + again, 9_999)).equals(FILE.subarray(150_000 + again))).toBe(true);
    await input.close();
  });
});

test('the temporary file of what is held is gone at the close, also in the middle', async () => {
  const input = (await openInput('-', { stdin: pieces(FILE), holdDir: dir })) as HeldInput;
  await input.hold(0, Buffer.alloc(0));
  await input.read(100_000, Buffer.alloc(10), 0, 10);
  expect(readdirSync(dir).filter((name) => name.startsWith('godwit-held-'))).toHaveLength(1);
  await input.close();
  expect(readdirSync(dir).filter((name) => name.startsWith('godwit-held-'))).toHaveLength(0);
});

describe('what cannot be read is told with a code:', () => {
  test('a file that is not there', async () => {
    expect(await refusal(openInput(join(dir, 'none')))).toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  test('a folder', async () => {
    expect(await refusal(openInput(dir))).toMatchObject({ code: 'FILE_UNREADABLE', message: expect.stringContaining('folder') });
  });

  test('a URL of another scheme', async () => {
    expect(await refusal(openInput('s3://bucket/file'))).toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test.each([
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd, 0]],
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
  ])('%s, with the command that unpacks it', async (name, head) => {
    const stdin = Readable.from([Buffer.from(head)], { objectMode: false });
    expect(await refusal(openInput('-', { stdin }))).toMatchObject({
      code: 'FILE_FORMAT_UNKNOWN',
      message: expect.stringContaining(name),
      fix: expect.stringContaining(`${name.toLowerCase()} -dc`),
    });
  });

  test('gzip that is cut short, or damaged', async () => {
    const packed = gzipSync(FILE);
    writeFileSync(join(dir, 'cut.gz'), packed.subarray(0, 5_000));
    const cut = await openInput(join(dir, 'cut.gz'));
    await expect(readFrom(cut, 0, 4_096)).rejects.toMatchObject({ code: 'FILE_DAMAGED' });
    await cut.close();
    packed.fill(0x55, 2_000, 2_100);
    const input = await openInput('-', { stdin: Readable.from([packed], { objectMode: false }) });
    await expect(readFrom(input, 0, 4_096)).rejects.toMatchObject({ code: 'FILE_DAMAGED' });
    await input.close();
  });
});
