/** Metrics of the process itself. What the process is, is known in the command line alone: it hands the facts in. */
import type { MetricRow, Sample } from './metric-row.ts';

export interface ProcessFacts {
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly cpuSeconds: number;
  /** Since it was asked last; -1 = not measured. */
  readonly eventLoopDelay: { readonly medianSeconds: number; readonly p99Seconds: number; readonly maxSeconds: number };
}

interface ProcessRow extends Omit<MetricRow, 'read'> {
  read(facts: ProcessFacts): readonly Sample[];
}

function single(kind: MetricRow['kind'], name: string, help: string, of: (facts: ProcessFacts) => number): ProcessRow {
  return { name: `godwit_process_${name}`, kind, help, labels: [], read: (facts) => (of(facts) < 0 ? [] : [{ labels: [], value: of(facts) }]) };
}

export const PROCESS_METRICS: readonly ProcessRow[] = [
  single('gauge', 'resident_memory_bytes', 'Memory that the process has.', ({ residentBytes }) => residentBytes),
  single('gauge', 'heap_used_bytes', 'Of it, what JavaScript uses.', ({ heapUsedBytes }) => heapUsedBytes),
  single('counter', 'cpu_seconds_total', 'Time that its threads ran, user and system.', ({ cpuSeconds }) => cpuSeconds),
  single(
    'gauge',
    'event_loop_delay_median_seconds',
    'How late timers ran since it was asked last: the median.',
    ({ eventLoopDelay }) => eventLoopDelay.medianSeconds,
  ),
  single('gauge', 'event_loop_delay_p99_seconds', 'The 99th percentile.', ({ eventLoopDelay }) => eventLoopDelay.p99Seconds),
  single('gauge', 'event_loop_delay_max_seconds', 'The worst.', ({ eventLoopDelay }) => eventLoopDelay.maxSeconds),
];
