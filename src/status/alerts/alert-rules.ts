/**
 * What is worth an alert, read from the status of a job: each rule says what is wrong now, or nothing. Whether it has lasted long enough, and who is told, is
 * alert-engine.ts' matter. When you add a rule, also give it its line in docs/alerts.md and a test that causes the condition.
 */
import type { AlertsConfig } from '../../config/alerts-config.ts';
import type { AlertSeverity, ConnectionStatus, JobStatus, PipelineStatus } from '../../observe/job-status.ts';
import { showBytes, showDuration } from '../format-quantity.ts';
import type { AlertMemory } from './alert-memory.ts';

export interface Condition {
  /** The rule, and what it is about. */
  readonly id: string;
  readonly severity: AlertSeverity;
  readonly what: string;
  /** When it began, where the status tells that; else it begins now. */
  readonly sinceAt?: number;
  /** It has to last so long before anybody is told; 0 = at once. */
  readonly afterMs: number;
}

export interface WatchedStatus extends JobStatus {
  /** Of a job that verifies while it runs. */
  readonly verification?: { readonly lastDifferences: number; readonly confirmed: number; readonly mended: number; readonly lastConfirmedAt: number } | null;
}

export interface RuleInput {
  readonly status: WatchedStatus;
  readonly config: AlertsConfig;
  readonly memory: AlertMemory;
  readonly nowMs: number;
}

type Rule = (input: RuleInput) => readonly Condition[];

const LOST: ReadonlySet<string> = new Set(['connecting', 'handshaking', 'backing-off']);
const LINK_UP: ReadonlySet<string> = new Set(['streaming', 'receiving-rdb', 'waiting-for-rdb']);
const WORKING: ReadonlySet<string> = new Set(['planning', 'loading', 'full-sync', 'incremental-sync', 'draining']);
const CONFIRMED_LATELY_MS = 300_000;
const LETTERS_LATELY_MS = 300_000;
/** A lag of less than this is a moment. */
const LAG_LASTS_MS = 5_000;

export const ALERT_RULES: readonly { readonly name: string; readonly rule: Rule }[] = [
  { name: 'job-stopped', rule: jobStopped },
  { name: 'connection-away', rule: connectionAway },
  { name: 'connection-unstable', rule: connectionUnstable },
  { name: 'round-trip', rule: roundTrip },
  { name: 'timeout-short', rule: timeoutShort },
  { name: 'target-not-ready', rule: targetNotReady },
  { name: 'spool', rule: spool },
  { name: 'backlog', rule: backlog },
  { name: 'lag', rule: lag },
  { name: 'dead-letters', rule: deadLetters },
  { name: 'verification', rule: verification },
];

function jobStopped({ status: { phase, job, errors } }: RuleInput): Condition[] {
  if (phase !== 'failed') return [];
  return [{ id: 'job-stopped', severity: 'critical', what: `the job ${job} has failed${errors.last === null ? '' : `: ${errors.last.message}`}`, afterMs: 0 }];
}

/** One of each address: who is away is away for all connections. */
function connectionAway({ status, config: { awayMs } }: RuleInput): Condition[] {
  if (awayMs === 0) return [];
  const lost = working(status).filter(({ state }) => LOST.has(state));
  const places = new Map(lost.map((one) => [`${one.role.split(' ', 1)[0]} ${one.address}`, one]));
  return [...places].map(([place, one]) => {
    const why = one.lastError === null ? '' : `: ${one.lastError.message}`;
    // Each attempt enters a state of its own: it is away since nobody has seen it well.
    return { id: `connection-away:${place}`, severity: 'critical', what: `${nameOf(one)} is ${one.state}${why}`, afterMs: awayMs };
  });
}

function connectionUnstable({ status, config: { reconnectsMax }, memory, nowMs }: RuleInput): Condition[] {
  if (reconnectsMax === 0) return [];
  return working(status).flatMap((one) => {
    const count = memory.grown(`reconnects ${nameOf(one)}`, one.reconnects, nowMs, 60_000);
    if (count < reconnectsMax) return [];
    return [
      { id: `connection-unstable:${nameOf(one)}`, severity: 'warning', what: `${nameOf(one)} was made again ${count} times within a minute`, afterMs: 0 },
    ];
  });
}

function roundTrip({ status, config: { roundTripMs } }: RuleInput): Condition[] {
  if (roundTripMs === 0) return [];
  return working(status)
    .filter((one) => one.state === 'ready' && one.roundTripSmoothedMs > roundTripMs)
    .map((one) => {
      const what = `a PING to ${nameOf(one)} takes ${showDuration(Math.round(one.roundTripSmoothedMs))}`;
      return { id: `round-trip:${nameOf(one)}`, severity: 'warning', what, afterMs: 0 };
    });
}

