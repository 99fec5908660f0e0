/** Printable text that does not compress, the same for the same seed. Made in slabs, since the data sets need hundreds of megabytes of it. */
const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
const SLAB_BYTES = 4 * 1024 * 1024;
const LETTERS_A_NUMBER = 5;

export class RandomText {
  private state: number;
  private slab = '';
  private at = 0;

  /** @param seed not 0 */
  constructor(seed: number) {
    this.state = seed;
  }

  /** @param length in bytes, 4 MiB at most */
  take(length: number): string {
    if (this.at + length > this.slab.length) this.refill();
    this.at += length;
    return this.slab.slice(this.at - length, this.at);
  }

  /** Whole number of 0 to `limit` - 1. */
  below(limit: number): number {
    return (this.next() >>> 0) % limit;
  }

  private refill(): void {
    const bytes = Buffer.allocUnsafe(SLAB_BYTES);
    for (let i = 0; i < SLAB_BYTES; i += LETTERS_A_NUMBER) {
      let number = this.next() >>> 2;
      for (let j = i; j < i + LETTERS_A_NUMBER && j < SLAB_BYTES; j++, number >>>= 6) bytes[j] = ALPHABET[number & 63];
    }
    this.slab = bytes.toString('latin1');
    this.at = 0;
  }

  /** xorshift32 */
  private next(): number {
    let { state } = this;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state;
    return state;
  }
}
