/**
 * The order of what is sent to many nodes at once. A wave is what came of one batch; its parts are answered by their nodes in any order, and the position moves
 * on only over waves that are whole, in the order in which they were begun.
 */
import { Deferred } from '../async/deferred.ts';
import type { Mark } from '../checkpoint/mark.ts';
import type { SentPosition } from './delivery.ts';

export interface Wave {
  /** Counts from 1. */
  readonly seq: number;
  /** The position behind it. */
  readonly mark: Mark;
  rows: number;
  skipped: number;
  /** Parts that are not answered, and one while more may come. */
  pending: number;
}

export class WaveLine {
  /** Everything up to here is answered. */
  applied: SentPosition;
  private readonly onApplied: (position: SentPosition) => void;
  private waves: Wave[] = [];
  private begun = 0;
  private waiting: Deferred<void> | undefined;

  constructor(from: Mark, onApplied: (position: SentPosition) => void) {
    this.applied = { mark: from, rows: 0, skipped: 0 };
    this.onApplied = onApplied;
  }

  get isQuiet(): boolean {
    return this.waves.length === 0;
  }

  /** Behind everything that was begun. */
  get lastMark(): Mark {
    return this.waves[this.waves.length - 1]?.mark ?? this.applied.mark;
  }

  /** The caller adds its parts to `pending`, and then calls done() once for itself. */
  begin(mark: Mark): Wave {
    const wave: Wave = { seq: ++this.begun, mark, rows: 0, skipped: 0, pending: 1 };
    this.waves.push(wave);
    return wave;
  }

  /** One part is answered. */
  done(wave: Wave): void {
    wave.pending--;
    if (wave.pending > 0 || this.waves[0] !== wave) return;
    let whole = 0;
    let { rows, skipped, mark } = this.applied;
    while (whole < this.waves.length && this.waves[whole].pending === 0) {
      const next = this.waves[whole++];
      rows += next.rows;
      skipped += next.skipped;
      ({ mark } = next);
    }
    this.waves = this.waves.slice(whole);
    this.applied = { mark, rows, skipped };
    this.onApplied(this.applied);
    if (!this.isQuiet) return;
    this.waiting?.resolve();
    this.waiting = undefined;
  }

  /** Resolves when all waves are whole. */
  quiet(): Promise<void> {
    if (this.isQuiet) return Promise.resolve();
    this.waiting ??= new Deferred();
    return this.waiting.promise;
  }

  /** Who waits is told. */
  fail(error: Error): void {
    this.waiting?.reject(error);
    this.waiting = undefined;
  }
}
