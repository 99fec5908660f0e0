/** A large value that is in memory already, shown to who sends it a piece at a time, so that no second copy of it is made. */
import type { ValueCursor } from '../rdb/value-cursor.ts';

const STEP_BYTES = 1024 * 1024;

export class MemoryCursor implements ValueCursor {
  readonly window: Buffer;
  readonly full = false;
  start: number;
  end: number;
  private readonly from: number;
  private readonly to: number;
  private readonly base: number;

  /** The value is window[from, to). @param base offset that its first byte stands for */
  constructor(window: Buffer, from: number, to: number, base: number) {
    this.window = window;
    this.from = from;
    this.to = to;
    this.base = base;
    this.start = from;
    this.end = from;
  }

  get offset(): number {
    return this.base + this.start - this.from;
  }

  seek(offset: number): void {
    this.start = Math.min(this.to, this.from + offset - this.base);
    this.end = this.start;
  }

  consume(to: number): void {
    this.start = to;
  }

  grow(): void {
    // All of it is there.
  }

  async more(wanted = 0): Promise<boolean> {
    if (this.end === this.to) return false;
    this.end = Math.min(this.to, Math.max(this.end + STEP_BYTES, this.start + wanted));
    return true;
  }
}
