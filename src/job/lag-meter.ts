/** Lag in milliseconds: how long the oldest byte that is received but not applied has been waiting. Keeps a bounded number of (time, offset) samples. */
const SAMPLES_MAX = 1024;

export class LagMeter {
  private samples: { atMs: number; offset: number }[] = [];

  received(atMs: number, offset: number): void {
    const last = this.samples[this.samples.length - 1];
    if (last !== undefined && last.offset >= offset) return;
    this.samples.push({ atMs, offset });
    if (this.samples.length > SAMPLES_MAX) this.samples = this.samples.filter((_sample, i) => i % 2 === 0);
  }

  lagMs(nowMs: number, applied: number): number {
    while (this.samples.length > 0 && this.samples[0].offset <= applied) this.samples.shift();
    return this.samples.length === 0 ? 0 : Math.max(0, Math.round(nowMs - this.samples[0].atMs));
  }
}
