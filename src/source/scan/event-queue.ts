/**
 * Keys that something has happened to, each once however often it did, until their values are read again. Bounded: what does not fit is dropped and told, and the
 * source is gone over again. A large value that was just read rests for as long as its size asks for, so that a small change to it does not move all of it.
 *
 * Keys are latin1 texts, one character a byte.
 */
import { type Clock, systemClock } from '../../async/clock.ts';
import { Deferred } from '../../async/deferred.ts';
import { eventChunk, type KeyChunk } from './key-chunk.ts';

/** Values from here on rest after they were read. */
const LARGE_BYTES = 64 * 1024;
/** A value that changes all the time is read at this rate. */
const BYTES_PER_MS = 16 * 1024;
const REST_MS_MAX = 60_000;
const RESTING_MAX = 10_000;

interface Resting {
  readonly database: number;
  readonly key: string;
  readonly untilMs: number;
  /** Something has happened to it meanwhile. */
  isDue: boolean;
}

export class EventQueue {
  /** Times that keys were dropped. */
  overflows = 0;
  private readonly keysMax: number;
  private readonly clock: Clock;
  private readonly databases = new Map<number, Set<string>>();
  private readonly resting = new Map<string, Resting>();
  private keys = 0;
  private dueResting = 0;
  private waiting: Deferred<void> | undefined;

  constructor(keysMax: number, clock: Clock = systemClock) {
    this.keysMax = keysMax;
    this.clock = clock;
  }

  /** Keys that wait, those that rest among them. */
  get length(): number {
    return this.keys + this.dueResting;
  }

  /** @returns false: there was no room, all keys are dropped */
  add(database: number, key: string): boolean {
    if (this.resting.size > 0) {
      const rest = this.resting.get(`${database} ${key}`);
      if (rest !== undefined) {
        if (!rest.isDue) this.dueResting++;
        rest.isDue = true;
        return true;
      }
    }
    let keys = this.databases.get(database);
    if (keys === undefined) this.databases.set(database, (keys = new Set()));
    if (keys.has(key)) return true;
    if (this.keys >= this.keysMax) {
      this.clear();
      this.overflows++;
      return false;
    }
    keys.add(key);
    this.keys++;
    this.wake();
    return true;
  }

  /** Its value was read and takes so many bytes. */
  wasRead(database: number, bytes: number, name: () => string): void {
    if (bytes < LARGE_BYTES || this.resting.size >= RESTING_MAX) return;
    const key = name();
    const untilMs = this.clock.nowMs() + Math.min(REST_MS_MAX, bytes / BYTES_PER_MS);
    this.resting.set(`${database} ${key}`, { database, key, untilMs, isDue: false });
  }

  /** Some keys of one database, the oldest first; undefined: there are none. @param isLast those that rest, too */
  take(keysMax: number, isLast = false): KeyChunk | undefined {
    this.endRests(isLast);
    for (const [database, keys] of this.databases) {
      const taken: string[] = [];
      for (const key of keys) {
        taken.push(key);
        if (taken.length === keysMax) break;
      }
      for (const key of taken) keys.delete(key);
      this.databases.delete(database);
      // Behind the others, so that a busy database does not keep them waiting.
      if (keys.size > 0) this.databases.set(database, keys);
      this.keys -= taken.length;
      if (taken.length > 0) return eventChunk(database, taken);
    }
    return undefined;
  }

  /** Resolves when take() may have something. */
  async some(): Promise<void> {
    if (this.keys > 0) return;
    this.waiting ??= new Deferred();
    const { promise } = this.waiting;
    if (this.dueResting === 0) return promise;
    const soonestMs = Math.min(...[...this.resting.values()].filter(({ isDue }) => isDue).map(({ untilMs }) => untilMs));
    const timer = this.clock.startTimer(Math.max(1, soonestMs - this.clock.nowMs()), () => this.wake());
    await promise;
    timer.cancel();
  }

  wake(): void {
    this.waiting?.resolve();
    this.waiting = undefined;
  }

  clear(): void {
    this.databases.clear();
    this.resting.clear();
    this.keys = 0;
    this.dueResting = 0;
  }

  private endRests(isLast: boolean): void {
    if (this.resting.size === 0) return;
    const nowMs = this.clock.nowMs();
    for (const [name, { untilMs, isDue, database, key }] of this.resting) {
      if (untilMs > nowMs && !isLast) continue;
      this.resting.delete(name);
      if (!isDue) continue;
      this.dueResting--;
      this.add(database, key);
    }
  }
}
