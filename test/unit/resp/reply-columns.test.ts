/** Replies in columns: the same rows whole, byte by byte, and cut anywhere. */
import { describe, expect, test } from 'vitest';
import { ReplyKind, ReplyColumns } from '../../../src/resp/reply-columns.ts';

const BYTES = Buffer.from(
  '*2\r\n$1\r\na\r\n*2\r\n:7\r\n$-1\r\n+OK\r\n-ERR no\r\n:-12\r\n$3\r\n\r\nx\r\n*0\r\n*-1\r\n$0\r\n\r\n$20\r\n0123456789abcdefghij\r\n_\r\n',
);
const REPLIES = 10;
const NAMES = Object.keys(ReplyKind);

function rows(slab: ReplyColumns): string[] {
  return Array.from({ length: slab.rows }, (_, row) => `${NAMES[slab.kind[row]]} ${slab.number[row]} ${JSON.stringify(slab.text(row))}`);
}

function readIn(pieces: readonly Buffer[], keepMax?: number): ReplyColumns {
  const slab = new ReplyColumns();
  slab.begin(REPLIES, keepMax);
  for (const piece of pieces) expect(slab.read(piece, 0, piece.length)).toBe(piece.length);
  return slab;
}

describe('a slab of replies', () => {
  const whole = readIn([BYTES]);

  test('has a row for each reply, arrays laid flat', () => {
    expect(rows(whole)).toEqual([
      'Array 2 ""',
      'Bulk 1 "a"',
      'Array 2 ""',
      'Integer 7 ""',
      'Null 0 ""',
      'Status 0 "OK"',
      'Error 0 "ERR no"',
      'Integer -12 ""',
      'Bulk 3 "\\r\\nx"',
      'Array 0 ""',
      'Null 0 ""',
      'Bulk 0 ""',
      'Bulk 20 "0123456789abcdefghij"',
      'Null 0 ""',
    ]);
    expect([whole.done, whole.errors]).toEqual([true, 1]);
  });

  test('is the same byte by byte and cut anywhere', () => {
    expect(rows(readIn(Array.from(BYTES, (byte) => Buffer.from([byte]))))).toEqual(rows(whole));
    for (let at = 0; at <= BYTES.length; at++) expect(rows(readIn([BYTES.subarray(0, at), BYTES.subarray(at)]))).toEqual(rows(whole));
  });

  test('keeps the end of what is too long, and says how long it was', () => {
    for (let at = 0; at <= BYTES.length; at++) {
      const slab = readIn([BYTES.subarray(0, at), BYTES.subarray(at)], 15);
      expect([slab.text(12), slab.number[12], slab.isCut(12), slab.isCut(8)]).toEqual(['abcdefghij', 20, true, false]);
    }
  });

  test('stops behind what was asked for', () => {
    const slab = new ReplyColumns();
    slab.begin(1);
    expect(slab.read(Buffer.from(':1\r\n:2\r\n'), 0, 8)).toBe(4);
  });

  test.each(['!x\r\n', '$x\r\n', '$1\r\nabc', ':1\n', '*-2\r\n'])('refuses %j', (text) => {
    const slab = new ReplyColumns();
    slab.begin(1);
    expect(() => slab.read(Buffer.from(text), 0, text.length)).toThrow('malformed reply');
  });
});
