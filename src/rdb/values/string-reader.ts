/** A string. Its text is handed on in the parts that the window has, unless it is compressed. */
import { ValueKind } from '../../model/value-kind.ts';
import { sizeAt } from '../rdb-length.ts';
import { isEncoded } from '../rdb-string.ts';
import type { ItemWindow } from './item-window.ts';
import { TextSlot } from './text-slot.ts';
import type { ValueReader } from './value-reader.ts';
import type { ValueVisitor } from './value-visitor.ts';

export class StringReader implements ValueReader {
  private readonly window: ItemWindow;
  private readonly slot = new TextSlot();
  private values!: ValueVisitor;
  /** Bytes of plain text still to come; -1 before the length was read. */
  private left = -1;

  constructor(window: ItemWindow) {
    this.window = window;
  }

  get done(): boolean {
    return this.left === 0;
  }

  begin(values: ValueVisitor): this {
    this.values = values;
    this.left = -1;
    return this;
  }

  read(at: number): number {
    const { window, values } = this;
    let from = at;
    if (this.left < 0) {
      if (at < window.end && isEncoded(window.bytes, at)) return this.readEncoded(at);
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

  private readEncoded(at: number): number {
    const { window, slot, values } = this;
    const next = window.stringEnd(at);
    if (next < 0) return at;
    slot.take(window.bytes, at, next);
    values.begin(ValueKind.String, slot.end - slot.start);
    if (slot.end > slot.start) values.text(slot.bytes, slot.start, slot.end);
    this.left = 0;
    return next;
  }
}
