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

/** Characters that writeInteger64 needs at most. */
export const INTEGER64_CHARS_MAX = 20;

const CHUNK = 1_000_000_000;
const CHUNK_DIGITS = 9;

/** Writes the 64-bit number high * 2^32 + low (`high` signed, `low` unsigned) at `at`; returns the position behind its last digit. */
export function writeInteger64(out: Uint8Array, at: number, high: number, low: number): number {
  const value = high * 2 ** 32 + low;
  if (Number.isSafeInteger(value)) return writeInteger(out, at, value);
  let from = at;
  let [top, bottom] = [high >>> 0, low];
  if (high < 0) {
    out[from++] = MINUS;
    bottom = (~low + 1) >>> 0;
    top = (~high + (bottom === 0 ? 1 : 0)) >>> 0;
  }
  // Long division by 10^9 in limbs of 16 bits: every step is exact in a double.
  const middle = (top % CHUNK) * 2 ** 16 + (bottom >>> 16);
  const last = (middle % CHUNK) * 2 ** 16 + (bottom & 0xffff);
  const quotient = Math.floor(top / CHUNK) * 2 ** 32 + Math.floor(middle / CHUNK) * 2 ** 16 + Math.floor(last / CHUNK);
  const end = writeInteger(out, from, quotient) + CHUNK_DIGITS;
  let rest = last % CHUNK;
  for (let place = end; place > end - CHUNK_DIGITS;) {
    const tenth = (rest / 10) | 0;
    out[--place] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
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
