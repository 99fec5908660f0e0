import { describe, expect, test } from 'vitest';
import type { JobStatus } from '../../../src/observe/job-status.ts';
import { COUNTED_METRICS, MetricsPage, STATUS_METRICS } from '../../../src/status/metrics/metrics-page.ts';
import { PROCESS_METRICS } from '../../../src/status/metrics/process-metrics.ts';
import { Metrics } from '../../support/parse-metrics.ts';
import { exampleConnection, examplePipeline, exampleStatus } from './example-status.ts';

const processFacts = () => ({
  residentBytes: 1e8,
  heapUsedBytes: 5e7,
  cpuSeconds: 12.5,
  eventLoopDelay: { medianSeconds: 0.001, p99Seconds: 0.02, maxSeconds: 0.3 },
});

const rules: JobStatus['rules'] = {
  decided: [{ rule: 'block_prefixes "tmp:\\n"', effect: 'block', count: 7 }],
  renamed: 1,
  moved: 2,
  retimed: 3,
  dropped: 4,
  untold: 5,
  functionFailures: 6,
};
const scan: JobStatus['scan'] = {
  stage: 'following',
  keysSeen: 1,
  passes: 2,
  keysCompared: 3,
  keysRemoved: 4,
  follows: true,
  queued: 5,
  events: 6,
  overflows: 7,
  gaps: 8,
  servers: [],
};

async function read(page: MetricsPage): Promise<Metrics> {
  const { text, contentType } = await page.text();
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  return new Metrics(text);
}

