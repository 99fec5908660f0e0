/**
 * Counts keys under every heading of a report while they pass. Memory is bounded: by types, encodings and databases there are, by the table of prefixes
 * (prefix-tree.ts) and by how many of the largest keys are asked for; of a key 512 bytes are kept at most.
 */
import { VALUE_KIND_NAMES } from '../../model/value-kind.ts';
import type { DatabaseAmount, EncodingAmount, FoundKey, InspectionReport, NamedAmount, SizeAmount } from './inspection-report.ts';
import type { MemoryModel } from './memory-model.ts';
import { PrefixTree } from './prefix-tree.ts';
import { printableKey } from './printable-key.ts';
import { Tally, tallyOf } from './tally.ts';
import { TopList } from './top-list.ts';
import type { ValueSizer } from './value-sizer.ts';

export interface CensusOptions {
  readonly nowMs: number;
  /** Keys in each list of the largest. */
  readonly top: number;
  readonly delimiters: string;
}

export interface KeyFacts {
  readonly database: number;
  /** Unix ms, seconds, LFU counter; -1 = none. */
  readonly expiryMs: number;
  readonly idle: number;
  readonly freq: number;
}

export type CensusReport = Pick<
  InspectionReport,
  'totals' | 'types' | 'encodings' | 'databases' | 'expiry' | 'sizes' | 'prefixes' | 'largestByMemory' | 'largestByElements' | 'hottest'
>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EXPIRY_NAMES = ['none', 'expired', 'under 1 hour', 'under 1 day', 'under 7 days', 'later'] as const;
const SIZE_CLASSES = 48;
const KEY_BYTES_KEPT = 512;
const PREFIXES_SHOWN = 100;

class DatabaseTally extends Tally {
  expiring = 0;
}

export class KeyCensus {
  private readonly options: CensusOptions;
  private readonly totals = new Tally();
  private readonly types = VALUE_KIND_NAMES.map(() => new Tally());
  private readonly encodings = VALUE_KIND_NAMES.map(() => new Map<string, Tally>());
  private readonly databases = new Map<number, DatabaseTally>();
  private readonly expiry = EXPIRY_NAMES.map(() => new Tally());
  private readonly sizes = Array.from({ length: SIZE_CLASSES }, () => new Tally());
  private readonly prefixes: PrefixTree;
  private readonly byMemory: TopList<FoundKey>;
  private readonly byElements: TopList<FoundKey>;
  private readonly byFrequency: TopList<FoundKey>;
  private readonly byIdle: TopList<FoundKey>;

  constructor(options: CensusOptions) {
    this.options = options;
    this.prefixes = new PrefixTree(options.delimiters);
    this.byMemory = new TopList(options.top);
    this.byElements = new TopList(options.top);
    this.byFrequency = new TopList(options.top);
    this.byIdle = new TopList(options.top);
  }

  get keys(): number {
    return this.totals.keys;
  }

  /** @param value that has just been measured; its key is keyBytes[start, end) */
  add(value: ValueSizer, facts: KeyFacts, keyBytes: Buffer, start: number, end: number): void {
    const { kind, elements, bytes } = value;
    this.totals.add(elements, bytes);
    this.types[kind].add(elements, bytes);
    tallyOf(this.encodings[kind], value.encoding).add(elements, bytes);
    this.addToDatabase(facts, elements, bytes);
    this.expiry[this.expiryClass(facts.expiryMs)].add(elements, bytes);
    this.sizes[Math.min(SIZE_CLASSES - 1, Math.floor(Math.log2(Math.max(1, bytes))))].add(elements, bytes);
    this.prefixes.add(keyBytes, start, end, elements, bytes);
    const found = (): FoundKey => foundKey(value, facts, keyBytes.subarray(start, end));
    if (this.byMemory.takes(bytes)) this.byMemory.add(bytes, found());
    if (elements > 1 && this.byElements.takes(elements)) this.byElements.add(elements, found());
    if (facts.freq >= 0 && this.byFrequency.takes(facts.freq)) this.byFrequency.add(facts.freq, found());
    if (facts.idle >= 0 && this.byIdle.takes(-facts.idle)) this.byIdle.add(-facts.idle, found());
  }

  report(model: MemoryModel): CensusReport {
    const databases = this.databaseAmounts(model);
    const tableBytes = databases.reduce((sum, database) => sum + database.tableBytes, 0);
    const expiring = databases.reduce((sum, database) => sum + database.expiring, 0);
    return {
      totals: { ...this.totals.amount(), expiring, tableBytes },
      types: byBytes(VALUE_KIND_NAMES.map((name, kind) => ({ name, ...this.types[kind].amount() })).filter(({ keys }) => keys > 0)),
      encodings: this.encodingAmounts(),
      databases,
      expiry: EXPIRY_NAMES.map((name, i): NamedAmount => ({ name, ...this.expiry[i].amount() })),
      sizes: this.sizes
        .map((tally, i): SizeAmount => ({ fromBytes: i === 0 ? 0 : 2 ** i, belowBytes: 2 ** (i + 1), ...tally.amount() }))
        .filter(({ keys }) => keys > 0),
      prefixes: this.prefixes.report(PREFIXES_SHOWN),
      largestByMemory: this.byMemory.list(),
      largestByElements: this.byElements.list(),
      hottest: this.hottest(),
    };
  }

  private addToDatabase({ database, expiryMs }: KeyFacts, elements: number, bytes: number): void {
    let tally = this.databases.get(database);
    if (tally === undefined) this.databases.set(database, (tally = new DatabaseTally()));
    tally.add(elements, bytes);
    if (expiryMs >= 0) tally.expiring++;
  }

  private expiryClass(expiryMs: number): number {
    if (expiryMs < 0) return 0;
    const leftMs = expiryMs - this.options.nowMs;
    return leftMs <= 0 ? 1 : leftMs < HOUR_MS ? 2 : leftMs < DAY_MS ? 3 : leftMs < 7 * DAY_MS ? 4 : 5;
  }

  private databaseAmounts(model: MemoryModel): DatabaseAmount[] {
    return [...this.databases]
      .toSorted(([a], [b]) => a - b)
      .map(([database, tally]) => {
        const { expiring } = tally;
        return { database, ...tally.amount(), expiring, tableBytes: Math.round(model.databaseTable(tally.keys, expiring)) };
      });
  }

  private encodingAmounts(): EncodingAmount[] {
    return byBytes(
      this.encodings.flatMap((encodings, kind) => [...encodings].map(([encoding, tally]) => ({ type: VALUE_KIND_NAMES[kind], encoding, ...tally.amount() }))),
    );
  }

  private hottest(): CensusReport['hottest'] {
    const byFrequency = this.byFrequency.list();
    if (byFrequency.length > 0) return { by: 'frequency', keys: byFrequency };
    const byIdle = this.byIdle.list();
    return byIdle.length > 0 ? { by: 'idle', keys: byIdle } : null;
  }
}

function foundKey({ kind, encoding, elements, bytes }: ValueSizer, { database, expiryMs, idle, freq }: KeyFacts, key: Buffer): FoundKey {
  const kept = key.subarray(0, KEY_BYTES_KEPT);
  return {
    key: printableKey(kept, key.length),
    keyBase64: kept.toString('base64'),
    keyBytes: key.length,
    database,
    type: VALUE_KIND_NAMES[kind],
    encoding,
    elements,
    bytes: Math.round(bytes),
    expiryMs,
    idleS: idle,
    frequency: freq,
  };
}

function byBytes<Item extends { readonly bytes: number }>(items: Item[]): Item[] {
  return items.toSorted((a, b) => b.bytes - a.bytes);
}
