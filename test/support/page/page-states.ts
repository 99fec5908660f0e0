/** States of jobs as the page shows them, with times that are now. */
import type { OpenFinding } from '../../../src/observe/finding.ts';
import type { ConnectionStatus, PipelineStatus } from '../../../src/observe/job-status.ts';
import { exampleConnection, examplePipeline, exampleStatus } from '../../unit/status/example-status.ts';
import type { StandInStatus } from './stand-in.ts';

const TARGETS = ['10.0.1.1:7000', '10.0.1.2:7000', '10.0.1.3:7000'];

function wire(over: Partial<ConnectionStatus>): ConnectionStatus {
  return exampleConnection({ sinceAt: Date.now() - 3_600_000, reconnects: 0, unansweredReplies: 0, unansweredBytes: 0, lastError: null, ...over });
}

function replication(address: string, over: Partial<ConnectionStatus> = {}): ConnectionStatus {
  return wire({
    role: 'source replication',
    address,
    state: 'streaming',
    keepaliveIntervalMs: 1000,
    keepaliveReason: 'replica-link',
    roundTripSmoothedMs: 0,
    ...over,
  });
}

function status(over: Partial<StandInStatus>): StandInStatus {
  const now = Date.now();
  return {
    ...exampleStatus({ phase: 'incremental-sync', startedAt: now - 7_200_000, phaseSinceAt: now - 3_600_000 }),
    fullSync: {
      bytesTotal: 2_684_354_560,
      bytesReceived: 2_684_354_560,
      bytesApplied: 2_684_354_560,
      keysApplied: 1_234_567,
      keysSkipped: 0,
      progress: 1,
      timeLeftMs: 0,
    },
    conversion: { encoded: 0, degraded: 0, skipped: 0, first: [], report: '' },
    checkpoint: { epoch: 3, offset: 12_345, at: now - 40 },
    lagBytes: 1_254,
    lagMs: 4,
    rate: { keysPerSecond: 0, commandsPerSecond: 15_400, bytesPerSecond: 1_300_000 },
    connections: [wire({}), wire({ role: 'target control', roundTripSmoothedMs: 0.4 }), replication('10.0.0.1:6379')],
    pipelines: [],
    paused: false,
    alerts: [],
    findings: [],
    verification: null,
    ...over,
  };
}

/** One server to one server, following. */
export function following(over: Partial<StandInStatus> = {}): StandInStatus {
  return status(over);
}

/** The first full sync, 48 % of it done. */
export function copying(over: Partial<StandInStatus> = {}): StandInStatus {
  const { fullSync } = exampleStatus();
  return status({ phase: 'full-sync', phaseSinceAt: Date.now() - 44_000, fullSync, lagBytes: -1, lagMs: -1, ...over });
}

/** The connection for the data is lost. */
export function troubled(): StandInStatus {
  const now = Date.now();
  const lastError = { code: 'CONNECTION_LOST', message: 'target data 10.0.0.2:6379 closed the connection', at: now - 9_000 };
  const lost = wire({ state: 'backing-off', sinceAt: now - 8_000, reconnects: 3, pingsLost: 1, lastError });
  return status({
    lagBytes: 48_000_000,
    lagMs: 8_400,
    connections: [lost, wire({ role: 'target control', roundTripSmoothedMs: 0.4 }), replication('10.0.0.1:6379')],
    errors: { retried: 12, deadLetters: 0, last: lastError },
    alerts: [
      { id: 'connection-away:target data 10.0.0.2:6379', severity: 'critical', what: 'target data 10.0.0.2:6379 is away for 8 s', sinceAt: now - 3_000 },
    ],
  });
}

