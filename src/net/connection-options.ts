/** What a Connection is made with, and what it says of itself. */
import type { Clock } from '../async/clock.ts';
import type { KeepaliveConfig, ReconnectConfig } from '../config/sync-config.ts';
import type { GodwitError } from '../errors/errors.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Logger } from '../observe/log.ts';
import type { CommandArgument } from '../resp/encode.ts';
import type { Reply } from '../resp/reply.ts';
import type { ConnectionState } from './connection-state.ts';
import type { KeepaliveFit } from './keepalive-fit.ts';
import type { KeepaliveWheel } from './keepalive-wheel.ts';
import type { Expectation } from './reply-collector.ts';
import type { ServerFacts } from './server-facts.ts';

/** What may be done on a connection that is open; Connection documents each. */
export interface OpenConnection {
  readonly server: ServerFacts;
  readonly generation: number;
  call(...args: CommandArgument[]): Promise<Reply>;
  callAll(commands: readonly (readonly CommandArgument[])[]): Promise<Reply[]>;
  send(parts: readonly Uint8Array[], expect: readonly Expectation[], onWritten?: () => void): boolean;
  drained(): Promise<void>;
}

export interface ConnectionOptions {
  /** `target data`, `source control`; begins with `source` or `target`. */
  readonly role: string;
  readonly endpoint: Endpoint;
  /** For CLIENT SETNAME; what is not printable becomes `-`. */
  readonly clientName: string;
  readonly keepalive: KeepaliveConfig;
  readonly reconnect: ReconnectConfig;
  /** Shared by all connections of the process. */
  readonly wheel: KeepaliveWheel;
  readonly log: Logger;
  readonly clock?: Clock;
  /** In [0, 1); for back-off and jitter. */
  readonly random?: () => number;
  /** Selected at each handshake. */
  readonly database?: number;
  /** Longest bulk reply of a call; default 512 MiB. */
  readonly bulkReplyBytesMax?: number;
  /**
   * For a connection that subscribes (RESP 2): is given every reply first, and says whether it was a message. Then call() and callAll() work for what may be
   * said while subscribed (SUBSCRIBE, PING), send() does not.
   */
  onMessage?(reply: Reply): boolean;
  /**
   * Runs after each handshake, before waiters of ready() go on; only it may send meanwhile. Its failure closes the connection and backs off,
   * or ends it for good when the error is not retryable.
   */
  onRestore?(connection: OpenConnection): Promise<void>;
}

export interface ConnectionEvents {
  state: { readonly from: ConnectionState['name']; readonly to: ConnectionState; readonly at: number };
  /** The interval in force has changed. */
  keepalive: KeepaliveFit & { readonly nodeTimeoutMs: number };
  /** A PING was answered on an otherwise quiet connection. */
  'round-trip': { readonly roundTripMs: number };
  /** A connection that was ready is gone; `idleMs` since the last byte sent. */
  lost: { readonly error: GodwitError; readonly idleMs: number };
}
