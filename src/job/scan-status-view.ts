/** The status document of a running scan, put together from its shards: that of a sync, with `scan` in it, and without all that a scan has not. */
import type { SyncConfig } from '../config/sync-config.ts';
import { endpointName } from '../model/endpoint.ts';
import { versionName } from '../model/server-version.ts';
import type { JobControl } from '../observe/job-api.ts';
import type { JobPhase, JobStatus, ScannedServer, ScanStatus } from '../observe/job-status.ts';
import type { ScanPipeline } from '../pipeline/scan-pipeline.ts';
import type { AskLine } from '../source/scan/ask-line.ts';
import { SCAN_BEGIN, SCAN_STAGES } from '../source/scan/scan-position.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { LossReport } from '../target/loss-report.ts';
import type { DoctorRounds } from './doctor/doctor-rounds.ts';
import type { JobSource } from './job-source.ts';
import type { JobTarget } from './job-target.ts';
import { commandCounts } from './command-counts.ts';
import { rulesStatus } from './rules-status.ts';
import type { RateMeter } from './rate-meter.ts';
import type { ScanShard } from './scan-shard.ts';
import { VERSION } from './version.ts';

/** What of a scan is told. */
export interface ScanParts {
  readonly config: SyncConfig;
  readonly source: JobSource;
  readonly target: JobTarget;
  readonly targetLines: readonly AskLine[];
  readonly shards: readonly ScanShard[];
  readonly phase: JobPhase;
  readonly phaseSinceAt: number;
  readonly startedAt: number;
  readonly epoch: number;
  readonly lastError: JobStatus['errors']['last'];
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly rates: RateMeter;
  readonly control: JobControl;
  readonly doctor: DoctorRounds;
}

export function scanStatus(job: ScanParts): JobStatus {
  const { config, shards, rates, target } = job;
  const pipelines = shards.flatMap(({ pipeline }) => (pipeline === undefined ? [] : [pipeline]));
  const sum = (of: (pipeline: ScanPipeline) => number): number => pipelines.reduce((total, one) => total + of(one), 0);
  const progress = pipelines.length === 0 ? -1 : sum((one) => one.progress) / pipelines.length;
  const versions = shards.map(({ control }) => control.server.version).map((version) => (version === undefined ? 'unknown' : versionName(version)));
  const rules = rulesStatus(pipelines.map(({ edits }) => edits));
  return {
    job: config.job.name,
    version: VERSION,
    phase: job.phase,
    paused: job.control.isPaused,
    startedAt: job.startedAt,
    phaseSinceAt: job.phaseSinceAt,
    source: { address: job.source.address, server: versions.length === 0 ? 'unknown' : [...new Set(versions)].join(', ') },
    target: { address: target.address, server: target.serverName },
    fullSync: {
      bytesTotal: -1,
      bytesReceived: 0,
      bytesApplied: 0,
      keysApplied: sum((one) => one.keysApplied),
      keysSkipped: sum((one) => one.keysSkipped),
      progress,
      timeLeftMs: timeLeftMs(progress, job),
    },
    incrementalSync: { replicationId: '', offsetReceived: 0, offsetApplied: 0, offsetSource: -1, commandsApplied: 0 },
    pipelines: [],
    scan: scanOf(shards, pipelines),
    commands: commandCounts(pipelines),
    ...(rules === undefined ? {} : { rules }),
    conversion: { ...job.losses.counts, first: [...job.losses.first], report: job.losses.file },
    lagBytes: -1,
    lagMs: 0,
    rate: { keysPerSecond: rates.perSecond(0), commandsPerSecond: rates.perSecond(1), bytesPerSecond: rates.perSecond(2) },
    spool: { dir: '', bytesOnDisk: 0, bytesInMemory: 0, bytesMax: 0, diskFreeBytes: -1, full: null },
    checkpoint: { epoch: job.epoch, offset: 0, at: Math.max(0, ...pipelines.map(({ markAt }) => markAt)) },
    verification: null,
    errors: { retried: sum(({ retried }) => retried), deadLetters: job.deadLetters.count, last: job.lastError },
    findings: job.doctor.findings,
    connections: [
      ...shards.flatMap((shard) => [shard.control.status(), ...(shard.source?.status() ?? [])].map((one) => named(one, shard.name))),
      ...job.source.connections(),
      ...target.connections(),
      ...job.targetLines.map(({ connection }) => connection.status()),
    ],
    alerts: [],
  };
}

function scanOf(shards: readonly ScanShard[], pipelines: readonly ScanPipeline[]): ScanStatus {
  const sources = shards.flatMap(({ source }) => (source === undefined ? [] : [source]));
  const stages = pipelines.map(({ stage }) => SCAN_STAGES.indexOf(stage));
  return {
    stage: SCAN_STAGES[stages.length === 0 ? 0 : Math.min(...stages)],
    keysSeen: pipelines.reduce((total, { course }) => total + course.keysSeen, 0),
    passes: Math.max(0, ...pipelines.map(({ course }) => course.passes)),
    keysCompared: pipelines.reduce((total, { course }) => total + course.compared, 0),
    keysRemoved: pipelines.reduce((total, { keysRemoved }) => total + keysRemoved, 0),
    follows: sources.some(({ queue }) => queue !== undefined),
    queued: sources.reduce((total, { queue }) => total + (queue?.length ?? 0), 0) + pipelines.reduce((total, { course }) => total + course.keysIssued, 0),
    events: sources.reduce((total, { eventCount }) => total + eventCount, 0),
    overflows: sources.reduce((total, { queue }) => total + (queue?.overflows ?? 0), 0),
    gaps: pipelines.reduce((total, { gaps }) => total + gaps, 0),
    servers: shards.map(serverOf),
  };
}

function serverOf({ place, source, pipeline }: ScanShard): ScannedServer {
  const { database, cursor } = pipeline?.position ?? SCAN_BEGIN;
  return {
    address: endpointName(place.endpoint),
    stage: pipeline?.stage ?? SCAN_BEGIN.stage,
    database,
    cursor,
    progress: pipeline?.progress ?? 0,
    queued: (source?.queue?.length ?? 0) + (pipeline?.course.keysIssued ?? 0),
  };
}

function timeLeftMs(progress: number, { startedAt }: ScanParts): number {
  if (progress >= 1) return 0;
  return progress > 0 ? Math.round(((Date.now() - startedAt) * (1 - progress)) / progress) : -1;
}

function named<T extends object>(status: T, pipeline: string): T {
  return pipeline === '' ? status : { ...status, pipeline };
}
