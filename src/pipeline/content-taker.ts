/** Takes keys apart for formats of logical content: decodes each value into the writer. Values larger than the window pass in pieces. */
import { quotedKey } from '../bytes/quoted-key.ts';
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import { VALUE_KIND_NAMES, ValueKind } from '../model/value-kind.ts';
import type { Dialect } from '../rdb/dialect.ts';
import { kindOfType } from '../rdb/kind-of-type.ts';
import { stringText } from '../rdb/rdb-string.ts';
import { NO_TEMPLATES, type TemplateNames } from '../rdb/template-names.ts';
import { ValueDecoder } from '../rdb/values/value-decoder.ts';
import type { LargeStep, SnapshotForm } from '../source/file/file-source.ts';
import type { ContentWriter } from '../target/file/export-writer.ts';
import type { LossReport } from '../target/loss-report.ts';
import { decodePieces } from './decode-pieces.ts';
import type { ExportTaker } from './export-taker.ts';
import { TextProbe } from './text-probe.ts';

export interface ContentTakerOptions {
  readonly writer: ContentWriter;
  /** Kinds of values that the format cannot say. */
  readonly refused: ReadonlySet<ValueKind>;
  /** Leaves out what is refused; else it is an error. */
  readonly skipRefused: boolean;
  readonly losses: LossReport;
}

export class ContentTaker implements ExportTaker {
  private readonly options: ContentTakerOptions;
  private readonly writer: ContentWriter;
  private readonly decoder = new ValueDecoder();
  private dialect: Dialect | null = null;
  private templates: TemplateNames = NO_TEMPLATES;

  constructor(options: ContentTakerOptions) {
    this.options = options;
    this.writer = options.writer;
  }

  get buffer(): ContentWriter['buffer'] {
    return this.writer.buffer;
  }

  get skipped(): number {
    return this.options.losses.counts.skipped;
  }

  get degraded(): number {
    return this.options.losses.counts.degraded;
  }

  open(): void {
    this.writer.open();
  }

  close(): void {
    this.writer.close();
  }

  begin(snapshot: SnapshotForm | null): void {
    this.dialect = snapshot?.dialect ?? null;
    this.templates = snapshot?.templates ?? NO_TEMPLATES;
  }

  row(batch: Batch, row: number): boolean {
    const { bytes } = batch;
    const [start, end] = [batch.start[row], batch.end[row]];
    const entry = batch.kind[row];
    if (entry === EntryKind.RdbValue) return this.value(batch, row, start, end);
    if (entry === EntryKind.RdbScript) this.writer.code('script', bytes, start, end);
    else if (entry === EntryKind.RdbFunction) this.writeLibrary(stringText(bytes, start));
    else if (this.writer.command !== undefined) this.writer.command(batch.database[row], bytes, start, end);
    else throw new GodwitError('COMMANDS_NOT_EXPORTABLE', 'the file holds commands, whose effect on the values is known to a server only');
    return true;
  }

  async large({ entry, value }: LargeStep, empty: () => Promise<void>): Promise<boolean> {
    const { key, type, database, expiryMs, idle, freq } = entry;
    if (entry.kind !== EntryKind.RdbValue) {
      const pieces: Buffer[] = [];
      for await (const piece of value()) pieces.push(Buffer.from(piece));
      const text = stringText(Buffer.concat(pieces), 0);
      if (entry.kind === EntryKind.RdbScript) this.writer.code('script', text, 0, text.length);
      else this.writeLibrary(text);
      return true;
    }
    const kind = kindOfType(type);
    if (this.refuses(kind, key, database, entry.valueEnd)) return false;
    const bytes = entry.valueEnd - entry.valueStart;
    const decode = async (visitor: TextProbe | ContentWriter, between: () => Promise<void>): Promise<void> => {
      this.decoder.begin(type, this.dialect as Dialect, visitor, bytes, this.templates);
      await decodePieces(this.decoder, value(), between);
    };
    try {
      if (kind === ValueKind.String) {
        const probe = new TextProbe();
        await decode(probe, async () => {});
        this.writer.largeText(probe.isUtf8, probe.head);
      }
      this.writer.key({ bytes: key, start: 0, end: key.length, database, expiryMs, idle, freq, kind });
      await decode(this.writer, empty);
      this.nameLosses(kind, key, database, entry.valueEnd);
    } catch (error) {
      throw named(error, key);
    }
    return true;
  }

  emptying(): void {}

  emptied(): void {
    this.writer.buffer.clear();
  }

  private value(batch: Batch, row: number, start: number, end: number): boolean {
    const { bytes } = batch;
    const [keyStart, keyEnd, database] = [batch.keyStart[row], batch.keyEnd[row], batch.database[row]];
    const kind = kindOfType(batch.type[row]);
    const refused = this.options.refused.size > 0;
    if (refused && this.refuses(kind, bytes.subarray(keyStart, keyEnd), database, batch.endOffset[row])) return false;
    try {
      const [expiryMs, idle, freq] = [batch.expiryMs[row], batch.idle[row], batch.freq[row]];
      this.writer.key({ bytes, start: keyStart, end: keyEnd, database, expiryMs, idle, freq, kind });
      this.decoder.begin(batch.type[row], this.dialect as Dialect, this.writer, end - start, this.templates);
      this.decoder.feed(bytes, start, end);
    } catch (error) {
      throw named(error, bytes.subarray(keyStart, keyEnd));
    }
    if (this.decoder.done) {
      if (this.writer.lost?.any === true) this.nameLosses(kind, bytes.subarray(keyStart, keyEnd), database, batch.endOffset[row]);
      return true;
    }
    throw named(new GodwitError('RDB_CORRUPT', 'the value goes beyond its end'), bytes.subarray(keyStart, keyEnd));
  }

  private writeLibrary(text: Uint8Array): void {
    this.writer.code('function', text, 0, text.length);
  }

  /** Commands cannot say all of a stream; that is no reason to stop, but told. */
  private nameLosses(kind: ValueKind, key: Uint8Array, database: number, offset: number): void {
    const texts = this.writer.lost?.texts ?? [];
    if (texts.length === 0) return;
    this.options.losses.add({ outcome: 'degraded', database, key, type: VALUE_KIND_NAMES[kind], reason: `lost: ${texts.join('; ')}`, offset });
  }

  private refuses(kind: ValueKind, key: Uint8Array, database: number, offset: number): boolean {
    if (!this.options.refused.has(kind)) return false;
    if (!this.options.skipRefused) {
      throw new GodwitError(
        'VALUE_NOT_REPRESENTABLE',
        `key ${quotedKey(key)} (database ${database}): no command makes a value of type ${VALUE_KIND_NAMES[kind]}`,
        {
          fix: 'Export to jsonl or json, or leave such keys out with --on-unsupported skip.',
          details: { key: quotedKey(key), database, type: VALUE_KIND_NAMES[kind] },
        },
      );
    }
    const type = VALUE_KIND_NAMES[kind];
    this.options.losses.add({ outcome: 'left-out', database, key, type, reason: `no command makes a value of type ${type}`, offset });
    return true;
  }
}

function named(caught: unknown, key: Uint8Array): GodwitError {
  const error = toGodwitError(caught);
  if (error.details['key'] !== undefined) return error;
  return new GodwitError(error.code, `key ${quotedKey(key)}: ${error.message}`, {
    cause: caught,
    fix: error.fix,
    details: { ...error.details, key: quotedKey(key) },
  });
}
