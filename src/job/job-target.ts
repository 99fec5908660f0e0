/**
 * The target as a job sees it, whatever its topology: connect, look, take over, and one side for each pipeline. StandaloneTarget and ClusterTarget are it.
 * The order: connect, check, checkRights, takeOver, side. What writes comes after all that looks.
 */
import type { KnownPipeline } from '../checkpoint/job-marks.ts';
import type { Mark } from '../checkpoint/mark.ts';
import type { BeginPlace } from '../config/sync-config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { KeyShare } from '../model/key-share.ts';
import type { ServerVersion } from '../model/server-version.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { TargetSide } from '../pipeline/target-side.ts';

/** A pipeline as the target is told of it. */
export interface PipelinePlan {
  /** Stable over runs and failovers; its mark is found by it. '' = the source has only one. */
  readonly name: string;
  readonly share: KeyShare;
  /** Kept beside the mark, for a later run to know the pipeline by when its name is no longer known; '' = nothing. */
  readonly note: string;
  /** It cannot go on at its mark, whatever that says: it gets one that asks for a full sync. */
  readonly beginsAnew: boolean;
  /** Without a mark it begins there instead of with a full sync: what the target holds is equal. */
  readonly beginsAt?: BeginPlace | undefined;
}

export interface TakeOverRequest {
  /** All pipelines of this job, each with a mark of its own. */
  readonly pipelines: readonly PipelinePlan[];
  /** The highest epoch that folders of the spool tell of: a target that was emptied, or has lost its tail, counts epochs that were taken before. */
  readonly epochTaken: number;
  /** Asked when --flush-target is set and the target holds no mark of this job. @throws FLUSH_NOT_CONFIRMED */
  mayFlush(): Promise<boolean>;
}

export interface TakenOver {
  readonly epoch: number;
  /** By name of the pipeline. One that no run has begun yet asks for a full sync. */
  readonly marks: ReadonlyMap<string, Mark>;
  /** A run before this one has left marks. */
  readonly isResumed: boolean;
  /** Connections of older owners that were ended; -1 = not allowed. */
  readonly killed: number;
}

export interface JobTarget {
  /** For people. */
  readonly address: string;
  readonly serverName: string;
  /** The oldest of its nodes; undefined = not known. */
  readonly version: ServerVersion | undefined;
  /** How many it has. */
  readonly databases: number;
  /** The largest argument that all of its nodes take; 0 = unknown. */
  readonly valueBytesMax: number;
  connect(first: { readonly attemptsMax: number; readonly patient: boolean }): Promise<void>;
  /** Resolves when it can be asked. */
  ready(): Promise<void>;
  /** It was taken for a server, and says that it is a node of a cluster. */
  readonly isClusterNode: boolean;
  /** It stands for a whole cluster. */
  readonly isCluster: boolean;
  /** It is no server with data. */
  readonly isSentinel: boolean;
  /** @throws WRONG_TOPOLOGY, TARGET_IS_REPLICA */
  check(): void;
  /** Identities of its server processes, as far as known. */
  runIds(): string[];
  /** @returns commands that the data may bring and that are not granted. @throws PERMISSION_DENIED */
  checkRights(): Promise<readonly string[]>;
  /** Keys in all databases, ours among them. */
  keyCount(): Promise<number>;
  /** What earlier runs of this job have left, by the name of the pipeline. @throws MARK_INVALID */
  known(): Promise<ReadonlyMap<string, KnownPipeline>>;
  /** @throws TARGET_NOT_EMPTY, FLUSH_NOT_CONFIRMED, MARK_INVALID, FENCED */
  takeOver(request: TakeOverRequest): Promise<TakenOver>;
  /** After the take-over. */
  side(pipeline: string): Promise<TargetSide>;
  /** Changes the note of a pipeline. */
  note(pipeline: string, note: string): Promise<void>;
  /** --finish: fences whoever runs the job, removes its spool and its marks. @returns how far it was, as sentences */
  finish(): Promise<string>;
  /** Addresses of all its primaries, as last seen. */
  primaryEndpoints(): Endpoint[];
  connections(): ConnectionStatus[];
  /** There is no waiting for what is away any more: connections that are not ready are closed. */
  stopWaiting(): void;
  close(): Promise<void>;
}
