import { expect, test } from 'vitest';
import { ReplyKind, ReplySlab } from '../../../src/resp/reply-slab.ts';

const REPLIES = Buffer.from(
  '$3\r\nabc\r\n:12\r\n$-1\r\n*2\r\n$1\r\n0\r\n*2\r\n$0\r\n\r\n$13\r\nwith \r\n in it\r\n-ERR no\r\n+OK\r\n:-2\r\n*0\r\n*-1\r\n',
  'latin1',
);
const TOP_LEVEL = 9;

function read(slab: ReplySlab): string[] {
  return Array.from({ length: slab.count }, (_, i) => `${slab.kind[i]} ${slab.kind[i] === ReplyKind.Null ? '' : slab.text(i)}`);
}

const EXPECTED = ['1 abc', '2 12', '0 ', '1 0', '1 ', '1 with \r\n in it', '4 ERR no', '3 OK', '2 -2', '0 '];

test('reads all kinds of replies wherever they are cut', () => {
  for (let first = 0; first < REPLIES.length; first++) {
    const slab = new ReplySlab(4, 1);
    slab.append(Buffer.from('key'), 0, 3);
    slab.begin(TOP_LEVEL);
    for (const [from, to] of [
      [0, first],
      [first, REPLIES.length],
    ]) {
      expect(slab.done).toBe(false);
      expect(slab.feed(REPLIES, from, to)).toBe(to);
    }
    expect(slab.done).toBe(true);
    expect(read(slab)).toEqual(EXPECTED);
    expect(slab.bytes.toString('latin1', 0, 3)).toBe('key');
  }
});

test('reads byte by byte, and stops behind the last reply', () => {
  const slab = new ReplySlab(4, 1);
  slab.begin(TOP_LEVEL);
  for (let i = 0; i < REPLIES.length; i++) slab.feed(REPLIES, i, i + 1);
  expect(read(slab)).toEqual(EXPECTED);
  slab.begin(1);
  expect(slab.feed(Buffer.from(':1\r\n:2\r\n'), 0, 8)).toBe(4);
});

test('what is asked again takes the place of what was cut short', () => {
  const slab = new ReplySlab(4, 1);
  slab.begin(2);
  slab.feed(REPLIES, 0, 7);
  slab.begin(1, 0, 0);
  slab.feed(Buffer.from('$2\r\nno\r\n'), 0, 8);
  expect(read(slab)).toEqual(['1 no']);
  expect(slab.length).toBe(2);
});

test('refuses what is no reply', () => {
  const slab = new ReplySlab(4, 1);
  slab.begin(1);
  expect(() => slab.feed(Buffer.from('what\r\n'), 0, 6)).toThrow('malformed reply');
});
