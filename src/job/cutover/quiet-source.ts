/**
 * Waits until nobody writes at a source that cannot be made to stop writes: before 6.2, or where CLIENT PAUSE is not allowed. The operator stops the application;
 * here the calls of writing commands that the servers count are watched. What a source does by itself (expiries, pings) is no call.
 *
 * Invariant: nothing is stopped, so that who looks again right before the switch finds out whether a write has come meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { builtInCommands } from '../../command/built-in-commands.ts';
import { GodwitError } from '../../errors/errors.ts';
import { endpointName } from '../../model/endpoint.ts';
import type { Connection } from '../../net/connection.ts';

const LOOK_EVERY_MS = 100;
/** They may write, whatever the table says. */
const MAY_WRITE = new Set(['eval', 'evalsha', 'fcall', 'publish', 'spublish']);

export class QuietSource {
  private readonly connections: readonly Connection[];
  private last: readonly number[] = [];

  /** @param connections to the primary of each shard */
  constructor(connections: readonly Connection[]) {
    this.connections = connections;
  }

  /** Resolves when no write has come for `quietMs`. @throws GodwitError CUTOVER_UNDONE once `waitMs` are over */
  async wait(quietMs: number, waitMs: number, signal: AbortSignal): Promise<void> {
    const startMs = performance.now();
    let quietSinceMs = startMs;
    let writing = '';
    this.last = await this.counts();
    while (performance.now() - quietSinceMs < quietMs) {
      signal.throwIfAborted();
      if (performance.now() - startMs > waitMs) throw new GodwitError('CUTOVER_UNDONE', `writes still come at the source: ${writing}`);
      await sleep(LOOK_EVERY_MS);
      const now = await this.counts();
      const changed = now.findIndex((count, i) => count !== this.last[i]);
      if (changed < 0) continue;
      writing = `${Math.abs(now[changed] - this.last[changed])} at ${endpointName(this.connections[changed].endpoint)} in the last ${LOOK_EVERY_MS} ms`;
      quietSinceMs = performance.now();
      this.last = now;
    }
  }

  /** @throws GodwitError CUTOVER_UNDONE where a write has come since the source was quiet */
  async stillQuiet(): Promise<void> {
    const now = await this.counts();
    const changed = now.findIndex((count, i) => count !== this.last[i]);
    if (changed < 0) return;
    throw new GodwitError('CUTOVER_UNDONE', `a write has come at ${endpointName(this.connections[changed].endpoint)} after it was quiet`);
  }

  private counts(): Promise<number[]> {
    return Promise.all(this.connections.map(async (connection) => writesOf(String(await connection.call('INFO', 'commandstats')))));
  }
}

/** Calls of commands that write, of INFO commandstats. */
export function writesOf(stats: string): number {
  let sum = 0;
  for (const [, name, calls] of stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    if (MAY_WRITE.has(name) || builtInCommands.named(name)?.writes === true) sum += Number(calls);
  }
  return sum;
}
