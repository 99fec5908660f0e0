/**
 * A hash of 64 bits in two lanes of 32, fed in parts: bytes, numbers, and ends of parts, so that `ab` `c` is not `a` `bc`. It does not matter how the bytes of
 * one part are cut. Words go through the mixing of MurmurHash3 with other constants in each lane; what is left at the end is mixed over both.
 *
 * Not for adversaries that know the seed: each verification takes its own.
 */
const A1 = 0xcc9e2d51 | 0;
const A2 = 0x1b873593;
const B1 = 0x239b961b;
const B2 = 0xab0e9789 | 0;
const doubles = new Float64Array(1);
const words = new Int32Array(doubles.buffer);

export class ByteHash {
  /** The result of end(). */
  high = 0;
  low = 0;
  private readonly seed: number;
  private a = 0;
  private b = 0;
  /** Bytes of a word that is not whole yet. */
  private word = 0;
  private shift = 0;
  private count = 0;

  constructor(seed: number) {
    this.seed = seed | 0;
  }

  /** @param salt tells hashes of different things apart */
  begin(salt: number): void {
    this.a = this.seed ^ salt;
    this.b = Math.imul(this.seed, 0x9e3779b1) ^ salt;
    this.word = 0;
    this.shift = 0;
    this.count = 0;
  }

  /** The next bytes of the part. */
  bytes(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    this.count += end - start;
    while (this.shift !== 0 && at < end) this.byte(bytes[at++]);
    let { a, b } = this;
    for (const stop = end - 3; at < stop; at += 4) {
      const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      let k = Math.imul(word, A1);
      a ^= Math.imul((k << 15) | (k >>> 17), A2);
      a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
      k = Math.imul(word, B1);
      b ^= Math.imul((k << 16) | (k >>> 16), B2);
      b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x0bcaa747) | 0;
    }
    this.a = a;
    this.b = b;
    while (at < end) this.byte(bytes[at++]);
  }

  /** Ends the part. */
  part(): void {
    if (this.shift !== 0) this.mix(this.word);
    this.word = 0;
    this.shift = 0;
    this.mix(this.count | 0);
    this.count = 0;
  }

  /** A part of its own. */
  number(value: number): void {
    doubles[0] = value;
    const [low, high] = words;
    this.mix(low);
    this.mix(high);
  }

  /** `high` and `low` are the hash of all parts since begin(). */
  end(): void {
    let high = mixed(this.a);
    let low = mixed(this.b ^ high);
    high = (high + low) | 0;
    low = (low + Math.imul(high, 5)) | 0;
    this.high = mixed(high);
    this.low = mixed(low);
  }

  private byte(byte: number): void {
    this.word |= byte << this.shift;
    this.shift += 8;
    if (this.shift < 32) return;
    this.mix(this.word);
    this.word = 0;
    this.shift = 0;
  }

  private mix(word: number): void {
    let k = Math.imul(word, A1);
    const a = this.a ^ Math.imul((k << 15) | (k >>> 17), A2);
    this.a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
    k = Math.imul(word, B1);
    const b = this.b ^ Math.imul((k << 16) | (k >>> 16), B2);
    this.b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x0bcaa747) | 0;
  }
}

function mixed(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
