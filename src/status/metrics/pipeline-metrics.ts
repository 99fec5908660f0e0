/** Metrics of each pipeline: one of a standalone source, with an empty name; one of each shard or server otherwise. */
import type { JobStatus, PipelineStatus } from '../../observe/job-status.ts';
import { ageSeconds, each, type MetricRow, type Sample, seconds } from './metric-row.ts';

const LINK_STATES = ['idle', 'connecting', 'handshaking', 'requesting-sync', 'waiting-for-rdb', 'receiving-rdb', 'streaming', 'backing-off', 'stopped'];

function of(kind: MetricRow['kind'], name: string, help: string, value: (one: PipelineStatus, nowMs: number) => number | boolean | undefined): MetricRow {
  return each(
    kind,
    `godwit_pipeline_${name}`,
    help,
    ['pipeline'],
    ({ pipelines }) => pipelines,
    (one, nowMs) => ({ labels: [one.name], value: value(one, nowMs) }),
  );
}

const gauge = (name: string, help: string, value: (one: PipelineStatus, nowMs: number) => number | boolean | undefined): MetricRow =>
  of('gauge', name, help, value);
const counter = (name: string, help: string, value: (one: PipelineStatus) => number): MetricRow => of('counter', name, help, value);

const linkState = ({ pipelines }: JobStatus): Sample[] =>
  pipelines.flatMap(({ name, link }) => LINK_STATES.map((state) => ({ labels: [name, state], value: Number(link.state === state) })));

export const PIPELINE_METRICS: readonly MetricRow[] = [
  each(
    'gauge',
    'godwit_pipeline_info',
    'Always 1; the labels say what the pipeline reads from now.',
    ['pipeline', 'source', 'source_server'],
    ({ pipelines }) => pipelines,
    ({ name, source }) => ({ value: 1, labels: [name, source.address, source.server] }),
  ),
  gauge('incremental_sync', '1 once its full sync is applied.', ({ phase }) => phase === 'incremental-sync'),
  {
    name: 'godwit_pipeline_link_state',
    kind: 'gauge',
    help: '1 for the state that the replication link is in, 0 for the others.',
    labels: ['pipeline', 'state'],
    read: linkState,
  },
  counter('link_reconnects_total', 'Times that the replication link was made again.', ({ link }) => link.reconnects),
  gauge('lag_bytes', 'How far the target is behind the source; none before the first snapshot.', ({ lagBytes }) => lagBytes),
  gauge('lag_seconds', 'The same in time.', ({ lagMs }) => seconds(lagMs)),
  gauge('full_sync_size_bytes', 'Size of the snapshot; none while it is not known.', ({ fullSync }) => fullSync.bytesTotal),
  counter('full_sync_received_bytes_total', 'Bytes of snapshots received.', ({ fullSync }) => fullSync.bytesReceived),
  counter('full_sync_applied_bytes_total', 'Bytes of snapshots that are applied and answered.', ({ fullSync }) => fullSync.bytesApplied),
  counter('keys_applied_total', 'Keys of snapshots written to the target.', ({ fullSync }) => fullSync.keysApplied),
  counter('commands_applied_total', 'Commands of the stream that are applied and answered.', ({ incrementalSync }) => incrementalSync.commandsApplied),
  gauge('source_offset_bytes', "The source's own offset.", ({ incrementalSync }) => incrementalSync.offsetSource),
  gauge('received_offset_bytes', 'Offset of the last byte of the stream that was received.', ({ incrementalSync }) => incrementalSync.offsetReceived),
  gauge(
    'applied_offset_bytes',
    'Offset of the last byte of the stream that is applied: what the source is told (REPLCONF ACK).',
    ({ incrementalSync }) => incrementalSync.offsetApplied,
  ),
  gauge('checkpoint_offset_bytes', 'Offset of the mark at the target.', ({ checkpoint }) => checkpoint.offset),
  gauge('checkpoint_age_seconds', 'Since the target has confirmed its mark.', ({ checkpoint }, nowMs) => ageSeconds(checkpoint.at, nowMs)),
  gauge('spool_memory_bytes', 'What of its spool is in memory.', ({ spool }) => spool.bytesInMemory),
  gauge('backlog_size_bytes', 'repl-backlog-size of the source.', ({ backlog }) => backlog.bytesMax),
  gauge('backlog_left_bytes', 'What the source may still write until a link that is away could not go on any more.', ({ backlog }) => backlog.bytesLeft),
  gauge('backlog_time_left_seconds', 'How long that takes as fast as it has written lately; none while it writes nothing.', ({ backlog }) =>
    seconds(backlog.timeLeftMs),
  ),
];
