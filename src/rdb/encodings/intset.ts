/**
 * Intset: a set of whole numbers.
 *
 *   intset = width:uint32le count:uint32le *number                       ; width 2, 4 or 8; numbers little endian, signed, ascending
 *
 * Facts: redis intset.c.
 */
import { int16le, int32le, uint32le } from '../../bytes/little-endian.ts';
import { corruptAt } from '../rdb-length.ts';
import { IntegerTexts, type PackedEntries } from './packed-entries.ts';

const HEAD_BYTES = 8;

export class Intset implements PackedEntries {
  count = 0;
  readonly bytes: Uint8Array;
  start = 0;
  end = 0;
  readonly isInteger = true;
  high = 0;
  low = 0;
  private blob: Uint8Array;
  private at = 0;
  private last = 0;
  private width = 2;
  private isFirst = true;
  private readonly texts = new IntegerTexts();

  constructor() {
    this.bytes = this.texts.bytes;
    this.blob = this.texts.bytes;
  }

  open(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size < HEAD_BYTES) throw corruptAt(start, `an intset cannot have ${size} bytes`);
    const width = uint32le(bytes, start);
    if (width !== 2 && width !== 4 && width !== 8) throw corruptAt(start, `an intset cannot have numbers of ${width} bytes`);
    this.count = uint32le(bytes, start + 4);
    if (HEAD_BYTES + this.count * width !== size) throw corruptAt(start + 4, `an intset of ${size} bytes cannot have ${this.count} numbers of ${width} bytes`);
    this.blob = bytes;
    this.at = start + HEAD_BYTES;
    this.last = end;
    this.width = width;
    this.isFirst = true;
  }

  next(): boolean {
    if (this.at >= this.last) return false;
    const { blob, at, width, texts } = this;
    const [high, low] = [this.high, this.low];
    if (width === 8) {
      this.high = int32le(blob, at + 4);
      this.low = uint32le(blob, at);
      texts.write64(this.high, this.low);
    } else {
      const value = width === 2 ? int16le(blob, at) : int32le(blob, at);
      this.high = value < 0 ? -1 : 0;
      this.low = value >>> 0;
      texts.write(value);
    }
    if (!this.isFirst && (this.high < high || (this.high === high && this.low <= low))) throw corruptAt(at, 'the numbers of an intset are not in order');
    this.isFirst = false;
    this.start = texts.start;
    this.end = texts.end;
    this.at = at + width;
    return true;
  }
}
