/**
 * Brings a snapshot and the stream behind it to the target, transaction by transaction, from wherever the mark says. It knows nothing of breaks:
 * any failure is thrown, and sync-pipeline.ts begins anew at the mark.
 */
import { Crc64 } from '../bytes/crc64.ts';
import type { Mark } from '../checkpoint/mark.ts';
import { GodwitError } from '../errors/errors.ts';
import { Batch } from '../model/batch.ts';
import { NOTHING_TO_APPLY, type LargeEntry } from '../rdb/large-entry.ts';
import { RdbDecoder } from '../rdb/rdb-decoder.ts';
import { DUMP_FOOTER_BYTES, endDumpPayload } from '../rdb/restore-footer.ts';
import { StreamDecoder } from '../resp/stream-decoder.ts';
import type { SpoolLog } from '../source/replica/spool/spool-log.ts';
import { heldExpiry, type RestoreOptions, TransactionBuffer } from '../target/transaction-buffer.ts';
import { LogCursor } from './log-cursor.ts';
import type { TransactionSender } from './transaction-sender.ts';

const RDB_WINDOW_BYTES = 512 * 1024;
const RDB_KEY_BYTES_MAX = 1024 * 1024 * 1024;
const STREAM_WINDOW_BYTES = 512 * 1024;
const STREAM_UNIT_BYTES_MAX = 1024 * 1024 * 1024;
const COMMAND_BYTES_MIN = 14;
const EMPTY_MARK_EVERY_MS = 10_000;

export interface ApplierOptions {
  readonly sender: TransactionSender;
  readonly restore: RestoreOptions;
  /** Keys that begin with it are ours. */
  readonly prefix: string;
  /** True: end at the next place between two transactions. */
  stopping(): boolean;
  /** Bounds of the target for one value; 0 = unknown. */
  readonly valueBytesMax: number;
}

export class Applier {
  private readonly options: ApplierOptions;
  private readonly buffers = [new TransactionBuffer(RDB_WINDOW_BYTES * 2), new TransactionBuffer(RDB_WINDOW_BYTES * 2)];
  private turn = 0;

  constructor(options: ApplierOptions) {
    this.options = options;
  }

  /** Applies the snapshot from the mark on; returns the mark behind it, in incremental sync, which is sent too. `complete` settles with the receipt. */
  async fullSync(log: SpoolLog, from: Mark, complete: Promise<void>): Promise<Mark> {
    const hidden = { hiddenKeyPrefix: Buffer.from(this.options.prefix) };
    const decoder = from.rdbState === null ? new RdbDecoder(hidden) : RdbDecoder.resumeAt(from.rdbState, hidden);
    const cursor = new LogCursor(log, from.rdbOffset, RDB_WINDOW_BYTES);
    const batches = [new Batch(16_384), new Batch(16_384)];
    let mark = from;
    for (;;) {
      const batch = batches[this.turn];
      batch.reset();
      const next = decoder.decode(cursor.window, cursor.start, cursor.end, cursor.offset, batch);
      const moved = next > cursor.start;
      cursor.consume(next);
      if (batch.count > 0) mark = await this.sendRows(decoder, batch, mark);
      if (decoder.status === 'end') break;
      if (this.options.stopping()) return mark;
      if (decoder.status === 'batch-full') continue;
      if (cursor.full && !moved) {
        const large = decoder.beginLarge(cursor.window, cursor.start, cursor.end, cursor.offset);
        if (large === undefined && cursor.window.length >= RDB_KEY_BYTES_MAX) throw new GodwitError('RDB_UNSUPPORTED', 'a key is longer than 1 GiB');
        if (large === undefined) cursor.grow();
        else {
          mark = await this.applyLarge(large, decoder, cursor, mark);
          continue;
        }
      }
      if (!(await cursor.more()))
        throw new GodwitError('RDB_CORRUPT', `the snapshot ends at offset ${cursor.offset + cursor.end - cursor.start} without its end mark`);
    }
    await complete;
    const database = Number(decoder.aux.get('repl-stream-db') ?? 0) || 0;
    const done: Mark = { ...mark, phase: 'incremental-sync', database, rdbOffset: 0, rdbState: null };
    await this.sendEmpty(done);
    await this.options.sender.settled();
    return done;
  }

  /** Applies the stream from the mark on until told to stop. */
  async incrementalSync(log: SpoolLog, from: Mark): Promise<void> {
    const { sender, restore } = this.options;
    const decoder = new StreamDecoder(from, this.options.prefix);
    const cursor = new LogCursor(log, from.offset, STREAM_WINDOW_BYTES);
    let batches = newBatches(cursor.window.length);
    let markedAtMs = performance.now();
    let marked = from.offset;
    while (!this.options.stopping()) {
      const batch = batches[this.turn];
      batch.reset();
      const next = decoder.decode(cursor.window, cursor.start, cursor.end, batch);
      cursor.consume(next);
      const due = decoder.offset > marked && performance.now() - markedAtMs > EMPTY_MARK_EVERY_MS;
      if (batch.count > 0 || due) {
        const buffer = this.nextBuffer();
        buffer.begin();
        buffer.addBatch(batch, restore, Date.now(), sender.leftOut);
        await sender.send(buffer, { ...from, offset: decoder.offset, database: decoder.database }, batch);
        marked = decoder.offset;
        markedAtMs = performance.now();
      }
      if (cursor.full) {
        if (cursor.window.length >= STREAM_UNIT_BYTES_MAX) throw new GodwitError('VALUE_TOO_LARGE', `the unit at offset ${cursor.offset} is larger than 1 GiB`);
        cursor.grow();
        batches = newBatches(cursor.window.length);
      }
      await cursor.more();
    }
    await sender.settled();
  }

