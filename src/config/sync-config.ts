/**
 * The effective configuration of `godwit sync`, after flags, environment, file and defaults were merged and validated (load.ts).
 * Times are milliseconds, sizes are bytes. Every leaf has one row in schema.ts, which is where defaults and texts live.
 */
import type { FileFormat } from '../model/file-format.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { SideSetting } from '../model/side-topology.ts';
import type { AlertsConfig } from './alerts-config.ts';
import type { RulesConfig } from './rules-config.ts';

export interface KeepaliveConfig {
  /** Overrides the interval fitted to each node; 0 = fit it. */
  readonly intervalMs: number;
  /** Idle limit of a proxy, load balancer or NAT in between; 0 = none. Counts like a node's timeout. */
  readonly idleLimitMs: number;
  /** Silence with replies outstanding after which a peer is taken for dead; 0 = max(3 intervals, 15 s). */
  readonly deadAfterMs: number;
}

export interface ReconnectConfig {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** 0 = no limit. */
  readonly attemptsMax: number;
  readonly connectTimeoutMs: number;
}

export interface SpoolConfig {
  /** Base directory; each job has a folder in it. */
  readonly dir: string;
  /** Bytes that the spool of this job may take on disk; 0 = what the disk has free less 1 GiB. */
  readonly maxBytes: number;
  /** Applied stream that is kept so that a target that lost its tail can be rewound. */
  readonly retainMs: number;
  readonly retainBytes: number;
}

export interface LogConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** auto: live view on a terminal, JSON lines otherwise. */
  readonly format: 'auto' | 'live' | 'pretty' | 'json';
  /** Between two lines of progress; 0 = none. */
  readonly intervalMs: number;
  /** Written beside what is shown. */
  readonly file: {
    /** Empty = none. */
    readonly path: string;
    /** From there on it is put aside and begun anew; 0 = never. */
    readonly bytesMax: number;
    /** Files put aside earlier are removed; 0 = none. */
    readonly ageMaxMs: number;
    /** More of them are removed; 0 = none. */
    readonly filesMax: number;
    /** They are compressed. */
    readonly compress: boolean;
  };
}

export type OnExisting = 'fail' | 'replace' | 'skip';
export type OnError = 'stop' | 'dead-letter';
/** What the target cannot be given whole: stop there, leave the key out, or give it what it can take. */
export type OnUnsupported = 'stop' | 'skip' | 'degrade';
/** Commands of the stream whose keys lie in several slots of a cluster target: split where that is safe, and else as onError says; or one of the two at once. */
export type OnCrossSlot = 'split' | 'stop' | 'dead-letter';
export type OnLostPosition = 'resync' | 'stop';

/** What every job that writes to a server is told. */
export interface JobConfig {
  /** The first address of the target, or of its sentinels. */
  readonly target: Endpoint;
  readonly targetSide: SideSetting;
  readonly job: {
    /** Name of the job; default is derived from both addresses. Letters, digits, `-`, `_`, `.`; 64 at most. */
    readonly name: string;
  };
  readonly sync: {
    readonly onExisting: OnExisting;
    readonly flushTarget: boolean;
    /** Answers the question of --flush-target. */
    readonly yes: boolean;
    readonly onError: OnError;
    readonly onUnsupported: OnUnsupported;
    readonly onCrossSlot: OnCrossSlot;
    readonly onLostPosition: OnLostPosition;
    /** Stop when the full sync is applied. */
    readonly stopAfter: 'never' | 'full-sync';
    /** Stop once the lag has been below this many bytes in incremental sync; -1 = never. */
    readonly stopWhenLagBelowBytes: number;
    /** Bring what the source holds; else only what changes. */
    readonly fullSync: boolean;
    /** Tell what the rules would do, and write nothing. */
    readonly dryRun: boolean;
    /** Remove the marks and the spool of this job from target and disk, and end. */
    readonly finish: boolean;
    /** Snapshots that are made at a time on one host of the source. */
    readonly fullSyncConcurrency: number;
  };
  /** What passes and what is made of it; null = everything, as it is. */
  readonly rules: RulesConfig | null;
  /** That each node of the target is sent in a second at most; 0 = no limit. */
  readonly rate: { readonly commands: number; readonly bytes: number };
  readonly limits: {
    /** Larger values of a snapshot are written in several commands; 0 = what the target takes. */
    readonly valueBytesMax: number;
    /** Under way to a node without an answer; 0 = as the sender sees fit. */
    readonly unansweredBytesMax: number;
  };
  readonly keepalive: KeepaliveConfig;
  readonly reconnect: ReconnectConfig;
  readonly spool: SpoolConfig;
  readonly checkpoint: {
    /** First part of the names of all keys that Godwit writes for itself at the target. */
    readonly prefix: string;
  };
  readonly deadLetter: {
    /** File; default is `dead-letter.jsonl` in the job's spool folder. Empty = that default. */
    readonly file: string;
  };
  readonly report: {
    /** Names every loss (target/loss-report.ts); empty = only the first ones are told. */
    readonly file: string;
  };
  readonly status: {
    /** -1 = no status server; 0 = any free port. */
    readonly port: number;
    readonly host: string;
    /** What changes over HTTP ask for; '' = one is made for the run. */
    readonly token: string;
    /** `/` answers as RedisShake does. */
    readonly isShake: boolean;
  };
  readonly alerts: AlertsConfig;
  /** Between two rounds of the doctor; 0 = none. */
  readonly doctor: { readonly intervalMs: number };
  readonly log: LogConfig;
}

/** Where a pipeline begins that no run has begun yet: behind a place at which both sides are known to be equal. */
export interface BeginPlace {
  /** '' = the only one. */
  readonly pipeline: string;
  readonly replicationId: string;
  readonly offset: number;
  /** All that the target holds is the source's. */
  readonly owned: boolean;
}

export interface SyncConfig extends JobConfig {
  /** Instead of a full sync, of a job without marks. No option: what a cut-over leaves for the sync that goes back. */
  readonly beginAt?: readonly BeginPlace[];
  /** The first address of the source, or of its sentinels. */
  readonly source: Endpoint;
  readonly sourceSide: SideSetting;
  /** Read from the replica of each shard that is furthest, where there is one. */
  readonly preferReplica: boolean;
  /** `host:port@name`: what PSYNC is called at servers whose address begins so. */
  readonly psyncCommands: readonly string[];
  /** More standalone servers that are brought into the same target. */
  readonly otherSources: readonly Endpoint[];
}

/** Of `godwit load`; what is said of the source of a sync has no meaning here. */
export interface LoadConfig extends JobConfig {
  readonly load: {
    /** Path, `-` for standard input, http(s) URL; '' only with sync.finish. Can hold a password. */
    readonly file: string;
    /** auto: by its first bytes. */
    readonly format: FileFormat | 'auto';
    /** Unix ms; -1 = all. */
    readonly untilMs: number;
    /** A tail that is not whole: end before it, or fail. */
    readonly onTruncated: 'leave-out' | 'error';
  };
}