describe('/metrics', () => {
  test('has every metric of the table, and none else', async () => {
    const page = new MetricsPage({
      status: () => exampleStatus({ rules, scan, load: { keysExpired: 9, position: '', done: false, tailBytes: 0 } }),
      processFacts,
    });
    const metrics = await read(page);
    const wanted = [...STATUS_METRICS, ...Object.values(COUNTED_METRICS), ...PROCESS_METRICS].map(({ name }) => name);
    expect([...metrics.names].toSorted()).toEqual(wanted.toSorted());
    expect(new Set(wanted).size).toBe(wanted.length);
    for (const name of wanted) expect(name).toMatch(/^godwit_[a-z0-9_]+$/);
  });

  test('tells what the status tells, in base units', async () => {
    const metrics = await read(new MetricsPage({ status: () => exampleStatus({ rules, scan }), processFacts }));
    expect(metrics.value('godwit_job_phase', { phase: 'full-sync' })).toBe(1);
    expect(metrics.value('godwit_job_phase', { phase: 'failed' })).toBe(0);
    expect(metrics.value('godwit_job_info', { source: '10.0.0.1:6379', target_server: 'Valkey 8.1.0' })).toBe(1);
    expect(metrics.value('godwit_keys_applied_total')).toBe(1_234_567);
    expect(metrics.value('godwit_lag_seconds')).toBe(0.004);
    expect(metrics.value('godwit_lag_bytes')).toBe(54);
    expect(metrics.value('godwit_spool_full', { reason: 'disk' })).toBe(0);
    expect(metrics.value('godwit_alert_firing', { id: 'lag', severity: 'warning' })).toBe(1);
    expect(metrics.value('godwit_filter_decisions_total', { rule: 'block_prefixes "tmp:\\n"' })).toBe(7);
    expect(metrics.value('godwit_doctor_finding', { check: 'eviction', severity: 'warn' })).toBe(1);
    expect(metrics.value('godwit_transformed_total', { what: 'retimed' })).toBe(3);
    expect(metrics.value('godwit_scan_queued_keys')).toBe(5);
    expect(metrics.value('godwit_pipeline_backlog_time_left_seconds', { pipeline: '' })).toBe(52);
    expect(metrics.value('godwit_connection_keepalive_interval_seconds', { role: 'target data' })).toBe(0.64);
    expect(metrics.value('godwit_connection_unanswered_commands', { role: 'target data' })).toBe(1024);
    expect(metrics.value('godwit_connection_up', { role: 'source replication' })).toBe(1);
    expect(metrics.value('godwit_process_resident_memory_bytes')).toBe(1e8);
    expect(metrics.value('godwit_process_event_loop_delay_p99_seconds')).toBe(0.02);
  });

  test('has no line for what is not known, and all connections of one name', async () => {
    const status = exampleStatus({
      lagBytes: -1,
      fullSync: { ...exampleStatus().fullSync, bytesTotal: -1, progress: -1, timeLeftMs: -1 },
      connections: [exampleConnection(), exampleConnection(), exampleConnection({ state: 'backing-off', nodeTimeoutMs: -1 })],
      pipelines: [examplePipeline({ name: 'a' }), examplePipeline({ name: 'b', lagBytes: -1 })],
    });
    const metrics = await read(new MetricsPage({ status: () => status, processFacts }));
    for (const name of [
      'godwit_lag_bytes',
      'godwit_full_sync_size_bytes',
      'godwit_full_sync_progress_ratio',
      'godwit_load_keys_expired_total',
      'godwit_scan_queued_keys',
    ])
      expect([name, metrics.all(name)]).toEqual([name, []]);
    expect(metrics.all('godwit_connection_up', { role: 'target data' })).toEqual([1, 1, 0]);
    expect(metrics.all('godwit_connection_node_timeout_seconds')).toEqual([2, 2]);
    expect(metrics.all('godwit_pipeline_lag_bytes')).toEqual([54]);
  });

  test('counters only grow, also where the job goes back to its mark', async () => {
    let keysApplied = 100;
    const page = new MetricsPage({ status: () => exampleStatus({ fullSync: { ...exampleStatus().fullSync, keysApplied } }), processFacts });
    const told: (number | undefined)[] = [];
    for (keysApplied of [100, 150, 120, 160, 0, 10]) told.push((await read(page)).value('godwit_keys_applied_total'));
    expect(told).toEqual([100, 150, 150, 190, 190, 200]);
  });

  test('counts failures by code, events by kind, and round trips in buckets', async () => {
    const page = new MetricsPage({ status: () => exampleStatus(), processFacts });
    page.onEvent({ at: 1, level: 'warn', kind: 'connection.lost', message: '', details: { code: 'CONNECTION_LOST' } });
    page.onEvent({ at: 1, level: 'warn', kind: 'connection.lost', message: '', details: { code: 'CONNECTION_DEAD' } });
    page.onEvent({ at: 1, level: 'warn', kind: 'target.not-ready', message: '', details: {} });
    page.onEvent({ at: 1, level: 'info', kind: 'connection.ready', message: '', details: { code: 'CONNECTION_LOST' } });
    for (const roundTripMs of [0.3, 0.4, 30]) page.onRoundTrip({ role: 'target data', address: 'a:1', roundTripMs });
    const metrics = await read(page);
    expect(metrics.value('godwit_errors_total', { code: 'CONNECTION_LOST' })).toBe(1);
    expect(metrics.value('godwit_errors_total', { code: 'TARGET_NOT_READY' })).toBe(1);
    expect(metrics.value('godwit_events_total', { kind: 'connection.lost', level: 'warn' })).toBe(2);
    const counts = ['0.0002', '0.0005', '0.02', '0.05', '+Inf'].map((le) => metrics.value('godwit_ping_round_trip_seconds_bucket', { le }));
    expect([counts, metrics.value('godwit_ping_round_trip_seconds_count', { address: 'a:1' })]).toEqual([[0, 2, 2, 3, 3], 3]);
  });

  test('two pages know nothing of each other', async () => {
    const one = new MetricsPage({ status: () => exampleStatus(), processFacts });
    const other = new MetricsPage({ status: () => exampleStatus(), processFacts });
    one.onEvent({ at: 1, level: 'warn', kind: 'x', message: '', details: {} });
    expect((await read(one)).value('godwit_events_total', { kind: 'x' })).toBe(1);
    expect((await read(other)).value('godwit_events_total', { kind: 'x' })).toBeUndefined();
  });
});
