/** What a load has applied, up to what is answered; after a break it goes back to the mark. */
import type { SentPosition } from './delivery.ts';

export interface LoadCounts {
  readonly keys: number;
  readonly skipped: number;
  readonly commands: number;
}

export const NOTHING_LOADED: LoadCounts = { keys: 0, skipped: 0, commands: 0 };

/** Rows of one attempt, counted on from what was applied before it. */
export class AnsweredCounts {
  counts: LoadCounts;
  private readonly skippedBefore: number;
  private rows = 0;

  constructor(before: LoadCounts) {
    this.counts = before;
    this.skippedBefore = before.skipped;
  }

  /** Everything up to there is answered. @returns what is applied by now */
  reach({ mark, rows, skipped }: SentPosition): LoadCounts {
    const more = rows - this.rows;
    const ofSnapshot = mark.phase === 'full-sync';
    const { keys, commands } = this.counts;
    this.rows = rows;
    this.counts = { keys: keys + (ofSnapshot ? more : 0), commands: commands + (ofSnapshot ? 0 : more), skipped: this.skippedBefore + skipped };
    return this.counts;
  }
}
