/**
 * What stands between a decoder and the target: takes whole units in the order of the source, brings them there once, and says how far it is. One delivery is
 * one attempt: whatever breaks ends it, and the next one begins at the mark that the target holds then.
 *
 *   Applier -> take() -> decode -> sendValues() | sendCommands() -> Delivery -> target
 *                                                                     | onApplied, onMarked, onFailed
 */
import type { Mark } from '../checkpoint/mark.ts';
import type { GodwitError } from '../errors/errors.ts';
import type { Batch } from '../model/batch.ts';
import type { Dialect } from '../rdb/dialect.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import type { TemplateNames } from '../rdb/template-names.ts';
import type { ValueCursor } from '../rdb/value-cursor.ts';

export interface SentPosition {
  readonly mark: Mark;
  /** Applied up to here since the delivery's beginning; and passed over, because their keys exist. */
  readonly rows: number;
  readonly skipped: number;
}

export interface DeliveryEvents {
  /** All replies up to here have come. */
  onApplied(position: SentPosition): void;
  /** The target holds the mark of this position. */
  onMarked(position: SentPosition): void;
  /** Nothing can be sent any more; everything that is asked of this delivery fails with the error. */
  onFailed(error: GodwitError): void;
}

/** What values of a snapshot are written in. */
export interface ValueForm {
  readonly dialect: Dialect | null;
  readonly templates: TemplateNames | undefined;
  /** Nothing that follows renews a key: expiries are what they say, also those that are over (held-expiry.ts). */
  readonly isFinal?: boolean;
}

/** The database that the source has selected behind the unit that ends at this offset. */
export type SelectedAt = (offset: number) => number;

export interface Delivery {
  /** Offset behind the last unit of the stream that was sent and may arrive twice. */
  readonly sentOffset: number;
  /** All that was applied is marked. */
  readonly isSettled: boolean;
  /**
   * An empty batch; one that was taken and not sent is no more. Waits while too much is in flight.
   * @param rowsMax that are wanted; it may have room for fewer. @param rowsMin that it has room for at least; 0 unless told
   */
  take(rowsMax: number, rowsMin?: number): Promise<Batch>;
  /** Sends the batch that was taken, values of a snapshot; `mark` is the position behind it. */
  sendValues(form: ValueForm, mark: Mark): Promise<void>;
  /**
   * Sends a value that is larger than the decoder's window, whose bytes `cursor` brings; it stands anywhere in the value afterwards.
   * @param marks of the position before it, and of the one behind it, once its end is known
   * @returns the mark that stands behind it
   */
  sendLarge(large: LargeEntry, form: ValueForm, cursor: ValueCursor, marks: { readonly before: Mark; behind(): Mark }): Promise<Mark>;
  /**
   * Sends the batch that was taken, commands of the stream; it may be empty. In a full sync (by the phase of the mark) they stand for values of the snapshot:
   * offsets are those in it, and what has one offset makes a key anew and may be applied again as a whole.
   * @param selectedAt for positions within the batch, where its rows are in other databases than at the source
   */
  sendCommands(mark: Mark, selectedAt?: SelectedAt): Promise<void>;
  /** Units that hold nothing to apply are passed: the position moves on, its mark comes with a later one. */
  pass(mark: Mark): void;
  /** The snapshot is applied: everything before is answered, and the target's mark says so. */
  endFullSync(mark: Mark): Promise<void>;
  /** Resolves when everything is answered and the target's mark says so. */
  settled(): Promise<void>;
  fail(error: unknown): void;
  /** Ends its timers; nothing is sent any more. */
  close(): void;
}
