/**
 * What a running job says of itself: the document behind the status JSON, the live view and (later) metrics. Plain data, made anew by each
 * SyncJob.status(). Times are milliseconds, sizes and offsets are bytes; `...At` are Unix milliseconds.
 */
import type { CutoverStatus } from './cutover-status.ts';
import type { OpenFinding } from './finding.ts';
import type { KeepaliveReason } from './keepalive-reason.ts';

export type JobPhase = 'created' | 'planning' | 'loading' | 'full-sync' | 'incremental-sync' | 'draining' | 'stopped' | 'failed';

export type ConnectionStateName = 'idle' | 'connecting' | 'handshaking' | 'ready' | 'backing-off' | 'closed';

export interface ConnectionStatus {
  /** `target data`, `target control`, `source control`, `source replication`; of a scan `source scan`, `source values`, `source events`, `target scan`. */
  readonly role: string;
  /** Whose it is; where there are several. */
  readonly pipeline?: string;
  readonly address: string;
  readonly state: ConnectionStateName | string;
  readonly sinceAt: number;
  /** Since the last byte sent. */
  readonly idleMs: number;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveReason: KeepaliveReason;
  /** The node's own `timeout`; 0 = none, -1 = unknown (CONFIG forbidden). */
  readonly nodeTimeoutMs: number;
  readonly deadAfterMs: number;
  readonly roundTripLastMs: number;
  readonly roundTripSmoothedMs: number;
  readonly pingsSent: number;
  readonly pingsLost: number;
  /** Over all connections that were made to there. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly reconnects: number;
  readonly unansweredReplies: number;
  readonly unansweredBytes: number;
  readonly lastError: { readonly code: string; readonly message: string; readonly at: number } | null;
}

interface FullSyncStatus {
  /** Total bytes of the snapshot; -1 while unknown (diskless). */
  readonly bytesTotal: number;
  readonly bytesReceived: number;
  readonly bytesApplied: number;
  readonly keysApplied: number;
  readonly keysSkipped: number;
  /** 0..1, or -1 while unknown. */
  readonly progress: number;
  /** Estimated; -1 while unknown. */
  readonly timeLeftMs: number;
}

interface IncrementalSyncStatus {
  /** '' before the first snapshot, and in the sums of several pipelines. */
  readonly replicationId: string;
  readonly offsetReceived: number;
  readonly offsetApplied: number;
  /** The source's own offset, from INFO; -1 while unknown. */
  readonly offsetSource: number;
  readonly commandsApplied: number;
}

/** How long the link to the source may be away before what it missed is no longer to be had there, and a new full sync is needed. -1 = unknown. */
interface BacklogStatus {
  /** `repl-backlog-size` of the source. */
  readonly bytesMax: number;
  /** That the source may still write before the next byte that is needed is gone. */
  readonly bytesLeft: number;
  /** Until then, as fast as it has written lately; -1 also while it writes nothing. */
  readonly timeLeftMs: number;
}

/** What one place of the source comes through: the only one, or one of each shard or server. */
export interface PipelineStatus {
  /** Stable over runs and failovers; '' of the only one. */
  readonly name: string;
  readonly source: { readonly address: string; readonly server: string };
  readonly phase: 'full-sync' | 'incremental-sync';
  readonly fullSync: FullSyncStatus & {
    /** What it waits for before its first byte: its turn (--full-sync-concurrency), or the source that makes its snapshot; null = nothing. */
    readonly waitsFor: 'turn' | 'snapshot' | null;
  };
  readonly incrementalSync: IncrementalSyncStatus & {
    /** Of the stream, since the snapshot; of a run that goes on without one: what is held. */
    readonly bytesReceived: number;
  };
  readonly lagBytes: number;
  readonly lagMs: number;
  readonly spool: { readonly bytesInMemory: number };
  readonly backlog: BacklogStatus;
  readonly checkpoint: { readonly offset: number; readonly at: number };
  readonly link: {
    readonly state: string;
    readonly sinceAt: number;
    readonly reconnects: number;
    readonly lastError: { readonly code: string; readonly message: string; readonly at: number } | null;
  };
}

/** A key, or a command of the stream, that the target was not given as the source has it. */
export interface NamedLoss {
  readonly outcome: 'left-out' | 'degraded';
  readonly db: number;
  /** Quoted and cut; '' for functions. */
  readonly key: string;
  /** Type of the value, or name of the command. */
  readonly what: string;
  readonly reason: string;
}

/** `read` from the source, before any rule; `sent` to the target. */
export interface CommandCount {
  readonly name: string;
  readonly read: number;
  readonly sent: number;
}

export interface ScanStatus {
  /** The one that is least far: going-over, comparing, following, done. */
  readonly stage: string;
  /** Keys of the source that SCAN has told, in all passes. */
  readonly keysSeen: number;
  readonly passes: number;
  /** Keys of the target that were compared in this pass, and those that were removed there since they are gone at the source. */
  readonly keysCompared: number;
  readonly keysRemoved: number;
  /** Whether changes are followed; keys that have changed and are still to be read; events so far. */
  readonly follows: boolean;
  readonly queued: number;
  readonly events: number;
  /** Times that more keys had changed than may wait, and that changes may have been missed for any reason. */
  readonly overflows: number;
  readonly gaps: number;
  /** Of each server of the source, as of what the target's mark says. */
  readonly servers: readonly ScannedServer[];
}

