/**
 * Values that were read from a source key by key, to a Delivery: as the rows of a snapshot, with a mark that says how far the scan is. A key that is gone is removed
 * where that was asked for. Each row has a number of its own over all runs and attempts, which stands for its offset: nothing is ever taken for known.
 */
import type { Mark } from '../checkpoint/mark.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import { replyFailure } from '../net/reply-errors.ts';
import { type Dialect, dialectOf } from '../rdb/dialect.ts';
import { RdbType } from '../rdb/opcodes.ts';
import { LargeEntry } from '../rdb/large-entry.ts';
import { DUMP_FOOTER_BYTES } from '../rdb/restore-footer.ts';
import { ValueSkipper } from '../rdb/value-skipper.ts';
import { ReplyError } from '../resp/reply.ts';
import type { HugeString } from '../source/scan/huge-string.ts';
import { commandHead, KeyCommands } from '../source/scan/key-commands.ts';
import { type ReadValues, type ValuePart, ValueState } from '../source/scan/value-part.ts';
import { dumpDialect } from './dump-dialect.ts';
import type { Delivery, ValueForm } from './delivery.ts';
import { MemoryCursor } from './memory-cursor.ts';
import { RangeCursor } from './range-cursor.ts';

/** Larger ones go alone, in pieces. */
const ROW_BYTES_MAX = 2 * 1024 * 1024;
/** Of a string that is no payload: every version has them alike. */
const RANGE_DIALECT = 9;
const ROWS_OF_AN_EPOCH = 2 ** 33;
const UNLINK = commandHead('UNLINK');

/** Numbers of rows, growing over all attempts and runs. */
export class RowNumbers {
  last: number;

  constructor(epoch: number) {
    this.last = epoch * ROWS_OF_AN_EPOCH;
  }

  next(): number {
    return ++this.last;
  }
}

export interface ScanWriterOptions {
  readonly delivery: Delivery;
  readonly numbers: RowNumbers;
  /** Of the source, for messages. */
  readonly address: string;
  /** The largest argument that the target takes; 0 = unknown. */
  readonly valueBytesMax: number;
}

export class ScanWriter {
  /** Behind all that was sent. */
  mark: Mark;
  private readonly options: ScanWriterOptions;
  private readonly commands = new KeyCommands(64 * 1024);
  private readonly rowBytesMax: number;

  constructor(options: ScanWriterOptions, from: Mark) {
    this.options = options;
    this.mark = from;
    // What is written anew on the way may be longer than it was.
    this.rowBytesMax = options.valueBytesMax === 0 ? ROW_BYTES_MAX : Math.min(ROW_BYTES_MAX, options.valueBytesMax / 2);
  }

  /**
   * @param scan the position behind it; undefined = as before
   * @returns the number of its last row
   */
  async write(part: ValuePart, values: ReadValues, scan: string | undefined): Promise<number> {
    if (values.refusal !== undefined) {
      throw replyFailure(new ReplyError(values.refusal, 'DUMP'), { role: 'source values', address: this.options.address });
    }
    const rows = pick(values, (i) => values.state[i] === ValueState.There && values.end[i] - values.start[i] <= this.rowBytesMax);
    const large = pick(values, (i) => values.state[i] === ValueState.There && values.end[i] - values.start[i] > this.rowBytesMax);
    const gone = part.chunk.behind === null ? pick(values, (i) => values.state[i] === ValueState.Gone) : [];
    let left = (rows.length > 0 ? 1 : 0) + large.length + (gone.length > 0 ? 1 : 0);
    const text = (): string | undefined => (--left === 0 ? scan : undefined);
    const { database } = part.chunk;
    if (rows.length > 0) await this.sendRows(values, rows, database, text());
    for (const i of large) await this.sendLarge(values, i, database, text());
    if (gone.length > 0) await this.remove(values, gone, database, text());
    if (scan !== undefined && this.mark.scan !== scan) this.pass(scan);
    return this.mark.rdbOffset;
  }

  /** A string that comes in ranges, alone. @returns the number of its row */
  async writeString({ chunk, keys }: ValuePart, string: HugeString, scan: string | undefined): Promise<number> {
    const { delivery, numbers } = this.options;
    const dialect = dialectOf('REDIS', RANGE_DIALECT);
    const skipper = new ValueSkipper();
    skipper.begin(RdbType.String, dialect);
    const valueStart = numbers.next();
    const key = Uint8Array.from(chunk.bytes.subarray(chunk.start[keys[0]], chunk.end[keys[0]]));
    const head = { kind: EntryKind.RdbValue, type: RdbType.String, key, database: chunk.database, expiryMs: string.expiryMs, idle: -1, freq: -1, valueStart };
    const behind = (): Mark => this.markOf(numbers.next(), scan);
    await delivery.take(1);
    const cursor = new RangeCursor(string, valueStart);
    const form = { dialect, templates: undefined, isFinal: true };
    this.mark = await delivery.sendLarge(new LargeEntry(head, skipper), form, cursor, { before: this.mark, behind });
    if (scan !== undefined && this.mark.scan !== scan) this.pass(scan);
    return this.mark.rdbOffset;
  }

