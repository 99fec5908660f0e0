/** A trouble that lasts is told of once, and once when it is over. */
import type { Clock } from '../async/clock.ts';
import type { GodwitError } from '../errors/errors.ts';

export class Trouble {
  private readonly clock: Clock;
  private readonly tell: { begun(error: GodwitError): void; over(troubledMs: number): void };
  private sinceMs = -1;

  constructor(clock: Clock, tell: { begun(error: GodwitError): void; over(troubledMs: number): void }) {
    this.clock = clock;
    this.tell = tell;
  }

  met(error: GodwitError): void {
    if (this.sinceMs >= 0) return;
    this.sinceMs = this.clock.nowMs();
    this.tell.begun(error);
  }

  over(): void {
    if (this.sinceMs < 0) return;
    const troubledMs = Math.round(this.clock.nowMs() - this.sinceMs);
    this.sinceMs = -1;
    this.tell.over(troubledMs);
  }
}
