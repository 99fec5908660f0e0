/**
 * Brings a snapshot and the stream behind it to the target, batch by batch, from wherever the mark says. It knows nothing of breaks: any failure is
 * thrown, and sync-pipeline.ts begins anew at the mark.
 */
import type { Mark } from '../checkpoint/mark.ts';
import { GodwitError } from '../errors/errors.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import { RdbDecoder } from '../rdb/rdb-decoder.ts';
import type { Batch } from '../model/batch.ts';
import { StreamDecoder } from '../resp/stream-decoder.ts';
import type { SpoolLog } from '../source/replica/spool/spool-log.ts';
import type { Delivery } from './delivery.ts';
import { rowsAt, windowBytesAt } from './distance.ts';
import { LogCursor } from './log-cursor.ts';

const RDB_WINDOW_BYTES = 512 * 1024;
/** Values that fit are taken whole; larger ones go alone, in two passes over the spool (large-value.ts). */
const RDB_WINDOW_BYTES_MAX = 8 * 1024 * 1024;
const RDB_ROWS_MAX = 16_384;
const RDB_KEY_BYTES_MAX = 1024 * 1024 * 1024;
const STREAM_WINDOW_BYTES = 256 * 1024;
const STREAM_UNIT_BYTES_MAX = 1024 * 1024 * 1024;
const PATIENCE_BYTES = 64 * 1024;
const STREAM_ROWS_MAX = 20_000;
const EMPTY_MARK_EVERY_MS = 10_000;

export interface ApplierOptions {
  readonly delivery: Delivery;
  /** Keys that begin with it are ours. */
  readonly prefix: string;
  /** True: end at the next place between two batches. */
  stopping(): boolean;
  /** Bounds of the target for one value; 0 = unknown. */
  readonly valueBytesMax: number;
  /** To the target; 0 = not known. */
  readonly roundTripMs: number;
}

export class Applier {
  private readonly options: ApplierOptions;
  private cursor: LogCursor | undefined;
  private isMarkAsked = false;

  constructor(options: ApplierOptions) {
    this.options = options;
  }

  /** The delivery can send no more: ends the waiting for bytes. */
  fail(error: GodwitError): void {
    this.cursor?.fail(error);
  }

  /** The mark is to tell soon all that is applied, also what held nothing for the target. */
  markNow(): void {
    this.isMarkAsked = true;
    this.cursor?.wake();
  }

  /** Applies the snapshot from the mark on; returns the mark behind it, in incremental sync, which is sent too. `complete` settles with the receipt. */
  async fullSync(log: SpoolLog, from: Mark, complete: Promise<void>): Promise<Mark> {
    const { delivery, roundTripMs } = this.options;
    const windowBytes = windowBytesAt(roundTripMs, RDB_WINDOW_BYTES);
    const rowsMax = rowsAt(windowBytes, RDB_WINDOW_BYTES, RDB_ROWS_MAX);
    const hidden = { hiddenKeyPrefix: Buffer.from(this.options.prefix) };
    const decoder = from.rdbState === null ? new RdbDecoder(hidden) : RdbDecoder.resumeAt(from.rdbState, hidden);
    const cursor = new LogCursor(log, from.rdbOffset, windowBytes);
    this.cursor = cursor;
    let mark = from;
    let batch = await delivery.take(rowsMax);
    for (;;) {
      const next = decoder.decode(cursor.window, cursor.start, cursor.end, cursor.offset, batch);
      const moved = next > cursor.start;
      cursor.consume(next);
      if (batch.count > 0) {
        mark = await this.sendRows(decoder, batch, mark);
        batch = await delivery.take(rowsMax);
      }
      if (decoder.status === 'end') break;
      if (this.options.stopping()) return mark;
      if (decoder.status === 'batch-full') continue;
      if (cursor.full && !moved && this.mayGrow(cursor)) cursor.grow();
      else if (cursor.full && !moved) {
        const large = decoder.beginLarge(cursor.window, cursor.start, cursor.end, cursor.offset);
        if (large === undefined && cursor.window.length >= RDB_KEY_BYTES_MAX) throw new GodwitError('RDB_UNSUPPORTED', 'a key is longer than 1 GiB');
        if (large === undefined) cursor.grow();
        else {
          mark = await this.applyLarge(large, decoder, mark);
          batch = await delivery.take(rowsMax);
          continue;
        }
      }
      if (!(await cursor.more(enough(cursor))))
        throw new GodwitError('RDB_CORRUPT', `the snapshot ends at offset ${cursor.offset + cursor.end - cursor.start} without its end mark`);
    }
    await complete;
    const database = Number(decoder.aux.get('repl-stream-db') ?? 0) || 0;
    const done: Mark = { ...mark, phase: 'incremental-sync', database, rdbOffset: 0, rdbState: null };
    await delivery.endFullSync(done);
    return done;
  }

