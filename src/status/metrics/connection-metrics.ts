/** Metrics of each connection. Where several have one role, address and pipeline, `number` tells them apart. */
import type { ConnectionStatus, JobStatus } from '../../observe/job-status.ts';
import { ageSeconds, each, type MetricRow, seconds } from './metric-row.ts';

const LABELS = ['role', 'address', 'pipeline', 'number'];
/** Of the replication link, `streaming` and what leads to it are its `ready`. */
const UP: ReadonlySet<string> = new Set(['ready', 'requesting-sync', 'waiting-for-rdb', 'receiving-rdb', 'streaming']);

interface Numbered {
  readonly one: ConnectionStatus;
  readonly labels: readonly string[];
}

function numbered({ connections }: JobStatus): Numbered[] {
  const counts = new Map<string, number>();
  return connections.map((one) => {
    const labels = [one.role, one.address, one.pipeline ?? ''];
    const name = labels.join('\n');
    const number = counts.get(name) ?? 0;
    counts.set(name, number + 1);
    return { one, labels: [...labels, String(number)] };
  });
}

function of(kind: MetricRow['kind'], name: string, help: string, value: (one: ConnectionStatus, nowMs: number) => number | boolean | undefined): MetricRow {
  return each(kind, `godwit_connection_${name}`, help, LABELS, numbered, ({ one, labels }, nowMs) => ({ labels, value: value(one, nowMs) }));
}

export const CONNECTION_METRICS: readonly MetricRow[] = [
  of('gauge', 'up', '1 while it is made and its handshake is done.', ({ state }) => UP.has(state)),
  each('gauge', 'godwit_connection_state', 'Always 1; the label says which state it is in.', [...LABELS, 'state'], numbered, ({ one, labels }) => ({
    labels: [...labels, one.state],
    value: 1,
  })),
  of('gauge', 'state_age_seconds', 'Since it is in this state.', ({ sinceAt }, nowMs) => ageSeconds(sinceAt, nowMs)),
  of('counter', 'reconnects_total', 'Times that it was made again.', ({ reconnects }) => reconnects),
  of('gauge', 'idle_seconds', 'Since the last byte was sent; of the replication link, since the last byte was received.', ({ idleMs }) => seconds(idleMs)),
  of('gauge', 'keepalive_interval_seconds', 'Longest idle time before a PING.', ({ keepaliveIntervalMs }) => seconds(keepaliveIntervalMs)),
  of('gauge', 'node_timeout_seconds', "The node's own timeout; 0 is none, no sample is unknown.", ({ nodeTimeoutMs }) => seconds(nodeTimeoutMs)),
  of('gauge', 'dead_after_seconds', 'Silence after which the other side counts as gone.', ({ deadAfterMs }) => seconds(deadAfterMs)),
  of('gauge', 'round_trip_seconds', 'The last round trip of a PING.', ({ roundTripLastMs }) => seconds(roundTripLastMs)),
  of('gauge', 'round_trip_smoothed_seconds', 'The smoothed one.', ({ roundTripSmoothedMs }) => seconds(roundTripSmoothedMs)),
  of('counter', 'pings_sent_total', 'Keepalives that were sent.', ({ pingsSent }) => pingsSent),
  of('counter', 'pings_lost_total', 'Keepalives that were never answered.', ({ pingsLost }) => pingsLost),
  of('gauge', 'unanswered_commands', 'Commands that were sent and are not answered yet.', ({ unansweredReplies }) => unansweredReplies),
  of('gauge', 'unanswered_bytes', 'Their bytes.', ({ unansweredBytes }) => unansweredBytes),
  of('counter', 'sent_bytes_total', 'Bytes written to it.', ({ bytesSent }) => bytesSent),
  of('counter', 'received_bytes_total', 'Bytes read from it.', ({ bytesReceived }) => bytesReceived),
];
