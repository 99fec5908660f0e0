import { expect, test } from 'vitest';
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
  const bytes = Uint8Array.from({ length: 200 }, () => random.below(256));
  for (let end = 0; end < 100; end++) {
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
