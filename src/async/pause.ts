/** A wait that can be cut short. One at a time. */
import type { Clock, ClockTimer } from './clock.ts';

export class Pause {
  private readonly clock: Clock;
  private timer: ClockTimer | undefined;
  private resolve: (() => void) | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Resolves after the time, or at end(). */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.timer = this.clock.startTimer(delayMs, resolve);
    });
  }

  end(): void {
    this.timer?.cancel();
    this.resolve?.();
  }
}
