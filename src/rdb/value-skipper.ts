/**
 * Finds where a value ends, without decoding it and without needing it whole: it follows the program of the value's type (value-program.ts)
 * and can stop wherever the bytes end and go on later.
 *
 *   begin(type, dialect)
 *   at = skip(bytes, pos, end)    consumed up to `at`; then one of
 *     done, seek = 0              the value ends at `at`
 *     done, seek > 0              the value ends `seek` bytes behind `end`
 *     not done, seek > 0          go on with the bytes from `seek` behind `end`; those between need not be read
 *     not done, seek = 0          bytes[at, end) are the begin of an item: give them again, with more behind (ITEM_HEAD_MAX is always enough)
 *
 * Invariants: reads nothing at or behind `end`; allocates nothing; a pass over n bytes takes O(n) steps, whatever the counts in them say.
 */
import { GodwitError } from '../errors/errors.ts';
import type { Dialect } from './dialect.ts';
import { LISTPACK_COUNT_BYTES, listpackCountAt } from './listpack-count.ts';
import { arrayCursorEnd, arrayElementEnd, moduleItemEnd, textDoubleEnd } from './item-end.ts';
import { corruptAt, lengthAt, lengthEnd, NEED_MORE, sizeAt, stringEnd } from './rdb-length.ts';
import { Op, unknownType, type ValueProgram, valuePrograms } from './value-program.ts';

/** No item has more bytes in front of what can be jumped over: the form of a template's names, and the begin of a compressed listpack of them. */
export const ITEM_HEAD_MAX = 9 + LISTPACK_COUNT_BYTES;

/** Loops within loops: groups, their consumers, what is pending of each. */
const DEPTH_MAX = 4;
/** Operations and their arguments alternate. */
const STEP = 2;

export class ValueSkipper {
  done = true;
  /** Bytes behind the `end` of the last skip() that can be jumped over. */
  seek = 0;
  /** Fields of each template of the registry, by id. */
  templates: ReadonlyMap<number, number> = new Map();
  private program: ValueProgram = Int32Array.of(Op.Done, 0);
  private at = 0;
  private readonly rounds = new Float64Array(DEPTH_MAX);
  private depth = 0;
  /** Strings (or array elements) still to come of the run. */
  private run = 0;
  private bytesLeft = Number.POSITIVE_INFINITY;

  /**
   * @param bytesLeftMax bytes that the file has from the value's begin on; a value that says it is longer is damage
   * @throws GodwitError RDB_UNSUPPORTED if the dialect has no such type, or its end cannot be known
   */
  begin(type: number, dialect: Dialect, bytesLeftMax = Number.POSITIVE_INFINITY): void {
    const program = valuePrograms(dialect)[type];
    if (!program) throw unknownType(dialect, type);
    this.beginProgram(program, bytesLeftMax);
  }

  beginProgram(program: ValueProgram, bytesLeftMax = Number.POSITIVE_INFINITY): void {
    this.program = program;
    this.at = 0;
    this.depth = 0;
    this.run = 0;
    this.seek = 0;
    this.done = false;
    this.bytesLeft = bytesLeftMax;
  }

  /** @returns the index up to which bytes are consumed. @throws GodwitError RDB_CORRUPT, with the index as details.at */
  skip(bytes: Uint8Array, pos: number, end: number): number {
    const program = this.program;
    let from = pos;
    this.seek = 0;
    while (!this.done) {
      const argument = program[this.at + 1];
      let next: number;
      switch (program[this.at]) {
        case Op.String:
          next = stringEnd(bytes, from, end);
          break;
        case Op.Scalar:
          next = lengthEnd(bytes, from, end);
          break;
        case Op.Fixed:
          next = from + argument;
          break;
        case Op.TextDouble:
          next = textDoubleEnd(bytes, from, end);
          break;
        case Op.Run:
          from = this.skipRun(bytes, from, end);
          if (this.run > 0 || this.seek > 0) return this.leave(pos, from);
          this.at += STEP;
          continue;
        case Op.Next:
          this.closeRound(argument);
          continue;
        case Op.Done:
          this.done = true;
          continue;
        default:
          next = this.skipRare(bytes, from, end, argument);
      }
      if (next < 0) return this.leave(pos, from);
      this.at += STEP;
      if (next > end) {
        this.jump(next - end);
        return this.leave(pos, end);
      }
      from = next;
    }
    return this.leave(pos, from);
  }

