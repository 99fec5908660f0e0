import type { Clock, ClockTimer } from '../../../src/async/clock.ts';

/** Time that passes only by advance(); timers run in order, each at its own time. */
export class ManualClock implements Clock {
  private ms = 1_000_000;
  private readonly timers = new Set<{ atMs: number; run: () => void }>();
  started = 0;

  nowMs(): number {
    return this.ms;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.ms;
  }

  get waiting(): number {
    return this.timers.size;
  }

  startTimer(delayMs: number, run: () => void): ClockTimer {
    const timer = { atMs: this.ms + delayMs, run };
    this.started++;
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  advance(byMs: number): void {
    const endMs = this.ms + byMs;
    for (;;) {
      const due = [...this.timers].filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.timers.delete(due);
      this.ms = Math.max(this.ms, due.atMs);
      due.run();
    }
    this.ms = endMs;
  }

  /** The event loop was held up: time passes, and timers are run late. */
  stall(byMs: number): void {
    this.ms += byMs;
  }
}
