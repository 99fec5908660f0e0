/** Filters that all have to let a key pass: that of the job, and that of who asks for a part of its keys. */
import type { Filter } from '../../filter/filter.ts';
import type { Batch } from '../../model/batch.ts';

export class KeyFilters {
  private readonly filters: readonly Filter[];

  constructor(filters: readonly Filter[]) {
    this.filters = filters.filter(({ isActive }) => isActive);
  }

  /** False: all keys pass. */
  get isActive(): boolean {
    return this.filters.length > 0;
  }

  passesDatabase(database: number): boolean {
    return this.filters.every(({ entries }) => entries.passesDatabase(database));
  }

  passesName(database: number, bytes: Uint8Array, start: number, end: number): boolean {
    return this.filters.every(({ entries }) => entries.passesName(database, bytes, start, end));
  }

  /** Of a row of a snapshot. */
  wants(batch: Batch, row: number, nowMs: number): boolean {
    return this.filters.every(({ entries }) => entries.wants(batch, row, nowMs));
  }
}
