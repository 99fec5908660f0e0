/** Time, handed in through constructors so that tests can drive it. */
export interface ClockTimer {
  cancel(): void;
}

export interface Clock {
  /** Monotonic milliseconds with fractions; only differences mean something. */
  nowMs(): number;
  /** Unix milliseconds, for people. */
  wallMs(): number;
  /** Runs once after `delayMs`. A background timer does not keep the process alive. */
  startTimer(delayMs: number, run: () => void, options?: { readonly background?: boolean }): ClockTimer;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  startTimer(delayMs, run, options) {
    const timer = setTimeout(run, delayMs);
    if (options?.background) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
