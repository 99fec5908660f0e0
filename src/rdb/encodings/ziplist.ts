/**
 * Ziplist (Redis before 7.0; lists, hashes and zsets).
 *
 *   ziplist  = bytes:uint32le tail:uint32le count:uint16le *entry %xFF     ; tail: where the last entry begins; count 65535 = not known
 *   entry    = before head body                                          ; before: length of the entry before, OCTET below 254 or %xFE uint32le
 *
 *   00llllll + l bytes             text up to 63 bytes
 *   01llllll l + l bytes           text up to 16383 bytes
 *   80 uint32be + bytes            text
 *   C0, D0, E0, F0, FE             number of 16, 32, 64, 24, 8 bits, little endian, signed
 *   F1 .. FD                       number 0 to 12
 *
 * Facts: redis ziplist.c.
 */
import { int16le, int24le, int32le, uint16le, uint32le } from '../../bytes/little-endian.ts';
import { corruptAt } from '../rdb-length.ts';
import { IntegerTexts, type PackedEntries } from './packed-entries.ts';

const HEAD_BYTES = 10;
const ZIPLIST_BYTES_MIN = HEAD_BYTES + 1;
const COUNT_UNKNOWN = 0xffff;
const END_MARK = 0xff;
const LONG_BEFORE = 0xfe;

export class Ziplist implements PackedEntries {
  count = 0;
  bytes: Uint8Array;
  start = 0;
  end = 0;
  isInteger = false;
  high = 0;
  low = 0;
  private blob: Uint8Array;
  private at = 0;
  private last = 0;
  private tail = 0;
  private before = 0;
  private read = 0;
  private readonly texts = new IntegerTexts();

  constructor() {
    this.bytes = this.texts.bytes;
    this.blob = this.texts.bytes;
  }

  open(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size < ZIPLIST_BYTES_MIN || uint32le(bytes, start) !== size) throw corruptAt(start, `a ziplist of ${size} bytes says that it has another length`);
    if (bytes[end - 1] !== END_MARK) throw corruptAt(end - 1, 'a ziplist has no end mark');
    const count = uint16le(bytes, start + 8);
    this.count = count === COUNT_UNKNOWN ? -1 : count;
    this.blob = bytes;
    this.at = start + HEAD_BYTES;
    this.last = end - 1;
    this.tail = start + uint32le(bytes, start + 4);
    this.before = 0;
    this.read = 0;
  }

  next(): boolean {
    const { blob, at, last } = this;
    if (at >= last) {
      this.checkEnd();
      return false;
    }
    let head = at + 1;
    let before = blob[at];
    if (before >= LONG_BEFORE) {
      head = at + 5;
      if (before > LONG_BEFORE || head > last) throw this.cut(at);
      before = uint32le(blob, at + 1);
    }
    if (before !== this.before) throw corruptAt(at, 'an entry of a ziplist has another length backwards');
    if (head >= last) throw this.cut(at);
    const first = blob[head];
    const next = first < 0x40 ? this.text(head + 1, first) : first < 0xc0 ? this.longText(first, head) : this.number(first, head);
    if (next > last) throw this.cut(at);
    this.before = next - at;
    this.at = next;
    this.read++;
    return true;
  }

  private text(start: number, length: number): number {
    this.isInteger = false;
    this.bytes = this.blob;
    this.start = start;
    this.end = start + length;
    return this.end;
  }

  private longText(first: number, head: number): number {
    const { blob, last } = this;
    if (first < 0x80) {
      if (head + 2 > last) throw this.cut(head);
      return this.text(head + 2, ((first & 0x3f) << 8) | blob[head + 1]);
    }
    if (head + 5 > last) throw this.cut(head);
    return this.text(head + 5, ((blob[head + 1] << 24) | (blob[head + 2] << 16) | (blob[head + 3] << 8) | blob[head + 4]) >>> 0);
  }

  private number(first: number, head: number): number {
    const { blob } = this;
    const body = head + 1;
    if (first > 0xf0 && first < LONG_BEFORE) return this.small((first & 0x0f) - 1, body);
    const width = first === 0xfe ? 1 : first === 0xc0 ? 2 : first === 0xf0 ? 3 : first === 0xd0 ? 4 : first === 0xe0 ? 8 : 0;
    if (width === 0) throw corruptAt(head, `an entry of a ziplist cannot begin with byte ${first}`);
    if (body + width > this.last) throw this.cut(head);
    if (width === 1) return this.small((blob[body] << 24) >> 24, body + 1);
    if (width === 2) return this.small(int16le(blob, body), body + 2);
    if (width === 3) return this.small(int24le(blob, body), body + 3);
    if (width === 4) return this.small(int32le(blob, body), body + 4);
    this.high = int32le(blob, body + 4);
    this.low = uint32le(blob, body);
    this.texts.write64(this.high, this.low);
    return this.takeText(body + 8);
  }

  private small(value: number, next: number): number {
    this.high = value < 0 ? -1 : 0;
    this.low = value >>> 0;
    this.texts.write(value);
    return this.takeText(next);
  }

  private takeText(next: number): number {
    this.isInteger = true;
    this.bytes = this.texts.bytes;
    this.start = this.texts.start;
    this.end = this.texts.end;
    return next;
  }

  private checkEnd(): void {
    const { count, read, last } = this;
    if (count >= 0 && count !== read) throw corruptAt(last, `a ziplist says that it has ${count} entries, and has ${read}`);
    if (this.tail !== last - this.before) throw corruptAt(last, 'a ziplist says that its last entry is elsewhere');
  }

  private cut(at: number): Error {
    return corruptAt(at, 'an entry goes beyond the end of its ziplist');
  }
}
