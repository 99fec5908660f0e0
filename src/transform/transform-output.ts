/**
 * What transforms make of commands: RESP arrays side by side in one slab, and columns of numbers as a batch has them. Filled row by row, read by the pipeline,
 * and used again with reset(). What a row has made so far can be taken back, for a row that fails makes nothing.
 *
 *   bytes                 the slab; grows, so it may be another object after anything is added
 *   start, end, database  of each command, in the order in which they are to be applied
 *   row                   which row of the input it stands for; ascending
 */
import { writeInteger } from '../bytes/ascii-integer.ts';

const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
/** Room for `*<count>\r\n` and `$<length>\r\n...\r\n`. */
const AROUND_BYTES = 32;
const SMALL_BYTES = 128;

export class TransformOutput {
  bytes: Buffer;
  length = 0;
  count = 0;
  start: Uint32Array;
  end: Uint32Array;
  database: Uint32Array;
  row: Uint32Array;

  constructor(bytesInitial = 65_536, commandsInitial = 1024) {
    this.bytes = Buffer.allocUnsafeSlow(bytesInitial);
    this.start = new Uint32Array(commandsInitial);
    this.end = new Uint32Array(commandsInitial);
    this.database = new Uint32Array(commandsInitial);
    this.row = new Uint32Array(commandsInitial);
  }

  reset(): void {
    this.length = 0;
    this.count = 0;
  }

  /** Begins a command of `argumentCount` arguments (the name counts); they are to follow, and then close(). */
  open(row: number, database: number, argumentCount: number): void {
    if (this.count === this.start.length) this.growColumns();
    this.ensure(AROUND_BYTES);
    this.start[this.count] = this.length;
    this.database[this.count] = database;
    this.row[this.count] = row;
    this.header(STAR, argumentCount);
  }

  /** One argument, from[start, end). */
  argument(from: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.ensure(size + AROUND_BYTES);
    this.header(DOLLAR, size);
    this.copy(from, start, end);
    this.lineEnd();
  }

  /** One argument, ASCII. */
  word(text: string): void {
    this.ensure(text.length + AROUND_BYTES);
    this.header(DOLLAR, text.length);
    this.length += this.bytes.write(text, this.length, 'latin1');
    this.lineEnd();
  }

  /** Arguments as they stand in from[start, end): RESP bulk strings side by side. */
  range(from: Uint8Array, start: number, end: number): void {
    this.ensure(end - start);
    this.copy(from, start, end);
  }

  close(): void {
    this.end[this.count++] = this.length;
  }

  /** A whole command as it stands in from[start, end). */
  command(row: number, database: number, from: Uint8Array, start: number, end: number): void {
    if (this.count === this.start.length) this.growColumns();
    this.start[this.count] = this.length;
    this.database[this.count] = database;
    this.row[this.count] = row;
    this.range(from, start, end);
    this.close();
  }

  /** Takes back what was added since there were so many commands. */
  takeBack(count: number, length: number): void {
    this.count = count;
    this.length = length;
  }

  private header(type: number, n: number): void {
    this.bytes[this.length] = type;
    this.length = writeInteger(this.bytes, this.length + 1, n);
    this.lineEnd();
  }

  private lineEnd(): void {
    this.bytes[this.length++] = CR;
    this.bytes[this.length++] = LF;
  }

  private copy(from: Uint8Array, start: number, end: number): void {
    const { bytes } = this;
    let { length } = this;
    if (end - start > SMALL_BYTES) {
      bytes.set(from.subarray(start, end), length);
      length += end - start;
    } else for (let at = start; at < end;) bytes[length++] = from[at++];
    this.length = length;
  }

  private ensure(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  private growColumns(): void {
    const grown = (column: Uint32Array): Uint32Array => {
      const larger = new Uint32Array(column.length * 2);
      larger.set(column);
      return larger;
    };
    this.start = grown(this.start);
    this.end = grown(this.end);
    this.database = grown(this.database);
    this.row = grown(this.row);
  }
}
