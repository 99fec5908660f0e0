/** Sorted sets with their members one by one: `count ( member score )*`, the score as text (before Redis 4.0) or as a double of 8 bytes. */
import { doubleLe } from '../../bytes/little-endian.ts';
import { ValueKind } from '../../model/value-kind.ts';
import { scoreOf } from '../encodings/score.ts';
import { textDoubleEnd } from '../item-end.ts';
import { corruptAt } from '../rdb-length.ts';
import { TextSlot } from './text-slot.ts';
import { CountedReader } from './value-reader.ts';
import type { ValueVisitor } from './value-visitor.ts';

const SCORE_BYTES = 8;
/** In place of the length of a text. */
const NOT_A_NUMBER = 253;
const INFINITE = 254;
const MINUS_INFINITE = 255;

export class ZsetReader extends CountedReader {
  private readonly member = new TextSlot();
  private isText = false;

  begin(values: ValueVisitor, isText: boolean): this {
    this.start(values);
    this.isText = isText;
    return this;
  }

  release(): void {
    this.member.release();
  }

  protected readHead(at: number): number {
    const next = this.window.lengthEnd(at);
    if (next < 0) return next;
    this.left = this.window.countAt(at);
    this.values.begin(ValueKind.Zset, this.left);
    return next;
  }

  protected readItems(at: number): number {
    const { window, values, member, isText } = this;
    let from = at;
    while (this.left > 0) {
      const scoreAt = window.stringEnd(from);
      if (scoreAt < 0) break;
      const next = isText ? window.endOf(scoreAt, textDoubleEnd(window.bytes, scoreAt, window.end)) : window.fixedEnd(scoreAt, SCORE_BYTES);
      if (next < 0) break;
      const score = isText ? this.textScore(scoreAt, next) : doubleLe(window.bytes, scoreAt);
      if (Number.isNaN(score)) throw corruptAt(scoreAt, 'a score is not a number');
      member.take(window.bytes, from, scoreAt);
      values.member(member.bytes, member.start, member.end, score);
      from = next;
      this.left--;
    }
    return from;
  }

  private textScore(at: number, next: number): number {
    const { bytes } = this.window;
    const first = bytes[at];
    if (first === NOT_A_NUMBER) return Number.NaN;
    if (first === INFINITE) return Number.POSITIVE_INFINITY;
    return first === MINUS_INFINITE ? Number.NEGATIVE_INFINITY : scoreOf(bytes, at + 1, next);
  }
}
