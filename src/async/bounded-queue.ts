/**
 * Things in their order from one coroutine to another. Each has a weight; who brings one waits while those that are not yet released weigh too much, and what is
 * heavier than all that may be there comes when nothing else is. Once it has failed or ended, both sides learn that.
 */
import { Deferred } from './deferred.ts';

export class BoundedQueue<T> {
  private readonly weightMax: number;
  private readonly items: T[] = [];
  private weight = 0;
  private ended = false;
  private failure: Error | undefined;
  private taker: Deferred<void> | undefined;
  private bringer: Deferred<void> | undefined;

  constructor(weightMax: number) {
    this.weightMax = weightMax;
  }

  /** Of what is not released. */
  get weightHeld(): number {
    return this.weight;
  }

  /** Resolves when something of this weight may come; it counts from then on. One caller at a time. */
  async reserve(weight: number): Promise<void> {
    while (this.failure === undefined && this.weight > 0 && this.weight + weight > this.weightMax) {
      this.bringer = new Deferred();
      await this.bringer.promise;
    }
    if (this.failure !== undefined) throw this.failure;
    this.weight += weight;
  }

  /** What was reserved for. */
  put(item: T): void {
    this.items.push(item);
    this.taker?.resolve();
    this.taker = undefined;
  }

  /** The next one; undefined at the end. One caller at a time. */
  async take(): Promise<T | undefined> {
    while (this.failure === undefined && this.items.length === 0 && !this.ended) {
      this.taker = new Deferred();
      await this.taker.promise;
    }
    if (this.failure !== undefined) throw this.failure;
    return this.items.shift();
  }

  release(weight: number): void {
    this.weight -= weight;
    this.bringer?.resolve();
    this.bringer = undefined;
  }

  /** Nothing more comes. */
  end(): void {
    this.ended = true;
    this.taker?.resolve();
    this.taker = undefined;
  }

  fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
    this.taker?.resolve();
    this.bringer?.resolve();
    this.taker = undefined;
    this.bringer = undefined;
  }
}
