/** The text of an RDB string, whatever its encoding (see the grammar in rdb-length.ts). For keys and small things; values pass as they are. */
import { decimalLength, writeInteger } from '../bytes/ascii-integer.ts';
import { decompressLzf } from '../bytes/lzf.ts';
import { lengthAt, lengthEnd, stringEnd } from './rdb-length.ts';

const ENCODED = 0xc0;
const LZF = 0xc3;

/** True if the string at `at` is compressed or a number, so that its text does not stand in the file. */
export function isEncoded(bytes: Uint8Array, at: number): boolean {
  return bytes[at] >= ENCODED;
}

/**
 * The text of the string that begins at `start`; all of it is within the window.
 * @returns a view of `bytes` when the text stands there, else a new array.
 * @throws GodwitError RDB_CORRUPT if a compressed string is damaged.
 */
export function stringText(bytes: Uint8Array, start: number): Uint8Array {
  const end = stringEnd(bytes, start, bytes.length);
  if (!isEncoded(bytes, start)) return bytes.subarray(lengthEnd(bytes, start, bytes.length), end);
  if (bytes[start] === LZF) {
    const second = lengthEnd(bytes, start + 1, end);
    return decompressLzf(bytes, lengthEnd(bytes, second, end), end, lengthAt(bytes, second));
  }
  const value = encodedInteger(bytes, start);
  const text = new Uint8Array(decimalLength(value));
  writeInteger(text, 0, value);
  return text;
}

/** True if a number stands at `at` (first byte C0, C1 or C2). */
export function isEncodedInteger(bytes: Uint8Array, at: number): boolean {
  return bytes[at] >= ENCODED && bytes[at] < LZF;
}

/** The number that stands at `at`, whole within the window. */
export function encodedInteger(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === ENCODED) return (bytes[at + 1] << 24) >> 24;
  if (first === ENCODED + 1) return ((bytes[at + 1] << 16) | (bytes[at + 2] << 24)) >> 16;
  return bytes[at + 1] | (bytes[at + 2] << 8) | (bytes[at + 3] << 16) | (bytes[at + 4] << 24);
}
