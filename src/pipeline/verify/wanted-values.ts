/** Which values the filter wants, asked as a pipeline asks it: of a row of a snapshot. */
import { Batch, EntryKind } from '../../model/batch.ts';
import type { ValueBytes } from '../../rdb/compare/value-bytes.ts';
import type { KeyFilters } from './key-filters.ts';
import type { PairRows } from './key-finding.ts';

export class WantedValues {
  private readonly filter: KeyFilters;
  private readonly batch = new Batch(1);

  constructor(filter: KeyFilters) {
    this.filter = filter;
  }

  /** False: all values are wanted. */
  get asksForValues(): boolean {
    return this.filter.isActive;
  }

  /** @param expiryMs Unix ms; -1 = none */
  wants({ keys, database }: PairRows, row: number, value: Pick<ValueBytes, 'type' | 'start' | 'end' | 'bytes'>, expiryMs: number): boolean {
    if (!this.filter.isActive) return true;
    const { batch } = this;
    const key = keys.bytes.subarray(keys.start[row], keys.end[row]);
    // Key and value in one slab, as a batch has them: names of modules stand in the value.
    batch.bytes = Buffer.concat([key, value.bytes.subarray(value.start, Math.min(value.end, value.start + HEAD_BYTES))]);
    batch.count = 1;
    batch.kind[0] = EntryKind.RdbValue;
    batch.type[0] = value.type;
    batch.keyStart[0] = 0;
    batch.keyEnd[0] = key.length;
    batch.start[0] = key.length;
    batch.end[0] = key.length + value.end - value.start;
    batch.database[0] = database;
    batch.expiryMs[0] = expiryMs;
    return this.filter.wants(batch, 0, Date.now());
  }
}

const HEAD_BYTES = 16;
