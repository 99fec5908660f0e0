/**
 * Many replies in one slab: bytes behind each other and columns of numbers, nothing allocated per reply. For replies that are looked at by the hundred thousand,
 * where ReplyDecoder would make an object of each. Arrays are laid flat: a row for the array, then the rows of what it holds.
 *
 *   slab.begin(3)     *2 $1 a $-1   :7   +OK
 *   row  kind     text[start, end)   number
 *   0    Array                       2
 *   1    Bulk     a                  1
 *   2    Null
 *   3    Integer                     7
 *   4    Status   OK
 *
 * Of a bulk that is longer than `bulkKeepMax` only the last TAIL_BYTES are kept; `number` says how long it was (DUMP payloads end in a checksum of all of it).
 * Resumable: replies may be cut anywhere. The slab is used again with begin().
 */
import { readInteger } from '../bytes/ascii-integer.ts';
import { PartialLine } from './partial-line.ts';
import { excerpt, malformedReply, REPLY_DEPTH_MAX } from './reply-limits.ts';

export const ReplyKind = { Null: 0, Status: 1, Error: 2, Integer: 3, Bulk: 4, Array: 5 } as const;
export type ReplyKind = (typeof ReplyKind)[keyof typeof ReplyKind];

/** What is kept of a bulk that is too long. */
const TAIL_BYTES = 10;

const CR = 0x0d;
const LF = 0x0a;
const BYTES_INITIAL = 64 * 1024;
/** A larger slab is given up when it is used again for less. */
const BYTES_KEPT_MAX = 8 * 1024 * 1024;
const ROWS_INITIAL = 1024;
const SHORT_BYTES = 64;

export class ReplyColumns {
  bytes: Buffer = Buffer.allocUnsafeSlow(BYTES_INITIAL);
  rows = 0;
  /** Rows that are errors. */
  errors = 0;
  kind = new Uint8Array(ROWS_INITIAL);
  start = new Uint32Array(ROWS_INITIAL);
  end = new Uint32Array(ROWS_INITIAL);
  number = new Float64Array(ROWS_INITIAL);
  private length = 0;
  private remaining = 0;
  private readonly outer: number[] = [];
  private readonly partial = new PartialLine();
  private bulkKeepMax = 0;
  /** Of the bulk that is read: bytes to pass over, bytes to take, bytes of the CRLF behind it. */
  private skipLeft = 0;
  private takeLeft = 0;
  private tailLeft = 0;

  begin(replies: number, bulkKeepMax = Number.POSITIVE_INFINITY): void {
    if (this.bytes.length > BYTES_KEPT_MAX) this.bytes = Buffer.allocUnsafeSlow(BYTES_INITIAL);
    this.rows = 0;
    this.errors = 0;
    this.length = 0;
    this.remaining = replies;
    this.outer.length = 0;
    this.partial.length = 0;
    this.bulkKeepMax = bulkKeepMax;
    this.skipLeft = 0;
    this.takeLeft = 0;
    this.tailLeft = 0;
  }

  get done(): boolean {
    return this.remaining === 0 && this.outer.length === 0;
  }

  /** Was the bulk of this row too long to be kept whole? */
  isCut(row: number): boolean {
    return this.kind[row] === ReplyKind.Bulk && this.number[row] > this.end[row] - this.start[row];
  }

  /** Bulk, status or error as UTF-8. */
  text(row: number): string {
    return this.bytes.toString('utf8', this.start[row], this.end[row]);
  }

