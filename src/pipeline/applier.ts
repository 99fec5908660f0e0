/**
 * Brings a snapshot and the stream behind it to the target, batch by batch, from wherever the mark says. It knows nothing of breaks: any failure is
 * thrown, and sync-pipeline.ts begins anew at the mark.
 */
import type { Mark } from '../checkpoint/mark.ts';
import { CommandArguments } from '../command/command-arguments.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Batch } from '../model/batch.ts';
import type { Dialect } from '../rdb/dialect.ts';
import { NOTHING_TO_APPLY, type LargeEntry } from '../rdb/large-entry.ts';
import { RdbType } from '../rdb/opcodes.ts';
import { RdbDecoder } from '../rdb/rdb-decoder.ts';
import { StreamDecoder } from '../resp/stream-decoder.ts';
import type { SpoolLog } from '../source/replica/spool/spool-log.ts';
import type { RestoreOptions } from '../target/batch-buffer.ts';
import type { BatchSender } from './batch-sender.ts';
import { LargeValue, tooLarge } from './large-value.ts';
import { LogCursor } from './log-cursor.ts';
import type { Parcel } from './parcel.ts';
import type { Refusals } from './refusals.ts';
import type { StreamTranslation } from './stream-translation.ts';

const RDB_WINDOW_BYTES = 512 * 1024;
/** Values that fit are taken whole; larger ones go alone, in two passes over the spool (large-value.ts). */
const RDB_WINDOW_BYTES_MAX = 8 * 1024 * 1024;
const RDB_ROWS_MAX = 16_384;
const RDB_KEY_BYTES_MAX = 1024 * 1024 * 1024;
const STREAM_WINDOW_BYTES = 256 * 1024;
const STREAM_UNIT_BYTES_MAX = 1024 * 1024 * 1024;
const PATIENCE_BYTES = 64 * 1024;
const COMMAND_BYTES_MIN = 14;
const EMPTY_MARK_EVERY_MS = 10_000;

export interface ApplierOptions {
  readonly sender: BatchSender;
  readonly restore: RestoreOptions;
  /** Keys that begin with it are ours. */
  readonly prefix: string;
  /** What may be applied twice goes without a transaction. */
  readonly plainBatches: boolean;
  readonly translation: StreamTranslation;
  readonly refusals: Refusals;
  /** Rows that were refused before: not sent again. */
  readonly leftOut: ReadonlySet<string>;
  /** True: end at the next place between two batches. */
  stopping(): boolean;
  /** Bounds of the target for one value; 0 = unknown. */
  readonly valueBytesMax: number;
}

export class Applier {
  private readonly options: ApplierOptions;
  private cursor: LogCursor | undefined;

  constructor(options: ApplierOptions) {
    this.options = options;
  }

  /** The sender can send no more: ends the waiting for bytes. */
  fail(error: GodwitError): void {
    this.cursor?.fail(error);
  }

