/**
 * Is it well? One word for the whole job, and what troubles it, worst first. Pure: a status and the time in, kinds and values out; words/ has the sentences.
 *
 * bad: the target gets nothing, or what it has is wrong. warn: it goes on, but somebody should look. busy: on its way, not safe to switch over. good: it follows.
 */
import type { JobPhase } from '../../src/observe/job-status.ts';
import type { PageStatus, VerificationFacts } from '../feed/page-status.ts';
import { backForMs, healthOf } from './health.ts';
import { shortName } from './short-name.ts';

export type Level = 'good' | 'busy' | 'warn' | 'bad' | 'ended';

export const TROUBLE_KINDS = [
  'failed',
  'connection-lost',
  'backlog-short',
  'spool-full',
  'disk-full',
  'target-not-ready',
  'differences',
  'alert',
  'paused',
  'lag-high',
  'spool-filling',
  'mark-old',
  'differences-past',
  'finding',
  'dead-letters',
  'left-out',
  'gaps',
  'connection-back',
] as const;
export type TroubleKind = (typeof TROUBLE_KINDS)[number];

export interface Trouble {
  readonly kind: TroubleKind;
  readonly severity: 'bad' | 'warn';
  /** The server's own words, or an address; '' if there are none. */
  readonly what: string;
  readonly address: string;
  /** How long it lasts, in ms; how much it is; -1 where that makes no sense. */
  readonly forMs: number;
  readonly amount: number;
}

export interface Verdict {
  readonly level: Level;
  readonly troubles: readonly Trouble[];
}

const WORKING: ReadonlySet<JobPhase> = new Set(['loading', 'full-sync', 'incremental-sync', 'draining']);
const LAG_HIGH_MS = 10_000;
const MARK_OLD_MS = 30_000;
const SPOOL_FILLING = 0.8;

export function verdictOf(status: PageStatus, now: number): Verdict {
  const { phase } = status;
  const own = [...failure(status), ...(WORKING.has(phase) ? atWork(status, now) : []), ...remains(status)];
  const found = [...own, ...alertsBeside(own, status)];
  const troubles = found.toSorted((a, b) => rank(a) - rank(b));
  return { level: levelOf(status, troubles), troubles };
}

/** What changes when somebody should look up: for a live region that does not chatter. */
export function verdictKey({ level, troubles }: Verdict): string {
  return [level, ...troubles.map(({ kind, address }) => `${kind} ${address}`)].join('|');
}

function rank({ severity, kind }: Trouble): number {
  return (severity === 'bad' ? 0 : 100) + TROUBLE_KINDS.indexOf(kind);
}

function levelOf({ phase }: PageStatus, troubles: readonly Trouble[]): Level {
  if (troubles.some(({ severity }) => severity === 'bad')) return 'bad';
  if (phase === 'stopped') return 'ended';
  if (troubles.length > 0) return 'warn';
  return phase === 'incremental-sync' ? 'good' : 'busy';
}

function trouble(kind: TroubleKind, severity: Trouble['severity'], more: Partial<Trouble> = {}): Trouble {
  return { kind, severity, what: '', address: '', forMs: -1, amount: -1, ...more };
}

function failure({ phase, errors }: PageStatus): Trouble[] {
  if (phase !== 'failed') return [];
  return [trouble('failed', 'bad', { what: errors.last === null ? '' : `${errors.last.code}: ${errors.last.message}` })];
}

function atWork(status: PageStatus, now: number): Trouble[] {
  return [...connections(status, now), ...backlog(status), ...spool(status), ...targetTrouble(status), ...lag(status), ...mark(status, now), ...paused(status)];
}

function connections({ connections: all }: PageStatus, now: number): Trouble[] {
  return all.flatMap((connection) => {
    const { role, address, sinceAt, lastError, pipeline = '' } = connection;
    const name = { address: `${role} ${address}${pipeline === '' ? '' : ` (${shortName(pipeline)})`}` };
    if (healthOf(connection) === 'bad') {
      const forMs = Math.max(0, now - sinceAt);
      // Messages begin with whose they are, which stands before them here.
      const what = lastError === null ? '' : `${lastError.code}: ${lastError.message.replace(`${role} ${address}`, '').replace(/^[: ]+/, '')}`;
      return [trouble('connection-lost', 'bad', { ...name, forMs, what })];
    }
    const forMs = backForMs(connection, now);
    return forMs < 0 ? [] : [trouble('connection-back', 'warn', { ...name, forMs })];
  });
}

