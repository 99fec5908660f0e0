/** Writes keys into an RDB file: as they are in the snapshot where its version has the type, else encoded anew, a large value in two passes over its source. */
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import type { Dialect } from '../rdb/dialect.ts';
import type { RdbKeyHead } from '../rdb/encode/rdb-entry-writer.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import { DUMP_FOOTER_BYTES } from '../rdb/restore-footer.ts';
import { stringText } from '../rdb/rdb-string.ts';
import { NO_TEMPLATES, type TemplateNames } from '../rdb/template-names.ts';
import { ValueDecoder } from '../rdb/values/value-decoder.ts';
import type { LargeStep, SnapshotForm } from '../source/file/file-source.ts';
import type { GrowingBuffer } from '../bytes/growing-buffer.ts';
import type { RdbFileWriter } from '../target/file/rdb-file-writer.ts';
import { Way } from '../target/value-conversion.ts';
import { decodePieces } from './decode-pieces.ts';
import type { ExportTaker } from './export-taker.ts';

const OTHER_VERSION =
  'Write the version that has it, for servers that load it: --rdb-version 12 (Redis 7.4) or 80 (Valkey 9); or allow the loss with --on-unsupported degrade or skip.';

export class RdbTaker implements ExportTaker {
  private readonly writer: RdbFileWriter;
  private readonly madeS: number;
  private dialect: Dialect | null = null;
  private templates: TemplateNames = NO_TEMPLATES;

  /** @param madeS Unix seconds, for the head of the file */
  constructor(writer: RdbFileWriter, madeS: number) {
    this.writer = writer;
    this.madeS = madeS;
  }

  get buffer(): GrowingBuffer {
    return this.writer.buffer;
  }

  get skipped(): number {
    return this.writer.conversion.counts.skipped;
  }

  get degraded(): number {
    return this.writer.conversion.counts.degraded;
  }

  open(): void {
    this.writer.open(this.madeS);
  }

  close(): void {
    this.writer.close();
  }

  begin(snapshot: SnapshotForm | null): void {
    this.dialect = snapshot?.dialect ?? null;
    if (this.dialect === null) return;
    const { conversion } = this.writer;
    this.templates = snapshot?.templates ?? NO_TEMPLATES;
    conversion.templates = this.templates;
    conversion.begin(this.dialect);
  }

  row(batch: Batch, row: number): boolean {
    const { writer } = this;
    const { bytes } = batch;
    const [start, end, type] = [batch.start[row], batch.end[row], batch.type[row]];
    if (batch.kind[row] === EntryKind.Command) throw noCommands();
    if (batch.kind[row] === EntryKind.RdbScript) writer.script(bytes, start, end);
    else if (batch.kind[row] === EntryKind.RdbFunction) writer.library(bytes, start, end);
    else {
      const head = rowHead(batch, row);
      if (this.isRefused(() => writer.conversion.skips(batch, row))) return false;
      if (writer.conversion.way(type) === Way.AsIs) {
        writer.key(head, type);
        writer.buffer.raw(bytes, start, end);
      } else {
        const payload = writer.conversion.encode(batch, row);
        writer.dumped(head, payload.bytes, payload.length);
      }
    }
    return true;
  }

  async large({ entry, value }: LargeStep, empty: () => Promise<void>): Promise<boolean> {
    const { writer } = this;
    if (entry.kind === EntryKind.RdbScript) {
      const pieces: Buffer[] = [];
      for await (const piece of value()) pieces.push(Buffer.from(piece));
      const text = stringText(Buffer.concat(pieces), 0);
      writer.script(text, 0, text.length);
      return true;
    }
    if (entry.kind === EntryKind.RdbFunction) writer.library(entry.key, 0, 0);
    else {
      if (this.isRefused(() => writer.conversion.skipsLarge(entry))) return false;
      if (writer.conversion.way(entry.type) === Way.Encoded) return this.largeEncoded(entry, value, empty);
      writer.key(headOf(entry), entry.type);
    }
    for await (const piece of value()) {
      writer.buffer.raw(piece, 0, piece.length);
      await empty();
    }
    return true;
  }

  emptying(): void {
    this.writer.sum();
  }

  emptied(): void {
    this.writer.emptied();
  }

  /** @param refuses as ValueConversion has it, whose advice is for a target that is a server */
  private isRefused(refuses: () => boolean): boolean {
    try {
      return refuses();
    } catch (caught) {
      const { code, message, details } = toGodwitError(caught);
      if (code !== 'VALUE_NOT_REPRESENTABLE') throw caught;
      throw new GodwitError(code, message, { cause: caught, details, fix: OTHER_VERSION });
    }
  }

  private async largeEncoded(entry: LargeEntry, value: LargeStep['value'], empty: () => Promise<void>): Promise<boolean> {
    const { writer } = this;
    const encoder = writer.conversion.beginEncoding();
    const decoder = new ValueDecoder();
    const pass = async (between: () => Promise<void>): Promise<void> => {
      decoder.begin(entry.type, this.dialect as Dialect, encoder, entry.valueEnd - entry.valueStart, this.templates);
      await decodePieces(decoder, value(), between);
    };
    encoder.measureNext();
    await pass(async () => {});
    if (this.isRefused(() => writer.conversion.isRefused(entry, encoder.lost.texts))) return false;
    writer.conversion.counts.encoded++;
    const plan = encoder.plan();
    writer.key(headOf(entry), plan.type);
    let done = 0;
    encoder.piecesNext(plan, (bytes, start, end) => {
      // Of the payload: neither its type byte nor its footer.
      const from = Math.max(start, start + 1 - done);
      const to = Math.min(end, start + plan.bytes - DUMP_FOOTER_BYTES - done);
      if (to > from) writer.buffer.raw(bytes, from, to);
      done += end - start;
    });
    await pass(empty);
    return true;
  }
}

function rowHead(batch: Batch, row: number): RdbKeyHead {
  return {
    bytes: batch.bytes,
    start: batch.keyStart[row],
    end: batch.keyEnd[row],
    database: batch.database[row],
    expiryMs: batch.expiryMs[row],
    idle: batch.idle[row],
    freq: batch.freq[row],
  };
}

function headOf({ key, database, expiryMs, idle, freq }: LargeEntry): RdbKeyHead {
  return { bytes: key, start: 0, end: key.length, database, expiryMs, idle, freq };
}

function noCommands(): GodwitError {
  return new GodwitError('COMMANDS_NOT_EXPORTABLE', 'the file holds commands, whose effect on the values is known to a server only');
}
