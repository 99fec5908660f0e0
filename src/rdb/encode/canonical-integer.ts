/** Which texts servers keep as numbers: those that the number gives back as they were. */
import { readInteger } from '../../bytes/ascii-integer.ts';

const MINUS = 0x2d;
const ZERO = 0x30;

/** The number that bytes[start, end) is the canonical decimal text of, if it is below 2^53 either way; else NaN. `007`, `-0` and `+1` are none. */
export function canonicalInteger(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0 || length > 17) return Number.NaN;
  const first = bytes[start] === MINUS ? start + 1 : start;
  if (bytes[first] === ZERO) return length === 1 ? 0 : Number.NaN;
  if (!(bytes[first] > ZERO)) return Number.NaN;
  return readInteger(bytes, start, end);
}
