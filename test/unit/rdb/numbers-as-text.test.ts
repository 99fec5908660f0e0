/** Numbers that stand in values as text, and numbers that are told as text. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { INTEGER64_CHARS_MAX, writeInteger64 } from '../../../src/bytes/ascii-integer.ts';
import { arrayDoubleText } from '../../../src/rdb/encodings/array-double.ts';
import { scoreOf } from '../../../src/rdb/encodings/score.ts';

function text64(value: bigint): string {
  const out = new Uint8Array(INTEGER64_CHARS_MAX + 4).fill(0x7e);
  const end = writeInteger64(out, 2, Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asUintN(32, value)));
  const text = Buffer.from(out).toString('latin1');
  expect(text.slice(0, 2) + text.slice(end)).toMatch(/^~+$/);
  return text.slice(2, end);
}

test.each([0n, -1n, 10n ** 9n, 10n ** 18n, 2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) + 1n, 2n ** 32n])(
  '%s is written as it is',
  (value) => {
    expect(text64(value)).toBe(String(value));
  },
);

test('every number of 64 bits is written as it is', () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => text64(value) === String(value)));
});

const score = (text: string): number => {
  const bytes = Buffer.from(`9${text}9`, 'latin1');
  return scoreOf(bytes, 1, bytes.length - 1);
};

test('every double is read back from its text, short or with 17 digits', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      (value) => value === 0 || (Object.is(score(String(value)), value) && Object.is(score(value.toPrecision(17)), value)),
    ),
    { numRuns: 2000 },
  );
});

test('short decimals are read as Number() does', () => {
  const digits = fc.stringMatching(/^-?\d{1,9}(\.\d{0,9})?$/);
  fc.assert(
    fc.property(digits, (text) => Object.is(score(text), Number(text))),
    { numRuns: 2000 },
  );
});

test.each([
  ['inf', Number.POSITIVE_INFINITY],
  ['+inf', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['1e400', Number.POSITIVE_INFINITY],
  ['-0', -0],
  ['.5', 0.5],
  ['5.', 5],
  ['+7', 7],
])('%s is a score', (text, value) => {
  expect(score(text)).toBe(value);
});

test.each(['', '.', '-', '-.', '1 ', ' 1', '0x10', '1_0', 'nan', '1e', '--1', '1.2.3', '1'.repeat(600)])('"%s" is no score', (text) => {
  expect(score(text)).toBeNaN();
});

test.each([
  [1, '1.0'],
  [-0, '-0.0'],
  [0.1, '0.1'],
  [-123.456, '-123.456'],
  [1e300, '1e+300'],
  [2.5e-9, '2.5e-9'],
  [0.000001, '0.000001'],
  [1.5e-7, '1.5e-7'],
  [2 ** 53, '9007199254740992.0'],
])('an array tells %d as %s', (value, text) => {
  expect(arrayDoubleText(value)).toBe(text);
});
