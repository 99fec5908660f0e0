/** What a job did in the last hour, a sample each second, for charts: `GET /history`. Thinned where there are more points than a chart has room for. */
import type { JobStatus } from '../../observe/job-status.ts';

const SAMPLES_MAX = 3_600;
const POINTS_MAX = 900;
export const SAMPLE_EVERY_MS = 1_000;

const SERIES = {
  at: 'last',
  keysPerSecond: 'mean',
  commandsPerSecond: 'mean',
  bytesPerSecond: 'mean',
  lagBytes: 'max',
  lagMs: 'max',
  spoolBytes: 'max',
} as const;

type SeriesName = keyof typeof SERIES;

export interface History {
  /** Between two points. */
  readonly intervalMs: number;
  readonly series: Readonly<Record<SeriesName, readonly number[]>>;
}

export class StatusHistory {
  private readonly samples: Readonly<Record<SeriesName, number>>[] = [];

  add(atMs: number, { rate, lagBytes, lagMs, spool }: JobStatus): void {
    const { keysPerSecond, commandsPerSecond, bytesPerSecond } = rate;
    const spoolBytes = spool.bytesOnDisk + spool.bytesInMemory;
    this.samples.push({ at: atMs, keysPerSecond, commandsPerSecond, bytesPerSecond, lagBytes, lagMs, spoolBytes });
    if (this.samples.length > SAMPLES_MAX) this.samples.shift();
  }

  /** Peaks of lag and spool stay when points are drawn together; rates are averaged. */
  document(): History {
    const step = Math.max(1, Math.ceil(this.samples.length / POINTS_MAX));
    const groups: (typeof this.samples)[] = [];
    for (let at = 0; at < this.samples.length; at += step) groups.push(this.samples.slice(at, at + step));
    const of = (name: SeriesName): number[] =>
      groups.map((group) =>
        drawn(
          group.map((sample) => sample[name]),
          SERIES[name],
        ),
      );
    const names = Object.keys(SERIES) as SeriesName[];
    return { intervalMs: step * SAMPLE_EVERY_MS, series: Object.fromEntries(names.map((name) => [name, of(name)])) as Record<SeriesName, number[]> };
  }
}

function drawn(values: readonly number[], how: 'last' | 'mean' | 'max'): number {
  if (how === 'last') return values[values.length - 1];
  if (how === 'max') return Math.max(...values);
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}
