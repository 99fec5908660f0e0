/** What an inspection found: plain JSON, the shape of `godwit inspect --format json`. Bytes are estimates (memory-model.ts) but where they are a length. */
import type { Allocator, Layout } from './memory-model.ts';

export interface Amount {
  readonly keys: number;
  readonly elements: number;
  readonly bytes: number;
}

export interface NamedAmount extends Amount {
  readonly name: string;
}

export interface EncodingAmount extends Amount {
  readonly type: string;
  readonly encoding: string;
}

export interface SizeAmount extends Amount {
  /** Keys of [fromBytes, belowBytes). */
  readonly fromBytes: number;
  readonly belowBytes: number;
}

export interface DatabaseAmount extends Amount {
  readonly database: number;
  readonly expiring: number;
  /** Of the tables that find its keys, not part of `bytes`. */
  readonly tableBytes: number;
}

export interface PrefixAmount extends NamedAmount {
  /** By bytes, most first; empty at the last level. */
  readonly children: readonly PrefixAmount[];
  /** Keys below this prefix that are not in `children`: small prefixes that were folded together. Null if there are none. */
  readonly others: Amount | null;
}

export interface FoundKey {
  /** For reading: UTF-8 or with escapes, cut if long. */
  readonly key: string;
  /** Its bytes, the first 512 at most. */
  readonly keyBase64: string;
  readonly keyBytes: number;
  readonly database: number;
  readonly type: string;
  readonly encoding: string;
  readonly elements: number;
  readonly bytes: number;
  /** Unix ms, or -1. */
  readonly expiryMs: number;
  /** Seconds without access, and LFU counter, if the file has them; else -1. */
  readonly idleS: number;
  readonly frequency: number;
}

export interface InspectionReport {
  readonly format: 'godwit-inspection';
  readonly version: 1;
  readonly source: {
    readonly name: string;
    /** `REDIS0010`; empty without a snapshot. */
    readonly rdb: string;
    /** `redis 7.0.15`; empty if the file does not say. */
    readonly server: string;
    /** Unix ms, or -1. */
    readonly createdMs: number;
    /** Commands of an AOF behind its snapshot (or without one), which are not in the counts. */
    readonly commandsLeftOut: number;
    /** Keys that were not asked for; nothing else in the report knows of them. */
    readonly filteredOut: number;
    readonly functions: number;
    readonly scripts: number;
    /** Bytes at the end of an AOF that are no whole command. */
    readonly truncatedBytes: number;
  };
  readonly inspectedMs: number;
  readonly memoryModel: { readonly layout: Layout; readonly allocator: Allocator };
  readonly totals: Amount & { readonly expiring: number; readonly tableBytes: number };
  readonly types: readonly NamedAmount[];
  readonly encodings: readonly EncodingAmount[];
  readonly databases: readonly DatabaseAmount[];
  readonly expiry: readonly NamedAmount[];
  readonly sizes: readonly SizeAmount[];
  readonly prefixes: PrefixAmount;
  readonly largestByMemory: readonly FoundKey[];
  readonly largestByElements: readonly FoundKey[];
  /** Null if the file has neither LFU counters nor idle times. */
  readonly hottest: { readonly by: 'frequency' | 'idle'; readonly keys: readonly FoundKey[] } | null;
}
