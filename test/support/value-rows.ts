/** Values of a snapshot as a batch, each with a key and as many bytes as wanted: for tests of what filters and transforms do with them. */
import { Batch, EntryKind } from '../../src/model/batch.ts';
import { RdbType } from '../../src/rdb/opcodes.ts';

export interface ValueRow {
  readonly key: string;
  readonly type?: number;
  readonly value?: Buffer;
  readonly database?: number;
  /** Counts from VALUES_NOW; none unless told. */
  readonly ttlMs?: number;
  readonly kind?: EntryKind;
}

export const VALUES_NOW = 1_000_000;

export function valueBatch(rows: readonly ValueRow[]): Batch {
  const batch = new Batch(rows.length);
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { key, type = RdbType.String, value = Buffer.alloc(10), database = 0, ttlMs, kind = EntryKind.RdbValue } of rows) {
    const row = batch.count++;
    const name = Buffer.from(key);
    pieces.push(name, value);
    batch.kind[row] = kind;
    batch.type[row] = type;
    batch.keyStart[row] = at;
    batch.keyEnd[row] = at + name.length;
    batch.start[row] = at + name.length;
    batch.end[row] = at += name.length + value.length;
    batch.database[row] = database;
    batch.expiryMs[row] = ttlMs === undefined ? -1 : VALUES_NOW + ttlMs;
  }
  batch.bytes = Buffer.concat(pieces);
  return batch;
}

export function keysOf(batch: Batch): string[] {
  return Array.from({ length: batch.count }, (_, row) => Buffer.from(batch.bytes.subarray(batch.keyStart[row], batch.keyEnd[row])).toString());
}

export function valuesOf(batch: Batch): string[] {
  return Array.from({ length: batch.count }, (_, row) => Buffer.from(batch.bytes.subarray(batch.start[row], batch.end[row])).toString());
}
