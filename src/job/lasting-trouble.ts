/**
 * Tells of a trouble that is met again at each retry: when it begins, when it changes, once a minute while it lasts, and when it is over. Times are
 * given by the caller, in Unix milliseconds.
 */
const AGAIN_AFTER_MS = 60_000;

export interface LastingTroubleOptions {
  /** It is there (again); `lastsMs` is 0 the first time. */
  onTold(message: string, lastsMs: number): void;
  onOver(lastedMs: number): void;
}

export class LastingTrouble {
  private readonly options: LastingTroubleOptions;
  private message = '';
  private sinceMs = 0;
  private toldMs = 0;
  private metMs = 0;

  constructor(options: LastingTroubleOptions) {
    this.options = options;
  }

  met(message: string, nowMs: number): void {
    const first = this.message === '';
    this.metMs = nowMs;
    if (!first && message === this.message && nowMs - this.toldMs < AGAIN_AFTER_MS) return;
    if (first) this.sinceMs = nowMs;
    this.message = message;
    this.toldMs = nowMs;
    this.options.onTold(message, Math.round(nowMs - this.sinceMs));
  }

  /** What it stood in the way of was done, last at `doneMs`: that counts if it was not met since. */
  done(doneMs: number, nowMs: number): void {
    if (this.message === '' || doneMs <= this.metMs) return;
    this.message = '';
    this.options.onOver(Math.round(nowMs - this.sinceMs));
  }
}
