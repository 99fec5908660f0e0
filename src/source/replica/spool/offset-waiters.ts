/** Those who wait until an offset has passed a value. */
import { Deferred } from '../../../async/deferred.ts';

interface Waiter {
  readonly offset: number;
  readonly deferred: Deferred<void>;
}

export class OffsetWaiters {
  #waiters: Waiter[] = [];

  /** Resolves at the first wake(end) with end > offset. A rejection that nobody awaits any more is not an unhandled one. */
  wait(offset: number): Promise<void> {
    const deferred = new Deferred<void>();
    this.#waiters.push({ offset, deferred });
    return deferred.promise;
  }

  wake(end: number): void {
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter((waiter) => waiter.offset < end);
    if (due.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.offset >= end);
    for (const waiter of due) waiter.deferred.resolve();
  }

  rejectAll(error: Error): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.deferred.reject(error);
  }
}
