/** The status document of a running load, put together from its parts: that of a sync, with `load` in it, and without all that a file has not. */
import type { LoadConfig } from '../config/sync-config.ts';
import type { JobControl } from '../observe/job-api.ts';
import type { JobPhase, JobStatus } from '../observe/job-status.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { LossReport } from '../target/loss-report.ts';
import type { AnyLoadPipeline, LoadTarget } from './load-target.ts';
import type { LoadedFile } from './loaded-file.ts';
import type { RateMeter } from './rate-meter.ts';
import { commandCounts } from './command-counts.ts';
import { rulesStatus } from './rules-status.ts';
import { VERSION } from './version.ts';

/** What of a load is told. */
interface LoadParts {
  readonly config: LoadConfig;
  readonly pipeline: AnyLoadPipeline | undefined;
  readonly file: LoadedFile;
  readonly target: LoadTarget;
  readonly phase: JobPhase;
  readonly phaseSinceAt: number;
  readonly startedAt: number;
  readonly epoch: number;
  readonly lastError: JobStatus['errors']['last'];
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly rates: RateMeter;
  readonly control: JobControl;
}

export function loadStatus(job: LoadParts): JobStatus {
  const { config, pipeline, target, file, rates } = job;
  const { keys, skipped, commands } = pipeline?.applied ?? { keys: 0, skipped: 0, commands: 0 };
  const rules = rulesStatus([pipeline?.edits ?? null]);
  const bytesPerSecond = rates.perSecond(2);
  const names = { aof: 'AOF', json: 'JSON', rdb: `RDB ${pipeline?.rdbVersion || ''}`.trim() } as const;
  const format = pipeline === undefined ? '' : names[file.kind];
  return {
    job: config.job.name,
    version: VERSION,
    phase: job.phase,
    paused: job.control.isPaused,
    startedAt: job.startedAt,
    phaseSinceAt: job.phaseSinceAt,
    source: { address: file.name, server: format },
    target: { address: target.address, server: target.serverName },
    fullSync: { ...progress(pipeline, bytesPerSecond), keysApplied: keys, keysSkipped: skipped },
    incrementalSync: { replicationId: '', offsetReceived: 0, offsetApplied: 0, offsetSource: -1, commandsApplied: commands },
    pipelines: [],
    load: {
      keysExpired: pipeline?.expired ?? 0,
      position: pipeline?.mark.file?.position ?? '',
      done: pipeline?.end !== undefined && pipeline.end !== null,
      tailBytes: pipeline?.end?.tail?.bytes ?? 0,
    },
    commands: commandCounts([pipeline]),
    ...(rules === undefined ? {} : { rules }),
    conversion: { ...job.losses.counts, first: [...job.losses.first], report: job.losses.file },
    lagBytes: 0,
    lagMs: 0,
    rate: { keysPerSecond: rates.perSecond(0), commandsPerSecond: rates.perSecond(1), bytesPerSecond },
    spool: { dir: '', bytesOnDisk: 0, bytesInMemory: 0, bytesMax: 0, diskFreeBytes: -1, full: null },
    checkpoint: { epoch: job.epoch, offset: 0, at: pipeline?.markAt ?? 0 },
    verification: null,
    errors: { retried: pipeline?.retried ?? 0, deadLetters: job.deadLetters.count, last: job.lastError },
    findings: [],
    connections: target.connections(),
    alerts: [],
  };
}

/** The bytes are those of the file as it is stored; what is read is at most a few batches before what is applied. */
function progress(pipeline: AnyLoadPipeline | undefined, perSecond: number): Omit<JobStatus['fullSync'], 'keysApplied' | 'keysSkipped'> {
  const { bytes, bytesTotal } = pipeline?.progress ?? { bytes: 0, bytesTotal: -1 };
  const isDone = pipeline?.end !== undefined && pipeline.end !== null;
  const share = isDone ? 1 : bytesTotal > 0 ? Math.min(1, bytes / bytesTotal) : -1;
  const timeLeftMs = isDone ? 0 : bytesTotal > 0 && perSecond > 0 ? Math.round(((bytesTotal - bytes) * 1000) / perSecond) : -1;
  return { bytesTotal, bytesReceived: bytes, bytesApplied: bytes, progress: share, timeLeftMs };
}
