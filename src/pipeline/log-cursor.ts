/** Reads a spool log through a window in memory: decoders see contiguous bytes, and what they leave is moved to the front before more is read. */
import { Deferred } from '../async/deferred.ts';
import type { SpoolLog } from '../source/replica/spool/spool-log.ts';

export class LogCursor {
  window: Buffer;
  start = 0;
  end = 0;
  /** Offset in the log of window[start]. */
  offset: number;
  private readonly log: SpoolLog;
  private waiting: Deferred<void> | undefined;
  private failure: Error | undefined;
  private woken = false;

  constructor(log: SpoolLog, offset: number, windowBytes: number) {
    this.log = log;
    this.offset = offset;
    this.window = Buffer.allocUnsafeSlow(windowBytes);
  }

  /** Steps over bytes that were decoded. */
  consume(to: number): void {
    this.offset += to - this.start;
    this.start = to;
  }

  /** Goes on at another offset; what is in the window is dropped. */
  seek(offset: number): void {
    this.offset = offset;
    this.start = 0;
    this.end = 0;
  }

  get full(): boolean {
    return this.end - this.start === this.window.length;
  }

  grow(): void {
    const grown = Buffer.allocUnsafeSlow(this.window.length * 2);
    this.window.copy(grown, 0, this.start, this.end);
    this.end -= this.start;
    this.start = 0;
    this.window = grown;
  }

  /** Gives back the memory of a window that has grown, if what is left in it fits. */
  shrink(windowBytes: number): void {
    if (this.window.length <= windowBytes || this.end - this.start > windowBytes / 2) return;
    const small = Buffer.allocUnsafeSlow(windowBytes);
    this.window.copy(small, 0, this.start, this.end);
    this.end -= this.start;
    this.start = 0;
    this.window = small;
  }

  /**
   * Brings in what is there, waiting for it if there is nothing. False at the end of a finished log. The window must not be full.
   * @param wanted waits until the window holds so many bytes, is full, or the log has ended
   */
  async more(wanted = 1): Promise<boolean> {
    if (this.start > 0) {
      this.window.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    let got = 0;
    while (this.end < this.window.length) {
      const at = this.offset + this.end;
      // A jump over a long string can lead beyond what has arrived.
      let count = at > this.log.endOffset ? 0 : this.log.read(at, this.window, this.end, this.window.length - this.end);
      if (typeof count !== 'number') count = await count;
      else if (count === 0) {
        if (got > 0 && this.end >= wanted) return true;
        if (this.log.finished) return got > 0;
        try {
          await this.wait(at);
          if (this.takeWake()) return true;
        } catch (error) {
          if (this.log.finished && this.log.endOffset === at) return got > 0;
          throw error;
        }
        continue;
      }
      this.end += count;
      got += count;
    }
    return true;
  }

  /** Lets more() return without bytes, now or when it waits next. */
  wake(): void {
    this.woken = true;
    this.waiting?.resolve();
  }

  private takeWake(): boolean {
    const { woken } = this;
    this.woken = false;
    return woken;
  }

  /** Ends more(), now or when it is called. */
  fail(error: Error): void {
    this.failure ??= error;
    this.waiting?.reject(this.failure);
  }

  private wait(at: number): Promise<void> {
    const waiting = new Deferred<void>();
    this.waiting = waiting;
    if (this.failure !== undefined) waiting.reject(this.failure);
    if (this.woken) waiting.resolve();
    this.log.waitBeyond(at).then(waiting.resolve, waiting.reject);
    return waiting.promise;
  }
}
