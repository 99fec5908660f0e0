import { expect, test } from 'vitest';
import { ReplyDecoder } from '../../../src/resp/reply-decoder.ts';
import { ReplyError } from '../../../src/resp/reply.ts';

const ALL = '+OK\r\n-WRONGTYPE no\r\n:-17\r\n$5\r\nhe\r\nl\r\n$-1\r\n$0\r\n\r\n*-1\r\n*0\r\n_\r\n*3\r\n:1\r\n*2\r\n+a\r\n$1\r\nb\r\n-ERR x\r\n';
const VALUES = [
  'OK',
  new ReplyError('WRONGTYPE no'),
  -17,
  Buffer.from('he\r\nl'),
  null,
  Buffer.alloc(0),
  null,
  [],
  null,
  [1, ['a', Buffer.from('b')], new ReplyError('ERR x')],
];

test('decodes every type, whole and byte by byte', () => {
  expect(new ReplyDecoder().decodeAll(Buffer.from(ALL))).toEqual(VALUES);
  const decoder = new ReplyDecoder();
  expect([...Buffer.from(ALL)].flatMap((byte) => decoder.decodeAll(Buffer.from([byte])))).toEqual(VALUES);
});

test('an error reply has its first word as code', () => {
  const [error] = new ReplyDecoder().decodeAll(Buffer.from('-NOPERM this user has no permissions\r\n'));
  expect(error).toBeInstanceOf(ReplyError);
  expect(error).toMatchObject({ code: 'NOPERM', text: 'NOPERM this user has no permissions' });
});

test('integers beyond 2^53 come exact, as bigint', () => {
  expect(new ReplyDecoder().decodeAll(Buffer.from(':9007199254740991\r\n:9007199254740993\r\n:-9223372036854775808\r\n'))).toEqual([
    9007199254740991,
    9007199254740993n,
    -9223372036854775808n,
  ]);
});

test('a bulk over the limit is refused before it is allocated', () => {
  expect(() => new ReplyDecoder({ bulkBytesMax: 10 }).decodeAll(Buffer.from('$11\r\n'))).toThrow(/over the limit of 10/);
});

test('what it returns does not change when the chunk is reused', () => {
  const chunk = Buffer.from('$5\r\nhello\r\n');
  const [value] = new ReplyDecoder().decodeAll(chunk);
  chunk.fill(0);
  expect(String(value)).toBe('hello');
});
