/**
 * LZF decompression (lzf.ts has the format) of text that need not be whole, neither before nor behind: references reach 8 KiB back, so that is what is kept.
 *
 *   stream.begin(packedBytes, length)
 *   at = stream.feed(bytes, at, end, take)       consumed up to `at`; give bytes[at, end) again with more behind until `done`
 *
 * Invariants: a literal or reference is taken whole or not at all; nothing is given beyond `length`; what does not come out as it says is RDB_CORRUPT.
 */
import { GodwitError } from '../errors/errors.ts';

/** bytes[start, end) are valid during the call only. */
export type TextTaker = (bytes: Uint8Array, start: number, end: number) => void;

const HISTORY_BYTES = 8192;
const OUT_BYTES = HISTORY_BYTES + 128 * 1024;
/** Of one literal or reference, decompressed. */
const STEP_BYTES_MAX = 264;
/** As it stands in the stream. */
const TOKEN_BYTES_MAX = 33;

export class LzfStream {
  /** Bytes that the token under way may need from where feed() ended. */
  needed = 0;
  private readonly out = new Uint8Array(OUT_BYTES);
  private to = 0;
  /** What stands before it in `out` was given. */
  private given = 0;
  private packedLeft = 0;
  private left = 0;

  get done(): boolean {
    return this.packedLeft === 0 && this.left === 0;
  }

  /** @param packedBytes of the stream; @param length of the text */
  begin(packedBytes: number, length: number): void {
    this.to = 0;
    this.given = 0;
    this.packedLeft = packedBytes;
    this.left = length;
  }

  /** @throws GodwitError RDB_CORRUPT */
  feed(bytes: Uint8Array, start: number, end: number, take: TextTaker): number {
    const stop = Math.min(end, start + this.packedLeft);
    let at = start;
    while (at < stop) {
      if (this.to + STEP_BYTES_MAX > OUT_BYTES) this.makeRoom(take);
      const next = this.step(bytes, at, stop);
      if (next < 0) break;
      at = next;
    }
    this.packedLeft -= at - start;
    if (at < stop && stop - at === this.packedLeft) throw corrupt('ends within a literal or reference');
    if (this.packedLeft === 0 && this.left > 0) throw corrupt('is shorter than it says');
    if (this.to > this.given) take(this.out, this.given, this.to);
    this.given = this.to;
    this.needed = Math.min(TOKEN_BYTES_MAX, this.packedLeft);
    return at;
  }

  /** One literal or reference. @returns behind it, or -1 if it is not whole */
  private step(bytes: Uint8Array, at: number, stop: number): number {
    const { out } = this;
    const control = bytes[at];
    let from = at + 1;
    if (control < 32) {
      const next = from + control + 1;
      if (next > stop) return -1;
      this.claim(control + 1);
      while (from < next) out[this.to++] = bytes[from++];
      return next;
    }
    let count = (control >> 5) + 2;
    if (from + (count === 9 ? 2 : 1) > stop) return -1;
    if (count === 9) count += bytes[from++];
    let back = this.to - ((control & 31) << 8) - bytes[from++] - 1;
    if (back < 0) throw corrupt('refers to what is before its begin');
    this.claim(count);
    let { to } = this;
    while (count-- > 0) out[to++] = out[back++];
    this.to = to;
    return from;
  }

  private claim(count: number): void {
    if (count > this.left) throw corrupt('is longer than it says');
    this.left -= count;
  }

  private makeRoom(take: TextTaker): void {
    const { out } = this;
    take(out, this.given, this.to);
    out.copyWithin(0, this.to - HISTORY_BYTES, this.to);
    this.to = HISTORY_BYTES;
    this.given = HISTORY_BYTES;
  }
}

function corrupt(what: string): GodwitError {
  return new GodwitError('RDB_CORRUPT', `a compressed string ${what}`);
}
