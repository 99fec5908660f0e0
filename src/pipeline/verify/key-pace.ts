/** So many keys a second at most, with a tenth of a second's worth at once. */
const BURST_MS = 100;

export class KeyPace {
  private readonly perMs: number;
  /** When what was let through so far will have had its time. */
  private freeAtMs = 0;

  /** @param keysPerSecond 0 = no limit */
  constructor(keysPerSecond: number) {
    this.perMs = keysPerSecond / 1000;
  }

  /** Resolves when so many keys may be looked at. */
  async take(keys: number): Promise<void> {
    if (this.perMs === 0) return;
    const nowMs = performance.now();
    const waitMs = this.freeAtMs - nowMs;
    this.freeAtMs = Math.max(this.freeAtMs, nowMs - BURST_MS) + keys / this.perMs;
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
