import { expect, test } from 'vitest';
import { Batch } from '../../../src/model/batch.ts';
import { rowName } from '../../../src/target/batch-buffer.ts';

test('rows of one transaction of the source, of equal length, have names of their own, however it was cut', () => {
  const names = (offsets: readonly number[]): string[] => {
    const batch = new Batch(offsets.length);
    offsets.forEach((offset, row) => {
      batch.endOffset[row] = offset;
      batch.end[row] = 10;
    });
    batch.count = offsets.length;
    return offsets.map((_, row) => rowName(batch, row));
  };
  const all = names([100, 200, 200, 200, 300]);
  expect(new Set(all).size).toBe(5);
  expect(names([200, 200, 200])).toEqual(all.slice(1, 4));
});
