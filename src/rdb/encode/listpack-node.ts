/**
 * A listpack, Redis 7.0 and up.
 *
 *   listpack  = total-bytes (uint32le) count (uint16le) *entry %xFF
 *   entry     = data backlen                      ; backlen: length of data, 7 bits a byte, to be read from the end
 *   data      = %b0NNNNNNN                        ; 0..127
 *             / %b110NNNNN OCTET                  ; 13 bits
 *             / %xF1 2OCTET / %xF2 3OCTET / %xF3 4OCTET / %xF4 8OCTET
 *             / %b10LLLLLL *OCTET / %b1110LLLL OCTET *OCTET / %xF0 uint32le *OCTET
 */
import { canonicalInteger } from './canonical-integer.ts';
import { NODE_BYTES_MAX, type PackedNode, writeLittleEndian } from './packed-node.ts';
import type { PayloadOutput } from './payload-output.ts';

const HEADER_BYTES = 6;
const END = 0xff;
const COUNT_MAX = 0xffff;
/** Bytes before and behind the text of an element, at most. */
const AROUND_BYTES_MAX = 10;

export class ListpackNode implements PackedNode {
  readonly bytes = new Uint8Array(NODE_BYTES_MAX + AROUND_BYTES_MAX);
  count = 0;
  private at = HEADER_BYTES;
  private readonly head = new Uint8Array(HEADER_BYTES + AROUND_BYTES_MAX);

  reset(): void {
    this.count = 0;
    this.at = HEADER_BYTES;
  }

  add(from: Uint8Array, start: number, end: number): boolean {
    const { bytes } = this;
    const begin = this.at;
    if (begin + (end - start) + AROUND_BYTES_MAX > NODE_BYTES_MAX) return false;
    const n = canonicalInteger(from, start, end);
    let { at } = this;
    if (n === n) at = writeNumber(bytes, at, n);
    else {
      at = writeTextHead(bytes, at, end - start);
      for (let i = start; i < end; i++) bytes[at++] = from[i];
    }
    this.at = writeBacklen(bytes, at, at - begin);
    this.count++;
    return true;
  }

  close(): number {
    const { bytes } = this;
    bytes[this.at] = END;
    writeHeader(bytes, this.at + 1, this.count);
    return this.at + 1;
  }

  writeSingle(output: PayloadOutput, from: Uint8Array, start: number, end: number): void {
    const { head } = this;
    const textAt = writeTextHead(head, HEADER_BYTES, end - start);
    const entryBytes = textAt - HEADER_BYTES + end - start;
    const total = HEADER_BYTES + entryBytes + backlenWidth(entryBytes) + 1;
    writeHeader(head, total, 1);
    output.length(total);
    output.raw(head, 0, textAt);
    output.raw(from, start, end);
    const tail = writeBacklen(head, 0, entryBytes);
    head[tail] = END;
    output.raw(head, 0, tail + 1);
  }
}

function writeHeader(out: Uint8Array, total: number, count: number): void {
  writeLittleEndian(out, 0, total, 4);
  writeLittleEndian(out, 4, Math.min(count, COUNT_MAX), 2);
}

/** The data of an element that is a number. @returns where its backlen goes */
export function writeNumber(out: Uint8Array, at: number, n: number): number {
  if (n >= 0 && n < 128) {
    out[at] = n;
    return at + 1;
  }
  if (n >= -4096 && n < 4096) {
    out[at] = 0xc0 | ((n >> 8) & 0x1f);
    out[at + 1] = n & 255;
    return at + 2;
  }
  const size = n >= -0x8000 && n < 0x8000 ? 2 : n >= -0x80_0000 && n < 0x80_0000 ? 3 : n >= -0x8000_0000 && n < 0x8000_0000 ? 4 : 8;
  out[at] = size === 8 ? 0xf4 : 0xef + size;
  return writeLittleEndian(out, at + 1, n, size);
}

/** What stands before the text of an element. @returns where the text goes */
export function writeTextHead(out: Uint8Array, at: number, length: number): number {
  if (length < 64) {
    out[at] = 0x80 | length;
    return at + 1;
  }
  if (length < 4096) {
    out[at] = 0xe0 | (length >> 8);
    out[at + 1] = length & 255;
    return at + 2;
  }
  out[at] = 0xf0;
  return writeLittleEndian(out, at + 1, length, 4);
}

function backlenWidth(length: number): number {
  if (length <= 127) return 1;
  if (length < 16_383) return 2;
  if (length < 2_097_151) return 3;
  return length < 268_435_455 ? 4 : 5;
}

/** Length of the data before it. Most significant 7 bits first; all but the first byte have their high bit set. */
export function writeBacklen(out: Uint8Array, at: number, length: number): number {
  const width = backlenWidth(length);
  let rest = length;
  for (let i = width - 1; i >= 0; i--) {
    out[at + i] = (rest & 127) | (i > 0 ? 128 : 0);
    rest >>>= 7;
  }
  return at + width;
}