/** Sixteen shards into a cluster of three: 64 connections, two of them in trouble, one shard still copying. */
export function manyShards(): StandInStatus {
  const now = Date.now();
  const names = Array.from({ length: 16 }, (_, i) => `shard-${String(i + 1).padStart(2, '0')}`);
  const sourceOf = (i: number): string => `10.0.0.${i + 1}:7000`;
  const lastError = { code: 'CONNECTION_LOST', message: 'no answer for 15 s', at: now - 4_000 };
  const pipelines: PipelineStatus[] = names.map((name, i) =>
    examplePipeline({
      name,
      source: { address: sourceOf(i), server: 'Redis 7.0.15' },
      phase: i === 11 ? 'full-sync' : 'incremental-sync',
      fullSync: { ...examplePipeline().fullSync, progress: i === 11 ? 0.48 : 1 },
      lagMs: i === 4 ? 12_300 : 3 + i,
      ...(i === 8 ? { link: { state: 'backing-off', sinceAt: now - 4_000, reconnects: 2, lastError } } : {}),
    }),
  );
  const connections = names.flatMap((pipeline, i) => [
    replication(sourceOf(i), i === 8 ? { pipeline, state: 'backing-off', sinceAt: now - 4_000, reconnects: 2, lastError } : { pipeline }),
    ...TARGETS.map((address, j) =>
      wire({
        pipeline,
        address,
        roundTripSmoothedMs: j === 2 ? 14.2 : 0.3,
        ...(i === 4 && j === 1 ? { state: 'connecting', sinceAt: now - 2_000, reconnects: 5, lastError } : {}),
      }),
    ),
  ]);
  return status({
    job: 'orders-to-the-new-cluster',
    source: { address: '10.0.0.1:7000', server: 'Redis 7.0.15' },
    target: { address: TARGETS[0], server: 'Valkey 9.1.0' },
    pipelines,
    connections,
    lagBytes: 91_000_000,
    lagMs: 12_300,
  });
}

/** A file on its way, with rules and losses. */
export function loading(): StandInStatus {
  const { fullSync } = exampleStatus();
  return status({
    phase: 'loading',
    source: { address: 'dump.rdb.gz', server: 'RDB 11' },
    fullSync,
    load: { keysExpired: 42, position: '{"part":0,"offset":1288490189}', done: false, tailBytes: 0 },
    connections: [wire({}), wire({ role: 'target control' })],
    lagBytes: -1,
    lagMs: -1,
    rules: {
      decided: [{ rule: 'prefix user:', effect: 'allow', count: 81_223 }],
      renamed: 12,
      moved: 0,
      retimed: 3,
      dropped: 0,
      untold: 0,
      functionFailures: 0,
    },
    conversion: {
      encoded: 512,
      degraded: 2,
      skipped: 1,
      first: [{ outcome: 'left-out', db: 0, key: '"a vector set"', what: 'vectorset', reason: 'the target has no such type' }],
      report: '',
    },
  });
}

/** Rounds that have found nothing. */
export function verifying(over: Readonly<Record<string, number>> = {}): NonNullable<StandInStatus['verification']> {
  const now = Date.now();
  const counts = { keysChecked: 120_000, keysTotal: 2_400_000, suspects: 0, rounds: 3, lastDifferences: 0, confirmed: 0, mended: 0 };
  return { running: true, sinceAt: now - 600_000, lastRoundAt: now - 60_000, lastConfirmedAt: 0, ...counts, ...over };
}

/** Of the doctor: the backlog of the source is small. */
export function finding(severity: OpenFinding['severity']): OpenFinding {
  const measured = 'the backlog of 1 MiB holds 12 s of what is written now';
  const mends = [{ kind: 'server', at: 'source 10.0.0.1:6379', command: 'CONFIG SET repl-backlog-size 64mb' }] as const;
  return {
    check: 'backlog',
    severity,
    where: 'source 10.0.0.1:6379',
    measured,
    why: 'a longer break needs a new full sync',
    mends,
    sinceAt: Date.now() - 60_000,
  };
}

/** Both sides are equal, writes are stopped, and the clients are to be switched. */
export function switching(): StandInStatus {
  const now = Date.now();
  const steps = [
    { name: 'checking', at: now - 3_000, tookMs: 40, found: ['the target is 1.2 KiB behind'] },
    { name: 'stopping-writes', at: now - 2_900, tookMs: 12, found: ['CLIENT PAUSE WRITE at 10.0.0.1:6379'] },
  ];
  const waiting = { pausedMs: 2_900, holdUntilAt: now + 57_000, facts: null, instructions: ['point the clients at 10.0.0.2:6379'], reason: '' };
  return status({ cutover: { state: 'switching', isRehearsal: false, sinceAt: now - 2_000, steps, ...waiting } });
}

/** A scan that follows, with a verification beside it. */
export function scanning(): StandInStatus {
  return status({
    lagBytes: -1,
    lagMs: -1,
    scan: {
      stage: 'following',
      keysSeen: 2_400_000,
      passes: 1,
      keysCompared: 2_400_000,
      keysRemoved: 12,
      follows: true,
      queued: 17,
      events: 88_123,
      overflows: 0,
      gaps: 0,
      servers: [],
    },
    connections: ['source scan', 'source values', 'source events', 'source control', 'target data', 'target control'].map((role) =>
      wire({ role, address: role.startsWith('source') ? '10.0.0.1:6379' : '10.0.0.2:6379' }),
    ),
    verification: verifying(),
    findings: [finding('warn')],
  });
}
