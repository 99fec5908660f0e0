/** A key of the source that is to be brought anew, and what became of it. */
export interface KeyToMend {
  /** Of the source. */
  readonly database: number;
  readonly key: Uint8Array;
}

/**
 *   brought    the target has been given the value that the source has
 *   removed    the source does not have it, and it was removed at the target
 *   left-out   the job's rules or the target do not take it: nothing was changed
 *   too-large  more than is held in memory at once: nothing was changed
 *   failed     it could not be read, or the way broke: perhaps changed, perhaps not
 */
export type MendOutcome = 'brought' | 'removed' | 'left-out' | 'too-large' | 'failed';

/** A key as the source had it at some moment. */
export interface SourceValue extends KeyToMend {
  /** Payload of DUMP; null = it is not there. */
  readonly payload: Buffer | null;
  /** Unix ms; -1 = none. */
  readonly expiryMs: number;
}
