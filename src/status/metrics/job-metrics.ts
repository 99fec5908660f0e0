/** Metrics of the job as a whole. */
import type { JobStatus } from '../../observe/job-status.ts';
import { readiness } from '../readiness.ts';
import { ageSeconds, each, type MetricRow, seconds, single, states } from './metric-row.ts';

const PHASES = ['created', 'planning', 'loading', 'full-sync', 'incremental-sync', 'draining', 'stopped', 'failed'];

const STATE_ROWS: readonly MetricRow[] = [
  each(
    'gauge',
    'godwit_job_info',
    'Always 1; the labels say which job of which version runs between which servers.',
    ['name', 'version', 'source', 'source_server', 'target', 'target_server'],
    (status) => [status],
    ({ job, version, source, target }) => ({ value: 1, labels: [job, version, source.address, source.server, target.address, target.server] }),
  ),
  states('godwit_job_phase', '1 for the phase that the job is in, 0 for the others.', PHASES, ({ phase }) => phase),
  single('gauge', 'godwit_job_ready', '1 while it copies or follows and nothing stands in its way (/readyz).', (status) => readiness(status).ready),
  single('gauge', 'godwit_job_paused', '1 while the target gets nothing because somebody has paused the job.', ({ paused }) => paused),
  single('gauge', 'godwit_job_start_time_seconds', 'When this run began, Unix time.', ({ startedAt }) => startedAt / 1000),
  single('gauge', 'godwit_job_phase_start_time_seconds', 'When this phase began, Unix time.', ({ phaseSinceAt }) => phaseSinceAt / 1000),
  each(
    'gauge',
    'godwit_alert_firing',
    '1 for each alert that is firing now.',
    ['id', 'severity'],
    ({ alerts }) => alerts,
    ({ id, severity }) => ({ value: 1, labels: [id, severity] }),
  ),
];

const PROGRESS_ROWS: readonly MetricRow[] = [
  single(
    'gauge',
    'godwit_full_sync_size_bytes',
    'Size of the snapshot, or of the file of a load; none while it is not known.',
    ({ fullSync }) => fullSync.bytesTotal,
  ),
  single(
    'counter',
    'godwit_full_sync_received_bytes_total',
    'Bytes of snapshots that were received, or of the file that were read.',
    ({ fullSync }) => fullSync.bytesReceived,
  ),
  single(
    'counter',
    'godwit_full_sync_applied_bytes_total',
    'Bytes of snapshots or of the file that are applied and answered.',
    ({ fullSync }) => fullSync.bytesApplied,
  ),
  single('gauge', 'godwit_full_sync_progress_ratio', 'From 0 to 1; none while it is not known.', ({ fullSync }) => fullSync.progress),
  single('gauge', 'godwit_full_sync_time_left_seconds', 'Estimated; none while it is not known.', ({ fullSync }) => seconds(fullSync.timeLeftMs)),
  single('counter', 'godwit_keys_applied_total', 'Keys written to the target by snapshots, scans and files.', ({ fullSync }) => fullSync.keysApplied),
  single('counter', 'godwit_keys_skipped_total', 'Keys left alone because the target has them (--on-existing skip).', ({ fullSync }) => fullSync.keysSkipped),
  single(
    'counter',
    'godwit_commands_applied_total',
    'Commands of the stream, or of an AOF, that are applied and answered.',
    ({ incrementalSync }) => incrementalSync.commandsApplied,
  ),
  single(
    'gauge',
    'godwit_lag_bytes',
    'How far the target is behind the source, of the pipeline that is furthest behind; none before the first snapshot.',
    ({ lagBytes }) => lagBytes,
  ),
  single('gauge', 'godwit_lag_seconds', 'The same in time: how long the oldest change that is not applied has been waiting.', ({ lagMs }) => seconds(lagMs)),
  single(
    'gauge',
    'godwit_checkpoint_age_seconds',
    'Since the target has confirmed a mark; marks are written when something was applied.',
    ({ checkpoint }, nowMs) => ageSeconds(checkpoint.at, nowMs),
  ),
  single('gauge', 'godwit_checkpoint_epoch', 'Number of the take-over.', ({ checkpoint }) => checkpoint.epoch),
];

