/**
 * Does something again and again: every so often, and on demand. Demands share a run; a run that was asked for begins after the asking, and never sooner
 * than the gap after the end of the one before.
 */
import type { Clock, ClockTimer } from '../async/clock.ts';
import { Deferred } from '../async/deferred.ts';
import { GodwitError } from '../errors/errors.ts';

export interface RefreshLoopOptions {
  readonly clock: Clock;
  readonly everyMs: number;
  readonly gapMs: number;
  /** Must not throw. */
  run(): Promise<void>;
}

export class RefreshLoop {
  private readonly options: RefreshLoopOptions;
  private timer: ClockTimer | undefined;
  private waiting: Deferred<void> | undefined;
  private running = false;
  private stopped = false;
  private endedMs: number;

  constructor(options: RefreshLoopOptions) {
    this.options = options;
    this.endedMs = options.clock.nowMs();
  }

  start(): void {
    if (!this.running && !this.stopped && this.waiting === undefined) this.schedule(this.options.everyMs);
  }

  /** Resolves after a run that begins from now on. Rejects once stopped. */
  ask(): Promise<void> {
    if (this.stopped) return Promise.reject(stoppedError());
    if (this.waiting === undefined) {
      this.waiting = new Deferred();
      if (!this.running) this.schedule(this.gapLeftMs());
    }
    return this.waiting.promise;
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
    this.waiting?.reject(stoppedError());
    this.waiting = undefined;
  }

  private schedule(delayMs: number): void {
    this.timer?.cancel();
    this.timer = this.options.clock.startTimer(delayMs, () => void this.turn(), { background: true });
  }

  private async turn(): Promise<void> {
    const { waiting } = this;
    this.waiting = undefined;
    this.running = true;
    await this.options.run();
    this.running = false;
    this.endedMs = this.options.clock.nowMs();
    waiting?.resolve();
    if (!this.stopped) this.schedule(this.waiting === undefined ? this.options.everyMs : this.gapLeftMs());
  }

  private gapLeftMs(): number {
    return Math.max(0, this.endedMs + this.options.gapMs - this.options.clock.nowMs());
  }
}

function stoppedError(): GodwitError {
  return new GodwitError('CONNECT_FAILED', 'the topology is closed', { retryable: false });
}
