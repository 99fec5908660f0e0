/** Looks at both servers before anything is written: the right kind, the right role, not the same, and what the target can do. */
import type { JobConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { endpointName } from '../model/endpoint.ts';
import { atLeast } from '../model/server-version.ts';
import type { Connection } from '../net/connection.ts';
import type { JobTarget } from './job-target.ts';
import type { JobRules } from './open-edits.ts';
import type { RestoreOptions } from '../target/batch-buffer.ts';
import type { LossReport } from '../target/loss-report.ts';
import { ValueConversion } from '../target/value-conversion.ts';

/** @param isNode of a cluster that the source is. @throws WRONG_TOPOLOGY, SAME_SERVER */
export function checkSource(source: Connection, isNode: boolean, target: JobTarget): void {
  checkKind('source', source, isNode);
  if (target.runIds().includes(source.server.runId)) {
    throw new GodwitError('SAME_SERVER', `source ${endpointName(source.endpoint)} and target ${target.address} are the same server`);
  }
}

/** @throws WRONG_TOPOLOGY, TARGET_IS_REPLICA */
export function checkTarget(target: Connection): void {
  checkKind('target', target, false);
  if (target.server.role === 'replica') {
    throw new GodwitError('TARGET_IS_REPLICA', `target ${endpointName(target.endpoint)} is a replica of ${target.server.primaryAddress ?? 'another server'}`);
  }
}

function checkKind(side: 'source' | 'target', connection: Connection, isNode: boolean): void {
  const { mode, role } = connection.server;
  const name = `${side} ${endpointName(connection.endpoint)}`;
  if (mode === 'sentinel' || role === 'sentinel') {
    throw new GodwitError('WRONG_TOPOLOGY', `${name} is a sentinel, not a server with data`, {
      fix: 'Give the address of the server that it watches; at the sentinel, SENTINEL GET-MASTER-ADDR-BY-NAME <name> tells it.',
    });
  }
  if (mode === 'cluster' && !isNode) {
    throw new GodwitError('WRONG_TOPOLOGY', `${name} is a node of a cluster, which this version cannot sync`, { fix: 'Give a standalone server.' });
  }
}

/** @throws DATABASE_MISSING when the source has keys in databases that the target has not, and the rules leave them there */
export async function checkDatabases(source: Connection, { databases, address }: JobTarget, rules: Pick<JobRules, 'targetDatabase'>): Promise<void> {
  if (databases === Number.POSITIVE_INFINITY) return;
  const info = String(await source.call('INFO', 'keyspace'));
  for (const [, database] of info.matchAll(/^db(\d+):keys=[1-9]/gm)) {
    const to = rules.targetDatabase(Number(database));
    if (to === undefined || to === null || to < databases) continue;
    const goesTo = to === Number(database) ? '' : `, which are to go to ${to}`;
    throw new GodwitError('DATABASE_MISSING', `the source has keys in database ${database}${goesTo}; the cluster ${address} has ${databases} only`, {
      details: { database: Number(database), databases },
      fix: `Leave them out (--db 0), or say where they go: --db-map ${database}=0, or ${database}=drop.`,
    });
  }
}

/** A target that is not empty, and may not be written to. */
export function notEmpty(config: JobConfig, address: string, keys: number): GodwitError {
  const holds = keys === 1 ? '1 key' : `${keys} keys`;
  return new GodwitError('TARGET_NOT_EMPTY', `target ${address} holds ${holds}, and no mark of the job ${config.job.name}`, {
    fix: 'Empty it, or choose --on-existing replace or skip, or --flush-target. To go on with a job, give the addresses (or --job) that it began with.',
    details: { keys },
  });
}

/** Keys in all databases. */
export async function keyCount(connection: Connection): Promise<number> {
  const info = String(await connection.call('INFO', 'keyspace'));
  let keys = 0;
  for (const match of info.matchAll(/^db\d+:keys=(\d+)/gm)) keys += Number(match[1]);
  return keys;
}

export async function restoreOptions(config: JobConfig, target: Connection, losses: LossReport): Promise<RestoreOptions> {
  const { version } = target.server;
  const policy = await target.call('CONFIG', 'GET', 'maxmemory-policy').catch(() => null);
  const evictsBy = Array.isArray(policy) ? String(policy[1] ?? '') : '';
  const known = (major: number, minor: number): boolean => version === undefined || version.product === 'valkey' || atLeast(version, major, minor);
  return {
    conversion: new ValueConversion(version, config.sync.onUnsupported, losses, await modulesOf(target)),
    replace: config.sync.onExisting !== 'skip',
    setPxat: known(6, 2),
    absttl: known(5, 0),
    keepIdle: evictsBy.includes('lru'),
    keepFreq: evictsBy.includes('lfu'),
  };
}

/** Names in lower case; undefined where the target does not tell. INFO needs no right that MODULE LIST would. */
async function modulesOf(target: Connection): Promise<ReadonlySet<string> | undefined> {
  const info = String(await target.call('INFO', 'modules').catch(() => ''));
  if (!info.startsWith('# Modules')) return undefined;
  return new Set([...info.matchAll(/^module:name=([^,\r\n]+)/gm)].map(([, name]) => name.toLowerCase()));
}

/** The largest argument that the target takes; 0 = unknown. */
export function valueBytesMax(target: Connection): number {
  const limits = [target.server.protoMaxBulkLen, target.server.queryBufferLimit].filter((limit) => limit > 0);
  return limits.length === 0 ? 0 : Math.min(...limits);
}