/** While the link to the source is away, the source keeps what is missed for so long only. */
function backlog({ pipelines }: PageStatus): Trouble[] {
  return pipelines.flatMap(({ name, source, link, backlog: { timeLeftMs } }) => {
    const isAway = timeLeftMs >= 0 && healthOf(link) === 'bad';
    return isAway ? [trouble('backlog-short', 'bad', { address: `${source.address}${name === '' ? '' : ` (${shortName(name)})`}`, forMs: timeLeftMs })] : [];
  });
}

function spool({ spool: { full, bytesMax, bytesOnDisk, bytesInMemory } }: PageStatus): Trouble[] {
  if (full !== null) return [trouble(full === 'disk' ? 'disk-full' : 'spool-full', 'bad')];
  const part = bytesMax > 0 ? (bytesOnDisk + bytesInMemory) / bytesMax : 0;
  return part < SPOOL_FILLING ? [] : [trouble('spool-filling', 'warn', { amount: part })];
}

/** It answers and takes no writes; over when a mark is confirmed later. */
function targetTrouble({ errors: { last }, checkpoint }: PageStatus): Trouble[] {
  return last?.code === 'TARGET_NOT_READY' && checkpoint.at <= last.at ? [trouble('target-not-ready', 'bad', { what: last.message })] : [];
}

function lag({ phase, lagMs, paused: isPaused }: PageStatus): Trouble[] {
  return phase === 'incremental-sync' && lagMs > LAG_HIGH_MS && !isPaused ? [trouble('lag-high', 'warn', { forMs: lagMs })] : [];
}

function mark({ phase, checkpoint, lagBytes, paused: isPaused }: PageStatus, now: number): Trouble[] {
  const forMs = now - checkpoint.at;
  const isOld = phase === 'incremental-sync' && checkpoint.at > 0 && lagBytes > 0 && forMs > MARK_OLD_MS && !isPaused;
  return isOld ? [trouble('mark-old', 'warn', { forMs })] : [];
}

function paused({ paused: isPaused }: PageStatus): Trouble[] {
  return isPaused ? [trouble('paused', 'warn')] : [];
}

/** What is not over when the job is. */
function remains({ errors, conversion, verification, scan, findings }: PageStatus): Trouble[] {
  const differences = differencesOf(verification);
  return [
    ...(differences.open > 0 ? [trouble('differences', 'bad', { amount: differences.open })] : []),
    ...(differences.past > 0 ? [trouble('differences-past', 'warn', { amount: differences.past })] : []),
    ...findings
      .filter(({ severity }) => severity === 'warn' || severity === 'error')
      .map(({ where, measured }) => trouble('finding', 'warn', { address: where, what: measured })),
    ...(errors.deadLetters > 0 ? [trouble('dead-letters', 'warn', { amount: errors.deadLetters })] : []),
    ...(conversion.skipped > 0 ? [trouble('left-out', 'warn', { amount: conversion.skipped })] : []),
    ...(scan !== undefined && scan.gaps > 0 ? [trouble('gaps', 'warn', { amount: scan.gaps })] : []),
  ];
}

/** An alert on a connection that is told already says nothing more. */
function alertsBeside(own: readonly Trouble[], { alerts, connections: all }: PageStatus): Trouble[] {
  const told = all.map(({ role, address }) => `${role} ${address}`).filter((name) => own.some(({ address }) => address.startsWith(name)));
  const others = alerts.filter(({ id }) => !told.some((name) => id.endsWith(`:${name}`)));
  return others.map(({ what, severity }) => trouble('alert', severity === 'critical' ? 'bad' : 'warn', { what }));
}

/** Keys that were confirmed to differ and, as far as is known, still do; and those that did: mended since, or found equal by a whole round later. */
export function differencesOf(verification: VerificationFacts | null | undefined): { readonly open: number; readonly past: number } {
  const [confirmed, mended, inLastRound, lastRoundAt, lastConfirmedAt] = ['confirmed', 'mended', 'lastDifferences', 'lastRoundAt', 'lastConfirmedAt'].map(
    (name) => {
      const value = (verification as Readonly<Record<string, unknown>> | null | undefined)?.[name];
      return typeof value === 'number' ? value : 0;
    },
  );
  const isOver = inLastRound === 0 && lastRoundAt > lastConfirmedAt;
  const open = isOver ? 0 : Math.max(0, confirmed - mended);
  return { open, past: confirmed - open };
}
