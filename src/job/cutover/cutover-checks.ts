/**
 * What is looked at before anything is done: each with what was found, and whether it stands in the way. What a sync knows of itself is taken from its status;
 * rights are tried in a form that changes nothing.
 */
import type { SyncConfig } from '../../config/sync-config.ts';
import { atLeast } from '../../model/server-version.ts';
import type { Connection } from '../../net/connection.ts';
import { endpointName } from '../../model/endpoint.ts';
import type { CutoverSettings } from '../../observe/cutover-status.ts';
import type { JobStatus } from '../../observe/job-status.ts';
import { ReplyError } from '../../resp/reply.ts';
import type { CutoverShard } from './cutover-shard.ts';
import { clientsOf } from './write-pause.ts';

export interface Check {
  readonly what: string;
  /** `warning` is told, `problem` stands in the way. */
  readonly outcome: 'fine' | 'warning' | 'problem';
}

/** What is known of a job without asking anybody. */
export function checkStatus(status: JobStatus, shards: readonly CutoverShard[], { acceptLosses }: CutoverSettings): Check[] {
  const { errors, conversion, spool, connections } = status;
  const behind = shards.filter(({ isFollowing }) => !isFollowing).map(({ address }) => address);
  const lost = connections.filter(({ state }) => state === 'backing-off' || state === 'connecting').map(({ role, address }) => `${role} ${address}`);
  const losses = acceptLosses ? 'warning' : 'problem';
  const checks: Check[] = [
    shards.length === 0 || behind.length > 0
      ? problem(`not in incremental sync: ${behind.length > 0 ? behind.join(', ') : status.phase}`)
      : fine(`${shards.length === 1 ? 'the source is' : `all ${shards.length} places of the source are`} followed, in incremental sync`),
    spool.full === null ? fine('the spool has room') : problem(`the spool has no room left (${spool.full})`),
    lost.length === 0 ? fine('all connections are there') : problem(`connections are lost: ${lost.join(', ')}`),
    errors.deadLetters === 0
      ? fine('no command was left out')
      : { what: `${errors.deadLetters} commands were left out (dead letters); --accept-losses goes on all the same`, outcome: losses },
  ];
  if (conversion.skipped + conversion.degraded > 0) {
    const what = `${conversion.skipped} values or commands were left out and ${conversion.degraded} brought without all that they had (--on-unsupported)`;
    checks.push({ what: `${what}; --accept-losses goes on all the same`, outcome: losses });
  }
  if (status.paused) checks.push(problem('the job is paused: resume it first'));
  if (isUnready(status)) checks.push(problem(`the target takes no writes for now: ${errors.last?.message}`));
  return [...checks, ...openAlerts(status), ...openFindings(status)];
}

/** A later mark shows that it is over. */
function isUnready({ errors: { last }, checkpoint }: JobStatus): boolean {
  return last?.code === 'TARGET_NOT_READY' && checkpoint.at <= last.at;
}

/** Of a job that watches for them. */
function openAlerts({ alerts }: JobStatus): Check[] {
  return alerts.map(({ severity, what }) => ({ what: `alert: ${what}`, outcome: severity === 'critical' ? 'problem' : 'warning' }));
}

/** What the doctor sees beside the job. */
function openFindings({ findings }: JobStatus): Check[] {
  const open = findings.filter(({ severity }) => severity === 'error' || severity === 'warn');
  return open.map(({ severity, where, measured }) => ({ what: `${where}: ${measured}`, outcome: severity === 'error' ? 'problem' : 'warning' }));
}

/** The servers whose writes are to be stopped. @param connections to the primary of each place */
export async function checkSources(connections: readonly Connection[], { quietWaitMs }: CutoverSettings): Promise<Check[]> {
  const checks = await Promise.all(connections.map((connection) => checkSource(connection, quietWaitMs > 0)));
  return checks.flat();
}

async function checkSource(connection: Connection, isWatched: boolean): Promise<Check[]> {
  const name = `source ${endpointName(connection.endpoint)}`;
  const { server } = connection;
  if (server.role === 'replica')
    return [problem(`${name} is a replica: writes come from its primary ${server.primaryAddress ?? ''}, which is to be the source then`)];
  const [list] = await connection.callAll([['CLIENT', 'LIST']]);
  const clients = list instanceof ReplyError ? undefined : clientsOf(String(list)).length;
  if (isWatched) {
    const stats = await connection.call('INFO', 'commandstats').catch(() => '');
    if (!String(stats).includes('cmdstat_'))
      return [problem(`${name} does not tell its commands (INFO commandstats), so that nobody can see whether writes come`)];
    return [fine(`${name} is watched until no write comes; it has ${clients ?? 'an unknown number of'} clients, which are to be stopped by you`)];
  }
  if (server.version === undefined || !atLeast(server.version, 6, 2)) {
    const version = server.version?.text ?? 'of an unknown version';
    return [problem(`${name} (${version}) cannot stop writes: that is of 6.2 and newer. Stop the application yourself and give --wait-for-quiet`)];
  }
  const refused = await tryRights(connection);
  if (refused.length > 0) {
    const grants = refused.map((right) => `+client|${right.toLowerCase()}`).join(' ');
    return [problem(`${name}: the user may not use CLIENT ${refused.join(', ')}. Grant ${grants}, or stop the application yourself and give --wait-for-quiet`)];
  }
  return [fine(`${name} can stop writes; the connections of its ${clients ?? 0} clients are ended at the switch`)];
}

/** Queued and thrown away: only the refusal counts. */
async function tryRights(connection: Connection): Promise<string[]> {
  const words = [['PAUSE', '1', 'WRITE'], ['UNPAUSE'], ['LIST'], ['KILL', 'ID', '0']];
  const replies = await connection.callAll([['MULTI'], ...words.map((word) => ['CLIENT', ...word]), ['DISCARD']]);
  return words.flatMap(([word], i) => {
    const reply = replies[i + 1];
    return reply instanceof ReplyError ? [word] : [];
  });
}

/** What of the configuration a cut-over, or the way back, cannot do. */
export function checkConfig(config: SyncConfig, { reverse }: CutoverSettings): Check[] {
  const { rules, otherSources, sync } = config;
  if (!reverse) return [];
  const problems = [
    ...(otherSources.length > 0 ? ['several sources cannot be told apart at the target, so that there is no way back (--reverse)'] : []),
    ...(rules === null ? [] : ['the job has rules (filter, renames, functions), and nobody knows what undoes them: there is no way back (--reverse)']),
    ...(sync.fullSync ? [] : ['the job brings changes alone: there is no way back (--reverse)']),
  ];
  return problems.map(problem);
}

function fine(what: string): Check {
  return { what, outcome: 'fine' };
}

function problem(what: string): Check {
  return { what, outcome: 'problem' };
}
