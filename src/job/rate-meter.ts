/** Growth per second of some counters, averaged over the last seconds. */
const SPAN_MS = 5000;

export class RateMeter {
  private readonly samples: { atMs: number; values: readonly number[] }[] = [];

  sample(atMs: number, values: readonly number[]): void {
    this.samples.push({ atMs, values });
    while (this.samples.length > 2 && atMs - this.samples[1].atMs >= SPAN_MS) this.samples.shift();
  }

  /** Of counter `i`; 0 while unknown or after a counter began anew. */
  perSecond(i: number): number {
    const first = this.samples[0];
    const last = this.samples[this.samples.length - 1];
    if (first === undefined || last.atMs <= first.atMs) return 0;
    return Math.max(0, Math.round(((last.values[i] - first.values[i]) * 1000) / (last.atMs - first.atMs)));
  }
}
