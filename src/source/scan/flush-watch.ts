/**
 * What changes keys without an event for each: FLUSHALL, FLUSHDB, SWAPDB. How often they were called is counted by the server (INFO commandstats); where that is not
 * to be had, a database that has lost most of its keys with far fewer events than that is taken for flushed.
 */
import type { Connection } from '../../net/connection.ts';

const EVERY_MS = 1_000;
const SWAPS = /^cmdstat_swapdb:calls=(\d+)/gm;
const FLUSHES_AND_SWAPS = /^cmdstat_(?:flushall|flushdb|swapdb):calls=(\d+)/gm;
/** Fewer are not looked at. */
const KEYS_MIN = 100;

/** What is heard of the same server. */
export interface FlushWatchEvents {
  /** So far, of any kind. */
  readonly count: number;
  /** Flushes are told there. */
  readonly tellsFlushes: boolean;
}

export class FlushWatch {
  private readonly connection: Connection;
  private readonly events: FlushWatchEvents;
  private readonly onFlush: (reason: string) => void;
  private timer: NodeJS.Timeout | undefined;
  private before:
    | { readonly runId: string; readonly calls: number; readonly keys: number; readonly events: number; readonly tellsFlushes: boolean }
    | undefined;
  private asking = false;

  constructor(connection: Connection, events: FlushWatchEvents, onFlush: (reason: string) => void) {
    this.connection = connection;
    this.events = events;
    this.onFlush = onFlush;
  }

  async begin(): Promise<void> {
    await this.look();
    this.timer = setInterval(() => void this.look().catch(() => {}), EVERY_MS);
  }

  end(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    if (this.asking || !this.connection.isReady) return;
    this.asking = true;
    try {
      const { runId } = this.connection.server;
      const { count: events, tellsFlushes } = this.events;
      const keys = keysOf(String(await this.connection.call('INFO', 'keyspace')));
      const stats = String(await this.connection.call('INFO', 'commandstats').catch(() => ''));
      const calls = stats.includes('cmdstat_')
        ? [...stats.matchAll(tellsFlushes ? SWAPS : FLUSHES_AND_SWAPS)].reduce((sum, match) => sum + Number(match[1]), 0)
        : -1;
      this.compare({ runId, calls, keys, events, tellsFlushes });
    } finally {
      this.asking = false;
    }
  }

  private compare(now: NonNullable<FlushWatch['before']>): void {
    const { before } = this;
    this.before = now;
    if (before === undefined || before.runId !== now.runId || before.tellsFlushes !== now.tellsFlushes) return;
    // Fewer: somebody has reset the counters; what there is was called since.
    if (now.calls > before.calls || (now.calls < before.calls && now.calls > 0)) return this.onFlush('the source was flushed, or databases were swapped');
    if (now.calls >= 0 || now.tellsFlushes) return;
    const lost = before.keys - now.keys;
    if (before.keys >= KEYS_MIN && lost > before.keys / 2 && now.events - before.events < lost / 2) this.onFlush('most keys of the source are gone at once');
  }
}

function keysOf(info: string): number {
  return [...info.matchAll(/^db\d+:keys=(\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0);
}
