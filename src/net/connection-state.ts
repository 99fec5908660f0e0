/**
 * The states of a connection. Pure; connection.ts does what they call for.
 *
 *   idle --connect--> connecting --opened--> handshaking --restored--> ready
 *                      ^     |                    |                      |
 *                      |     +--------lost--------+---------lost---------+
 *                    retry                        v
 *                      +--------------------- backing-off
 *
 *   any but closed --fatal--> closed        any but closed --close--> closed
 *
 * An event that has no arrow from a state is late (from a socket that is gone) and changes nothing: the same object comes back.
 */
import type { GodwitError } from '../errors/errors.ts';

export type ConnectionState =
  | { readonly name: 'idle' }
  | { readonly name: 'connecting' }
  | { readonly name: 'handshaking' }
  | { readonly name: 'ready' }
  /** `attempt`: failures in a row, from 1. */
  | { readonly name: 'backing-off'; readonly error: GodwitError; readonly attempt: number; readonly delayMs: number }
  /** `error` is undefined after close(). */
  | { readonly name: 'closed'; readonly error: GodwitError | undefined };

export type ConnectionEvent =
  | { readonly type: 'connect' }
  | { readonly type: 'opened' }
  | { readonly type: 'restored' }
  | { readonly type: 'lost'; readonly error: GodwitError; readonly attempt: number; readonly delayMs: number }
  | { readonly type: 'retry' }
  | { readonly type: 'fatal'; readonly error: GodwitError }
  | { readonly type: 'close' };

export function transition(state: ConnectionState, event: ConnectionEvent): ConnectionState {
  if (state.name === 'closed') return state;
  switch (event.type) {
    case 'connect':
      return state.name === 'idle' ? { name: 'connecting' } : state;
    case 'opened':
      return state.name === 'connecting' ? { name: 'handshaking' } : state;
    case 'restored':
      return state.name === 'handshaking' ? { name: 'ready' } : state;
    case 'lost':
      if (state.name === 'idle' || state.name === 'backing-off') return state;
      return { name: 'backing-off', error: event.error, attempt: event.attempt, delayMs: event.delayMs };
    case 'retry':
      return state.name === 'backing-off' ? { name: 'connecting' } : state;
    case 'fatal':
      return { name: 'closed', error: event.error };
    case 'close':
      return { name: 'closed', error: undefined };
  }
}
