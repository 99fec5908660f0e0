/**
 * LZF decompression (the format of liblzf, as RDB strings have it), with every bound checked: input that lies is refused, never read or
 * written past.
 *
 *   stream    = *( literal / reference )
 *   literal   = %b000LLLLL (L + 1)*OCTET                          ; 1 to 32 bytes as they are
 *   reference = %bLLLOOOOO [ extra ] OCTET                        ; length L + 2 from O * 256 + OCTET + 1 bytes back; L = 1..6
 *             / %b111OOOOO OCTET OCTET                            ; length 9 + first octet
 */
import { GodwitError } from '../errors/errors.ts';

/** A reference of 3 bytes gives 264 at most, so that no honest stream grows by more. */
const GROWTH_MAX = 88;
/** The lengths of liblzf are of 32 bits. */
const LENGTH_MAX = 2 ** 32 - 1;

/**
 * Decompresses bytes[start, end) into a new array of exactly `length` bytes.
 * @throws GodwitError RDB_CORRUPT if the stream does not give exactly that, or `length` is more than the input could ever give (nothing
 * is allocated then).
 */
export function decompressLzf(bytes: Uint8Array, start: number, end: number, length: number): Uint8Array {
  checkLzfLength(start, end, length);
  const out = new Uint8Array(length);
  decompressLzfInto(out, bytes, start, end, length);
  return out;
}

/** @throws GodwitError RDB_CORRUPT if `length` is more than bytes[start, end) could ever give: ask before making room for it. */
export function checkLzfLength(start: number, end: number, length: number): void {
  if (length > LENGTH_MAX || length > (end - start) * GROWTH_MAX) throw corrupt('is said to be longer than it can be');
}

/** As decompressLzf, to out[0, length). What `out` holds is used up by an error. */
export function decompressLzfInto(out: Uint8Array, bytes: Uint8Array, start: number, end: number, length: number): void {
  let from = start;
  let to = 0;
  while (from < end) {
    const control = bytes[from++];
    if (control < 32) {
      const stop = from + control + 1;
      if (stop > end) throw corrupt('ends within a literal');
      if (to + control + 1 > length) throw corrupt('is longer than it says');
      while (from < stop) out[to++] = bytes[from++];
      continue;
    }
    let count = (control >> 5) + 2;
    if (count === 9) {
      if (from >= end) throw corrupt('ends within a reference');
      count += bytes[from++];
    }
    if (from >= end) throw corrupt('ends within a reference');
    let back = to - ((control & 31) << 8) - bytes[from++] - 1;
    if (back < 0) throw corrupt('refers to what is before its begin');
    if (to + count > length) throw corrupt('is longer than it says');
    while (count-- > 0) out[to++] = out[back++];
  }
  if (to !== length) throw corrupt('is shorter than it says');
}

function corrupt(what: string): GodwitError {
  return new GodwitError('RDB_CORRUPT', `a compressed string ${what}`);
}