  /** Applies the stream from the mark on until told to stop. */
  async incrementalSync(log: SpoolLog, from: Mark): Promise<void> {
    const { delivery, roundTripMs } = this.options;
    const decoder = new StreamDecoder(from, this.options.prefix);
    const windowBytes = windowBytesAt(roundTripMs, STREAM_WINDOW_BYTES);
    const rowsUsual = rowsAt(windowBytes, STREAM_WINDOW_BYTES, STREAM_ROWS_MAX);
    const cursor = new LogCursor(log, from.offset, windowBytes);
    this.cursor = cursor;
    let rowsMax = rowsUsual;
    let batch = await delivery.take(rowsMax);
    let markedAtMs = performance.now();
    let marked = from.offset;
    let passed = from.offset;
    while (!this.options.stopping()) {
      const next = decoder.decode(cursor.window, cursor.start, cursor.end, batch);
      cursor.consume(next);
      // What is left in the window may be whole.
      const again = batch.full || decoder.lacksRows;
      const isEmpty = batch.count === 0;
      const due = decoder.offset > marked && (this.isMarkAsked || performance.now() - markedAtMs > EMPTY_MARK_EVERY_MS);
      if (!isEmpty || due) {
        await delivery.sendCommands({ ...from, offset: decoder.offset, database: decoder.database });
        marked = decoder.offset;
        this.isMarkAsked = false;
        markedAtMs = performance.now();
        rowsMax = rowsUsual;
        cursor.shrink(windowBytes);
        batch = await delivery.take(rowsMax);
      } else if (decoder.offset > passed) delivery.pass({ ...from, offset: decoder.offset, database: decoder.database });
      passed = decoder.offset;
      if (decoder.lacksRows && isEmpty) {
        rowsMax *= 4;
        batch = await delivery.take(rowsMax);
      }
      if (again) continue;
      if (cursor.full) {
        if (cursor.window.length >= STREAM_UNIT_BYTES_MAX) throw new GodwitError('VALUE_TOO_LARGE', `the unit at offset ${cursor.offset} is larger than 1 GiB`);
        cursor.grow();
      }
      await cursor.more();
    }
  }

  /** A value that fits into the window fits into one argument at the target, too. */
  private mayGrow({ window }: LogCursor): boolean {
    const { valueBytesMax } = this.options;
    return window.length < RDB_WINDOW_BYTES_MAX && (valueBytesMax === 0 || window.length * 2 < valueBytesMax);
  }

  private async sendRows(decoder: RdbDecoder, batch: Batch, before: Mark): Promise<Mark> {
    const last = batch.count - 1;
    const rdbState = { ...decoder.state(), database: batch.database[last] };
    const mark: Mark = { ...before, rdbOffset: batch.endOffset[last], rdbState };
    await this.options.delivery.sendValues(decoder, mark);
    return mark;
  }

  private async applyLarge(large: LargeEntry, decoder: RdbDecoder, before: Mark): Promise<Mark> {
    const cursor = this.cursor as LogCursor;
    const behind = (): Mark => ({ ...before, rdbOffset: large.valueEnd, rdbState: { ...decoder.state(), database: large.database } });
    const mark = await this.options.delivery.sendLarge(large, decoder, cursor, { before, behind });
    cursor.seek(large.valueEnd);
    return mark;
  }
}

/** An entry of a snapshot that is not whole is looked at from its begin each time: only when twice as much of it has come, so that the work stays linear. */
function enough({ start, end }: LogCursor): number {
  return end - start < PATIENCE_BYTES ? 1 : (end - start) * 2;
}
