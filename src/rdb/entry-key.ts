/** The key of the entry under way: a range of the window, or of the texts when the file has it as a number or compressed. */
import type { PlainTextSlab } from './plain-text-slab.ts';
import { lengthEnd, NEED_MORE, stringEnd } from './rdb-length.ts';
import { isEncoded } from './rdb-string.ts';

/** Strings below have one byte of length. */
const SHORT_STRING = 0x40;

export class EntryKey {
  start = 0;
  end = 0;
  /** The range is one of the texts, and not of the window. */
  isText = false;
  private readonly text: PlainTextSlab;

  constructor(text: PlainTextSlab) {
    this.text = text;
  }

  /** No key, at `at`. */
  clear(at: number): void {
    this.start = at;
    this.end = at;
    this.isText = false;
  }

  /** Reads the key at `at`. @returns where the value begins, or NEED_MORE if that is not within the window. @throws GodwitError RDB_CORRUPT */
  read(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return NEED_MORE;
    const first = bytes[at];
    if (first >= SHORT_STRING) return this.readLong(bytes, at, end);
    this.start = at + 1;
    this.end = at + 1 + first;
    this.isText = false;
    return this.end < end ? this.end : NEED_MORE;
  }

  /** The key itself, as a view. */
  view(bytes: Uint8Array): Uint8Array {
    return (this.isText ? this.text.texts : bytes).subarray(this.start, this.end);
  }

  beginsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
    if (this.end - this.start < prefix.length) return false;
    const key = this.isText ? this.text.texts : bytes;
    for (let i = 0; i < prefix.length; i++) if (key[this.start + i] !== prefix[i]) return false;
    return true;
  }

  private readLong(bytes: Uint8Array, at: number, end: number): number {
    this.clear(at);
    const keyEnd = stringEnd(bytes, at, end);
    if (keyEnd < 0 || keyEnd >= end) return NEED_MORE;
    if (isEncoded(bytes, at)) {
      this.text.add(bytes, at);
      this.start = this.text.start;
      this.end = this.text.end;
      this.isText = true;
    } else {
      this.start = lengthEnd(bytes, at, end);
      this.end = keyEnd;
    }
    return keyEnd;
  }
}
