/** How fast the target is written to: `[rate]`. */
import { integerType, sizeType } from '../option-type.ts';
import { option } from '../option-spec.ts';

const TIB = 1024 ** 4;

export const PACE_OPTIONS = {
  'rate.commands': option(
    integerType({ min: 1, max: 1_000_000_000, or: { word: 'unlimited', value: 0 } }),
    0,
    'Commands that each node of the target is sent in a second at most',
  ),
  'rate.bytes': option(
    sizeType({ min: 1024, max: TIB, or: { word: 'unlimited', value: 0 } }),
    0,
    'Bytes that each node of the target is sent in a second at most',
  ),
} as const;
