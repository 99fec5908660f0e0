/**
 * What the rules of a filter have done: one row per rule, with how often it decided and the first keys as samples. Rules are told apart by small numbers, so
 * that counting costs an addition.
 */
export type RuleEffect = 'pass' | 'drop' | 'split' | 'dead-letter' | 'stop';

export interface RuleCount {
  /** Such as `block prefix "tmp:"`. */
  readonly rule: string;
  readonly effect: RuleEffect;
  /** Values of a snapshot and commands that it decided. */
  readonly count: number;
  /** Of them; copies, cut at 256 bytes. */
  readonly samples: readonly Uint8Array[];
}

const SAMPLES_MAX = 3;
const SAMPLE_BYTES_MAX = 256;

export class RuleTally {
  private readonly labels: string[] = [];
  private readonly effects: RuleEffect[] = [];
  private readonly samples: Uint8Array[][] = [];
  private counts = new Float64Array(16);

  /** A new rule. @returns its number; they count from 1 on, 0 is left for "no rule" */
  add(rule: string, effect: RuleEffect): number {
    const id = this.labels.push(rule);
    this.effects.push(effect);
    this.samples.push([]);
    if (id >= this.counts.length) {
      const counts = new Float64Array(this.counts.length * 2);
      counts.set(this.counts);
      this.counts = counts;
    }
    return id;
  }

  labelOf(id: number): string {
    return this.labels[id - 1] ?? '';
  }

  effectOf(id: number): RuleEffect {
    return this.effects[id - 1] ?? 'pass';
  }

  count(id: number): void {
    this.counts[id]++;
  }

  /** As count(), with bytes[start, end) as a sample while there are few. */
  countKey(id: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.counts[id]++ < SAMPLES_MAX && id > 0) this.samples[id - 1].push(Buffer.from(bytes.subarray(start, Math.min(end, start + SAMPLE_BYTES_MAX))));
  }

  /** All rules in the order in which they were made. Those that never decided anything are there too: often they are misspelt. */
  report(): RuleCount[] {
    return this.labels.map((rule, i) => ({ rule, effect: this.effects[i], count: this.counts[i + 1], samples: this.samples[i] }));
  }
}
