/** What rules have to remember between two looks: how much some counters have grown within a time. */
const LOOKS_MAX = 1_024;

export class AlertMemory {
  private readonly seen = new Map<string, { atMs: number; value: number }[]>();

  /** Growth of a counter within the last `spanMs`. A counter that went back has begun anew. */
  grown(name: string, value: number, nowMs: number, spanMs: number): number {
    const before = this.seen.get(name);
    if (before === undefined) {
      this.seen.set(name, [{ atMs: nowMs, value }]);
      return 0;
    }
    const last = before[before.length - 1];
    if (last === undefined || value < last.value) {
      before.splice(0, before.length, { atMs: nowMs, value });
      return 0;
    }
    if (value > last.value) before.push({ atMs: nowMs, value });
    // The value as of the begin of the span is the newest one that is older than it.
    while (before.length > 1 && (before[1].atMs <= nowMs - spanMs || before.length > LOOKS_MAX)) before.shift();
    return value - before[0].value;
  }
}
