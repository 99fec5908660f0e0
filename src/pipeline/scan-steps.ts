/**
 * One server of a source that hides replication, gone over once with SCAN and DUMP, as a FileSource: what can be made of a snapshot can be made of it (an export, a dry
 * run). Keys come as they are when they are read, each once or more; it cannot be resumed.
 */
import { GodwitError } from '../errors/errors.ts';
import { Batch, EntryKind } from '../model/batch.ts';
import { endpointName } from '../model/endpoint.ts';
import { replyFailure } from '../net/reply-errors.ts';
import type { Dialect } from '../rdb/dialect.ts';
import { LargeEntry } from '../rdb/large-entry.ts';
import { DUMP_FOOTER_BYTES } from '../rdb/restore-footer.ts';
import { NO_TEMPLATES, type TemplateNames } from '../rdb/template-names.ts';
import { ValueSkipper } from '../rdb/value-skipper.ts';
import { ReplyError } from '../resp/reply.ts';
import { BEGIN, type FilePosition, type FileProgress, type FileSource, type FileStep, type LargeStep, type SnapshotForm } from '../source/file/file-source.ts';
import type { FileIdentity } from '../source/file/file-identity.ts';
import type { KeyPages } from '../source/scan/key-pages.ts';
import type { FedPart, ScanFeed } from '../source/scan/scan-feed.ts';
import { SCAN_BEGIN } from '../source/scan/scan-position.ts';
import type { ScanSource } from '../source/scan/scan-source.ts';
import { type ReadValues, ValueState } from '../source/scan/value-part.ts';
import { dumpDialect } from './dump-dialect.ts';
import { findLargeEnd } from './large-value.ts';
import { MemoryCursor } from './memory-cursor.ts';

/** Larger ones go alone, in pieces. */
const ROW_BYTES_MAX = 2 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;

export class ScanSteps implements FileSource {
  readonly kind = 'rdb';
  readonly templates: TemplateNames | undefined = undefined;
  readonly aux: ReadonlyMap<string, string> = new Map();
  readonly position: FilePosition = BEGIN;
  dialect: Dialect | null = null;
  private readonly source: ScanSource;
  private readonly pages: KeyPages;
  private readonly feed: ScanFeed;
  private readonly batch = new Batch(1_024);
  private fed: FedPart | undefined;
  private values: ReadValues | undefined;
  private large: number[] = [];
  private bytes = 0;
  private rows = 0;

  /** @param source connected */
  constructor(source: ScanSource) {
    this.source = source;
    this.pages = source.pages(SCAN_BEGIN);
    this.feed = source.feed(() => this.pages.next());
  }

  get name(): string {
    return endpointName(this.source.keys.connection.endpoint);
  }

  get rdbVersion(): number {
    return this.dialect?.version ?? 0;
  }

  get snapshot(): SnapshotForm | null {
    return { dialect: this.dialect, templates: NO_TEMPLATES };
  }

  get progress(): FileProgress {
    return { bytes: this.bytes, bytesTotal: -1 };
  }

  /** @throws INTERNAL: nothing could go on with it */
  identity(): Promise<FileIdentity> {
    return Promise.reject(new GodwitError('INTERNAL', 'keys that are read one by one are no file'));
  }

  async next(): Promise<FileStep> {
    for (;;) {
      const large = this.large.shift();
      if (large !== undefined) return this.largeStep(large);
      this.giveBack();
      const fed = await this.feed.next();
      if (fed === undefined) return { kind: 'end', tail: null, until: null, trailingBytes: 0 };
      this.fed = fed;
      const values = await (fed.values ?? this.source.readWhole(fed.part));
      this.values = values;
      if (values.refusal !== undefined) throw replyFailure(new ReplyError(values.refusal, 'DUMP'), { role: 'source values', address: this.name });
      const batch = this.rowsOf(values, fed.part.chunk.database);
      if (batch.count > 0) return { kind: 'rows', batch };
    }
  }

  close(): Promise<void> {
    this.feed.fail(new GodwitError('CONNECTION_LOST', 'the scan is closed'));
    return this.source.close();
  }

  private rowsOf(values: ReadValues, database: number): Batch {
    const { batch } = this;
    batch.reset();
    batch.bytes = values.slab.bytes;
    for (let i = 0; i < values.count; i++) {
      if (values.state[i] !== ValueState.There) continue;
      const bytes = values.end[i] - values.start[i];
      this.bytes += bytes;
      this.dialect = dumpDialect(values.slab.bytes, values.end[i]);
      if (bytes > ROW_BYTES_MAX) {
        this.large.push(i);
        continue;
      }
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
      batch.endOffset[row] = ++this.rows;
    }
    return batch;
  }

  private async largeStep(i: number): Promise<LargeStep> {
    const { values, fed } = this;
    if (values === undefined || fed === undefined) throw new GodwitError('INTERNAL', 'no part is at hand');
    const { slab, start, end, keyStart, keyEnd, expiryMs, idle, freq } = values;
    const type = slab.bytes[start[i]];
    const skipper = new ValueSkipper();
    skipper.begin(type, dumpDialect(slab.bytes, end[i]));
    const key = Uint8Array.from(slab.bytes.subarray(keyStart[i], keyEnd[i]));
    const [from, to] = [start[i] + 1, end[i] - DUMP_FOOTER_BYTES];
    const valueStart = 0;
    const head = { kind: EntryKind.RdbValue, type, key, database: fed.part.chunk.database, expiryMs: expiryMs[i], idle: idle[i], freq: freq[i], valueStart };
    const cursor = new MemoryCursor(slab.bytes, from, to, valueStart);
    const entry = new LargeEntry(head, skipper);
    await findLargeEnd(entry, cursor);
    return { kind: 'large', entry, cursor, value: () => pieces(slab.bytes, from, to) };
  }

  private giveBack(): void {
    if (this.values !== undefined) this.source.giveBack(this.values);
    if (this.fed !== undefined) this.feed.release(this.fed);
    this.values = undefined;
    this.fed = undefined;
  }
}

async function* pieces(bytes: Buffer, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; at += PIECE_BYTES) {
    await Promise.resolve();
    yield bytes.subarray(at, Math.min(to, at + PIECE_BYTES));
  }
}
