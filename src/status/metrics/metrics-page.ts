/**
 * `/metrics`: all rows of the table, what happened (errors and events by name), round trips of PINGs as a histogram, and the process itself, in the text format of
 * Prometheus. A registry of its own for each run: nothing is process-wide.
 *
 * Counters of the job can go back (after a break it goes on at the mark, and a new full sync begins at 0); what is told here only grows.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { JobEvent, RoundTripFacts } from '../../observe/job-api.ts';
import type { JobStatus } from '../../observe/job-status.ts';
import { CONNECTION_METRICS } from './connection-metrics.ts';
import { JOB_METRICS } from './job-metrics.ts';
import type { MetricRow } from './metric-row.ts';
import { PIPELINE_METRICS } from './pipeline-metrics.ts';
import { PROCESS_METRICS, type ProcessFacts } from './process-metrics.ts';

const ROUND_TRIP_BUCKETS_S = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Of events that carry none. */
const CODES: Readonly<Record<string, string>> = {
  'target.not-ready': 'TARGET_NOT_READY',
  'source.away': 'SOURCE_NOT_READY',
  'position.lost': 'POSITION_LOST',
};

export interface MetricsPageOptions {
  readonly status: () => JobStatus;
  readonly processFacts: () => ProcessFacts;
}

/** What is counted as it happens. */
export const COUNTED_METRICS = {
  errors: { name: 'godwit_errors_total', kind: 'counter', help: 'Failures of connections, sides and the job, by their code (errors.md).', labels: ['code'] },
  events: { name: 'godwit_events_total', kind: 'counter', help: 'What happened, by kind and level.', labels: ['kind', 'level'] },
  roundTrips: {
    name: 'godwit_ping_round_trip_seconds',
    kind: 'histogram',
    help: 'From a PING to its answer, of those that had nothing in front of them.',
    labels: ['role', 'address'],
  },
} as const;

/** Those that are read from the status. */
export const STATUS_METRICS: readonly MetricRow[] = [...JOB_METRICS, ...PIPELINE_METRICS, ...CONNECTION_METRICS];

export class MetricsPage {
  private readonly options: MetricsPageOptions;
  private readonly registry = new Registry();
  private readonly publishers: readonly ((status: JobStatus, nowMs: number) => void)[];
  private readonly errors: Counter<string>;
  private readonly events: Counter<string>;
  private readonly roundTrips: Histogram<string>;
  private facts: ProcessFacts = { residentBytes: -1, heapUsedBytes: -1, cpuSeconds: -1, eventLoopDelay: { medianSeconds: -1, p99Seconds: -1, maxSeconds: -1 } };

  constructor(options: MetricsPageOptions) {
    this.options = options;
    const { registry } = this;
    const ofProcess = PROCESS_METRICS.map((row) => ({ ...row, read: () => row.read(this.facts) }));
    this.publishers = [...STATUS_METRICS, ...ofProcess].map((row) => publisher(row, registry));
    const made = ({ name, help, labels }: { readonly name: string; readonly help: string; readonly labels: readonly string[] }) => ({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
    });
    this.errors = new Counter(made(COUNTED_METRICS.errors));
    this.events = new Counter(made(COUNTED_METRICS.events));
    this.roundTrips = new Histogram({ ...made(COUNTED_METRICS.roundTrips), buckets: ROUND_TRIP_BUCKETS_S });
  }

  onEvent({ kind, level, details }: JobEvent): void {
    this.events.inc({ kind, level });
    const code = CODES[kind] ?? details.code;
    if (typeof code === 'string' && (level === 'warn' || level === 'error')) this.errors.inc({ code });
  }

  onRoundTrip({ role, address, roundTripMs }: RoundTripFacts): void {
    this.roundTrips.observe({ role, address }, roundTripMs / 1000);
  }

  async text(): Promise<{ readonly contentType: string; readonly text: string }> {
    const status = this.options.status();
    const nowMs = Date.now();
    this.facts = this.options.processFacts();
    for (const publish of this.publishers) publish(status, nowMs);
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }
}

function publisher(row: MetricRow, registry: Registry): (status: JobStatus, nowMs: number) => void {
  const { name, help } = row;
  const made = { name, help, labelNames: [...row.labels], registers: [registry] };
  const labelled = (labels: readonly string[]): Record<string, string> => Object.fromEntries(row.labels.map((label, i) => [label, labels[i] ?? '']));
  if (row.kind === 'gauge') {
    const gauge = new Gauge(made);
    return (status, nowMs) => {
      clear(gauge, row);
      for (const { labels, value } of present(row, status, nowMs)) gauge.set(labelled(labels), value);
    };
  }
  const counter = new Counter(made);
  const grown = new Map<string, { seen: number; total: number }>();
  return (status, nowMs) => {
    clear(counter, row);
    for (const { labels, value } of present(row, status, nowMs)) counter.inc(labelled(labels), grow(grown, labels.join('\n'), value));
  };
}

/** What has no value has no line: a reset would leave one with 0 where there are no labels. */
function clear(metric: Gauge<string> | Counter<string>, { labels }: MetricRow): void {
  if (labels.length === 0) metric.remove();
  else metric.reset();
}

function present(row: MetricRow, status: JobStatus, nowMs: number): ReturnType<MetricRow['read']> {
  return row.read(status, nowMs).filter(({ value }) => Number.isFinite(value));
}

function grow(grown: Map<string, { seen: number; total: number }>, key: string, value: number): number {
  const one = grown.get(key) ?? { seen: 0, total: 0 };
  one.total += Math.max(0, value - one.seen);
  one.seen = value;
  grown.set(key, one);
  return one.total;
}
