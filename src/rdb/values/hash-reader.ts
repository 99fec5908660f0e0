/**
 * Hashes with their fields one by one, in the forms of both vendors.
 *
 *   plain          count ( field value )*
 *   expiry-first   [ least:uint64le ] count ( expiry field value )*      ; Redis 7.4; expiry 0 = none, else ms from `least` on, plus 1;
 *                                                                        ; without `least` (release candidates) Unix ms
 *   expiry-last    count ( field value ms:int64le )*                     ; Valkey 9.0; -1 = none
 */
import { int64le } from '../../bytes/little-endian.ts';
import { ValueKind } from '../../model/value-kind.ts';
import { lengthAt } from '../rdb-length.ts';
import { TextSlot } from './text-slot.ts';
import { CountedReader, timeMs } from './value-reader.ts';
import type { ValueVisitor } from './value-visitor.ts';

export type HashForm = 'plain' | 'expiry-first' | 'expiry-from-least' | 'expiry-last';

const LEAST_BYTES = 8;
const EXPIRY_BYTES = 8;

export class HashReader extends CountedReader {
  private readonly field = new TextSlot();
  private readonly value = new TextSlot();
  private form: HashForm = 'plain';
  private leastMs = 0;
  private expiryMs = -1;

  begin(values: ValueVisitor, form: HashForm): this {
    this.start(values);
    this.form = form;
    this.expiryMs = -1;
    return this;
  }

  release(): void {
    this.field.release();
    this.value.release();
  }

  protected readHead(at: number): number {
    const { window } = this;
    let from = at;
    // An expiry of 1 stands for the least itself.
    this.leastMs = 1;
    if (this.form === 'expiry-from-least') {
      from = window.fixedEnd(at, LEAST_BYTES);
      if (from < 0) return from;
      this.leastMs = int64le(window.bytes, at);
    }
    const next = window.lengthEnd(from);
    if (next < 0) return next;
    this.left = window.countAt(from);
    this.values.begin(ValueKind.Hash, this.left);
    return next;
  }

  protected readItems(at: number): number {
    const { window, values, field, value, form } = this;
    const isFirst = form === 'expiry-first' || form === 'expiry-from-least';
    const isLast = form === 'expiry-last';
    let from = at;
    while (this.left > 0) {
      const fieldAt = isFirst ? this.readExpiry(from) : from;
      if (fieldAt < 0) break;
      const valueAt = window.stringEnd(fieldAt);
      if (valueAt < 0) break;
      const valueEnd = window.stringEnd(valueAt);
      if (valueEnd < 0) break;
      const next = isLast ? this.readLastExpiry(valueEnd) : valueEnd;
      if (next < 0) break;
      field.take(window.bytes, fieldAt, valueAt);
      value.take(window.bytes, valueAt, valueEnd);
      values.field(field.bytes, field.start, field.end, value.bytes, value.start, value.end, this.expiryMs);
      from = next;
      this.left--;
    }
    return from;
  }

  private readExpiry(at: number): number {
    const next = this.window.lengthEnd(at);
    if (next < 0) return next;
    const expiry = lengthAt(this.window.bytes, at);
    this.expiryMs = expiry === 0 ? -1 : timeMs(at, expiry + this.leastMs - 1);
    return next;
  }

  private readLastExpiry(at: number): number {
    const next = this.window.fixedEnd(at, EXPIRY_BYTES);
    if (next < 0) return next;
    const expiryMs = int64le(this.window.bytes, at);
    this.expiryMs = expiryMs === -1 ? -1 : timeMs(at, expiryMs);
    return next;
  }
}
