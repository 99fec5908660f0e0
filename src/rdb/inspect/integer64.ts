/** Which texts servers keep as a number of 64 bits instead of a string: those that the number gives back as they were. Facts: util.c: string2ll. */
const MINUS = 0x2d;
const ZERO = 0x30;
const DIGITS_MAX = 19;
const LARGEST = Buffer.from('9223372036854775807');

/** True if bytes[start, end) is the canonical decimal text of such a number. */
export function isInteger64(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start;
  const digits = end - first;
  if (digits < 1 || digits > DIGITS_MAX) return false;
  for (let i = first; i < end; i++) if (bytes[i] < ZERO || bytes[i] > ZERO + 9) return false;
  if (bytes[first] === ZERO) return end - start === 1;
  return digits < DIGITS_MAX || isAtMostLargest(bytes, first, first > start ? 1 : 0);
}

/** @param more how far below the negative of the largest number goes */
function isAtMostLargest(bytes: Uint8Array, first: number, more: number): boolean {
  for (let i = 0; i < DIGITS_MAX; i++) {
    const limit = LARGEST[i] + (i === DIGITS_MAX - 1 ? more : 0);
    if (bytes[first + i] !== limit) return bytes[first + i] < limit;
  }
  return true;
}
