/**
 * The target as one pipeline sees it, whatever its topology: where the mark is, who may write, and what an attempt sends through. Its methods wait for nothing
 * but replies: who calls tries again (again-and-again.ts).
 */
import type { CommandTally } from '../command/command-tally.ts';
import type { CommandTable } from '../command/command-table.ts';
import type { Mark } from '../checkpoint/mark.ts';
import type { GodwitError } from '../errors/errors.ts';
import type { RestoreOptions } from '../target/batch-buffer.ts';
import type { Delivery, DeliveryEvents } from './delivery.ts';
import type { Snapshot } from './sync-spool.ts';

export interface AttemptOptions extends DeliveryEvents {
  /** Rows that were refused before: not sent again. The same set for all attempts of a pipeline. */
  readonly leftOut: Set<string>;
  /** Units of the stream up to here may have been applied before. */
  readonly replayUntil: number;
  /** The commands that the source knows. */
  readonly table: CommandTable;
  /** What of the stream is sent is counted there. */
  readonly tally?: CommandTally;
  /** Other pipelines bring the same libraries of functions. */
  readonly replaceFunctions: boolean;
  stopping(): boolean;
  /** The target holds this key over its expiry. @param key only valid during the call */
  onHeld?(database: number, key: Uint8Array, expiryMs: number, heldMs: number): void;
}

export interface TargetSide {
  /** For messages. */
  readonly address: string;
  /** How values of a snapshot are written. */
  readonly restore: RestoreOptions;
  /** Of a cluster: to its nearest node, since those of busy ones look longer than they are. ms; 0 = not known yet. */
  readonly roundTripMs: number;
  /** Resolves when it takes connections. @throws TARGET_NOT_READY */
  ready(): Promise<void>;
  /** Ends what this run, or one before it, may still have under way, and reads the mark. undefined: the target has lost it. @throws FENCED, MARK_INVALID */
  readMark(epoch: number): Promise<Mark | undefined>;
  /** FENCED, when an owner that came later has written the mark. Waits for the target. */
  takenOver(epoch: number): Promise<GodwitError | undefined>;
  /** The target has lost the take-over of this run: while its mark has the epoch of an older one, that is not fenced. */
  takeOverAgain(epoch: number): Promise<void>;
  /** The target has lost its data and the mark with it. @returns a mark that asks for a full sync. @throws POSITION_LOST where that is not wanted */
  beginAnew(last: Mark): Promise<Mark>;
  /** Prepares the target for a snapshot from its beginning. */
  beginFullSync(before: Mark, snapshot: Snapshot): Promise<Mark>;
  /**
   * What FLUSHALL or FLUSHDB (of a database) of this source is at a target that it shares with others: removes the keys that are its own. Nothing of this
   * pipeline is in flight meanwhile. @returns how many. @throws SHARED_FLUSH where they cannot be told
   */
  clear?(mark: Mark, database: number | undefined): Promise<number>;
  /** Begins an attempt at the mark that was read last. It fails by itself when the target is not the one any more that the mark was read from. */
  open(mark: Mark, options: AttemptOptions): Delivery;
}
