/**
 * Parcels are what a batch is built and sent in: its rows and the bytes for the target, kept until every reply has come. A fixed number of them is the bound
 * on what is in flight; who wants one more waits.
 */
import { Deferred } from '../async/deferred.ts';
import { Batch } from '../model/batch.ts';
import { BatchBuffer } from '../target/batch-buffer.ts';

/** A parcel that has grown beyond this is not kept. */
const ROWS_KEPT_MAX = 100_000;
const BYTES_KEPT_MAX = 32 * 1024 * 1024;

export class Parcel {
  batch: Batch;
  readonly buffer: BatchBuffer;

  constructor(rowsMax: number, bytes: number) {
    this.batch = new Batch(rowsMax);
    this.buffer = new BatchBuffer(bytes);
  }
}

export class ParcelPool {
  private readonly free: Parcel[] = [];
  private readonly bytes: number;
  private left: number;
  private waiting: Deferred<Parcel> | undefined;

  constructor(count: number, bytes: number) {
    this.left = count;
    this.bytes = bytes;
  }

  /** An empty parcel with room for so many rows. One caller at a time. */
  async take(rowsMax: number): Promise<Parcel> {
    const parcel = this.free.pop() ?? (this.left > 0 ? this.add(rowsMax) : await this.wait());
    if (parcel.batch.capacity < rowsMax) parcel.batch = new Batch(rowsMax);
    parcel.batch.reset();
    return parcel;
  }

  /** Its replies have come, or will not. */
  giveBack(parcel: Parcel): void {
    const { waiting } = this;
    const usual = parcel.batch.capacity <= ROWS_KEPT_MAX && parcel.buffer.bytes.length <= BYTES_KEPT_MAX;
    const kept = usual ? parcel : new Parcel(0, this.bytes);
    this.waiting = undefined;
    if (waiting === undefined) this.free.push(kept);
    else waiting.resolve(kept);
  }

  /** Who waits is told. */
  fail(error: Error): void {
    this.waiting?.reject(error);
    this.waiting = undefined;
  }

  private add(rowsMax: number): Parcel {
    this.left--;
    return new Parcel(rowsMax, this.bytes);
  }

  private wait(): Promise<Parcel> {
    this.waiting = new Deferred();
    return this.waiting.promise;
  }
}
