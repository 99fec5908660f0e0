/**
 * Listpack (Redis 7.0; streams since 5.0).
 *
 *   listpack = bytes:uint32le count:uint16le *entry %xFF                  ; bytes of all of it; count 65535 = more than it can say
 *   entry    = head body backlen                                         ; backlen: length of head and body, to be read backwards
 *
 *   0vvvvvvv                       number 0..127
 *   10llllll + l bytes             text up to 63 bytes
 *   110vvvvv v                     number of 13 bits, signed
 *   1110llll l + l bytes           text up to 4095 bytes
 *   F0 uint32le + bytes            text
 *   F1, F2, F3, F4                 number of 16, 24, 32, 64 bits, little endian, signed
 *
 * Facts: redis listpack.c.
 */
import { int16le, int24le, int32le, uint16le, uint32le } from '../../bytes/little-endian.ts';
import { corruptAt } from '../rdb-length.ts';
import { IntegerTexts, type PackedEntries } from './packed-entries.ts';

const HEAD_BYTES = 6;
const LISTPACK_BYTES_MIN = HEAD_BYTES + 1;
const COUNT_UNKNOWN = 0xffff;
const END_MARK = 0xff;
/** Bytes behind the heads F0 to F3. */
const WIDTHS = [4, 2, 3, 4] as const;

export class Listpack implements PackedEntries {
  count = 0;
  bytes: Uint8Array;
  start = 0;
  end = 0;
  isInteger = false;
  high = 0;
  low = 0;
  /** Where the entry that next() gives next begins. */
  at = 0;
  private blob: Uint8Array;
  private last = 0;
  private read = 0;
  private readonly texts = new IntegerTexts();

  constructor() {
    this.bytes = this.texts.bytes;
    this.blob = this.texts.bytes;
  }

  open(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size < LISTPACK_BYTES_MIN || uint32le(bytes, start) !== size) throw corruptAt(start, `a listpack of ${size} bytes says that it has another length`);
    if (bytes[end - 1] !== END_MARK) throw corruptAt(end - 1, 'a listpack has no end mark');
    const count = uint16le(bytes, start + 4);
    this.count = count === COUNT_UNKNOWN ? -1 : count;
    this.blob = bytes;
    this.at = start + HEAD_BYTES;
    this.last = end - 1;
    this.read = 0;
  }

  next(): boolean {
    if (this.at >= this.last) {
      this.checkCount();
      return false;
    }
    const { blob, at, last } = this;
    const first = blob[at];
    let next: number;
    if (first < 0x80) {
      next = this.small(first, at + 1);
    } else if (first < 0xc0) {
      next = this.text(at + 1, first & 0x3f);
    } else {
      next = this.rare(first, at, last);
    }
    const length = next - at;
    if (length < 128 && next < last) {
      if (blob[next] !== length) throw corruptAt(next, 'an entry of a listpack has another length backwards');
      this.at = next + 1;
    } else {
      this.at = this.backwards(next, length);
    }
    this.read++;
    return true;
  }

  /** Gives the entry at `at` once more: one that next() has given before. The place of next() stays. */
  again(at: number): void {
    const place = this.at;
    this.at = at;
    this.next();
    this.read--;
    this.at = place;
  }

  /** As a number if the entry is one that a double holds exactly, else NaN. */
  integer(): number {
    if (!this.isInteger) return Number.NaN;
    const value = this.high * 2 ** 32 + this.low;
    return Number.isSafeInteger(value) ? value : Number.NaN;
  }

  private small(value: number, next: number): number {
    this.isInteger = true;
    this.high = value < 0 ? -1 : 0;
    this.low = value >>> 0;
    this.texts.write(value);
    this.bytes = this.texts.bytes;
    this.start = this.texts.start;
    this.end = this.texts.end;
    return next;
  }

  private large(high: number, low: number, next: number): number {
    this.isInteger = true;
    this.high = high;
    this.low = low;
    this.texts.write64(high, low);
    this.bytes = this.texts.bytes;
    this.start = this.texts.start;
    this.end = this.texts.end;
    return next;
  }

  private text(start: number, length: number): number {
    this.isInteger = false;
    this.bytes = this.blob;
    this.start = start;
    this.end = start + length;
    return this.end;
  }

  /** Heads of more than a byte, and numbers of more than 7 bits. */
  private rare(first: number, at: number, last: number): number {
    const { blob } = this;
    if (first < 0xf0) {
      if (at + 2 > last) throw this.cut(at);
      const value = ((first & 0x1f) << 8) | blob[at + 1];
      return first < 0xe0 ? this.small((value << 19) >> 19, at + 2) : this.text(at + 2, value & 0xfff);
    }
    const width = first < 0xf4 ? WIDTHS[first & 3] : 8;
    if (first > 0xf4) throw corruptAt(at, `an entry of a listpack cannot begin with byte ${first}`);
    if (at + 1 + width > last) throw this.cut(at);
    if (first === 0xf0) return this.text(at + 5, uint32le(blob, at + 1));
    if (first === 0xf1) return this.small(int16le(blob, at + 1), at + 3);
    if (first === 0xf2) return this.small(int24le(blob, at + 1), at + 4);
    if (first === 0xf3) return this.small(int32le(blob, at + 1), at + 5);
    return this.large(int32le(blob, at + 5), uint32le(blob, at + 1), at + 9);
  }

  /** Checks the length behind an entry. @returns where the next entry begins */
  private backwards(at: number, length: number): number {
    const { blob, last } = this;
    const width = length <= 127 ? 1 : length < 16_383 ? 2 : length < 2_097_151 ? 3 : length < 268_435_455 ? 4 : 5;
    const next = at + width;
    if (next > last) throw this.cut(this.at);
    let said = blob[at];
    for (let i = at + 1; i < next; i++) said = blob[i] < 128 ? -1 : said * 128 + (blob[i] & 127);
    if (said !== length) throw corruptAt(at, 'an entry of a listpack has another length backwards');
    return next;
  }

  private checkCount(): void {
    if (this.count >= 0 && this.count !== this.read) throw corruptAt(this.last, `a listpack says that it has ${this.count} entries, and has ${this.read}`);
  }

  private cut(at: number): Error {
    return corruptAt(at, 'an entry goes beyond the end of its listpack');
  }
}
