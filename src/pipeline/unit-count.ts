import type { Batch } from '../model/batch.ts';

/** How many units the rows of a batch are: those with one offset, side by side, are one. */
export function unitCount({ endOffset, count }: Batch): number {
  let units = 0;
  for (let row = 0; row < count; row++) if (row === 0 || endOffset[row - 1] !== endOffset[row]) units++;
  return units;
}
