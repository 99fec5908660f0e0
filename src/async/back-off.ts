/**
 * Exponential back-off with full jitter: the n-th delay is anywhere between the least delay and min(most, least * 2^n). Jitter spreads the
 * reconnects of many connections that were lost together.
 */
export interface BackOffOptions {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

export class BackOff {
  private readonly options: BackOffOptions;
  private failures = 0;

  constructor(options: BackOffOptions) {
    this.options = options;
  }

  /** Failures since the last success. */
  get attempts(): number {
    return this.failures;
  }

  /** Counts a failure; returns how long to wait before the next attempt. */
  nextDelayMs(): number {
    const { delayMinMs, delayMaxMs, random } = this.options;
    const ceilingMs = Math.min(delayMaxMs, delayMinMs * 2 ** Math.min(this.failures, 30));
    this.failures++;
    return delayMinMs + random() * Math.max(0, ceilingMs - delayMinMs);
  }

  succeeded(): void {
    this.failures = 0;
  }
}
