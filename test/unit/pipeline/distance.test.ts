import { expect, test } from 'vitest';
import { rowsAt, windowBytesAt } from '../../../src/pipeline/distance.ts';

const KIB = 1024;

test.each([
  [0, 256],
  [0.2, 256],
  [3, 256],
  [10, 1_024],
  [50, 2_048],
  [900, 2_048],
])('over a round trip of %d ms, batches are read in windows of %d KiB', (roundTripMs, kib) => {
  expect(windowBytesAt(roundTripMs, 256 * KIB)).toBe(kib * KIB);
});

test('a batch has room for more rows in a larger window, up to a bound', () => {
  expect([256, 512, 2_048].map((kib) => rowsAt(kib * KIB, 256 * KIB, 16_384))).toEqual([16_384, 32_768, 40_000]);
});
