/**
 * The target of a load, whatever its topology: a server (lone-load-target.ts), or a cluster or the primary that sentinels name (placed-load-target.ts). The order: connect,
 * checkRights, takeOver, pipeline.
 */
import type { Mark } from '../checkpoint/mark.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { LoadPipeline } from '../pipeline/load-pipeline.ts';
import type { Edits } from '../pipeline/edits/edits.ts';
import type { Pace } from '../pipeline/pace.ts';
import type { PlacedLoadPipeline } from '../pipeline/placed-load-pipeline.ts';
import type { Logger } from '../observe/log.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { LossReport } from '../target/loss-report.ts';
import type { LoadedFile } from './loaded-file.ts';

export type AnyLoadPipeline = Pick<
  LoadPipeline | PlacedLoadPipeline,
  'mark' | 'markAt' | 'applied' | 'phase' | 'retried' | 'end' | 'edits' | 'expired' | 'markGoal' | 'tally' | 'progress' | 'rdbVersion' | 'run' | 'stop'
>;

export interface LoadTakeOver {
  readonly mark: Mark;
  /** Keys that were there, of others. */
  readonly keys: number;
  /** The mark of a run before this one; undefined: there was none. */
  readonly before: Mark | undefined;
}

export interface LoadPipelineParts {
  readonly mark: Mark;
  readonly file: LoadedFile;
  readonly edits: Edits | null;
  readonly rulesDigest: string | undefined;
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly pace: Pace;
  readonly log: Logger;
  readonly onEvent: (level: 'info' | 'warn' | 'error', kind: string, message: string, details?: Record<string, unknown>) => void;
}

export interface LoadTarget {
  readonly address: string;
  readonly serverName: string;
  /** It was taken for a server, and says that it is a node of a cluster. */
  readonly isClusterNode: boolean;
  /** @throws WRONG_TOPOLOGY, TARGET_IS_REPLICA, what stands in the way of a connection */
  connect(first: { readonly attemptsMax: number; readonly patient: boolean }): Promise<void>;
  ready(): Promise<void>;
  keyCount(): Promise<number>;
  /** @returns commands that the data may bring and that are not granted. @throws PERMISSION_DENIED */
  checkRights(): Promise<readonly string[]>;
  finish(): Promise<string>;
  /** @throws TARGET_NOT_EMPTY, FILE_CHANGED, MARK_INVALID, POSITION_LOST, FENCED */
  takeOver(file: LoadedFile, mayFlush: () => Promise<boolean>): Promise<LoadTakeOver>;
  /** After the take-over. */
  pipeline(parts: LoadPipelineParts): Promise<AnyLoadPipeline>;
  connections(): ConnectionStatus[];
  /** There is no waiting for what is away any more. */
  stopWaiting(): void;
  close(): Promise<void>;
}
