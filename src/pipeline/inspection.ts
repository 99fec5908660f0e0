/**
 * Walks a file source (of a file, or a live snapshot) to its end and counts what it holds, without changing or sending anything. Values are decoded only where
 * their heads do not tell (value-sizer.ts); memory is that of the source's window and of the census, whatever the file.
 *
 * Commands of an AOF are not applied. They are an error, or, where the snapshot alone is asked for, left out: the report says how many there were then.
 */
import { GodwitError } from '../errors/errors.ts';
import { Filter } from '../filter/filter.ts';
import type { FilterRules } from '../filter/filter-rules.ts';
import { EntryKind } from '../model/batch.ts';
import { HEADER_BYTES } from '../rdb/dialect.ts';
import { type CensusOptions, KeyCensus } from '../rdb/inspect/key-census.ts';
import type { InspectionReport } from '../rdb/inspect/inspection-report.ts';
import { type Allocator, type Layout, MemoryModel } from '../rdb/inspect/memory-model.ts';
import { ValueSizer } from '../rdb/inspect/value-sizer.ts';
import { errorIndex, locatedError } from '../rdb/located-error.ts';
import type { FileSource, LargeStep, RowsStep } from '../source/file/file-source.ts';
import { wantsLarge } from './wants-large.ts';

export interface InspectionOptions extends CensusOptions {
  readonly allocator: Allocator;
  /** Only keys that pass are counted; all unless told. */
  readonly filter?: FilterRules;
  /** Commands behind the snapshot are left out, and told; without it they are an error. */
  readonly snapshotOnly?: boolean;
  /** Called between batches, some thousand keys apart. */
  readonly onProgress?: (keys: number) => void;
}

export class Inspection {
  private readonly source: FileSource;
  private readonly options: InspectionOptions;
  private readonly census: KeyCensus;
  private sizer: ValueSizer | null = null;
  private model: MemoryModel;
  private rdb = '';
  private readonly left = { commandsLeftOut: 0, functions: 0, scripts: 0, truncatedBytes: 0, filteredOut: 0 };
  private readonly filter: Filter;

  /** The source stays the caller's to close. */
  constructor(source: FileSource, options: InspectionOptions) {
    this.source = source;
    this.options = options;
    this.census = new KeyCensus(options);
    this.filter = new Filter(options.filter ?? {});
    this.model = new MemoryModel('redis', options.allocator);
  }

  /** @throws GodwitError of the source; RDB_CORRUPT with offset and key */
  async run(): Promise<InspectionReport> {
    const { source, options } = this;
    for (;;) {
      const step = await source.next();
      if (step.kind === 'end') {
        this.left.truncatedBytes = step.tail?.bytes ?? 0;
        return this.report();
      }
      if (step.kind === 'rows') this.addRows(step);
      else await this.addLarge(step);
      options.onProgress?.(this.census.keys);
    }
  }

