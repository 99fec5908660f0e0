/** How well a connection is, by its state. A connection that is made for the first time is on its way; one that is made again has been lost. */
import type { ConnectionStatus } from '../../src/observe/job-status.ts';

/** good: as it should be; busy: on its way, nothing is wrong; bad: lost; idle: not needed (now, or any more). */
export type Health = 'good' | 'busy' | 'bad' | 'idle';

const GOOD: ReadonlySet<string> = new Set(['ready', 'streaming', 'receiving-rdb']);
const UNUSED: ReadonlySet<string> = new Set(['idle', 'closed', 'stopped']);
const LOST_WHEN_MADE_AGAIN: ReadonlySet<string> = new Set(['connecting', 'handshaking']);
/** A connection that has been back for so long is no longer told of. */
const BACK_FOR_MS = 60_000;

export function healthOf({ state, reconnects, lastError }: Pick<ConnectionStatus, 'state' | 'reconnects' | 'lastError'>): Health {
  if (GOOD.has(state)) return 'good';
  if (UNUSED.has(state)) return 'idle';
  if (state === 'backing-off') return 'bad';
  return LOST_WHEN_MADE_AGAIN.has(state) && (reconnects > 0 || lastError !== null) ? 'bad' : 'busy';
}

/** For how long it has been back after a loss, in ms; -1 if it was never lost, or that is long ago. */
export function backForMs(connection: ConnectionStatus, now: number): number {
  if (connection.reconnects === 0 || healthOf(connection) !== 'good') return -1;
  const forMs = Math.max(0, now - connection.sinceAt);
  return forMs < BACK_FOR_MS ? forMs : -1;
}

export function worst(healths: readonly Health[]): Health {
  const order: readonly Health[] = ['bad', 'busy', 'good', 'idle'];
  return order.find((health) => healths.includes(health)) ?? 'idle';
}
