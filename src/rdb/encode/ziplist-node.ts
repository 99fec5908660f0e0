/**
 * A ziplist, for servers before Redis 7.0.
 *
 *   ziplist  = total-bytes (uint32le) last-entry-offset (uint32le) count (uint16le) *entry %xFF
 *   entry    = prevlen data                       ; prevlen: length of the entry before
 *   prevlen  = OCTET                              ; below 254
 *            / %xFE uint32le
 *   data     = %b00LLLLLL *OCTET / %b01LLLLLL OCTET *OCTET / %x80 uint32be *OCTET
 *            / %xF1-FD                            ; 0..12
 *            / %xFE OCTET / %xC0 2OCTET / %xF0 3OCTET / %xD0 4OCTET / %xE0 8OCTET
 */
import { canonicalInteger } from './canonical-integer.ts';
import { NODE_BYTES_MAX, type PackedNode, writeLittleEndian } from './packed-node.ts';
import type { PayloadOutput } from './payload-output.ts';

const HEADER_BYTES = 10;
const END = 0xff;
const COUNT_MAX = 0xffff;
const AROUND_BYTES_MAX = 10;
const LONG_PREVLEN = 254;

export class ZiplistNode implements PackedNode {
  readonly bytes = new Uint8Array(NODE_BYTES_MAX + AROUND_BYTES_MAX);
  count = 0;
  private at = HEADER_BYTES;
  private last = HEADER_BYTES;
  private readonly head = new Uint8Array(HEADER_BYTES + AROUND_BYTES_MAX);

  reset(): void {
    this.count = 0;
    this.at = HEADER_BYTES;
    this.last = HEADER_BYTES;
  }

  add(from: Uint8Array, start: number, end: number): boolean {
    const { bytes } = this;
    const begin = this.at;
    if (begin + (end - start) + AROUND_BYTES_MAX > NODE_BYTES_MAX) return false;
    let at = writePrevlen(bytes, begin, begin - this.last);
    const n = canonicalInteger(from, start, end);
    if (n === n) at = writeNumber(bytes, at, n);
    else {
      at = writeTextHead(bytes, at, end - start);
      for (let i = start; i < end; i++) bytes[at++] = from[i];
    }
    this.last = begin;
    this.at = at;
    this.count++;
    return true;
  }

  close(): number {
    const { bytes } = this;
    bytes[this.at] = END;
    writeHeader(bytes, this.at + 1, this.last, this.count);
    return this.at + 1;
  }

  writeSingle(output: PayloadOutput, from: Uint8Array, start: number, end: number): void {
    const { head } = this;
    const textAt = writeTextHead(head, writePrevlen(head, HEADER_BYTES, 0), end - start);
    const total = textAt + end - start + 1;
    writeHeader(head, total, HEADER_BYTES, 1);
    output.length(total);
    output.raw(head, 0, textAt);
    output.raw(from, start, end);
    head[0] = END;
    output.raw(head, 0, 1);
  }
}

function writeHeader(out: Uint8Array, total: number, last: number, count: number): void {
  writeLittleEndian(out, 0, total, 4);
  writeLittleEndian(out, 4, last, 4);
  writeLittleEndian(out, 8, Math.min(count, COUNT_MAX), 2);
}

function writePrevlen(out: Uint8Array, at: number, length: number): number {
  if (length < LONG_PREVLEN) {
    out[at] = length;
    return at + 1;
  }
  out[at] = LONG_PREVLEN;
  return writeLittleEndian(out, at + 1, length, 4);
}

function writeNumber(out: Uint8Array, at: number, n: number): number {
  if (n >= 0 && n <= 12) {
    out[at] = 0xf1 + n;
    return at + 1;
  }
  if (n >= -128 && n < 128) {
    out[at] = 0xfe;
    return writeLittleEndian(out, at + 1, n, 1);
  }
  if (n >= -0x8000 && n < 0x8000) {
    out[at] = 0xc0;
    return writeLittleEndian(out, at + 1, n, 2);
  }
  if (n >= -0x80_0000 && n < 0x80_0000) {
    out[at] = 0xf0;
    return writeLittleEndian(out, at + 1, n, 3);
  }
  const isInt32 = n >= -0x8000_0000 && n < 0x8000_0000;
  out[at] = isInt32 ? 0xd0 : 0xe0;
  return writeLittleEndian(out, at + 1, n, isInt32 ? 4 : 8);
}

function writeTextHead(out: Uint8Array, at: number, length: number): number {
  if (length < 64) {
    out[at] = length;
    return at + 1;
  }
  if (length < 16_384) {
    out[at] = 0x40 | (length >> 8);
    out[at + 1] = length & 255;
    return at + 2;
  }
  out[at] = 0x80;
  for (let i = 0; i < 4; i++) out[at + 1 + i] = length >>> (24 - 8 * i);
  return at + 5;
}
