import { describe, expect, test } from 'vitest';
import { Crc64 } from '../../../src/bytes/crc64.ts';
import { dialectOf, standsAlone } from '../../../src/rdb/dialect.ts';
import { plainStringStart } from '../../../src/rdb/plain-string.ts';
import { DUMP_FOOTER_BYTES, endDumpPayload, writeDumpFooter } from '../../../src/rdb/restore-footer.ts';
import { integer, length, lzf, string } from '../../support/rdb/rdb-bytes.ts';

/** `SET foo bar`, `DUMP foo` at Redis 7.0.15. */
const DUMP = Buffer.from('0003626172' + '0a00' + 'e6be4960ee66fd17', 'hex');

describe('the footer of a DUMP payload', () => {
  test('is that of a real server', () => {
    const out = new Uint8Array(50).fill(7);
    out.set(DUMP.subarray(0, 5), 20);
    expect(writeDumpFooter(new Crc64(), out, 20, 25, 10)).toBe(25 + DUMP_FOOTER_BYTES);
    expect(Buffer.from(out.subarray(20, 35)).toString('hex')).toBe(DUMP.toString('hex'));
    expect([out[19], out[35]]).toEqual([7, 7]);
  });

  test('is the same for a payload in pieces', () => {
    const crc = new Crc64();
    for (let at = 0; at < 5; at++) crc.update(DUMP, at, at + 1);
    const out = new Uint8Array(DUMP_FOOTER_BYTES);
    expect(endDumpPayload(crc, out, 0, 10)).toBe(DUMP_FOOTER_BYTES);
    expect(Buffer.from(out).toString('hex')).toBe(DUMP.subarray(5).toString('hex'));
  });
});

describe('a string whose text stands in the file', () => {
  test.each([
    ['of one byte of length', string('abc'), 1],
    ['empty', string(''), 1],
    ['of two bytes of length', string('x'.repeat(70)), 2],
    ['of five', Buffer.concat([length(3, 32), Buffer.from('abc')]), 5],
    ['of nine', Buffer.concat([length(3, 64), Buffer.from('abc')]), 9],
    ['as a number', integer(5, 1), -1],
    ['as a large number', integer(5, 4), -1],
    ['compressed', lzf('a'.repeat(50)), -1],
  ])('%s', (_, value, offset) => {
    const bytes = Buffer.concat([Buffer.from('before'), value, Buffer.from('behind')]);
    expect(plainStringStart(bytes, 6, 6 + value.length)).toBe(offset < 0 ? -1 : 6 + offset);
  });
});

test('references to hash templates do not stand alone', () => {
  const types = Array.from({ length: 33 }, (_, type) => type).filter((type) => !standsAlone(dialectOf('REDIS', 15), type));
  expect(types).toEqual([30, 32]);
  expect(standsAlone(dialectOf('VALKEY', 80), 22)).toBe(true);
});
