/** The status document of a running job, put together from its shards: sums, and the lag of the one that is furthest behind. */
import type { SyncConfig } from '../config/sync-config.ts';
import { versionName } from '../model/server-version.ts';
import type { JobControl } from '../observe/job-api.ts';
import type { JobPhase, JobStatus, PipelineStatus, VerificationStatus } from '../observe/job-status.ts';
import type { SpoolBudget } from '../source/replica/spool/disk-space.ts';
import { spoolJobDir } from '../source/replica/spool/spool-runs.ts';
import type { DoctorRounds } from './doctor/doctor-rounds.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { JobSource } from './job-source.ts';
import type { LossReport } from '../target/loss-report.ts';
import type { JobTarget } from './job-target.ts';
import { linkStatus, pipelineStatus } from './pipeline-status.ts';
import type { RateMeter } from './rate-meter.ts';
import { commandCounts } from './command-counts.ts';
import { rulesStatus } from './rules-status.ts';
import type { SourceShard } from './source-shard.ts';
import { VERSION } from './version.ts';

/** What of a job is told. */
export interface JobParts {
  readonly config: SyncConfig;
  readonly source: JobSource;
  readonly target: JobTarget;
  readonly shards: readonly SourceShard[];
  readonly budget: SpoolBudget;
  readonly phase: JobPhase;
  readonly phaseSinceAt: number;
  readonly startedAt: number;
  readonly epoch: number;
  readonly lastError: JobStatus['errors']['last'];
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly rates: RateMeter;
  readonly care: { readonly verification: VerificationStatus | null } | undefined;
  readonly control: JobControl;
  readonly doctor: DoctorRounds;
}

export function jobStatus(job: JobParts): JobStatus {
  const { config, shards, budget, rates } = job;
  const pipelines = shards.map(pipelineStatus);
  const bytesPerSecond = rates.perSecond(2);
  const sum = (of: (one: PipelineStatus) => number): number => pipelines.reduce((total, one) => total + of(one), 0);
  const rules = rulesStatus(shards.map(({ pipeline }) => pipeline?.edits ?? null));
  return {
    job: config.job.name,
    version: VERSION,
    phase: job.phase,
    paused: job.control.isPaused,
    startedAt: job.startedAt,
    phaseSinceAt: job.phaseSinceAt,
    source: { address: job.source.address, server: serverNames(shards) },
    target: { address: job.target.address, server: job.target.serverName },
    fullSync: fullSync(pipelines, bytesPerSecond),
    incrementalSync: {
      replicationId: pipelines.length === 1 ? pipelines[0].incrementalSync.replicationId : '',
      offsetReceived: sum((one) => one.incrementalSync.offsetReceived),
      offsetApplied: sum((one) => one.incrementalSync.offsetApplied),
      offsetSource: sumKnown(pipelines.map((one) => one.incrementalSync.offsetSource)),
      commandsApplied: sum((one) => one.incrementalSync.commandsApplied),
    },
    pipelines,
    commands: commandCounts(shards.map(({ pipeline }) => pipeline)),
    ...(rules === undefined ? {} : { rules }),
    conversion: { ...job.losses.counts, first: [...job.losses.first], report: job.losses.file },
    lagBytes: pipelines.some(({ lagBytes }) => lagBytes < 0) ? -1 : Math.max(-1, ...pipelines.map(({ lagBytes }) => lagBytes)),
    lagMs: Math.max(0, ...pipelines.map(({ lagMs }) => lagMs)),
    rate: { keysPerSecond: rates.perSecond(0), commandsPerSecond: rates.perSecond(1), bytesPerSecond },
    spool: {
      dir: spoolJobDir(config.spool.dir, config.job.name),
      bytesOnDisk: budget.bytesOnDisk,
      bytesInMemory: sum(({ spool }) => spool.bytesInMemory),
      bytesMax: budget.bytesMaxConfigured === 0 && budget.diskFreeBytes < 0 ? 0 : budget.bytesMax,
      diskFreeBytes: budget.diskFreeBytes,
      full: budget.fullReason,
    },
    checkpoint: { epoch: job.epoch, offset: sum(({ checkpoint }) => checkpoint.offset), at: Math.max(0, ...pipelines.map(({ checkpoint }) => checkpoint.at)) },
    verification: job.care?.verification ?? null,
    errors: {
      retried: shards.reduce((total, { pipeline }) => total + (pipeline?.retried ?? 0), 0),
      deadLetters: job.deadLetters.count,
      last: job.lastError,
    },
    findings: job.doctor.findings,
    connections: [
      ...shards.map((shard) => ({ ...shard.control.status(), ...(shard.name === '' ? {} : { pipeline: shard.name }) })),
      ...job.source.connections(),
      ...job.target.connections(),
      ...shards.map(linkStatus).filter((status) => status !== undefined),
    ],
    alerts: [],
  };
}

function fullSync(pipelines: readonly PipelineStatus[], perSecond: number): JobStatus['fullSync'] {
  const sum = (of: (one: PipelineStatus['fullSync']) => number): number => pipelines.reduce((total, one) => total + of(one.fullSync), 0);
  const done = pipelines.length > 0 && pipelines.every(({ phase }) => phase === 'incremental-sync');
  const total = sumKnown(pipelines.map((one) => one.fullSync.bytesTotal));
  const applied = sum(({ bytesApplied }) => bytesApplied);
  return {
    bytesTotal: total,
    bytesReceived: sum(({ bytesReceived }) => bytesReceived),
    bytesApplied: applied,
    keysApplied: sum(({ keysApplied }) => keysApplied),
    keysSkipped: sum(({ keysSkipped }) => keysSkipped),
    progress: done ? 1 : total > 0 ? applied / total : -1,
    timeLeftMs: done ? 0 : total > 0 && perSecond > 0 ? Math.round(((total - applied) * 1000) / perSecond) : -1,
  };
}

/** -1 where one is not known, or none is there. */
function sumKnown(numbers: readonly number[]): number {
  return numbers.length === 0 || numbers.some((one) => one < 0) ? -1 : numbers.reduce((total, one) => total + one, 0);
}

/** `Redis 7.0.15`, or several, each once. */
function serverNames(shards: readonly SourceShard[]): string {
  const versions = shards.map(({ control }) => control.server.version).map((version) => (version === undefined ? 'unknown' : versionName(version)));
  return versions.length === 0 ? 'unknown' : [...new Set(versions)].join(', ');
}