  private addRows({ batch }: RowsStep): void {
    if (batch.kind[0] === EntryKind.Command) {
      if (this.options.snapshotOnly !== true) throw this.hasCommands();
      this.left.commandsLeftOut += batch.count;
      return;
    }
    const sizer = this.begin();
    const keyBytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.length);
    const entry = { type: 0, keyLength: 0, hasExpiry: false };
    const facts = { database: 0, expiryMs: -1, idle: -1, freq: -1 };
    for (let row = 0; row < batch.count; row++) {
      if (batch.kind[row] !== EntryKind.RdbValue) {
        this.countRecord(batch.kind[row]);
        continue;
      }
      if (this.filter.isActive && !this.filter.entries.wants(batch, row, this.options.nowMs)) {
        this.left.filteredOut++;
        continue;
      }
      const [keyStart, keyEnd] = [batch.keyStart[row], batch.keyEnd[row]];
      facts.database = batch.database[row];
      facts.expiryMs = batch.expiryMs[row];
      facts.idle = batch.idle[row];
      facts.freq = batch.freq[row];
      entry.type = batch.type[row];
      entry.keyLength = keyEnd - keyStart;
      entry.hasExpiry = facts.expiryMs >= 0;
      try {
        sizer.measure(entry, batch.bytes, batch.start[row], batch.end[row]);
      } catch (error) {
        const offset = batch.endOffset[row] - batch.end[row] + errorIndex(error, batch.start[row]);
        throw locatedError(error, { offset, key: keyBytes.subarray(keyStart, keyEnd) });
      }
      this.census.add(sizer, facts, keyBytes, keyStart, keyEnd);
    }
  }

  private hasCommands(): GodwitError {
    const { keys } = this.census;
    const where = keys === 0 ? 'holds commands and no snapshot' : `goes on with commands behind a snapshot of ${keys} keys`;
    return new GodwitError('COMMANDS_NOT_COUNTED', `${this.source.name} ${where}, and only a server knows what they come to`, { details: { keys } });
  }

  private async addLarge(step: LargeStep): Promise<void> {
    const { entry, value } = step;
    if (entry.kind !== EntryKind.RdbValue) {
      this.countRecord(entry.kind);
      return;
    }
    if (!(await wantsLarge(this.filter, step, this.options.nowMs))) {
      this.left.filteredOut++;
      return;
    }
    const sizer = this.begin();
    const sized = { type: entry.type, keyLength: entry.key.length, hasExpiry: entry.expiryMs >= 0 };
    const needsAll = sizer.beginLarge(sized, entry.valueEnd - entry.valueStart);
    try {
      for await (const piece of value()) {
        sizer.feedLarge(piece);
        if (!needsAll) break;
      }
    } catch (error) {
      throw locatedError(error, { offset: entry.valueStart, key: entry.key });
    }
    this.census.add(sizer, entry, Buffer.from(entry.key), 0, entry.key.length);
  }

  private countRecord(kind: number): void {
    if (kind === EntryKind.RdbFunction) this.left.functions++;
    else if (kind === EntryKind.RdbScript) this.left.scripts++;
  }

  /** A sizer that knows the file's dialect, server and hash templates, as far as they have been met. */
  private begin(): ValueSizer {
    const { snapshot, aux } = this.source;
    if (snapshot === null || snapshot.dialect === null) throw new GodwitError('INTERNAL', 'values came without their snapshot');
    if (this.sizer === null) {
      const { magic, version } = snapshot.dialect;
      this.rdb = `${magic}${String(version).padStart(HEADER_BYTES - magic.length, '0')}`;
      this.model = new MemoryModel(layoutOf(aux), this.options.allocator);
      this.sizer = new ValueSizer(this.model, snapshot.dialect);
    }
    this.sizer.templates = snapshot.templates;
    return this.sizer;
  }

  private report(): InspectionReport {
    const { source, options, model } = this;
    const { aux } = source;
    const createdS = Number(aux.get('ctime') ?? -1);
    return {
      format: 'godwit-inspection',
      version: 1,
      source: { name: source.name, rdb: this.rdb, server: serverOf(aux), createdMs: createdS < 0 ? -1 : createdS * 1000, ...this.left },
      inspectedMs: options.nowMs,
      memoryModel: { layout: model.layout, allocator: options.allocator },
      ...this.census.report(model),
    };
  }
}

function serverOf(aux: ReadonlyMap<string, string>): string {
  const valkey = aux.get('valkey-ver');
  if (valkey !== undefined) return `valkey ${valkey}`;
  const redis = aux.get('redis-ver');
  return redis === undefined ? '' : `redis ${redis}`;
}

/** Valkey keeps its keys in another way from 8.1 on. */
function layoutOf(aux: ReadonlyMap<string, string>): Layout {
  const [major = 0, minor = 0] = (aux.get('valkey-ver') ?? '').split('.').map(Number);
  if (major >= 9) return 'valkey-9';
  return major === 8 && minor >= 1 ? 'valkey' : 'redis';
}
