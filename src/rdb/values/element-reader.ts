/** Lists and sets with their elements one by one: `count string*`. */
import { ValueKind } from '../../model/value-kind.ts';
import { CountedReader } from './value-reader.ts';
import { TextSlot } from './text-slot.ts';
import type { ValueVisitor } from './value-visitor.ts';

/** Strings below have one byte of length. */
const SHORT_STRING = 0x40;

export class ElementReader extends CountedReader {
  private readonly slot = new TextSlot();
  private kind: ValueKind = ValueKind.List;

  begin(values: ValueVisitor, kind: ValueKind): this {
    this.start(values);
    this.kind = kind;
    return this;
  }

  release(): void {
    this.slot.release();
  }

  protected readHead(at: number): number {
    const next = this.window.lengthEnd(at);
    if (next < 0) return next;
    this.left = this.window.countAt(at);
    this.values.begin(this.kind, this.left);
    return next;
  }

  protected readItems(at: number): number {
    const { window, values, slot } = this;
    const { bytes, end } = window;
    let from = at;
    while (this.left > 0) {
      const body = from + 1;
      const first = from < end ? bytes[from] : SHORT_STRING;
      if (first < SHORT_STRING && body + first <= end) {
        from = body + first;
        values.element(bytes, body, from);
      } else {
        const next = window.stringEnd(from);
        if (next < 0) break;
        slot.take(bytes, from, next);
        values.element(slot.bytes, slot.start, slot.end);
        from = next;
      }
      this.left--;
    }
    return from;
  }
}