const SPOOL_ROWS: readonly MetricRow[] = [
  single('gauge', 'godwit_spool_disk_bytes', 'What the spool takes on disk.', ({ spool }) => spool.bytesOnDisk),
  single('gauge', 'godwit_spool_memory_bytes', 'What of the spool is in memory.', ({ spool }) => spool.bytesInMemory),
  single('gauge', 'godwit_spool_limit_bytes', 'What the spool may take on disk; none where there is no spool.', ({ spool }) => spool.bytesMax || undefined),
  single('gauge', 'godwit_spool_disk_free_bytes', 'Free on the disk of the spool.', ({ spool }) => spool.diskFreeBytes),
  {
    name: 'godwit_spool_full',
    kind: 'gauge',
    help: '1 while the spool has no room left, by its limit or on the disk, and the source is held back.',
    labels: ['reason'],
    read: ({ spool }) => ['limit', 'disk'].map((reason) => ({ labels: [reason], value: Number(spool.full === reason) })),
  },
];

const LOSS_ROWS: readonly MetricRow[] = [
  single('counter', 'godwit_retries_total', 'Times that something was sent again after a break.', ({ errors }) => errors.retried),
  single('counter', 'godwit_dead_letters_total', 'Commands that the target refused and that went to the dead-letter file.', ({ errors }) => errors.deadLetters),
  single('counter', 'godwit_values_encoded_total', 'Values that were written anew for a target of another version.', ({ conversion }) => conversion.encoded),
  single('counter', 'godwit_degraded_total', 'Keys and commands that were brought without all that they had.', ({ conversion }) => conversion.degraded),
  single('counter', 'godwit_left_out_total', 'Keys and commands that the target cannot hold and that were left out.', ({ conversion }) => conversion.skipped),
  each(
    'counter',
    'godwit_filter_decisions_total',
    'What each rule of the filter has decided; only of a job with rules.',
    ['rule', 'effect'],
    ({ rules }) => rules?.decided ?? [],
    ({ rule, effect, count }) => ({ value: count, labels: [rule, effect] }),
  ),
  each(
    'counter',
    'godwit_transformed_total',
    'What transforms have done: renamed, moved, retimed, dropped, untold; only of a job with rules.',
    ['what'],
    ({ rules }) => (rules === undefined ? [] : (['renamed', 'moved', 'retimed', 'dropped', 'untold'] as const).map((what) => ({ what, count: rules[what] }))),
    ({ what, count }) => ({ value: count, labels: [what] }),
  ),
  single(
    'counter',
    'godwit_function_failures_total',
    'Commands that the function failed for; only of a job with rules.',
    ({ rules }) => rules?.functionFailures,
  ),
  single('counter', 'godwit_load_keys_expired_total', 'Keys of a file that had expired; only of a load.', ({ load }) => load?.keysExpired),
];

const scanned = (name: string, help: string, of: (scan: NonNullable<JobStatus['scan']>) => number, kind: MetricRow['kind'] = 'counter'): MetricRow =>
  single(kind, name, `${help}; only of a scan.`, ({ scan }) => (scan === undefined ? undefined : of(scan)));

const SCAN_ROWS: readonly MetricRow[] = [
  scanned('godwit_scan_keys_seen_total', 'Keys that SCAN has told', ({ keysSeen }) => keysSeen),
  scanned('godwit_scan_passes_total', 'Times that the source was gone over', ({ passes }) => passes),
  scanned('godwit_scan_keys_removed_total', 'Keys removed from the target since they are gone at the source', ({ keysRemoved }) => keysRemoved),
  scanned('godwit_scan_queued_keys', 'Keys that have changed and are not known to be applied', ({ queued }) => queued, 'gauge'),
  scanned('godwit_scan_events_total', 'Keyspace notifications', ({ events }) => events),
  scanned('godwit_scan_overflows_total', 'Times that more keys had changed than may wait', ({ overflows }) => overflows),
  scanned('godwit_scan_gaps_total', 'Times that changes may have been missed', ({ gaps }) => gaps),
];

export const JOB_METRICS: readonly MetricRow[] = [...STATE_ROWS, ...PROGRESS_ROWS, ...SPOOL_ROWS, ...LOSS_ROWS, ...SCAN_ROWS];
