/** Takes an RDB file apart in different ways: whole, cut at given places, through tiny windows. Rows come as plain objects that can be compared. */
import { Batch, EntryKind } from '../../../src/model/batch.ts';
import type { RdbDecoderState } from '../../../src/rdb/decoder-state.ts';
import type { LargeEntry } from '../../../src/rdb/large-entry.ts';
import { RdbDecoder, type RdbDecoderOptions } from '../../../src/rdb/rdb-decoder.ts';

export interface Row {
  readonly kind: number;
  readonly type: number;
  /** Latin-1. */
  readonly key: string;
  readonly database: number;
  readonly expiryMs: number;
  readonly idle: number;
  readonly freq: number;
  /** Raw value (text of a script), latin-1. */
  readonly value: string;
  readonly endOffset: number;
}

export interface Walk {
  readonly rows: readonly Row[];
  readonly decoder: RdbDecoder;
  /** Offset behind the EOF opcode. */
  readonly end: number;
}

export interface WalkOptions extends RdbDecoderOptions {
  readonly batchCapacity?: number;
  /** Filled into the memory around each window, so that reading beyond it shows. */
  readonly poison?: number;
  /** Gives the file's length to the decoder. */
  readonly knowTotal?: boolean;
  /** Begins here, with a decoder that knows this. */
  readonly resumeAt?: { readonly state: RdbDecoderState; readonly offset: number };
}

const MARGIN = 24;

/** bytes[from, to) between margins of poison. */
class Window {
  readonly bytes: Uint8Array;
  readonly start = MARGIN;
  readonly end: number;

  constructor(file: Uint8Array, from: number, to: number, poison: number) {
    this.bytes = new Uint8Array(to - from + 2 * MARGIN).fill(poison);
    this.bytes.set(file.subarray(from, to), MARGIN);
    this.end = MARGIN + (to - from);
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

export function rowsOf(batch: Batch): Row[] {
  return Array.from({ length: batch.count }, (_, row) => ({
    kind: batch.kind[row],
    type: batch.type[row],
    key: text(batch.bytes.subarray(batch.keyStart[row], batch.keyEnd[row])),
    database: batch.database[row],
    expiryMs: batch.expiryMs[row],
    idle: batch.idle[row],
    freq: batch.freq[row],
    value: text(batch.bytes.subarray(batch.start[row], batch.end[row])),
    endOffset: batch.endOffset[row],
  }));
}

/** The bytes are given up to each cut in turn, what was not consumed again with them. @throws Error if the file ends before its EOF opcode */
export function walkInPieces(file: Uint8Array, cuts: Iterable<number>, options: WalkOptions = {}): Walk {
  const decoder = options.resumeAt ? RdbDecoder.resumeAt(options.resumeAt.state, options) : new RdbDecoder(options);
  if (options.knowTotal) decoder.bytesTotal = file.length;
  const batch = new Batch(options.batchCapacity ?? 1024);
  const rows: Row[] = [];
  let at = options.resumeAt?.offset ?? 0;
  for (const cut of cuts) {
    const window = new Window(file, at, cut, options.poison ?? 0);
    const base = at;
    do {
      batch.reset();
      const pos = window.start + at - base;
      at += decoder.decode(window.bytes, pos, window.end, at, batch) - pos;
      rows.push(...rowsOf(batch));
    } while (decoder.status === 'batch-full');
    if (decoder.status === 'end') return { rows, decoder, end: at };
  }
  throw new Error(`the file ends at ${file.length}, and decoding stopped at ${at}`);
}

export function walkWhole(file: Uint8Array, options: WalkOptions = {}): Walk {
  return walkInPieces(file, [file.length], options);
}

/** Windows of `windowBytes` that grow only for the heads of entries; all else goes the way of large entries. */
export function walkThroughWindows(file: Uint8Array, windowBytes: number, options: WalkOptions = {}): Walk & { readonly largeEntries: number } {
  const decoder = new RdbDecoder(options);
  if (options.knowTotal) decoder.bytesTotal = file.length;
  const batch = new Batch(1024);
  const rows: Row[] = [];
  let at = 0;
  let size = windowBytes;
  let largeEntries = 0;
  for (;;) {
    const window = new Window(file, at, Math.min(file.length, at + size), options.poison ?? 0);
    batch.reset();
    const consumed = decoder.decode(window.bytes, window.start, window.end, at, batch) - window.start;
    rows.push(...rowsOf(batch));
    if (decoder.status === 'end') return { rows, decoder, end: at + consumed, largeEntries };
    at += consumed;
    if (consumed > 0) {
      size = windowBytes;
      continue;
    }
    const entry = decoder.beginLarge(window.bytes, window.start, window.end, at);
    if (!entry) {
      if (at + size > file.length + windowBytes) throw new Error(`the file ends at ${file.length}, and decoding stopped at ${at}`);
      size *= 2;
      continue;
    }
    finish(entry, file, windowBytes, options.poison ?? 0);
    if (entry.kind >= 0) rows.push(rowOfLarge(entry, file));
    largeEntries++;
    at = entry.valueEnd;
    size = windowBytes;
  }
}

function finish(entry: LargeEntry, file: Uint8Array, windowBytes: number, poison: number): void {
  while (!entry.done) {
    const from = entry.nextOffset;
    const to = Math.min(file.length, from + windowBytes);
    if (to > from) {
      const window = new Window(file, from, to, poison);
      entry.feed(window.bytes, window.start, window.end, from);
    }
    if (!entry.done && (to <= from || (entry.nextOffset === from && to === file.length))) throw new Error(`the file ends within a value, at ${from}`);
  }
}

function rowOfLarge(entry: LargeEntry, file: Uint8Array): Row {
  return {
    kind: entry.kind,
    type: entry.type,
    key: text(entry.key),
    database: entry.database,
    expiryMs: entry.expiryMs,
    idle: entry.idle,
    freq: entry.freq,
    value: text(file.subarray(entry.valueStart, entry.valueEnd)),
    endOffset: entry.valueEnd,
  };
}

/** The rows that have a key. */
export function keyRows(rows: readonly Row[]): Row[] {
  return rows.filter((row) => row.kind === EntryKind.RdbValue);
}
