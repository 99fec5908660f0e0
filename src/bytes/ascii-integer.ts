/**
 * Whole numbers as decimal ASCII, written to and read from buffers without strings in between. For numbers up to 2^53 either way;
 * this is what RESP headers (`*3`, `$1024`, `:17`) are made of.
 */
const MINUS = 0x2d;
const PLUS = 0x2b;
const ZERO = 0x30;

/** Characters that `n` takes in decimal, a minus sign included. `n` is a safe integer. */
export function decimalLength(n: number): number {
  let length = 1;
  let rest = n;
  if (rest < 0) {
    length++;
    rest = -rest;
  }
  while (rest >= 10_000) {
    rest = Math.floor(rest / 10_000);
    length += 4;
  }
  if (rest >= 1000) return length + 3;
  if (rest >= 100) return length + 2;
  return rest >= 10 ? length + 1 : length;
}

/** Writes `n` (a safe integer) at `at`; returns the position behind its last digit. The room (decimalLength) is the caller's to provide. */
export function writeInteger(out: Uint8Array, at: number, n: number): number {
  if (n >= 0 && n < 10) {
    out[at] = ZERO + n;
    return at + 1;
  }
  const end = at + decimalLength(n);
  let rest = n;
  if (rest < 0) {
    out[at] = MINUS;
    rest = -rest;
  }
  let place = end;
  while (rest >= 0x8000_0000) {
    const tenth = Math.floor(rest / 10);
    out[--place] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  do {
    const tenth = (rest / 10) | 0;
    out[--place] = ZERO + (rest - tenth * 10);
    rest = tenth;
  } while (rest > 0);
  return end;
}

/** Reads bytes[start, end) as a decimal number; NaN when it is empty, has another character, or is not a safe integer. */
export function readInteger(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const signed = bytes[at] === MINUS || bytes[at] === PLUS;
  if (signed) at++;
  if (at >= end || end - at > 16) return Number.NaN;
  let n = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    n = n * 10 + digit;
  }
  if (!Number.isSafeInteger(n)) return Number.NaN;
  return signed && bytes[start] === MINUS && n !== 0 ? -n : n;
}
