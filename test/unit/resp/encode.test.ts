import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decimalLength, readInteger, writeInteger } from '../../../src/bytes/ascii-integer.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { ReplyDecoder } from '../../../src/resp/reply-decoder.ts';

test('writes text as UTF-8, numbers in decimal, bytes as they are', () => {
  expect(encodeCommand(['SET', 'grüße', 17, Buffer.from([0, 255])]).toString('latin1')).toBe(
    `*4\r\n$3\r\nSET\r\n$7\r\n${Buffer.from('grüße').toString('latin1')}\r\n$2\r\n17\r\n$2\r\n\x00\xff\r\n`,
  );
});

test('any command reads back as the same arguments', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 20 }), (args) => {
      const [back] = new ReplyDecoder().decodeAll(encodeCommand(args));
      expect(back).toEqual(args.map((arg) => Buffer.from(arg)));
    }),
  );
});

test('integers are written and read like String() and Number() do', () => {
  const out = Buffer.alloc(32);
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -20_000, max: 20_000 })), (n) => {
      const end = writeInteger(out, 3, n);
      expect(out.toString('latin1', 3, end)).toBe(String(n));
      expect(decimalLength(n)).toBe(String(n).length);
      expect(readInteger(out, 3, end)).toBe(n);
    }),
    { numRuns: 2000 },
  );
});

test('reads nothing that is not a whole number', () => {
  for (const text of ['', '-', '1a', '1.5', ' 1', '9007199254740993', '99999999999999999999']) {
    expect(readInteger(Buffer.from(text), 0, text.length)).toBeNaN();
  }
});
