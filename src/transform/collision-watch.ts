/**
 * Finds keys that get the same name in the same database. It keeps a number of 53 bits per key, not the key: two keys can be taken for one in about one of
 * 10^4 runs over a million keys. Memory is bounded: with more keys than that, only those among the first are found, and isWhole says so.
 */
const KEYS_MAX = 2_000_000;
const SAMPLES_MAX = 5;
const PRIME = 0x01000193;

export class CollisionWatch {
  found = 0;
  /** Every key was looked at. */
  isWhole = true;
  /** The names that were given twice. */
  readonly samples: Uint8Array[] = [];
  private readonly seen = new Set<number>();

  /** @param bytes bytes[start, end) is the new name */
  add(database: number, bytes: Uint8Array, start: number, end: number): void {
    const code = codeOf(database, bytes, start, end);
    if (this.seen.has(code)) {
      this.found++;
      if (this.samples.length < SAMPLES_MAX) this.samples.push(Uint8Array.from(bytes.subarray(start, end)));
    } else if (this.seen.size < KEYS_MAX) this.seen.add(code);
    else this.isWhole = false;
  }
}

function codeOf(database: number, bytes: Uint8Array, start: number, end: number): number {
  let one = 0x811c9dc5 ^ database;
  let other = 0x9747b28c + database;
  for (let at = start; at < end; at++) {
    one = Math.imul(one ^ bytes[at], PRIME);
    other = Math.imul(other ^ bytes[at], 0x5bd1e995);
    other ^= other >>> 15;
  }
  one = Math.imul(one ^ (one >>> 15), 0x85ebca6b);
  return ((one ^ (one >>> 13)) >>> 0) * 2 ** 21 + ((other >>> 0) & 0x1fffff);
}