/** Its keepalive has no margin left. */
function timeoutShort({ status }: RuleInput): Condition[] {
  return working(status)
    .filter((one) => one.nodeTimeoutMs > 0 && one.nodeTimeoutMs < 3 * one.roundTripSmoothedMs)
    .map((one) => {
      const what = `the timeout of ${nameOf(one)} (${showDuration(one.nodeTimeoutMs)}) is shorter than three round trips (${showDuration(Math.round(one.roundTripSmoothedMs))} each): raise it (CONFIG SET timeout)`;
      return { id: `timeout-short:${nameOf(one)}`, severity: 'warning', what, afterMs: 0 };
    });
}

function targetNotReady({ status: { phase, errors, checkpoint }, config: { awayMs }, nowMs }: RuleInput): Condition[] {
  const { last } = errors;
  if (awayMs === 0 || !WORKING.has(phase) || last?.code !== 'TARGET_NOT_READY' || checkpoint.at > last.at) return [];
  // It is told once a minute while it lasts.
  if (nowMs - last.at > 90_000) return [];
  return [{ id: 'target-not-ready', severity: 'critical', what: last.message, afterMs: awayMs }];
}

function spool({ status: { spool: state }, config: { spoolPercent } }: RuleInput): Condition[] {
  if (state.full !== null) {
    const why = state.full === 'disk' ? 'its disk is full' : `it has reached its limit of ${showBytes(state.bytesMax)}`;
    return [{ id: 'spool', severity: 'critical', what: `the spool ${state.dir} has no room left (${why}): the source is held back`, afterMs: 0 }];
  }
  const percent = state.bytesMax > 0 ? Math.floor((state.bytesOnDisk * 100) / state.bytesMax) : 0;
  if (spoolPercent === 0 || percent < spoolPercent) return [];
  const what = `the spool ${state.dir} is filled to ${percent} % (${showBytes(state.bytesOnDisk)} of ${showBytes(state.bytesMax)})`;
  return [{ id: 'spool', severity: 'warning', what, afterMs: 0 }];
}

function backlog({ status, config: { backlogLeftMs } }: RuleInput): Condition[] {
  if (backlogLeftMs === 0 || !WORKING.has(status.phase)) return [];
  return status.pipelines
    .filter((one) => !LINK_UP.has(one.link.state) && isNearlyLost(one, backlogLeftMs))
    .map((one) => {
      const { bytesLeft, timeLeftMs } = one.backlog;
      const left = bytesLeft === 0 ? 'no longer has what is needed' : `has room for ${showBytes(bytesLeft)} more, about ${showDuration(timeLeftMs)}`;
      const what = `the link to ${one.source.address} is away, and its backlog ${left}: a new full sync follows (raise repl-backlog-size)`;
      return { id: `backlog:${one.source.address}`, severity: 'critical', what, afterMs: 0 };
    });
}

function isNearlyLost({ backlog: { bytesLeft, timeLeftMs } }: PipelineStatus, backlogLeftMs: number): boolean {
  return bytesLeft === 0 || (timeLeftMs >= 0 && timeLeftMs < backlogLeftMs);
}

function lag({ status: { phase, lagBytes, lagMs, paused }, config }: RuleInput): Condition[] {
  if (phase !== 'incremental-sync') return [];
  const isLate = config.lagMs > 0 && lagMs > config.lagMs;
  const isFar = config.lagBytes > 0 && lagBytes > config.lagBytes;
  if (!isLate && !isFar) return [];
  const what = `the target is ${showBytes(Math.max(0, lagBytes))} and ${showDuration(lagMs)} behind the source${paused ? '; the job is paused' : ''}`;
  return [{ id: 'lag', severity: 'warning', what, afterMs: isLate ? 0 : LAG_LASTS_MS }];
}

function deadLetters({ status: { errors }, memory, nowMs }: RuleInput): Condition[] {
  const count = memory.grown('dead letters', errors.deadLetters, nowMs, LETTERS_LATELY_MS);
  if (count === 0) return [];
  return [{ id: 'dead-letters', severity: 'warning', what: `the target has refused ${count} commands: they are in the dead-letter file`, afterMs: 0 }];
}

function verification({ status: { verification: found }, nowMs }: RuleInput): Condition[] {
  if (found === undefined || found === null) return [];
  const isLate = found.confirmed > found.mended && nowMs - found.lastConfirmedAt < CONFIRMED_LATELY_MS;
  if (found.lastDifferences <= 0 && !isLate) return [];
  const what = `source and target differ in ${Math.max(found.lastDifferences, found.confirmed - found.mended)} keys`;
  return [{ id: 'verification', severity: 'critical', what, afterMs: 0 }];
}

function working({ phase, connections }: JobStatus): readonly ConnectionStatus[] {
  return WORKING.has(phase) ? connections : [];
}

function nameOf({ role, address, pipeline }: ConnectionStatus): string {
  return `${role} ${address}${pipeline === undefined || pipeline === '' ? '' : ` (${pipeline})`}`;
}
