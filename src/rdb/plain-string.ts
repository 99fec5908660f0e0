/** A string value whose text stands in the file as it is can be written as SET with those bytes, without a DUMP payload around it. */
import { lengthEnd } from './rdb-length.ts';
import { isEncoded } from './rdb-string.ts';

/**
 * For the value [start, end) of type 0 (behind type byte and key): where its text begins, which then ends at `end`; -1 when the string is
 * compressed or stands as a number.
 */
export function plainStringStart(bytes: Uint8Array, start: number, end: number): number {
  return isEncoded(bytes, start) ? -1 : lengthEnd(bytes, start, end);
}
