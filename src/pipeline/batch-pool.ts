/** Batches to decode into, a fixed number of them: who wants one more waits until everything of an earlier one is answered. That bounds what is in flight. */
import { Deferred } from '../async/deferred.ts';
import { Batch } from '../model/batch.ts';

/** A batch with more rows is not kept. */
const ROWS_KEPT_MAX = 20_000;

export class BatchPool {
  private readonly free: Batch[] = [];
  private readonly rows: number;
  private left: number;
  private waiting: Deferred<void> | undefined;
  private failure: Error | undefined;

  /** @param rows that a batch has room for, unless more are asked for */
  constructor(count: number, rows: number) {
    this.left = count;
    this.rows = rows;
  }

  /** An empty batch. One caller at a time. */
  async take(rowsMax: number, rowsMin = 0): Promise<Batch> {
    while (this.failure === undefined && this.free.length === 0 && this.left === 0) {
      this.waiting = new Deferred();
      await this.waiting.promise;
    }
    if (this.failure !== undefined) throw this.failure;
    const kept = this.free.pop();
    if (kept === undefined) this.left--;
    const rows = rowsMax > ROWS_KEPT_MAX ? rowsMax : Math.max(rowsMin, Math.min(rowsMax, this.rows));
    const batch = kept !== undefined && kept.capacity >= rows ? kept : new Batch(rows);
    batch.reset();
    return batch;
  }

  giveBack(batch: Batch): void {
    if (batch.capacity <= ROWS_KEPT_MAX) this.free.push(batch);
    else this.left++;
    this.waiting?.resolve();
    this.waiting = undefined;
  }

  fail(error: Error): void {
    this.failure ??= error;
    this.waiting?.reject(this.failure);
    this.waiting = undefined;
  }
}