  /** The position moves on without anything to apply. */
  pass(scan: string): void {
    this.mark = { ...this.mark, rdbOffset: this.options.numbers.next(), scan };
    this.options.delivery.pass(this.mark);
  }

  private async sendRows(values: ReadValues, rows: readonly number[], database: number, scan: string | undefined): Promise<void> {
    const { delivery } = this.options;
    const batch = await delivery.take(rows.length, rows.length);
    const { bytes } = values.slab;
    batch.bytes = bytes;
    for (const i of rows) this.addRow(batch, values, i, database);
    const mark = this.markOf(batch.endOffset[batch.count - 1], scan);
    await delivery.sendValues(formOf(bytes, values.end[rows[0]]), mark);
    this.mark = mark;
  }

  private addRow(batch: Batch, values: ReadValues, i: number, database: number): void {
    const row = batch.count++;
    batch.kind[row] = EntryKind.RdbValue;
    batch.type[row] = values.slab.bytes[values.start[i]];
    batch.start[row] = values.start[i] + 1;
    batch.end[row] = values.end[i] - DUMP_FOOTER_BYTES;
    batch.keyStart[row] = values.keyStart[i];
    batch.keyEnd[row] = values.keyEnd[i];
    batch.database[row] = database;
    batch.expiryMs[row] = values.expiryMs[i];
    batch.idle[row] = values.idle[i];
    batch.freq[row] = values.freq[i];
    batch.endOffset[row] = this.options.numbers.next();
  }

  private async sendLarge(values: ReadValues, i: number, database: number, scan: string | undefined): Promise<void> {
    const { delivery, numbers } = this.options;
    const { bytes } = values.slab;
    const form = formOf(bytes, values.end[i]);
    const type = bytes[values.start[i]];
    const skipper = new ValueSkipper();
    skipper.begin(type, form.dialect as Dialect);
    const valueStart = numbers.next();
    const key = Uint8Array.from(bytes.subarray(values.keyStart[i], values.keyEnd[i]));
    const head = { kind: EntryKind.RdbValue, type, key, database, expiryMs: values.expiryMs[i], idle: values.idle[i], freq: values.freq[i], valueStart };
    const cursor = new MemoryCursor(bytes, values.start[i] + 1, values.end[i] - DUMP_FOOTER_BYTES, valueStart);
    const behind = (): Mark => this.markOf(numbers.next(), scan);
    await delivery.take(1);
    this.mark = await delivery.sendLarge(new LargeEntry(head, skipper), form, cursor, { before: this.mark, behind });
  }

  private async remove(values: ReadValues, gone: readonly number[], database: number, scan: string | undefined): Promise<void> {
    const { delivery, numbers } = this.options;
    const { commands } = this;
    commands.reset();
    const batch = await delivery.take(gone.length, gone.length);
    for (const i of gone) {
      const row = batch.count++;
      batch.kind[row] = EntryKind.Command;
      batch.start[row] = commands.length;
      commands.add(UNLINK, values.slab.bytes, values.keyStart[i], values.keyEnd[i]);
      batch.end[row] = commands.length;
      batch.keyEnd[row] = commands.length - 2;
      batch.keyStart[row] = batch.keyEnd[row] - (values.keyEnd[i] - values.keyStart[i]);
      batch.database[row] = database;
      batch.endOffset[row] = numbers.next();
    }
    batch.bytes = commands.bytes;
    const mark = this.markOf(batch.endOffset[batch.count - 1], scan);
    await delivery.sendCommands(mark);
    this.mark = mark;
  }

  private markOf(row: number, scan: string | undefined): Mark {
    return { ...this.mark, rdbOffset: row, ...(scan === undefined ? {} : { scan }) };
  }
}

function formOf(bytes: Uint8Array, end: number): ValueForm {
  return { dialect: dumpDialect(bytes, end), templates: undefined, isFinal: true };
}

function pick({ count }: ReadValues, wanted: (i: number) => boolean): number[] {
  const found: number[] = [];
  for (let i = 0; i < count; i++) if (wanted(i)) found.push(i);
  return found;
}
