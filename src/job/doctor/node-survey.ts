/**
 * What one server says of itself, asked once in one write before the checks look at it: they share it, and most of them ask nothing more. Nothing of it changes
 * anything. What is refused is unknown (-1, '', not in the map), and the check in question says so.
 */
import type { Endpoint } from '../../model/endpoint.ts';
import { endpointName } from '../../model/endpoint.ts';
import type { ServerVersion } from '../../model/server-version.ts';
import type { Connection } from '../../net/connection.ts';
import { type Reply, ReplyError } from '../../resp/reply.ts';
import { type Activity, UNKNOWN_ACTIVITY } from './activity.ts';
import { InfoFields } from './info-fields.ts';
import { type ManagedService, serviceOf } from './managed-service.ts';

export interface NodeSurvey {
  readonly side: 'source' | 'target';
  /** `source 10.0.0.1:6379` */
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly connection: Connection;
  readonly version: ServerVersion | undefined;
  readonly info: InfoFields;
  /** Settings by their names; those that are not told are not in it. */
  readonly config: ReadonlyMap<string, string>;
  readonly service: ManagedService | null;
  /** The least of some; -1 = unknown. */
  readonly roundTripMs: number;
  /** How far its clock is before that of this machine; NaN = unknown. */
  readonly clockAheadMs: number;
  /** How far off that can be. */
  readonly clockErrorMs: number;
  readonly keys: number;
  /** What its keys and values take in memory; -1 = unknown. */
  readonly dataBytes: number;
  /** Slots that it owns; -1 = it is no node of a cluster, or that is unknown. Filled in by whoever has the map. */
  slots: number;
  /** Filled in once it is measured. */
  activity: Activity;
}

const SETTINGS_ASKED = [
  'timeout',
  'tcp-keepalive',
  'repl-timeout',
  'repl-ping-replica-period',
  'repl-ping-slave-period',
  'repl-backlog-size',
  'client-output-buffer-limit',
  'maxmemory',
  'maxmemory-policy',
  'proto-max-bulk-len',
  'client-query-buffer-limit',
  'notify-keyspace-events',
  'enable-module-command',
] as const;

const PINGS = 3;
/** One that takes longer is the way itself, and is not asked for again. */
const FAR_MS = 50;

/** @throws CONNECTION_* */
export async function surveyNode(connection: Connection, side: NodeSurvey['side']): Promise<NodeSurvey> {
  const { endpoint } = connection;
  let roundTripMs = Number.POSITIVE_INFINITY;
  let [clockAheadMs, clockErrorMs] = [Number.NaN, Number.POSITIVE_INFINITY];
  for (let i = 0; i < PINGS; i++) {
    const [startMs, startAt] = [performance.now(), Date.now()];
    const [time] = await connection.callAll([['TIME']]);
    const tookMs = performance.now() - startMs;
    roundTripMs = Math.min(roundTripMs, tookMs);
    if (Array.isArray(time) && tookMs < clockErrorMs) {
      clockErrorMs = tookMs;
      clockAheadMs = Number(String(time[0])) * 1000 + Number(String(time[1])) / 1000 - (startAt + tookMs / 2);
    }
    if (tookMs > FAR_MS) break;
  }
  const [info, ...settings] = await connection.callAll([['INFO'], ...SETTINGS_ASKED.map((name) => ['CONFIG', 'GET', name])]);
  const fields = new InfoFields(info);
  return {
    side,
    name: `${side} ${endpointName(endpoint)}`,
    endpoint,
    connection,
    version: connection.server.version,
    info: fields,
    config: configOf(settings),
    service: serviceOf({ host: endpoint.host, os: fields.text('os'), infoText: fields.raw }),
    roundTripMs,
    clockAheadMs,
    clockErrorMs,
    keys: fields.keyspace().reduce((sum, { keys }) => sum + keys, 0),
    dataBytes: dataBytesOf(fields),
    slots: -1,
    activity: UNKNOWN_ACTIVITY,
  };
}

function configOf(replies: readonly Reply[]): Map<string, string> {
  const config = new Map<string, string>();
  for (const reply of replies) {
    if (reply instanceof ReplyError || !Array.isArray(reply) || reply.length < 2) continue;
    config.set(String(reply[0]), String(reply[1]));
  }
  return config;
}

/** What is used less what an empty server uses, its clients, its backlog and its replicas: keys, values and their tables. */
function dataBytesOf(info: InfoFields): number {
  const used = info.number('used_memory');
  if (used < 0) return -1;
  const told = (name: string): number => Math.max(0, info.number(name));
  // 7.0 and newer: backlog and buffers of replicas share their memory.
  const ofReplication =
    info.number('mem_total_replication_buffers') >= 0 ? told('mem_total_replication_buffers') : told('mem_replication_backlog') + told('mem_clients_slaves');
  return Math.max(0, used - told('used_memory_startup') - ofReplication - told('mem_clients_normal') - told('mem_aof_buffer'));
}

/** A setting as a number; -1 where it is not told. */
export function settingOf(node: NodeSurvey, name: string): number {
  const text = node.config.get(name);
  const found = Number(text);
  return text === undefined || text === '' || !Number.isFinite(found) ? -1 : found;
}
