/**
 * One row of the table of metrics: its name, what it means, and how its values are read from the status of a job. `/metrics` and docs/metrics.md come from these rows.
 * Names are those of Prometheus: base units (seconds, bytes), `_total` for what only grows.
 */
import type { JobStatus } from '../../observe/job-status.ts';

export interface Sample {
  /** As many as the row has labels, in their order. */
  readonly labels: readonly string[];
  readonly value: number;
}

export interface MetricRow {
  readonly name: string;
  readonly kind: 'gauge' | 'counter';
  readonly help: string;
  readonly labels: readonly string[];
  /** What is not known has no sample. @param nowMs Unix */
  read(status: JobStatus, nowMs: number): readonly Sample[];
}

type Value = number | boolean;

const sample = (value: Value, labels: readonly string[] = []): Sample => ({ labels, value: Number(value) });

/** A row with one value; a negative number is one that is not known. */
export function single(kind: MetricRow['kind'], name: string, help: string, of: (status: JobStatus, nowMs: number) => Value | undefined): MetricRow {
  const read = (status: JobStatus, nowMs: number): Sample[] => {
    const value = of(status, nowMs);
    return value === undefined || Number(value) < 0 ? [] : [sample(value)];
  };
  return { name, kind, help, labels: [], read };
}

/** A row with a value for each of some things. */
export function each<Item>(
  kind: MetricRow['kind'],
  name: string,
  help: string,
  labels: readonly string[],
  items: (status: JobStatus) => readonly Item[],
  of: (item: Item, nowMs: number) => { readonly labels: readonly string[]; readonly value: Value | undefined },
): MetricRow {
  const read = (status: JobStatus, nowMs: number): Sample[] =>
    items(status).flatMap((item) => {
      const { value, labels: words } = of(item, nowMs);
      return value === undefined || Number(value) < 0 ? [] : [sample(value, words)];
    });
  return { name, kind, help, labels, read };
}

/** 1 for the state that something is in, 0 for the other ones. */
export function states(name: string, help: string, all: readonly string[], of: (status: JobStatus) => string): MetricRow {
  const read = (status: JobStatus): Sample[] => all.map((word) => sample(of(status) === word, [word]));
  return { name, kind: 'gauge', help, labels: [name.slice(name.lastIndexOf('_') + 1)], read };
}

/** Unix milliseconds as seconds since then; undefined for 0, which is never. */
export function ageSeconds(at: number, nowMs: number): number | undefined {
  return at <= 0 ? undefined : Math.max(0, (nowMs - at) / 1000);
}

/** Milliseconds as seconds; what is not known stays negative. */
export function seconds(ms: number): number {
  return ms < 0 ? -1 : ms / 1000;
}
