/** Random numbers that can be had again: print the seed, and give it as GODWIT_TEST_SEED. */
export class Seeded {
  readonly seed: number;
  private state: number;

  constructor(seed = Number(process.env['GODWIT_TEST_SEED'] ?? (Math.random() * 2 ** 31) | 0)) {
    this.seed = seed;
    this.state = seed | 0;
  }

  /** Whole number of 0 to `limit` - 1. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit) | 0;
  }

  /** `count` places of 1 to `length`, in order, the last of them `length`. */
  cuts(count: number, length: number): number[] {
    const places = Array.from({ length: count }, () => 1 + this.below(length));
    return [...places.toSorted((a, b) => a - b), length];
  }
}
