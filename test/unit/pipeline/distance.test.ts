import { expect, test } from 'vitest';
import { windowBytesAt } from '../../../src/pipeline/distance.ts';

const KIB = 1024;

test.each([
  [0, 256],
  [0.2, 256],
  [3, 256],
  [10, 1_024],
  [50, 4_096],
  [900, 4_096],
])('over a round trip of %d ms, batches are read in windows of %d KiB', (roundTripMs, kib) => {
  expect(windowBytesAt(roundTripMs, 256 * KIB)).toBe(kib * KIB);
});