export interface ScannedServer {
  readonly address: string;
  readonly stage: string;
  readonly database: number;
  /** Of SCAN. */
  readonly cursor: string;
  /** 0 to 1, of its database. */
  readonly progress: number;
  /** Keys that have changed and are not known to be applied. */
  readonly queued: number;
}

/** Counts of values and commands; what comes again after a break is counted again. */
export interface RulesStatus {
  /** Rules of the filter in their order, those that never decided anything too. */
  readonly decided: readonly { readonly rule: string; readonly effect: string; readonly count: number }[];
  /** By transforms: with another name, in another database, with another time of expiry, left out, and what could not be said in the new names. */
  readonly renamed: number;
  readonly moved: number;
  readonly retimed: number;
  readonly dropped: number;
  readonly untold: number;
  /** Commands that the function failed for. */
  readonly functionFailures: number;
}

export interface VerificationStatus {
  /** False: it waits for the incremental sync, or for a side. */
  readonly running: boolean;
  readonly sinceAt: number;
  /** Of the present round, at both sides. */
  readonly keysChecked: number;
  readonly keysTotal: number;
  /** That are looked at again, since they differed for a moment. */
  readonly suspects: number;
  /** Rounds through all keys that have ended; when the last one did, 0 = none has; keys that were confirmed to differ in it, -1 = none has ended. */
  readonly rounds: number;
  readonly lastRoundAt: number;
  readonly lastDifferences: number;
  /** Keys that were confirmed to differ since the start, all rounds together; those that were brought anew. */
  readonly confirmed: number;
  readonly mended: number;
  /** When a key was confirmed last; 0 = never. */
  readonly lastConfirmedAt: number;
}

export type AlertSeverity = 'warning' | 'critical';

export interface AlertStatus {
  /** The rule, and behind a colon what it is about where there are several: `connection-away:target data 10.0.0.2:6379`. */
  readonly id: string;
  readonly severity: AlertSeverity;
  /** What is wrong, with its numbers, for people. */
  readonly what: string;
  readonly sinceAt: number;
}

export interface JobStatus {
  readonly job: string;
  readonly version: string;
  readonly phase: JobPhase;
  /** The target gets nothing; the source is still read. */
  readonly paused: boolean;
  readonly startedAt: number;
  readonly phaseSinceAt: number;
  readonly source: { readonly address: string; readonly server: string };
  readonly target: { readonly address: string; readonly server: string };
  /** Sums over all pipelines. */
  readonly fullSync: FullSyncStatus;
  /** Sums over all pipelines. */
  readonly incrementalSync: IncrementalSyncStatus;
  /** None of a load, and before the source is found. */
  readonly pipelines: readonly PipelineStatus[];
  /** Only of a load. `fullSync` has the bytes of the file and the keys of its snapshot then, `incrementalSync` the commands of an AOF. */
  readonly load?: {
    /** Values of a snapshot that had expired. */
    readonly keysExpired: number;
    /** JSON: part, offset and what else the reader of the file needs to go on there. '' = the begin. */
    readonly position: string;
    readonly done: boolean;
    /** At the end of an AOF, not whole, and left out. */
    readonly tailBytes: number;
  };
  /** Commands of the stream by name, as `SET` or `XGROUP-CREATE`. What is sent again after a break counts again. */
  readonly commands: readonly CommandCount[];
  /** Only of a job that has rules: filter, transforms, function. */
  readonly rules?: RulesStatus;
  /** Only of a scan; sums over all pipelines. `fullSync` has its progress and keys then, `pipelines` is empty. */
  readonly scan?: ScanStatus;
  /** What the target does not take as it is: values written anew; keys, and commands, brought without all that they had, or left out. Repeated ones count again. */
  readonly conversion: {
    readonly encoded: number;
    readonly degraded: number;
    readonly skipped: number;
    /** The first losses by name. */
    readonly first: readonly NamedLoss[];
    /** The file that names all of them; '' = none was asked for. */
    readonly report: string;
  };
  /** Those of the pipeline that is furthest behind. */
  readonly lagBytes: number;
  readonly lagMs: number;
  /** Moving averages over the last seconds. */
  readonly rate: { readonly keysPerSecond: number; readonly commandsPerSecond: number; readonly bytesPerSecond: number };
  readonly spool: {
    readonly dir: string;
    readonly bytesOnDisk: number;
    readonly bytesInMemory: number;
    readonly bytesMax: number;
    readonly diskFreeBytes: number;
    /** Why it has no room left: its own bound, or the disk; null while it has. */
    readonly full: 'limit' | 'disk' | null;
  };
  readonly checkpoint: { readonly epoch: number; readonly offset: number; readonly at: number };
  /** Of a sync that compares keys all the time (verify.continuous); null = it does not. */
  readonly verification: VerificationStatus | null;
  readonly errors: {
    readonly retried: number;
    readonly deadLetters: number;
    readonly last: { readonly code: string; readonly message: string; readonly at: number } | null;
  };
  /** What the doctor has found beside the job and is not over, the worst first; none of a load. */
  readonly findings: readonly OpenFinding[];
  readonly connections: readonly ConnectionStatus[];
  /** The last cut-over of this run; null = none was asked for. Only of a sync. */
  readonly cutover?: CutoverStatus | null;
  /** Those that are firing, the oldest first. */
  readonly alerts: readonly AlertStatus[];
}
