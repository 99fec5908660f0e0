/** Hands on what packed blobs hold, by what they are used for. Each reads the blob to its end, so that it is checked whole. */
import type { Listpack } from '../encodings/listpack.ts';
import type { PackedEntries } from '../encodings/packed-entries.ts';
import { scoreOf } from '../encodings/score.ts';
import { corruptAt } from '../rdb-length.ts';
import { timeMs } from './value-reader.ts';
import type { ValueVisitor } from './value-visitor.ts';

/** Entries per item of the value. */
export type EntriesPerItem = 1 | 2 | 3;

/** Number of items, -1 if it is not known. @throws GodwitError RDB_CORRUPT if the entries do not come out even */
export function itemCount(entries: PackedEntries, perItem: EntriesPerItem, blobStart: number): number {
  if (entries.count < 0) return -1;
  if (entries.count % perItem !== 0) throw odd(blobStart);
  return entries.count / perItem;
}

export function elementsTo(values: ValueVisitor, entries: PackedEntries): void {
  while (entries.next()) values.element(entries.bytes, entries.start, entries.end);
}

export function membersTo(values: ValueVisitor, entries: PackedEntries, blobStart: number): void {
  while (entries.next()) {
    const { bytes, start, end } = entries;
    if (!entries.next()) throw odd(blobStart);
    const score = entries.isInteger ? entries.high * 2 ** 32 + entries.low : scoreOf(entries.bytes, entries.start, entries.end);
    if (Number.isNaN(score)) throw corruptAt(entries.start, 'a score is not a number');
    values.member(bytes, start, end, score);
  }
}

export function fieldsTo(values: ValueVisitor, entries: PackedEntries, blobStart: number): void {
  while (entries.next()) {
    const { bytes, start, end } = entries;
    if (!entries.next()) throw odd(blobStart);
    values.field(bytes, start, end, entries.bytes, entries.start, entries.end, -1);
  }
}

/** Fields with the time at which they expire, in Unix ms; 0 = never. */
export function expiringFieldsTo(values: ValueVisitor, entries: Listpack, blobStart: number): void {
  while (entries.next()) {
    const { bytes, start, end } = entries;
    if (!entries.next()) throw odd(blobStart);
    const { bytes: valueBytes, start: valueStart, end: valueEnd } = entries;
    if (!entries.next()) throw odd(blobStart);
    const expiryMs = entries.integer();
    values.field(bytes, start, end, valueBytes, valueStart, valueEnd, expiryMs === 0 ? -1 : timeMs(blobStart, expiryMs));
  }
}

function odd(blobStart: number): Error {
  return corruptAt(blobStart, 'a packed value ends within an item');
}