  /** Reads bytes[from, to) until all replies came or the bytes are used up; returns where it stopped. @throws PROTOCOL_ERROR */
  read(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && !this.done) at = this.tailLeft > 0 ? this.readBulk(bytes, at, to) : this.partial.readLine(bytes, at, to, this);
    return at;
  }

  /** For PartialLine. @param end position of the line feed */
  line(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < 2 || bytes[end - 1] !== CR) throw malformedReply(`line "${excerpt(bytes, start, end)}"`);
    switch (bytes[start]) {
      case 0x24:
        return this.bulkHeader(lengthOf(bytes, start + 1, end - 1));
      case 0x3a:
        this.row(ReplyKind.Integer, readInteger(bytes, start + 1, end - 1));
        return this.countOne();
      case 0x2a:
        return this.arrayHeader(lengthOf(bytes, start + 1, end - 1));
      case 0x2b:
        return this.textRow(ReplyKind.Status, bytes, start + 1, end - 1);
      case 0x2d:
        return this.textRow(ReplyKind.Error, bytes, start + 1, end - 1);
      case 0x5f:
        this.row(ReplyKind.Null, 0);
        return this.countOne();
      default:
        throw malformedReply(`unknown type in "${excerpt(bytes, start, end - 1)}"`);
    }
  }

  private bulkHeader(size: number): void {
    if (size === -1) {
      this.row(ReplyKind.Null, 0);
      return this.countOne();
    }
    this.skipLeft = size > this.bulkKeepMax ? Math.max(0, size - TAIL_BYTES) : 0;
    this.takeLeft = size - this.skipLeft;
    this.tailLeft = 2;
    this.reserve(this.takeLeft);
    const row = this.row(ReplyKind.Bulk, size);
    this.end[row] = this.length + this.takeLeft;
  }

  private readBulk(bytes: Uint8Array, from: number, to: number): number {
    let at = from + Math.min(this.skipLeft, to - from);
    this.skipLeft -= at - from;
    const count = Math.min(this.takeLeft, to - at);
    if (count > 0) {
      this.copy(bytes, at, at + count);
      this.takeLeft -= count;
      at += count;
    }
    while (at < to && this.takeLeft === 0 && this.skipLeft === 0 && this.tailLeft > 0) {
      if (bytes[at] !== (this.tailLeft === 2 ? CR : LF)) throw malformedReply('a bulk is not followed by CR LF');
      this.tailLeft--;
      at++;
      if (this.tailLeft === 0) this.countOne();
    }
    return at;
  }

  private arrayHeader(size: number): void {
    this.row(size === -1 ? ReplyKind.Null : ReplyKind.Array, Math.max(0, size));
    if (size <= 0) return this.countOne();
    if (this.outer.length === REPLY_DEPTH_MAX) throw malformedReply(`arrays nested deeper than ${REPLY_DEPTH_MAX}`);
    this.outer.push(this.remaining);
    this.remaining = size;
  }

  private textRow(kind: ReplyKind, bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    if (kind === ReplyKind.Error) this.errors++;
    const row = this.row(kind, 0);
    this.copy(bytes, start, end);
    this.end[row] = this.length;
    this.countOne();
  }

  private countOne(): void {
    this.remaining--;
    while (this.remaining === 0 && this.outer.length > 0) this.remaining = (this.outer.pop() as number) - 1;
  }

  private row(kind: ReplyKind, number: number): number {
    if (this.rows === this.kind.length) this.growColumns();
    const row = this.rows++;
    this.kind[row] = kind;
    this.number[row] = number;
    this.start[row] = this.length;
    this.end[row] = this.length;
    return row;
  }

  private copy(from: Uint8Array, start: number, end: number): void {
    const { bytes } = this;
    let { length } = this;
    if (end - start > SHORT_BYTES) {
      bytes.set(from.subarray(start, end), length);
      length += end - start;
    } else for (let at = start; at < end; at++) bytes[length++] = from[at];
    this.length = length;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  private growColumns(): void {
    const size = this.kind.length * 2;
    const kind = new Uint8Array(size);
    kind.set(this.kind);
    this.kind = kind;
    const start = new Uint32Array(size);
    start.set(this.start);
    this.start = start;
    const end = new Uint32Array(size);
    end.set(this.end);
    this.end = end;
    const number = new Float64Array(size);
    number.set(this.number);
    this.number = number;
  }
}

function lengthOf(bytes: Uint8Array, start: number, end: number): number {
  const n = readInteger(bytes, start, end);
  if (!(n >= -1)) throw malformedReply(`length "${excerpt(bytes, start, end)}"`);
  return n;
}
