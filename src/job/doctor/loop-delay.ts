/** The longest time that the event loop of this process was held up, between start() and stop(). */
const EVERY_MS = 20;

export class LoopDelay {
  private timer: NodeJS.Timeout | undefined;
  private lastMs = 0;
  private longestMs = 0;

  start(): void {
    this.lastMs = performance.now();
    this.timer = setInterval(() => this.look(), EVERY_MS);
  }

  /** @returns milliseconds */
  stop(): number {
    clearInterval(this.timer);
    this.look();
    return this.longestMs;
  }

  private look(): void {
    const nowMs = performance.now();
    this.longestMs = Math.max(this.longestMs, nowMs - this.lastMs - EVERY_MS);
    this.lastMs = nowMs;
  }
}
