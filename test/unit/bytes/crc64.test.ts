import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compileKernel } from '../../../scripts/kernels/compile-kernel.ts';
import { Crc64 } from '../../../src/bytes/crc64.ts';
import { Seeded } from '../../support/rdb/seeded.ts';

const POLYNOMIAL = 0x95ac9329ac4bc9b5n;

/** Bit by bit, as the definition says. */
function reference(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (crc & 1n ? POLYNOMIAL : 0n);
  }
  return crc;
}

function sumOf(crc: Crc64): bigint {
  const out = Buffer.alloc(8);
  crc.writeTo(out, 0);
  return out.readBigUInt64LE();
}

test('the check value is that of the servers', () => {
  const crc = new Crc64();
  crc.update(Buffer.from('123456789'), 0, 9);
  expect(sumOf(crc).toString(16)).toBe('e9c6d914c4b8d9ca');
});

test('every length and place of a range gives what the definition gives', () => {
  const random = new Seeded(1);
  const bytes = Uint8Array.from({ length: 300 }, () => random.below(256));
  for (let end = 0; end < 300; end++) {
    for (const start of [0, 1, 3, 7, 8].filter((place) => place <= end)) {
      const crc = new Crc64();
      crc.update(bytes, start, end);
      expect(sumOf(crc)).toBe(reference(bytes.subarray(start, end)));
    }
  }
});

test('pieces give what the whole gives, and reset begins anew', () => {
  const random = new Seeded();
  const bytes = Uint8Array.from({ length: 1000 }, () => random.below(256));
  const crc = new Crc64();
  for (let round = 0; round < 50; round++) {
    crc.reset();
    let from = 0;
    for (const cut of random.cuts(random.below(20), bytes.length)) {
      crc.update(bytes, from, cut);
      from = cut;
    }
    expect(sumOf(crc), `seed ${random.seed}`).toBe(reference(bytes));
  }
});

test('matches knows its own sum, and no other in any bit', () => {
  const crc = new Crc64();
  crc.update(Buffer.from('godwit'), 0, 6);
  const out = new Uint8Array(12);
  crc.writeTo(out, 3);
  expect(crc.matches(out, 3)).toBe(true);
  for (let bit = 0; bit < 64; bit++) {
    out[3 + (bit >> 3)] ^= 1 << (bit & 7);
    expect(crc.matches(out, 3)).toBe(false);
    out[3 + (bit >> 3)] ^= 1 << (bit & 7);
  }
});

test('a piece longer than the memory of the kernel, and sums that take turns, are right', () => {
  const random = new Seeded(2);
  const bytes = Uint8Array.from({ length: 400_000 }, () => random.below(256));
  const [whole, odd, even] = [new Crc64(), new Crc64(), new Crc64()];
  whole.update(bytes, 0, bytes.length);
  for (let at = 0; at < bytes.length; at += 1_000) for (const sum of [odd, even]) sum.update(bytes, at, at + 1_000);
  expect(sumOf(whole)).toBe(reference(bytes));
  expect([sumOf(odd), sumOf(even)]).toEqual([sumOf(whole), sumOf(whole)]);
});

test('the kernel is what its source makes', async () => {
  expect(readFileSync(new URL('../../../src/bytes/crc64-kernel.ts', import.meta.url), 'utf8')).toBe(await compileKernel('crc64'));
});
