/** Files that `lz4` has packed, and the envelope of Valkey 9.2 around an RDB file. */
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { xxh32 } from '../../../src/bytes/xxh32.ts';
import { openFileSource } from '../../../src/source/open-file-source.ts';
import { openInput } from '../../../src/source/file/open-input.ts';
import { ownFile } from '../../support/rdb/fixture-files.ts';
import { Seeded } from '../../support/rdb/seeded.ts';

const PLAIN = Buffer.from(ownFile('valkey-9.1.2'));
const packed = (name: string): Buffer => readFileSync(fileURLToPath(new URL(`../../fixtures/lz4/${name}.lz4`, import.meta.url)));
const ENVELOPE = Buffer.from('VCS\x01\x01\x00\x01', 'latin1');
const random = new Seeded();

async function unpack(bytes: Buffer, step = 50_000): Promise<Buffer> {
  const cuts = [0, ...random.cuts(30, bytes.length), bytes.length];
  const pieces = cuts.slice(1).map((cut, i) => bytes.subarray(cuts[i], cut));
  const input = await openInput('-', {
    stdin: Readable.from(
      pieces.filter((piece) => piece.length > 0),
      { objectMode: false },
    ),
  });
  try {
    const out: Buffer[] = [];
    for (let offset = 0; ;) {
      const chunk = Buffer.alloc(step);
      const count = await input.read(offset, chunk, 0, step);
      if (count === 0) return Buffer.concat(out);
      out.push(chunk.subarray(0, count));
      offset += count;
    }
  } finally {
    await input.close();
  }
}

/** One frame of one block that is not compressed. */
function rawFrame(bytes: Buffer): Buffer {
  const head = Buffer.of(0x60, 0x40);
  const size = Buffer.alloc(4);
  size.writeUInt32LE((bytes.length | 0x8000_0000) >>> 0);
  return Buffer.concat([Buffer.of(0x04, 0x22, 0x4d, 0x18), head, Buffer.of((xxh32(head, 0, 2) >>> 8) & 255), size, bytes, Buffer.alloc(4)]);
}

describe('is what was packed, however it was', () => {
  test.each(['linked', 'independent', 'one-block'])('%s', async (name) => {
    expect((await unpack(packed(name))).equals(PLAIN)).toBe(true);
    expect((await unpack(packed(name), 777)).equals(PLAIN)).toBe(true);
  });

  test('several frames, also with something to be skipped between them', async () => {
    const skippable = Buffer.from('\x53\x2a\x4d\x18\x05\x00\x00\x00other', 'latin1');
    const file = Buffer.concat([packed('linked'), skippable, packed('independent')]);
    expect((await unpack(file)).equals(Buffer.concat([PLAIN, PLAIN]))).toBe(true);
  });

  test('blocks that are not compressed', async () => {
    const bytes = Buffer.from(Array.from({ length: 5_000 }, () => random.below(256)));
    expect((await unpack(rawFrame(bytes))).equals(bytes)).toBe(true);
  });
});

describe('the envelope of Valkey 9.2', () => {
  test('is taken off, and what stands behind its frame is passed on', async () => {
    expect((await unpack(Buffer.concat([ENVELOPE, packed('linked')]))).equals(PLAIN)).toBe(true);
    expect(String(await unpack(Buffer.concat([ENVELOPE, rawFrame(Buffer.from('REDIS')), Buffer.from('behind')])))).toBe('REDISbehind');
  });

  test('is read as the snapshot that it holds', async () => {
    const source = await openFileSource('-', { stdin: Readable.from([ENVELOPE, packed('linked')], { objectMode: false }) });
    let keys = 0;
    for (let step = await source.next(); step.kind !== 'end'; step = await source.next()) if (step.kind === 'rows') keys += step.batch.count;
    expect([source.dialect?.magic, source.dialect?.version, keys > 20]).toEqual(['VALKEY', 80, true]);
    await source.close();
  });

  test.each([
    ['Zstandard', 'VCS\x01\x02\x00\x01', /Zstandard \(envelope version 1/],
    ['another version', 'VCS\x02\x01\x00\x01', /LZ4 \(envelope version 2/],
    ['a stream of replication', 'VCS\x01\x01\x00\x02', /kind 2/],
    ['a draft', 'VKCS\x01\x01\x00\x00', /development version/],
  ])('of %s is named, with what to do at the source', async (_, head, message) => {
    await expect(unpack(Buffer.concat([Buffer.from(head, 'latin1'), packed('linked')]))).rejects.toMatchObject({
      code: 'RDB_UNSUPPORTED',
      message: expect.stringMatching(message),
      fix: expect.stringContaining('rdbcompression'),
    });
  });
});

describe('damage is found', () => {
  test('anywhere', async () => {
    const whole = packed('linked');
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(whole);
      const at = 4 + random.below(bytes.length - 4);
      bytes[at] ^= 1 << random.below(8);
      await expect(unpack(bytes), `seed ${random.seed}: a bit of byte ${at}`).rejects.toMatchObject({
        code: 'FILE_DAMAGED',
        details: { offset: expect.any(Number) },
      });
    }
  });

  test('also where nothing is checked: no more comes out than the frame allows', async () => {
    const whole = packed('independent');
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(whole);
      for (let i = 0; i < 5; i++) bytes[7 + random.below(bytes.length - 7)] = random.below(256);
      const outcome = await unpack(bytes).catch((error: { code: string }) => error.code);
      if (typeof outcome === 'string') expect(outcome, `seed ${random.seed}`).toBe('FILE_DAMAGED');
      else expect(outcome.length).toBeLessThan(PLAIN.length * 2);
    }
  });

  test('where the file ends', async () => {
    for (const bytes of [5, 20, 10_000, packed('linked').length - 1]) {
      await expect(unpack(packed('linked').subarray(0, bytes))).rejects.toMatchObject({ code: 'FILE_DAMAGED' });
    }
  });
});

test.each([
  ['', 0x02cc5d05],
  ['a', 0x550d7456],
  ['abc', 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0xe2293b2f],
])('XXH32 of %j', (text, sum) => {
  expect(xxh32(Buffer.from(text), 0, text.length)).toBe(sum);
});