  /** What is not met once per item of a large value; leaves the program one step before where it goes on. */
  private skipRare(bytes: Uint8Array, from: number, end: number, argument: number): number {
    switch (this.program[this.at]) {
      case Op.Count:
        return this.openLoop(bytes, from, end, argument);
      case Op.CountRun:
        return this.openRun(bytes, from, end, argument);
      case Op.ModuleItems: {
        const next = moduleItemEnd(bytes, from, end);
        if (next >= 0 && lengthAt(bytes, from) !== 0) this.at -= STEP;
        return next;
      }
      case Op.ArrayCursor:
        return arrayCursorEnd(bytes, from, end);
      case Op.ArrayRun: {
        if (this.run === 0) return from;
        const next = arrayElementEnd(bytes, from, end);
        if (next >= 0 && --this.run > 0) this.at -= STEP;
        return next;
      }
      case Op.TemplateFields:
        return this.openTemplate(bytes, from, end, argument);
      case Op.TemplateId:
        return this.findTemplate(bytes, from, end);
      default:
        throw new GodwitError('INTERNAL', `a value program has no operation ${this.program[this.at]}`);
    }
  }

  private skipRun(bytes: Uint8Array, pos: number, end: number): number {
    let left = this.run;
    let from = pos;
    while (left > 0 && from < end) {
      const first = bytes[from];
      const next = first < 0x40 ? from + 1 + first : stringEnd(bytes, from, end);
      if (next < 0) break;
      left--;
      if (next > end) {
        this.run = left;
        this.jump(next - end);
        return end;
      }
      from = next;
    }
    this.run = left;
    return from;
  }

  private openLoop(bytes: Uint8Array, from: number, end: number, exit: number): number {
    const next = lengthEnd(bytes, from, end);
    if (next < 0) return NEED_MORE;
    const count = this.countAt(bytes, from);
    if (count === 0) this.at = exit - STEP;
    else this.rounds[this.depth++] = count;
    return next;
  }

  private closeRound(bodyAt: number): void {
    if (--this.rounds[this.depth - 1] > 0) {
      this.at = bodyAt;
      return;
    }
    this.depth--;
    this.at += STEP;
  }

  private openRun(bytes: Uint8Array, from: number, end: number, stringsPerItem: number): number {
    const next = lengthEnd(bytes, from, end);
    if (next >= 0) this.run = this.countAt(bytes, from) * stringsPerItem;
    return next;
  }

  private openTemplate(bytes: Uint8Array, from: number, end: number, stringsPerField: number): number {
    const next = lengthEnd(bytes, from, end);
    if (next < 0) return NEED_MORE;
    const form = lengthAt(bytes, from);
    if (form === 1) return this.openRun(bytes, next, end, stringsPerField);
    if (form !== 0) throw corruptAt(from, `a hash template cannot have the form ${form}`);
    this.run = 1;
    if (stringsPerField === 1) return next;
    const count = listpackCountAt(bytes, next, end);
    if (count === NEED_MORE) return NEED_MORE;
    if (count < 0) throw new GodwitError('RDB_UNSUPPORTED', 'a hash template of 65,535 fields or more has its names packed, and its values one by one');
    this.run += this.itemsAt(from, count);
    return next;
  }

  private findTemplate(bytes: Uint8Array, from: number, end: number): number {
    const next = lengthEnd(bytes, from, end);
    if (next < 0) return NEED_MORE;
    const fields = this.templates.get(lengthAt(bytes, from));
    if (fields === undefined) throw corruptAt(from, `there is no hash template ${lengthAt(bytes, from)}`);
    this.run = fields;
    return next;
  }

  private countAt(bytes: Uint8Array, from: number): number {
    return this.itemsAt(from, sizeAt(bytes, from));
  }

  /** Every item takes a byte at least, so that a count is bounded by what is left of the file. */
  private itemsAt(from: number, count: number): number {
    if (count > this.bytesLeft) throw corruptAt(from, `${count} items do not fit into what is left of the file`);
    return count;
  }

  /** Notes the jump, and goes through what needs no bytes, so that `done` is known at once. */
  private jump(seek: number): void {
    this.seek = seek;
    for (;;) {
      const operation = this.program[this.at];
      if (operation === Op.Next) this.closeRound(this.program[this.at + 1]);
      else if ((operation === Op.Run || operation === Op.ArrayRun) && this.run === 0) this.at += STEP;
      else {
        this.done = operation === Op.Done;
        return;
      }
    }
  }

  private leave(start: number, from: number): number {
    this.bytesLeft -= from - start + this.seek;
    if (this.bytesLeft < 0) throw corruptAt(from, 'a value goes beyond the end of the file');
    return from;
  }
}
