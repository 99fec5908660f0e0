/** The status document of a running job, put together from its parts. */
import { endpointName } from '../model/endpoint.ts';
import type { ConnectionStatus, JobPhase, JobStatus } from '../observe/job-status.ts';
import type { SyncPipeline } from '../pipeline/sync-pipeline.ts';
import type { SyncSpool } from '../pipeline/sync-spool.ts';
import type { Connection } from '../net/connection.ts';
import type { SyncConfig } from '../config/sync-config.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { LossReport } from '../target/loss-report.ts';
import type { JobTarget } from './job-target.ts';
import type { LagMeter } from './lag-meter.ts';
import type { RateMeter } from './rate-meter.ts';
import { VERSION } from './version.ts';

/** What of a job is told. */
export interface JobParts {
  readonly config: SyncConfig;
  readonly pipeline: SyncPipeline | undefined;
  readonly spool: SyncSpool | undefined;
  readonly source: Connection;
  readonly target: JobTarget;
  readonly phase: JobPhase;
  readonly phaseSinceAt: number;
  readonly startedAt: number;
  readonly sourceOffset: number;
  readonly epoch: number;
  readonly lastError: JobStatus['errors']['last'];
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly lag: LagMeter;
  readonly rates: RateMeter;
  serverName(connection: Connection): string;
}

export function jobStatus(job: JobParts): JobStatus {
  const { config, pipeline, spool } = job;
  const reached = pipeline?.applied;
  const received = spool?.stream?.endOffset ?? 0;
  const incremental = reached?.phase === 'incremental-sync';
  const applied = reached === undefined ? 0 : reached.offset;
  return {
    job: config.job.name,
    version: VERSION,
    phase: job.phase,
    startedAt: job.startedAt,
    phaseSinceAt: job.phaseSinceAt,
    source: { address: endpointName(config.source), server: job.serverName(job.source) },
    target: { address: job.target.address, server: job.target.serverName },
    fullSync: fullSync(job),
    incrementalSync: {
      replicationId: spool?.replicationId ?? '',
      offsetReceived: received,
      offsetApplied: incremental ? applied : 0,
      offsetSource: job.sourceOffset,
      commandsApplied: pipeline?.commandsApplied ?? 0,
    },
    conversion: { ...job.losses.counts, first: [...job.losses.first], report: job.losses.file },
    lagBytes: lagBytes(job),
    lagMs: incremental ? job.lag.lagMs(performance.now(), applied) : 0,
    rate: { keysPerSecond: job.rates.perSecond(0), commandsPerSecond: job.rates.perSecond(1), bytesPerSecond: job.rates.perSecond(2) },
    spool: {
      dir: spool?.jobDir ?? '',
      bytesOnDisk: spool?.budget.bytesOnDisk ?? 0,
      bytesInMemory: (spool?.rdb?.status().bytesInMemory ?? 0) + (spool?.stream?.status().bytesInMemory ?? 0),
      bytesMax: spool?.budget.bytesMax ?? 0,
      diskFreeBytes: spool?.budget.diskFreeBytes ?? -1,
      full: spool?.budget.fullReason ?? null,
    },
    checkpoint: { epoch: job.epoch, offset: pipeline?.mark.offset ?? 0, at: pipeline?.markAt ?? 0 },
    errors: { retried: pipeline?.retried ?? 0, deadLetters: job.deadLetters.count, last: job.lastError },
    connections: [job.source.status(), ...job.target.connections(), ...(pipeline === undefined ? [] : [linkStatus(pipeline, endpointName(config.source))])],
  };
}

/** Bytes that the source has written, or sent, and that are not applied; -1 before the first snapshot, when that means nothing. */
export function lagBytes({ pipeline, spool, sourceOffset }: JobParts): number {
  const { replicationId = '', offset = 0 } = pipeline?.applied ?? {};
  return replicationId === '' ? -1 : Math.max(0, Math.max(spool?.stream?.endOffset ?? 0, sourceOffset) - offset);
}

function fullSync(job: JobParts): JobStatus['fullSync'] {
  const { pipeline, spool } = job;
  const reached = pipeline?.applied;
  const total = spool?.snapshot?.length ?? -1;
  const done = reached?.phase === 'incremental-sync';
  const applied = done ? Math.max(0, total) : (reached?.rdbOffset ?? 0);
  const progress = done ? 1 : total > 0 ? applied / total : -1;
  const perSecond = job.rates.perSecond(2);
  return {
    bytesTotal: total,
    bytesReceived: spool?.rdb?.endOffset ?? Math.max(0, total),
    bytesApplied: applied,
    keysApplied: pipeline?.keysApplied ?? 0,
    keysSkipped: pipeline?.keysSkipped ?? 0,
    progress,
    timeLeftMs: done ? 0 : total > 0 && perSecond > 0 ? Math.round(((total - applied) * 1000) / perSecond) : -1,
  };
}

function linkStatus(pipeline: SyncPipeline, address: string): ConnectionStatus {
  const { link } = pipeline;
  return {
    role: 'source replication',
    address,
    state: link.state,
    sinceAt: link.sinceAt,
    idleMs: Math.round(performance.now() - link.lastReceivedAtMs),
    keepaliveIntervalMs: 1000,
    keepaliveReason: 'replica-link',
    nodeTimeoutMs: 0,
    deadAfterMs: link.timeoutMs,
    roundTripLastMs: 0,
    roundTripSmoothedMs: 0,
    pingsSent: 0,
    pingsLost: 0,
    reconnects: Math.max(0, link.reconnects),
    unansweredReplies: 0,
    unansweredBytes: 0,
    lastError: link.lastError,
  };
}
