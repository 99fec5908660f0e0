/**
 * What the charts draw: columns of numbers beside a column of times, oldest first. It begins with the history that the server kept, and grows by each status.
 * Where nothing was heard for a while there is a gap, not a line.
 */
import type { PageHistory, PageStatus } from './page-status.ts';

export const SERIES_NAMES = ['keysPerSecond', 'commandsPerSecond', 'bytesPerSecond', 'lagMs', 'lagBytes', 'spoolBytes'] as const;
export type SeriesName = (typeof SERIES_NAMES)[number];

/** null = unknown at that time. */
export type Column = readonly (number | null)[];

const POINTS_MAX = 4000;
const SPAN_MAX_MS = 3_600_000;
const GAP_MS = 15_000;

export class Series {
  private at: number[] = [];
  private readonly columns: Record<SeriesName, (number | null)[]> = emptyColumns();

  get length(): number {
    return this.at.length;
  }

  /** The server's history takes the place of all that is not newer. */
  seed({ series }: PageHistory): void {
    const at = series.at ?? [];
    const until = at.at(-1) ?? -Infinity;
    const from = this.at.findIndex((time) => time > until);
    const kept = from < 0 ? this.at.length : from;
    const columns = emptyColumns();
    for (const name of SERIES_NAMES) {
      const told = at.map((_, i) => known(series[name]?.[i]));
      columns[name] = [...told, ...this.columns[name].slice(kept)];
    }
    this.at = [...at, ...this.at.slice(kept)];
    Object.assign(this.columns, columns);
  }

  /** @param at time of the server, Unix milliseconds; what is not newer than the last point is left out. */
  add(at: number, { rate, lagMs, lagBytes, spool }: PageStatus): void {
    const last = this.at.at(-1) ?? -Infinity;
    if (at < last + 500) return;
    if (at - last > GAP_MS && last > 0) this.push(last + 1, {});
    this.push(at, {
      keysPerSecond: rate.keysPerSecond,
      commandsPerSecond: rate.commandsPerSecond,
      bytesPerSecond: rate.bytesPerSecond,
      lagMs,
      lagBytes,
      spoolBytes: spool.bytesOnDisk + spool.bytesInMemory,
    });
    const old = this.at.findIndex((time) => time >= at - SPAN_MAX_MS);
    const dropped = Math.max(old, this.at.length - POINTS_MAX, 0);
    if (dropped === 0) return;
    this.at.splice(0, dropped);
    for (const name of SERIES_NAMES) this.columns[name].splice(0, dropped);
  }

  /** Of the last `spanMs`. */
  window(names: readonly SeriesName[], spanMs: number): { readonly at: readonly number[]; readonly columns: readonly Column[] } {
    const begin = (this.at.at(-1) ?? 0) - spanMs;
    const from = Math.max(
      0,
      this.at.findIndex((time) => time >= begin),
    );
    return { at: this.at.slice(from), columns: names.map((name) => this.columns[name].slice(from)) };
  }

  private push(at: number, values: Partial<Record<SeriesName, number>>): void {
    this.at.push(at);
    for (const name of SERIES_NAMES) this.columns[name].push(known(values[name]));
  }
}

/** -1 is how the status says unknown. */
function known(value: number | undefined): number | null {
  return value !== undefined && value >= 0 ? value : null;
}

function emptyColumns(): Record<SeriesName, (number | null)[]> {
  return { keysPerSecond: [], commandsPerSecond: [], bytesPerSecond: [], lagMs: [], lagBytes: [], spoolBytes: [] };
}
