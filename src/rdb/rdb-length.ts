/**
 * Lengths and strings of RDB: where they end, and what a length says. Nothing is copied.
 *
 *   len     = %b00LLLLLL / %b01LLLLLL OCTET / %x80 uint32be / %x81 uint64be
 *   string  = len len*OCTET
 *           / %xC0 int8 / %xC1 int16le / %xC2 int32le                     ; a whole number, as its decimal text
 *           / %xC3 clen ulen clen*OCTET                                   ; LZF: clen bytes that give ulen bytes
 *
 * Invariants: nothing at or behind `end` is read. An end is NEED_MORE (-1) when its head is not whole in the window; the end of a string may
 * lie behind `end`, because the body is not needed to know it.
 */
import { GodwitError } from '../errors/errors.ts';

export const NEED_MORE = -1;

/** No string, list or file is longer (1 TiB); a length above is damage. */
const LENGTH_MAX = 2 ** 40;

const FORM_16 = 0x40;
const FORM_32 = 0x80;
const FORM_64 = 0x81;
const ENCODED = 0xc0;
const LZF = 0xc3;

/** The bytes that a length beginning with `first` takes, or 0 if no length begins so. */
function lengthBytes(first: number): number {
  if (first < FORM_16) return 1;
  if (first < FORM_32) return 2;
  if (first === FORM_32) return 5;
  return first === FORM_64 ? 9 : 0;
}

/** Where the length at `pos` ends, or NEED_MORE. @throws GodwitError RDB_CORRUPT if this is no length. */
export function lengthEnd(bytes: Uint8Array, pos: number, end: number): number {
  if (pos >= end) return NEED_MORE;
  const size = lengthBytes(bytes[pos]);
  if (size === 0) throw corruptAt(pos, `a length cannot begin with byte ${bytes[pos]}`);
  return pos + size <= end ? pos + size : NEED_MORE;
}

/** The length at `pos`, which lengthEnd() has found whole. Above 2^53 it is rounded. */
export function lengthAt(bytes: Uint8Array, pos: number): number {
  const first = bytes[pos];
  if (first < FORM_16) return first;
  if (first < FORM_32) return ((first & 0x3f) << 8) | bytes[pos + 1];
  if (first === FORM_32) return uint32be(bytes, pos + 1);
  return uint32be(bytes, pos + 1) * 2 ** 32 + uint32be(bytes, pos + 5);
}

/** As lengthAt, to all 64 bits: writes them big endian to out[at, at + 8). */
export function writeLength64(out: Uint8Array, at: number, bytes: Uint8Array, pos: number): void {
  if (bytes[pos] === FORM_64) {
    for (let i = 0; i < 8; i++) out[at + i] = bytes[pos + 1 + i];
    return;
  }
  const value = lengthAt(bytes, pos);
  out.fill(0, at, at + 4);
  out[at + 4] = value >>> 24;
  out[at + 5] = value >>> 16;
  out[at + 6] = value >>> 8;
  out[at + 7] = value;
}

/** As lengthAt, exactly. */
export function lengthBigAt(bytes: Uint8Array, pos: number): bigint {
  if (bytes[pos] !== FORM_64) return BigInt(lengthAt(bytes, pos));
  return (BigInt(uint32be(bytes, pos + 1)) << 32n) | BigInt(uint32be(bytes, pos + 5));
}

/** As lengthAt, for a number of bytes or items. @throws GodwitError RDB_CORRUPT if it is more than LENGTH_MAX. */
export function sizeAt(bytes: Uint8Array, pos: number): number {
  const size = lengthAt(bytes, pos);
  if (size > LENGTH_MAX) throw corruptAt(pos, `a length of ${size} is not plausible`);
  return size;
}

/** Where the string at `pos` ends (that can be behind `end`), or NEED_MORE. @throws GodwitError RDB_CORRUPT */
export function stringEnd(bytes: Uint8Array, pos: number, end: number): number {
  if (pos >= end) return NEED_MORE;
  const first = bytes[pos];
  if (first < FORM_16) return pos + 1 + first;
  if (first < FORM_32) return pos + 1 < end ? pos + 2 + (((first & 0x3f) << 8) | bytes[pos + 1]) : NEED_MORE;
  return first < ENCODED ? longStringEnd(bytes, pos, end) : encodedStringEnd(bytes, pos, end);
}

function longStringEnd(bytes: Uint8Array, pos: number, end: number): number {
  const body = lengthEnd(bytes, pos, end);
  return body < 0 ? NEED_MORE : body + sizeAt(bytes, pos);
}

function encodedStringEnd(bytes: Uint8Array, pos: number, end: number): number {
  const first = bytes[pos];
  if (first < LZF) return pos + 1 + 2 ** (first - ENCODED);
  if (first !== LZF) throw corruptAt(pos, `a string cannot begin with byte ${first}`);
  const second = lengthEnd(bytes, pos + 1, end);
  if (second < 0) return NEED_MORE;
  const body = lengthEnd(bytes, second, end);
  if (body < 0) return NEED_MORE;
  sizeAt(bytes, second);
  return body + sizeAt(bytes, pos + 1);
}

function uint32be(bytes: Uint8Array, at: number): number {
  return bytes[at] * 0x1000000 + ((bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]);
}

/** Damage found at an index of the window; the decoder adds the offset in the file and the key (see located-error.ts). */
export function corruptAt(at: number, what: string): GodwitError {
  return new GodwitError('RDB_CORRUPT', `the snapshot is damaged: ${what}`, { details: { at } });
}
