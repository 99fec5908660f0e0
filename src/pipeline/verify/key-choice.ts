/** Which keys are looked at, by their names: not Godwit's own, those of the sample, those that pass the filter. */
import { ByteHash } from '../../rdb/compare/byte-hash.ts';
import type { KeyFilters } from './key-filters.ts';
import type { KeyRows } from './key-rows.ts';

const ALL = 2 ** 32;
const SALT = 77;

export interface KeyChoiceOptions {
  readonly filter: KeyFilters;
  /** Names that begin so are Godwit's own. */
  readonly ownPrefixes: readonly Uint8Array[];
  /** In (0, 1]; 1 = all. */
  readonly sample: number;
  readonly seed: number;
}

export class KeyChoice {
  private readonly options: KeyChoiceOptions;
  private readonly hash: ByteHash;
  private readonly sampleMax: number;

  constructor(options: KeyChoiceOptions) {
    this.options = options;
    this.hash = new ByteHash(options.seed);
    this.sampleMax = options.sample >= 1 ? ALL : options.sample * ALL;
  }

  /** @param database of the source; @returns null: all of them */
  wanted(database: number, keys: KeyRows): number[] | null {
    const rows: number[] = [];
    for (let row = 0; row < keys.count; row++) if (this.wants(database, keys.bytes, keys.start[row], keys.end[row])) rows.push(row);
    return rows.length === keys.count ? null : rows;
  }

  /** Of a name at the source. */
  wants(database: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.isOwn(bytes, start, end) || !this.isSampled(bytes, start, end)) return false;
    const { filter } = this.options;
    return !filter.isActive || filter.passesName(database, bytes, start, end);
  }

  /** How many of the keys the filter does not let pass. */
  outOfScope(database: number, { bytes, start, end, count }: KeyRows): number {
    const { filter } = this.options;
    if (!filter.isActive) return 0;
    let outside = 0;
    for (let row = 0; row < count; row++) {
      if (!this.isOwn(bytes, start[row], end[row]) && !filter.passesName(database, bytes, start[row], end[row])) outside++;
    }
    return outside;
  }

  /** It would be wanted if the sample had it. */
  isJustNotSampled(database: number, key: Uint8Array): boolean {
    const { filter } = this.options;
    return !this.isSampled(key, 0, key.length) && (!filter.isActive || filter.passesName(database, key, 0, key.length));
  }

  isOwn(bytes: Uint8Array, start: number, end: number): boolean {
    return this.options.ownPrefixes.some((prefix) => {
      if (end - start < prefix.length) return false;
      for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
      return true;
    });
  }

  private isSampled(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.sampleMax === ALL) return true;
    const { hash } = this;
    hash.begin(SALT);
    hash.bytes(bytes, start, end);
    hash.part();
    hash.end();
    return hash.low >>> 0 < this.sampleMax;
  }
}
