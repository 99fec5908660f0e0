import { expect, test } from 'vitest';
import { decompressLzf } from '../../../src/bytes/lzf.ts';
import { LzfStream } from '../../../src/bytes/lzf-stream.ts';
import { Seeded } from '../../support/rdb/seeded.ts';

/** The simplest compressor: looks for the longest match by trying all. */
function compress(bytes: Uint8Array): number[] {
  const out: number[] = [];
  let literal: number[] = [];
  const flush = (): void => {
    if (literal.length > 0) out.push(literal.length - 1, ...literal);
    literal = [];
  };
  for (let at = 0; at < bytes.length;) {
    let best = 0;
    let back = 0;
    for (let distance = 1; distance <= Math.min(at, 8192); distance++) {
      let n = 0;
      while (n < 264 && at + n < bytes.length && bytes[at + n] === bytes[at + n - distance]) n++;
      if (n > best) [best, back] = [n, distance];
    }
    if (best < 3) {
      literal.push(bytes[at++]);
      if (literal.length === 32) flush();
      continue;
    }
    flush();
    const high = (back - 1) >> 8;
    if (best <= 8) out.push(((best - 2) << 5) | high, (back - 1) & 255);
    else out.push((7 << 5) | high, best - 9, (back - 1) & 255);
    at += best;
  }
  flush();
  return out;
}

const run = (stream: number[], length: number): Uint8Array => decompressLzf(Uint8Array.from(stream), 0, stream.length, length);

test('literals and references of all lengths give back what was compressed', () => {
  const random = new Seeded();
  for (let round = 0; round < 200; round++) {
    const letters = 1 + random.below(6);
    const bytes = Uint8Array.from({ length: random.below(700) }, () => random.below(letters));
    const stream = compress(bytes);
    const around = Uint8Array.from([9, 9, ...stream, 9]);
    expect(decompressLzf(around, 2, 2 + stream.length, bytes.length), `seed ${random.seed}`).toEqual(bytes);
  }
});

test('a reference may overlap what it writes', () => {
  expect(Buffer.from(run([0, 0x61, 0xe0, 0, 0], 10)).toString()).toBe('a'.repeat(10));
});

test.each([
  ['a literal that is cut', [3, 1, 2], 4, /within a literal/],
  ['a reference that is cut', [0, 1, 0x20], 4, /within a reference/],
  ['a long reference that is cut', [0, 1, 0xe0], 10, /within a reference/],
  ['a reference before the begin', [0, 1, 0x20, 1], 4, /before its begin/],
  ['a literal beyond the length', [3, 1, 2, 3, 4], 3, /longer/],
  ['a reference beyond the length', [0, 1, 0xe0, 255, 0], 100, /longer/],
  ['less than the length', [0, 1], 5, /shorter/],
  ['a length that no stream can have', [0, 1], 2 ** 40, /longer than it can be/],
])('%s is damage', (_, stream, length, message) => {
  expect(() => run(stream, length)).toThrow(message);
});

test('random bytes are decompressed or refused, and nothing else', () => {
  const random = new Seeded();
  for (let round = 0; round < 20_000; round++) {
    const stream = Array.from({ length: random.below(12) }, () => random.below(256));
    const length = random.below(40);
    try {
      expect(run(stream, length)).toHaveLength(length);
    } catch (error) {
      expect((error as { code?: string }).code, `seed ${random.seed}`).toBe('RDB_CORRUPT');
    }
  }
});

/** Through windows that end at random places. */
function inPieces(stream: readonly number[], length: number, cut: () => number): Buffer {
  const lzf = new LzfStream();
  const parts: Buffer[] = [];
  const bytes = Uint8Array.from(stream);
  lzf.begin(bytes.length, length);
  let at = 0;
  for (let end = Math.min(bytes.length, cut()); ; end = Math.min(bytes.length, Math.max(end + cut(), at + lzf.needed))) {
    const window = bytes.slice(at, end);
    at += lzf.feed(window, 0, window.length, (from, start, stop) => void parts.push(Buffer.from(from.slice(start, stop))));
    if (lzf.done) return Buffer.concat(parts);
    if (end === bytes.length) throw new Error('it does not end');
  }
}

test('a stream cut anywhere gives the same, far behind what it keeps', () => {
  const random = new Seeded();
  for (let round = 0; round < 60; round++) {
    const letters = 1 + random.below(6);
    const bytes = Uint8Array.from({ length: 1 + random.below(3_000) }, () => random.below(letters));
    const stream = compress(bytes);
    expect(
      inPieces(stream, bytes.length, () => 1 + random.below(50)),
      `seed ${random.seed}`,
    ).toEqual(Buffer.from(bytes));
  }
  const noise = Array.from({ length: 8_192 }, () => random.below(256));
  const literals = Array.from({ length: 256 }, (_, i) => [31, ...noise.slice(i * 32, i * 32 + 32)]).flat();
  // Each reference reaches as far back as it can.
  const far = Array.from({ length: 3_000 }, () => [0xff, 255, 255]).flat();
  const stream = [...literals, ...far];
  const length = 8_192 + 3_000 * 264;
  expect(inPieces(stream, length, () => 1 + random.below(5_000))).toEqual(Buffer.from(run(stream, length)));
});

test.each([
  ['ends too soon', [0, 0x61], 2, 'shorter'],
  ['goes on too long', [1, 0x61, 0x61], 1, 'longer'],
  ['ends within a literal', [3, 0x61], 4, 'within a literal'],
  ['ends within a reference', [0, 0x61, 0xe0, 0], 10, 'within a literal or reference'],
  ['refers to before its begin', [0, 0x61, 0x20, 5], 4, 'before its begin'],
])('a stream that %s is refused', (_, stream, length, message) => {
  for (const size of [1, 2, 100]) expect(() => inPieces(stream, length, () => size)).toThrow(message);
});
