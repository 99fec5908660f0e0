/** Holds a scan to so many keys and bytes a second: what was read beyond that is waited for before the next part is asked for. */
import { type Clock, systemClock } from '../../async/clock.ts';
import { Deferred } from '../../async/deferred.ts';

/** May come at once. */
const BURST_MS = 100;

export class ScanPace {
  /** 0 = no limit. May be changed while it runs. */
  keysPerSecondMax: number;
  bytesPerSecondMax: number;
  private readonly clock: Clock;
  /** When what was taken so far will be within the limits. */
  private freeAtMs = 0;

  constructor(keysPerSecondMax: number, bytesPerSecondMax: number, clock: Clock = systemClock) {
    this.keysPerSecondMax = keysPerSecondMax;
    this.bytesPerSecondMax = bytesPerSecondMax;
    this.clock = clock;
  }

  async take(keys: number, bytes: number): Promise<void> {
    const { keysPerSecondMax, bytesPerSecondMax, clock } = this;
    if (keysPerSecondMax === 0 && bytesPerSecondMax === 0) return;
    const nowMs = clock.nowMs();
    const costMs = Math.max(keysPerSecondMax > 0 ? (keys * 1000) / keysPerSecondMax : 0, bytesPerSecondMax > 0 ? (bytes * 1000) / bytesPerSecondMax : 0);
    this.freeAtMs = Math.max(this.freeAtMs, nowMs - BURST_MS) + costMs;
    const waitMs = this.freeAtMs - nowMs;
    if (waitMs <= 0) return;
    const over = new Deferred<void>();
    clock.startTimer(waitMs, () => over.resolve());
    await over.promise;
  }
}
