import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../../src/config/quantity.ts';

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['250', 250],
    ['1.5s', 1500],
    ['0', 0],
    ['0.1s', 100],
    ['5 S', 5000],
  ])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms));
  test.each(['', 's', '-1s', '5x', '1e3', '1.5ms', '1m30s', '99999999999999999d'])('%s is none', (text) => expect(parseDuration(text)).toBeUndefined());
});

describe('sizes', () => {
  test.each([
    ['64mb', 64 * 1024 ** 2],
    ['1gib', 1024 ** 3],
    ['1k', 1000],
    ['1KB', 1024],
    ['0.5gb', 512 * 1024 ** 2],
    ['100', 100],
    ['100b', 100],
    ['2tb', 2 * 1024 ** 4],
  ])('%s', (text, bytes) => expect(parseSize(text)).toBe(bytes));
  test.each(['mb', '-1', '1.5b', '10 stones'])('%s is none', (text) => expect(parseSize(text)).toBeUndefined());
});

test('what is shown can be given again', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (n) => {
      expect(parseDuration(formatDuration(n))).toBe(n);
      expect(parseSize(formatSize(n))).toBe(n);
    }),
  );
});
