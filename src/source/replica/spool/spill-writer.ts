/**
 * Writes a log's memory to disk behind the receiver: one write at a time, in order, as large as what has gathered meanwhile.
 *
 *   disk [.........written)          written only moves up: by writes, or by skipTo() over bytes that nobody needs any more
 *   memory    [.........|.....end)   what lies between written and the goal is being written
 *
 * A full disk stalls it: nothing is in flight then, and it tries again each second or when retryNow() says that space was freed.
 */
import type { Clock } from '../../../async/clock.ts';
import { GodwitError } from '../../../errors/errors.ts';
import type { SpoolBudget } from './disk-space.ts';
import type { SegmentFiles } from './segment-files.ts';
import type { SlabWindow } from './slab-window.ts';
import { isDiskFullError } from './spool-files.ts';

const WRITE_BYTES_MAX = 2 * 1024 * 1024;
const RETRY_MS = 1000;

export interface SpillWriterOptions {
  readonly logName: string;
  readonly window: SlabWindow;
  readonly segments: SegmentFiles;
  readonly budget: SpoolBudget;
  readonly clock: Clock;
  readonly onWritten: () => void;
  readonly onStalled: () => void;
  /** The disk refuses for a reason that does not pass; the writer has stopped. */
  readonly onFailed: (error: GodwitError) => void;
}

export class SpillWriter {
  readonly #options: SpillWriterOptions;
  readonly #views: Uint8Array[] = [];
  #written: number;
  #goal: number;
  #running: Promise<void> | null = null;
  #inFlight = false;
  #stalled = false;
  #stopped = false;
  #wake: (() => void) | null = null;

  constructor(options: SpillWriterOptions, writtenOffset: number) {
    this.#options = options;
    this.#written = writtenOffset;
    this.#goal = writtenOffset;
  }

  get written(): number {
    return this.#written;
  }

  /** True while the system reads from the slabs at and behind `written`. */
  get inFlight(): boolean {
    return this.#inFlight;
  }

  get stalled(): boolean {
    return this.#stalled;
  }

  /** Asks for everything below the offset to be on disk. */
  want(offset: number): void {
    if (offset > this.#goal) this.#goal = offset;
    if (this.#running === null && !this.#stopped && this.#written < this.#goal) this.#running = this.#run();
  }

  /** Leaves out the bytes below the offset. Not while a write is in flight. */
  skipTo(offset: number): void {
    this.#options.segments.dropAll();
    this.#written = offset;
    this.#wake?.();
  }

  retryNow(): void {
    this.#wake?.();
  }

  /** Resolves when nothing is in flight any more; nothing more is written. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopped && this.#written < this.#goal) await this.#writeOnce();
    } catch (error) {
      this.#stopped = true;
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.onFailed(new GodwitError('SPOOL_FAILED', `the spool cannot be written: ${reason}`, { cause: error, details: { offset: this.#written } }));
    } finally {
      this.#running = null;
      this.#resume();
    }
  }

  async #writeOnce(): Promise<void> {
    const { window, segments, budget, onWritten } = this.#options;
    const bytes = window.collect(this.#written, this.#goal, Math.min(WRITE_BYTES_MAX, segments.roomBytes), this.#views);
    if (!budget.take(bytes)) {
      this.#views.length = 0;
      return this.#stall('limit');
    }
    this.#inFlight = true;
    let count = 0;
    try {
      count = await segments.write(this.#written, this.#views);
    } catch (error) {
      if (!isDiskFullError(error)) throw error;
    } finally {
      this.#inFlight = false;
      this.#views.length = 0;
      budget.give(bytes - count);
    }
    if (count === 0) return this.#stall('disk');
    this.#written += count;
    this.#resume();
    onWritten();
  }

  async #stall(reason: 'limit' | 'disk'): Promise<void> {
    const { budget, clock, logName, onStalled } = this.#options;
    if (this.#stopped) return;
    if (!this.#stalled) {
      this.#stalled = true;
      budget.stalled(logName, reason);
    }
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const timer = clock.startTimer(RETRY_MS, () => this.#wake?.());
    onStalled();
    await woken;
    this.#wake = null;
    timer.cancel();
    if (!this.#stopped) await budget.refresh();
  }

  #resume(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#options.budget.resumed(this.#options.logName);
  }
}
