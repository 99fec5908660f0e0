/**
 * Names of keys as fingerprints of 64 bits, in a table that grows: 16 to 32 bytes for each key. That a key which is not in it seems to be happens once in 2^64
 * divided by the number of keys.
 */
import { ByteHash } from '../../rdb/compare/byte-hash.ts';

const SLOTS_INITIAL = 1 << 16;

export class FileKeys {
  private readonly hash: ByteHash;
  private readonly seen = new Set<number>();
  private high = new Int32Array(SLOTS_INITIAL);
  private low = new Int32Array(SLOTS_INITIAL);
  private count = 0;

  constructor(seed: number) {
    this.hash = new ByteHash(seed);
  }

  add(database: number, key: Uint8Array): void {
    this.seen.add(database);
    this.fingerprint(database, key);
    const at = this.place(this.hash.high, this.hash.low);
    if (this.high[at] !== 0 || this.low[at] !== 0) return;
    this.high[at] = this.hash.high;
    this.low[at] = this.hash.low;
    if (++this.count * 2 > this.high.length) this.grow();
  }

  has(database: number, key: Uint8Array): boolean {
    this.fingerprint(database, key);
    const at = this.place(this.hash.high, this.hash.low);
    return this.high[at] !== 0 || this.low[at] !== 0;
  }

  /** Databases that it has keys of, and this one. */
  databasesOrOne(database: number): number[] {
    return [...new Set([...this.seen, database])];
  }

  private fingerprint(database: number, key: Uint8Array): void {
    const { hash } = this;
    hash.begin(database);
    hash.bytes(key, 0, key.length);
    hash.part();
    hash.end();
    // Both zero is an empty slot.
    if (hash.high === 0 && hash.low === 0) hash.low = 1;
  }

  /** Where it is, or would be. */
  private place(high: number, low: number): number {
    const mask = this.high.length - 1;
    let at = low & mask;
    while ((this.high[at] !== 0 || this.low[at] !== 0) && (this.high[at] !== high || this.low[at] !== low)) at = (at + 1) & mask;
    return at;
  }

  private grow(): void {
    const [high, low] = [this.high, this.low];
    this.high = new Int32Array(high.length * 2);
    this.low = new Int32Array(high.length * 2);
    for (let i = 0; i < high.length; i++) {
      if (high[i] === 0 && low[i] === 0) continue;
      const at = this.place(high[i], low[i]);
      this.high[at] = high[i];
      this.low[at] = low[i];
    }
  }
}
