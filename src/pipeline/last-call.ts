/** The time that a target has for its last answers when a job ends: it runs from the first moment that is waited for. */
import type { Clock } from '../async/clock.ts';
import { Deferred } from '../async/deferred.ts';

export class LastCall {
  private readonly clock: Clock;
  private readonly withinMs: number;
  private endsMs: number | undefined;

  constructor(clock: Clock, withinMs: number) {
    this.clock = clock;
    this.withinMs = withinMs;
  }

  /** The outcome, or `late` once the time is over: without those answers the next run goes on at the mark that the target has. */
  async inTime<T, Late>(outcome: Promise<T>, late: Late): Promise<T | Late> {
    this.endsMs ??= this.clock.nowMs() + this.withinMs;
    const over = new Deferred<Late>();
    const timer = this.clock.startTimer(Math.max(0, this.endsMs - this.clock.nowMs()), () => over.resolve(late));
    try {
      return await Promise.race([outcome, over.promise]);
    } finally {
      timer.cancel();
    }
  }
}
