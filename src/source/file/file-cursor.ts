/**
 * Reads an input through a window in memory: decoders see contiguous bytes, and what they leave is moved to the front before more is read.
 * Optionally sums what is stepped over, in order, each byte once, whatever way the reader takes: jumps over large values are read for the sum.
 *
 *   window [ ....start........end.... ]      window[start] stands at `offset` in the file
 */
import type { Crc64 } from '../../bytes/crc64.ts';
import type { ByteInput } from './byte-input.ts';
import { HeldInput } from './held-input.ts';

export class FileCursor {
  window: Buffer;
  start = 0;
  end = 0;
  /** Offset in the file of window[start]. */
  offset: number;
  readonly input: ByteInput;
  private readonly windowBytes: number;
  private sum: Crc64 | null = null;
  /** What stands before it is in the sum. */
  private summedTo = 0;

  constructor(input: ByteInput, offset: number, windowBytes: number) {
    this.input = input;
    this.offset = offset;
    this.windowBytes = windowBytes;
    this.window = Buffer.allocUnsafeSlow(windowBytes);
  }

  /** From here on all that is stepped over goes into the sum; null ends it. */
  sumInto(sum: Crc64 | null): void {
    this.sum = sum;
    this.summedTo = this.offset;
  }

  /** Steps over bytes that were decoded. */
  consume(to: number): void {
    const next = this.offset + to - this.start;
    if (this.sum !== null && next > this.summedTo && this.summedTo >= this.offset) {
      this.sum.update(this.window, this.start + this.summedTo - this.offset, to);
      this.summedTo = next;
    }
    this.offset = next;
    this.start = to;
  }

  /** Goes on at another offset; what is in the window stays if the offset is in it. Going back needs hold(), where the input is forward-only. */
  seek(offset: number): void {
    const to = this.start + offset - this.offset;
    if (to < this.start || to > this.end) {
      if (to > this.end) this.consume(this.end);
      this.offset = offset;
      this.start = 0;
      this.end = 0;
    } else this.consume(to);
  }

  get full(): boolean {
    return this.end - this.start === this.window.length;
  }

  /** Makes room for `bytesMin` bytes from `start` on; twice what there is unless told. */
  grow(bytesMin = this.window.length * 2): void {
    if (bytesMin <= this.window.length) return;
    this.resize(bytesMin);
  }

  /** Gives back the memory that one large unit took, if the next one needs no more than `bytesMin` and what is in the window. */
  shrink(bytesMin: number): void {
    const needed = Math.max(bytesMin, this.end - this.start);
    if (this.window.length > this.windowBytes && needed <= this.windowBytes) this.resize(this.windowBytes);
  }

  /** Until release() it is possible to seek() back to here. */
  async hold(): Promise<void> {
    if (this.input instanceof HeldInput) await this.input.hold(this.offset, this.window.subarray(this.start, this.end));
  }

  release(): void {
    if (this.input instanceof HeldInput) this.input.release();
  }

  /** Brings in what is at hand, waiting for it if there is nothing. False at the end of the file. The window must not be full. */
  async more(): Promise<boolean> {
    if (this.start > 0) {
      this.window.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    if (!(await this.sumTheGap())) return false;
    const got = await this.input.read(this.offset + this.end, this.window, this.end, this.window.length - this.end);
    this.end += got;
    return got > 0;
  }

  /** Brings in `count` bytes from `start` on. False if the file ends before. */
  async ensure(count: number): Promise<boolean> {
    if (count > this.window.length) this.grow(Math.max(count, this.window.length * 2));
    while (this.end - this.start < count) if (!(await this.more())) return false;
    return true;
  }

  private async sumTheGap(): Promise<boolean> {
    while (this.sum !== null && this.summedTo < this.offset && this.end === 0) {
      const got = await this.input.read(this.summedTo, this.window, 0, Math.min(this.window.length, this.offset - this.summedTo));
      if (got === 0) return false;
      this.sum.update(this.window, 0, got);
      this.summedTo += got;
    }
    return true;
  }

  private resize(bytes: number): void {
    const window = Buffer.allocUnsafeSlow(bytes);
    this.window.copy(window, 0, this.start, this.end);
    this.end -= this.start;
    this.start = 0;
    this.window = window;
  }
}
