/** A string. Its text is handed on in the parts that the window has; that of a compressed one as it comes out of what the window has. */
import { checkLzfLength } from '../../bytes/lzf.ts';
import { LzfStream } from '../../bytes/lzf-stream.ts';
import { ValueKind } from '../../model/value-kind.ts';
import { errorIndex, placedError } from '../located-error.ts';
import { lengthAt, sizeAt } from '../rdb-length.ts';
import { isEncoded, isEncodedInteger } from '../rdb-string.ts';
import type { ItemWindow } from './item-window.ts';
import { TextSlot } from './text-slot.ts';
import type { ValueReader } from './value-reader.ts';
import type { ValueVisitor } from './value-visitor.ts';

/** A compressed text that is longer is not held whole. */
const WHOLE_BYTES_MAX = 256 * 1024;

export class StringReader implements ValueReader {
  private readonly window: ItemWindow;
  private readonly slot = new TextSlot();
  private values!: ValueVisitor;
  /** Bytes of plain text still to come; -1 before the length was read. */
  private left = -1;
  /** Made for the first text that needs it. */
  private lzf: LzfStream | null = null;
  private isInLzf = false;

  constructor(window: ItemWindow) {
    this.window = window;
  }

  get done(): boolean {
    return this.left === 0;
  }

  begin(values: ValueVisitor): this {
    this.values = values;
    this.left = -1;
    this.isInLzf = false;
    return this;
  }

  read(at: number): number {
    const { window, values } = this;
    let from = at;
    if (this.isInLzf) return this.readLzf(at);
    if (this.left < 0) {
      if (at < window.end && isEncoded(window.bytes, at)) return isEncodedInteger(window.bytes, at) ? this.readWhole(at) : this.beginLzf(at);
      from = window.lengthEnd(at);
      if (from < 0) return at;
      this.left = sizeAt(window.bytes, at);
      window.checkFits(from, this.left);
      values.begin(ValueKind.String, this.left);
    }
    const next = Math.min(window.end, from + this.left);
    if (next > from) values.text(window.bytes, from, next);
    this.left -= next - from;
    return next;
  }

  release(): void {
    this.slot.release();
  }

  private readWhole(at: number): number {
    const { window, slot, values } = this;
    const next = window.stringEnd(at);
    if (next < 0) return at;
    slot.take(window.bytes, at, next);
    values.begin(ValueKind.String, slot.end - slot.start);
    if (slot.end > slot.start) values.text(slot.bytes, slot.start, slot.end);
    this.left = 0;
    return next;
  }

  private beginLzf(at: number): number {
    const { window } = this;
    const second = window.lengthEnd(at + 1);
    if (second < 0) return at;
    const body = window.lengthEnd(second);
    if (body < 0) return at;
    const packedBytes = sizeAt(window.bytes, at + 1);
    const length = lengthAt(window.bytes, second);
    window.checkFits(body, packedBytes);
    if (length <= WHOLE_BYTES_MAX) return this.readWhole(at);
    try {
      checkLzfLength(body, body + packedBytes, length);
    } catch (error) {
      throw placedError(error, errorIndex(error, at));
    }
    this.lzf ??= new LzfStream();
    this.lzf.begin(packedBytes, length);
    this.isInLzf = true;
    this.values.begin(ValueKind.String, length);
    return this.readLzf(body);
  }

  private readLzf(at: number): number {
    const { window, lzf, values } = this;
    if (lzf === null) return at;
    try {
      const next = lzf.feed(window.bytes, at, window.end, (bytes, start, end) => values.text(bytes, start, end));
      if (lzf.done) this.left = 0;
      else window.fixedEnd(next, lzf.needed);
      return next;
    } catch (error) {
      throw placedError(error, errorIndex(error, at));
    }
  }
}
