/**
 * Reads a snapshot, a file of its own or the preamble of an AOF, from a cursor that stands at its begin or, resumed, at the end of one of its entries.
 *
 * Invariants: memory is bounded by the window, but for a key that is longer; the checksum is that of every byte up to its end, and is looked at
 * before the last step says so. A resumed snapshot is not summed: its beginning is not read again.
 */
import { quotedKey } from '../../bytes/quoted-key.ts';
import { Crc64 } from '../../bytes/crc64.ts';
import { GodwitError } from '../../errors/errors.ts';
import { Batch } from '../../model/batch.ts';
import type { RdbDecoderState } from '../../rdb/decoder-state.ts';
import { CHECKSUM_VERSION_MIN } from '../../rdb/dialect.ts';
import { type LargeEntry, NOTHING_TO_APPLY } from '../../rdb/large-entry.ts';
import { RdbDecoder } from '../../rdb/rdb-decoder.ts';
import type { FileCursor } from '../file/file-cursor.ts';
import type { LargeStep, RowsStep } from '../file/file-source.ts';

export interface RdbSectionOptions {
  /** Null at the begin. */
  readonly resumeAt: RdbDecoderState | null;
  readonly hiddenKeyPrefix?: Uint8Array | undefined;
}

const BATCH_ENTRIES = 16_384;
const KEY_BYTES_MAX = 1024 * 1024 * 1024;
const SUM_BYTES = 8;

export class RdbSection {
  readonly decoder: RdbDecoder;
  /** Behind the last entry handed out; null until there was one. */
  state: { readonly offset: number; readonly rdb: RdbDecoderState } | null = null;
  private readonly cursor: FileCursor;
  private readonly batch = new Batch(BATCH_ENTRIES);
  private readonly crc: Crc64 | null;
  private large: LargeEntry | null = null;

  constructor(cursor: FileCursor, { resumeAt, hiddenKeyPrefix }: RdbSectionOptions) {
    const options = hiddenKeyPrefix === undefined ? {} : { hiddenKeyPrefix };
    this.cursor = cursor;
    this.decoder = resumeAt === null ? new RdbDecoder(options) : RdbDecoder.resumeAt(resumeAt, options);
    this.decoder.bytesTotal = cursor.input.bytesTotal;
    this.crc = resumeAt === null ? new Crc64() : null;
    cursor.sumInto(this.crc);
  }

  /** @returns null when the cursor stands behind the snapshot and its checksum is right. @throws GodwitError RDB_CORRUPT, RDB_CHECKSUM, RDB_UNSUPPORTED */
  async next(): Promise<RowsStep | LargeStep | null> {
    const { cursor, decoder, batch } = this;
    if (this.large !== null) this.leaveLarge(this.large);
    for (;;) {
      batch.reset();
      const next = decoder.decode(cursor.window, cursor.start, cursor.end, cursor.offset, batch);
      const moved = next > cursor.start;
      cursor.consume(next);
      if (batch.count > 0) {
        const last = batch.count - 1;
        this.state = { offset: batch.endOffset[last], rdb: { ...decoder.state(), database: batch.database[last] } };
        return { kind: 'rows', batch };
      }
      if (decoder.status === 'end') {
        await this.readChecksum();
        return null;
      }
      if (decoder.status === 'batch-full') continue;
      if (cursor.full && !moved) {
        const large = await this.beginLarge();
        if (large !== null) return large;
        if (this.large === null) cursor.grow();
        else this.leaveLarge(this.large);
      }
      if (!cursor.full && !(await cursor.more())) throw this.cut('without its end mark');
    }
  }

  /** @returns null if it is none (larger window needed), or one with nothing to apply, which is `large` then */
  private async beginLarge(): Promise<LargeStep | null> {
    const { cursor, decoder } = this;
    const entry = decoder.beginLarge(cursor.window, cursor.start, cursor.end, cursor.offset);
    if (entry === undefined) {
      if (cursor.window.length >= KEY_BYTES_MAX) throw new GodwitError('RDB_UNSUPPORTED', `a key at offset ${cursor.offset} is longer than 1 GiB`);
      return null;
    }
    if (entry.kind !== NOTHING_TO_APPLY) await cursor.hold();
    while (!entry.done) {
      cursor.seek(entry.nextOffset);
      if (cursor.full) throw new GodwitError('INTERNAL', `a value cannot be stepped through at offset ${entry.nextOffset}`);
      if (!(await cursor.more())) throw this.cut('within a value', entry);
      entry.feed(cursor.window, cursor.start, cursor.end, cursor.offset);
    }
    this.large = entry;
    if (entry.kind === NOTHING_TO_APPLY) return null;
    this.state = { offset: entry.valueEnd, rdb: { ...decoder.state(), database: entry.database } };
    return { kind: 'large', entry, value: () => this.valueOf(entry), cursor };
  }

  private leaveLarge(entry: LargeEntry): void {
    this.cursor.seek(entry.valueEnd);
    this.cursor.release();
    this.large = null;
  }

  private async *valueOf(entry: LargeEntry): AsyncGenerator<Buffer> {
    const { cursor } = this;
    cursor.seek(entry.valueStart);
    while (cursor.offset < entry.valueEnd) {
      if (cursor.start === cursor.end && !(await cursor.more())) throw this.cut('within a value', entry);
      const from = cursor.start;
      const to = Math.min(cursor.end, from + entry.valueEnd - cursor.offset);
      cursor.consume(to);
      yield cursor.window.subarray(from, to);
    }
  }

  private async readChecksum(): Promise<void> {
    const { cursor, decoder, crc } = this;
    const sumOffset = cursor.offset;
    cursor.sumInto(null);
    if (decoder.version < CHECKSUM_VERSION_MIN) return;
    if (!(await cursor.ensure(SUM_BYTES))) throw this.cut('within its checksum');
    const { window, start } = cursor;
    const isOff = window.subarray(start, start + SUM_BYTES).every((byte) => byte === 0);
    if (crc !== null && !isOff && !crc.matches(window, start)) {
      throw new GodwitError('RDB_CHECKSUM', `the checksum of the snapshot in ${cursor.input.name} (at offset ${sumOffset}) is wrong`, {
        fix: 'Take another copy of the file; look at this one with redis-check-rdb.',
        details: { file: cursor.input.name, offset: sumOffset },
      });
    }
    cursor.consume(start + SUM_BYTES);
  }

  private cut(where: string, entry?: LargeEntry): GodwitError {
    const { cursor } = this;
    const offset = cursor.offset + cursor.end - cursor.start;
    const key = entry === undefined ? {} : { key: quotedKey(entry.key) };
    const named = entry === undefined ? '' : ` of key ${key.key}`;
    return new GodwitError('RDB_CORRUPT', `the snapshot in ${cursor.input.name} ends at offset ${offset} ${where}${named}`, {
      fix: 'The file is cut short: get the whole one.',
      details: { file: cursor.input.name, offset, ...key },
    });
  }
}
