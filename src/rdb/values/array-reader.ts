/**
 * Arrays (Redis 8.8): `count cursor ( index tag value )*`; tag 0 and 3 a string, 1 a number of 8 bytes, 2 a double. Numbers are handed on as the
 * text that a client gets.
 */
import { doubleLe, int32le, uint32le } from '../../bytes/little-endian.ts';
import { ValueKind } from '../../model/value-kind.ts';
import { arrayDoubleText } from '../encodings/array-double.ts';
import { IntegerTexts } from '../encodings/packed-entries.ts';
import { arrayCursorEnd, arrayElementEnd } from '../item-end.ts';
import { corruptAt, lengthAt, lengthBigAt, lengthEnd } from '../rdb-length.ts';
import { TextSlot } from './text-slot.ts';
import { CountedReader } from './value-reader.ts';
import type { ValueVisitor } from './value-visitor.ts';

const INTEGER = 1;
const DOUBLE = 2;
const NO_INDEX = 2n ** 64n - 1n;

export class ArrayReader extends CountedReader {
  private readonly text = new TextSlot();
  private readonly integers = new IntegerTexts();
  private readonly encoder = new TextEncoder();

  begin(values: ValueVisitor): this {
    this.start(values);
    return this;
  }

  release(): void {
    this.text.release();
  }

  protected readHead(at: number): number {
    const { window, values } = this;
    const cursor = window.lengthEnd(at);
    if (cursor < 0) return cursor;
    const next = window.endOf(cursor, arrayCursorEnd(window.bytes, cursor, window.end));
    if (next < 0) return next;
    const count = window.countAt(at);
    values.begin(ValueKind.Array, count);
    const index = lengthAt(window.bytes, cursor) === 0 ? null : lengthBigAt(window.bytes, lengthEnd(window.bytes, cursor, window.end));
    values.arrayCursor(index);
    this.left = count;
    return next;
  }

  protected readItems(at: number): number {
    const { window } = this;
    let from = at;
    while (this.left > 0) {
      const next = window.endOf(from, arrayElementEnd(window.bytes, from, window.end));
      if (next < 0) break;
      this.readElement(from, next);
      from = next;
      this.left--;
    }
    return from;
  }

  private readElement(at: number, next: number): void {
    const { window, values, text, integers } = this;
    const { bytes } = window;
    const index = lengthBigAt(bytes, at);
    if (index === NO_INDEX) throw corruptAt(at, 'an array cannot have the index 2^64 - 1');
    const tagAt = lengthEnd(bytes, at, next);
    const valueAt = lengthEnd(bytes, tagAt, next);
    const tag = lengthAt(bytes, tagAt);
    if (tag === INTEGER) {
      integers.write64(int32le(bytes, valueAt + 4), uint32le(bytes, valueAt));
      values.arrayElement(index, integers.bytes, integers.start, integers.end);
    } else if (tag === DOUBLE) {
      const value = doubleLe(bytes, valueAt);
      if (!Number.isFinite(value)) throw corruptAt(valueAt, 'an array cannot have a number that is not finite');
      const digits = this.encoder.encode(arrayDoubleText(value));
      values.arrayElement(index, digits, 0, digits.length);
    } else {
      text.take(bytes, valueAt, next);
      values.arrayElement(index, text.bytes, text.start, text.end);
    }
  }
}