  /** Applies the snapshot from the mark on; returns the mark behind it, in incremental sync, which is sent too. `complete` settles with the receipt. */
  async fullSync(log: SpoolLog, from: Mark, complete: Promise<void>): Promise<Mark> {
    const { sender } = this.options;
    const hidden = { hiddenKeyPrefix: Buffer.from(this.options.prefix) };
    const decoder = from.rdbState === null ? new RdbDecoder(hidden) : RdbDecoder.resumeAt(from.rdbState, hidden);
    const cursor = new LogCursor(log, from.rdbOffset, RDB_WINDOW_BYTES);
    this.cursor = cursor;
    let mark = from;
    let parcel = await sender.take(RDB_ROWS_MAX);
    for (;;) {
      const { batch } = parcel;
      const next = decoder.decode(cursor.window, cursor.start, cursor.end, cursor.offset, batch);
      const moved = next > cursor.start;
      cursor.consume(next);
      if (batch.count > 0) {
        mark = await this.sendRows(decoder, parcel, mark);
        parcel = await sender.take(RDB_ROWS_MAX);
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
          mark = await this.applyLarge(large, decoder, parcel, mark);
          parcel = await sender.take(RDB_ROWS_MAX);
          continue;
        }
      }
      if (!(await cursor.more(enough(cursor))))
        throw new GodwitError('RDB_CORRUPT', `the snapshot ends at offset ${cursor.offset + cursor.end - cursor.start} without its end mark`);
    }
    await complete;
    const database = Number(decoder.aux.get('repl-stream-db') ?? 0) || 0;
    const done: Mark = { ...mark, phase: 'incremental-sync', database, rdbOffset: 0, rdbState: null };
    parcel.buffer.begin('transaction');
    await sender.send(parcel, done);
    await sender.settled();
    return done;
  }

  /** Applies the stream from the mark on until told to stop. */
  async incrementalSync(log: SpoolLog, from: Mark): Promise<void> {
    const { sender, translation, leftOut, plainBatches, valueBytesMax } = this.options;
    const decoder = new StreamDecoder(from, this.options.prefix);
    const cursor = new LogCursor(log, from.offset, STREAM_WINDOW_BYTES);
    this.cursor = cursor;
    let parcel = await sender.take(rowsOf(cursor));
    let markedAtMs = performance.now();
    let marked = from.offset;
    let passed = from.offset;
    while (!this.options.stopping()) {
      const { batch, buffer } = parcel;
      const next = decoder.decode(cursor.window, cursor.start, cursor.end, batch);
      cursor.consume(next);
      const due = decoder.offset > marked && performance.now() - markedAtMs > EMPTY_MARK_EVERY_MS;
      if (batch.count > 0 || due) {
        const mark = { ...from, offset: decoder.offset, database: decoder.database };
        if (valueBytesMax > 0 && cursor.window.length >= valueBytesMax) checkSizes(batch, valueBytesMax);
        const repeatable = translation.translate(batch, Date.now());
        if (translation.unsupported.length > 0) await this.options.refusals.unsupported(batch, mark, translation.unsupported);
        buffer.begin(batch.count > 0 && plainBatches && repeatable ? 'plain' : 'transaction');
        buffer.addCommands(batch, translation.replaced, leftOut);
        await sender.send(parcel, mark);
        marked = decoder.offset;
        markedAtMs = performance.now();
        parcel = await sender.take(rowsOf(cursor));
      } else if (decoder.offset > passed) sender.pass({ ...from, offset: decoder.offset, database: decoder.database });
      passed = decoder.offset;
      if (cursor.full) {
        if (cursor.window.length >= STREAM_UNIT_BYTES_MAX) throw new GodwitError('VALUE_TOO_LARGE', `the unit at offset ${cursor.offset} is larger than 1 GiB`);
        cursor.grow();
        parcel = await sender.take(rowsOf(cursor), parcel);
      }
      await cursor.more();
    }
  }

  /** A value that fits into the window fits into one argument at the target, too. */
  private mayGrow({ window }: LogCursor): boolean {
    const { valueBytesMax } = this.options;
    return window.length < RDB_WINDOW_BYTES_MAX && (valueBytesMax === 0 || window.length * 2 < valueBytesMax);
  }

  private convert({ dialect, templates }: RdbDecoder): void {
    const { conversion } = this.options.restore;
    if (dialect !== null) conversion.begin(dialect);
    conversion.templates = templates;
  }

  private async sendRows(decoder: RdbDecoder, parcel: Parcel, before: Mark): Promise<Mark> {
    const { sender, restore, leftOut, plainBatches } = this.options;
    const { batch, buffer } = parcel;
    this.convert(decoder);
    restore.conversion.check(batch);
    const last = batch.count - 1;
    buffer.begin(plainBatches && restore.replace ? 'plain' : 'transaction');
    buffer.addValues(batch, restore, Date.now(), leftOut);
    const rdbState = { ...decoder.state(), database: batch.database[last] };
    const mark: Mark = { ...before, rdbOffset: batch.endOffset[last], rdbState };
    await sender.send(parcel, mark);
    return mark;
  }

  private async applyLarge(large: LargeEntry, decoder: RdbDecoder, parcel: Parcel, before: Mark): Promise<Mark> {
    const { sender, restore, valueBytesMax } = this.options;
    const cursor = this.cursor as LogCursor;
    this.convert(decoder);
    const value = new LargeValue(large, restore.conversion, decoder.dialect as Dialect, cursor);
    await value.findEnd();
    let mark = before;
    if (large.kind === NOTHING_TO_APPLY || restore.conversion.skipsLarge(large)) sender.giveBack(parcel);
    else {
      await value.measure();
      mark = { ...before, rdbOffset: large.valueEnd, rdbState: { ...decoder.state(), database: large.database } };
      if (valueBytesMax > 0 && value.payloadBytes > valueBytesMax) await this.sendInCommands(value, large, parcel, before, mark);
      else {
        parcel.buffer.begin('transaction');
        const at = parcel.buffer.addLargeRestore(large, value.payloadBytes, restore, Date.now());
        await sender.sendLarge(parcel, mark, at, value.payload());
      }
    }
    cursor.seek(large.valueEnd);
    return mark;
  }

  /** Larger than the target takes in one: built piece by piece under a temporary name, which may be begun anew, and renamed together with the mark. */
  private async sendInCommands(value: LargeValue, large: LargeEntry, parcel: Parcel, before: Mark, mark: Mark): Promise<void> {
    const { sender, restore, plainBatches, valueBytesMax } = this.options;
    const { conversion } = restore;
    if (large.type === RdbType.String || !plainBatches || !conversion.canSayInCommands) throw tooLarge(large.key, value.payloadBytes, valueBytesMax);
    let pieces: { readonly count: number; readonly bytes: Buffer }[] = [];
    const values = conversion.commands(restore.replace, (bytes, start, end, count) => pieces.push({ count, bytes: Buffer.from(bytes.subarray(start, end)) }));
    values.start(large.key, large.expiryMs, Date.now());
    for await (const _ of value.decodeInto(values)) {
      for (const piece of pieces) {
        const { buffer } = parcel;
        buffer.begin('plain');
        buffer.addPart(piece, large.database, false);
        await sender.send(parcel, before);
        parcel = await sender.take(RDB_ROWS_MAX);
      }
      pieces = [];
    }
    const { transaction } = values;
    parcel.buffer.begin('transaction');
    parcel.buffer.addPart({ count: transaction.commands, bytes: transaction.bytes.subarray(0, transaction.length) }, large.database, true);
    await sender.send(parcel, mark);
  }
}

/** An entry of a snapshot that is not whole is looked at from its begin each time: only when twice as much of it has come, so that the work stays linear. */
function enough({ start, end }: LogCursor): number {
  return end - start < PATIENCE_BYTES ? 1 : (end - start) * 2;
}

/** A target closes the connection when an argument is larger than it takes: the same again after each reconnect. @throws VALUE_TOO_LARGE */
function checkSizes({ count, bytes, start, end, keyStart, keyEnd }: Batch, bytesMax: number): void {
  const args = new CommandArguments();
  for (let row = 0; row < count; row++) {
    if (end[row] - start[row] <= bytesMax || !args.read(bytes, start[row], end[row])) continue;
    for (let i = 0; i < args.count; i++) {
      const size = args.end(i) - args.start(i);
      if (size > bytesMax) throw tooLarge(bytes.subarray(keyStart[row], keyEnd[row]), size, bytesMax);
    }
  }
}

function rowsOf(cursor: LogCursor): number {
  return Math.ceil(cursor.window.length / COMMAND_BYTES_MIN);
}
