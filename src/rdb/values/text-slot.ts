/**
 * The text of one RDB string after another, without an array for each: a range of the window where the text stands there, else of a buffer that
 * is used again. What two readers of one item hold at the same time needs two slots.
 */
import { writeInteger } from '../../bytes/ascii-integer.ts';
import { checkLzfLength, decompressLzfInto } from '../../bytes/lzf.ts';
import { errorIndex, placedError } from '../located-error.ts';
import { lengthAt, lengthEnd } from '../rdb-length.ts';
import { encodedInteger, isEncoded, isEncodedInteger } from '../rdb-string.ts';

const TEXT_BYTES_MIN = 1024;
/** A larger buffer is not kept from value to value. */
const TEXT_BYTES_KEPT_MAX = 1024 * 1024;

export class TextSlot {
  bytes: Uint8Array;
  start = 0;
  end = 0;
  private text = new Uint8Array(TEXT_BYTES_MIN);

  constructor() {
    this.bytes = this.text;
  }

  /** Takes the string bytes[at, next), which is whole. @throws GodwitError RDB_CORRUPT */
  take(bytes: Uint8Array, at: number, next: number): void {
    if (isEncoded(bytes, at)) {
      this.start = 0;
      if (isEncodedInteger(bytes, at)) this.end = writeInteger(this.text, 0, encodedInteger(bytes, at));
      else this.decompress(bytes, at, next);
      this.bytes = this.text;
      return;
    }
    this.bytes = bytes;
    this.start = lengthEnd(bytes, at, next);
    this.end = next;
  }

  /** Gives back the memory of a large text. */
  release(): void {
    if (this.text.length > TEXT_BYTES_KEPT_MAX) this.text = new Uint8Array(TEXT_BYTES_MIN);
    this.bytes = this.text;
  }

  private decompress(bytes: Uint8Array, at: number, next: number): void {
    const second = lengthEnd(bytes, at + 1, next);
    const body = lengthEnd(bytes, second, next);
    const length = lengthAt(bytes, second);
    try {
      checkLzfLength(body, next, length);
      if (length > this.text.length) this.text = new Uint8Array(Math.max(length, Math.min(this.text.length * 2, TEXT_BYTES_KEPT_MAX)));
      decompressLzfInto(this.text, bytes, body, next, length);
    } catch (error) {
      throw placedError(error, errorIndex(error, at));
    }
    this.end = length;
  }
}