  private async sendEmpty(mark: Mark): Promise<void> {
    const buffer = this.nextBuffer();
    buffer.begin();
    await this.options.sender.send(buffer, mark, null);
  }

  private async sendRows(decoder: RdbDecoder, batch: Batch, before: Mark): Promise<Mark> {
    const { sender, restore } = this.options;
    restore.rdbVersion = decoder.version;
    const last = batch.count - 1;
    const buffer = this.nextBuffer();
    buffer.begin();
    buffer.addBatch(batch, restore, Date.now(), sender.leftOut);
    const rdbState = { ...decoder.state(), database: batch.database[last] };
    const mark: Mark = { ...before, rdbOffset: batch.endOffset[last], rdbState };
    await sender.send(buffer, mark, batch);
    return mark;
  }

  /** Two passes: the first finds the end of the value, so that all its bytes are at hand before the first is sent. */
  private async applyLarge(large: LargeEntry, decoder: RdbDecoder, cursor: LogCursor, before: Mark): Promise<Mark> {
    let wanted = -1;
    while (!large.done) {
      // Where nothing was taken, the end of an item's head has yet to arrive: only a window that keeps what it has makes more() wait for it.
      if (large.nextOffset !== wanted) cursor.seek((wanted = large.nextOffset));
      if (!(await cursor.more())) throw new GodwitError('RDB_CORRUPT', 'the snapshot ends within a value', { details: { key: printable(large.key) } });
      large.feed(cursor.window, cursor.start, cursor.end, cursor.offset);
    }
    const { options } = this;
    const payloadBytes = 1 + large.valueEnd - large.valueStart + DUMP_FOOTER_BYTES;
    let mark = before;
    if (large.kind !== NOTHING_TO_APPLY) {
      if (large.key.length === 0 && large.type >= 245) throw new GodwitError('RDB_UNSUPPORTED', `a function or script of ${payloadBytes} bytes is too large`);
      if (options.valueBytesMax > 0 && payloadBytes > options.valueBytesMax) throw tooLarge(large.key, payloadBytes, options.valueBytesMax);
      mark = { ...before, rdbOffset: large.valueEnd, rdbState: { ...decoder.state(), database: large.database } };
      await this.sendLarge(large, decoder.version, cursor, payloadBytes, mark);
    }
    cursor.seek(large.valueEnd);
    return mark;
  }

  private async sendLarge(large: LargeEntry, version: number, cursor: LogCursor, payloadBytes: number, mark: Mark): Promise<void> {
    const { restore, sender } = this.options;
    const nowMs = Date.now();
    const expiryMs = heldExpiry(large.expiryMs, nowMs);
    const absolute = expiryMs >= 0 && restore.absttl;
    const ttl = String(expiryMs < 0 ? 0 : absolute ? expiryMs : Math.max(1, expiryMs - nowMs));
    const options = [...(restore.replace ? ['REPLACE'] : []), ...(absolute ? ['ABSTTL'] : [])];
    const head = Buffer.concat([
      Buffer.from(`*${4 + options.length}\r\n$7\r\nRESTORE\r\n$${large.key.length}\r\n`),
      large.key,
      Buffer.from(`\r\n$${ttl.length}\r\n${ttl}\r\n$${payloadBytes}\r\n`),
    ]);
    const buffer = this.nextBuffer();
    buffer.begin();
    buffer.select(large.database);
    buffer.addLargeHead(head);
    const at = buffer.length;
    buffer.append(Buffer.from(`\r\n${options.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`));
    await sender.sendLarge(buffer, mark, at, payloadPieces(large, version, cursor));
  }

  private nextBuffer(): TransactionBuffer {
    const buffer = this.buffers[this.turn];
    this.turn = 1 - this.turn;
    return buffer;
  }
}

/** The DUMP payload of a large value, read from the spool a second time. */
async function* payloadPieces(large: LargeEntry, version: number, cursor: LogCursor): AsyncGenerator<Buffer> {
  const crc = new Crc64();
  const type = Buffer.from([large.type]);
  crc.update(type, 0, 1);
  yield type;
  cursor.seek(large.valueStart);
  while (cursor.offset < large.valueEnd) {
    if (cursor.start === cursor.end && !(await cursor.more())) throw new GodwitError('SPOOL_FAILED', 'the spool ends within a value');
    const count = Math.min(cursor.end - cursor.start, large.valueEnd - cursor.offset);
    crc.update(cursor.window, cursor.start, cursor.start + count);
    yield Buffer.from(cursor.window.subarray(cursor.start, cursor.start + count));
    cursor.consume(cursor.start + count);
  }
  const footer = Buffer.alloc(DUMP_FOOTER_BYTES);
  endDumpPayload(crc, footer, 0, version);
  yield footer;
}

function newBatches(windowBytes: number): Batch[] {
  const capacity = Math.ceil(windowBytes / COMMAND_BYTES_MIN);
  return [new Batch(capacity), new Batch(capacity)];
}

function tooLarge(key: Uint8Array, bytes: number, bytesMax: number): GodwitError {
  return new GodwitError('VALUE_TOO_LARGE', `the value of key ${printable(key)} takes ${bytes} bytes; the target accepts ${bytesMax}`, {
    details: { key: printable(key), bytes, bytesMax },
  });
}

function printable(key: Uint8Array): string {
  return JSON.stringify(Buffer.from(key.subarray(0, 100)).toString('latin1'));
}
