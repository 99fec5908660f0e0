import { describe, expect, test } from 'vitest';
import { GodwitError } from '../../../src/errors/errors.ts';
import { dialectOf } from '../../../src/rdb/dialect.ts';
import { ITEM_HEAD_MAX, ValueSkipper } from '../../../src/rdb/value-skipper.ts';
import { fixed, length, list, string } from '../../support/rdb/rdb-bytes.ts';
import { everyString, SAMPLE_TEMPLATES, valueSamples } from '../../support/rdb/value-samples.ts';

const REDIS = dialectOf('REDIS', 15);

function skipper(): ValueSkipper {
  const made = new ValueSkipper();
  made.templates = SAMPLE_TEMPLATES;
  return made;
}

/** Measures the value through windows of `windowBytes`, of which it reads only what it is asked to. */
function measure(value: ValueSkipper, bytes: Uint8Array, windowBytes: number): number {
  let at = 0;
  while (!value.done) {
    const window = bytes.slice(at, at + windowBytes);
    const consumed = value.skip(window, 0, window.length);
    at += consumed + value.seek;
    if (consumed + value.seek === 0 && !value.done) throw new Error(`no step from ${at}`);
  }
  return at;
}

function code(run: () => unknown): string {
  try {
    run();
    return 'no error';
  } catch (error) {
    return error instanceof GodwitError ? error.code : String(error);
  }
}

const samples = valueSamples(everyString());

describe.each(samples)('$name', ({ type, dialect, value }) => {
  const bytes = new Uint8Array(Buffer.concat([value, fixed(50)]));

  test('ends where it ends, whole in the window', () => {
    const under = skipper();
    under.begin(type, dialect);
    expect(under.skip(bytes, 0, bytes.length)).toBe(value.length);
    expect(under).toMatchObject({ done: true, seek: 0 });
  });

  test('ends there too when the file has nothing behind it, and is refused when the file is one byte shorter', () => {
    const under = skipper();
    under.begin(type, dialect, value.length);
    expect(under.skip(bytes, 0, bytes.length)).toBe(value.length);
    expect(
      code(() => {
        under.begin(type, dialect, value.length - 1);
        under.skip(bytes, 0, bytes.length);
      }),
    ).toBe('RDB_CORRUPT');
  });

  test('ends there through windows of every size from the smallest on', () => {
    for (let windowBytes = ITEM_HEAD_MAX; windowBytes < ITEM_HEAD_MAX + 60; windowBytes++) {
      const under = skipper();
      under.begin(type, dialect);
      expect(measure(under, bytes, windowBytes)).toBe(value.length);
    }
  });

  test('is not done before its end, wherever it is cut', () => {
    for (let cut = 0; cut < Math.min(value.length, 400); cut++) {
      const under = skipper();
      under.begin(type, dialect);
      const consumed = under.skip(bytes, 0, cut);
      expect(consumed).toBeLessThanOrEqual(cut);
      expect(under.done && under.seek === 0).toBe(false);
      const from = consumed + under.seek;
      expect(from + measure(under, bytes.subarray(from), 1000)).toBe(value.length);
    }
  });
});

test('the body of a large string is jumped over, and not read', () => {
  const bytes = new Uint8Array(Buffer.concat([length(2), string('k'), length(5_000_000, 32)]));
  const value = skipper();
  value.begin(1, REDIS);
  expect(value.skip(bytes, 0, bytes.length)).toBe(bytes.length);
  expect(value).toMatchObject({ done: true, seek: 5_000_000 });
});

test('a string of 1 TiB passes, a longer one is damage', () => {
  const value = skipper();
  value.begin(0, REDIS);
  value.skip(length(2 ** 40, 64), 0, 9);
  expect(value).toMatchObject({ done: true, seek: 2 ** 40 });
  value.begin(0, REDIS);
  expect(code(() => value.skip(length(2 ** 40 + 1, 64), 0, 9))).toBe('RDB_CORRUPT');
});

test('a count that the rest of the file cannot hold is damage', () => {
  const value = skipper();
  value.begin(4, REDIS, 100);
  expect(code(() => value.skip(length(101), 0, 2))).toBe('RDB_CORRUPT');
});

test.each([
  ['a length that begins with 0x82', 1, Buffer.of(0x82)],
  ['a number in place of a count', 1, Buffer.of(0xc0, 1)],
  ['a string of encoding 4', 0, Buffer.of(0xc4)],
  ['a module item of kind 6', 7, Buffer.of(1, 6, 0)],
  ['an array cursor of 2', 28, Buffer.of(1, 2, 0)],
  ['an array element of kind 4', 28, Buffer.of(1, 0, 0, 4)],
  ['a template that is not there', 32, Buffer.of(8)],
  ['a template form of 2', 29, Buffer.of(2)],
  ['a number in place of packed names', 31, Buffer.of(0, 0xc0, 1)],
  ['packed names that end within their head', 31, Buffer.of(0, 3, 9, 0, 0, 1)],
  ['more packed names than the file has room for', 31, Buffer.of(0, 8, 9, 0, 0, 0, 0x00, 0xf0, 1, 1, 0)],
])('%s is damage', (_, type, bytes) => {
  const value = skipper();
  value.begin(type, REDIS, 1000);
  expect(code(() => value.skip(bytes, 0, bytes.length))).toBe('RDB_CORRUPT');
});

test.each([
  ['a module value of the old form', dialectOf('REDIS', 8), 6, /old form \(type 6/],
  ['a path hash of Valkey 9.2', dialectOf('VALKEY', 81), 23, /a path hash \(type 23\), which Godwit cannot read yet, in VALKEY RDB version 81/],
  ['a path hash before Valkey 9.2', dialectOf('VALKEY', 80), 23, /not known: 23/],
  ['a hash of Redis 7.4 in Valkey', dialectOf('VALKEY', 80), 24, /not known: 24/],
  ['an array before Redis 8.8', dialectOf('REDIS', 13), 28, /not known: 28, in REDIS RDB version 13/],
  ['type 8', dialectOf('REDIS', 15), 8, /not known: 8/],
  ['type 33', dialectOf('REDIS', 15), 33, /not known: 33/],
])('%s is refused by name', (_, dialect, type, message) => {
  const begin = (): void => skipper().begin(type, dialect);
  expect(begin).toThrow(message);
  expect(code(begin)).toBe('RDB_UNSUPPORTED');
});

test('what a count says costs no time when the items are not there', () => {
  const value = skipper();
  value.begin(4, REDIS);
  const bytes = new Uint8Array(Buffer.concat([length(2 ** 39), list(0, fixed), string('a')]));
  const started = performance.now();
  expect(value.skip(bytes, 0, bytes.length)).toBe(bytes.length);
  expect(value.done).toBe(false);
  expect(performance.now() - started).toBeLessThan(100);
});
