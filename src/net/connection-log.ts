/** What a connection writes into the log. */
import type { GodwitError } from '../errors/errors.ts';
import { versionName } from '../model/server-version.ts';
import type { Logger } from '../observe/log.ts';
import type { Keepalive } from './keepalive.ts';
import type { KeepaliveFit } from './keepalive-fit.ts';
import type { NodeName } from './reply-errors.ts';
import type { ServerFacts } from './server-facts.ts';

export class ConnectionLog {
  private readonly log: Logger;
  private readonly keepalive: Keepalive;

  constructor(log: Logger, keepalive: Keepalive) {
    this.log = log;
    this.keepalive = keepalive;
  }

  ready(node: NodeName, server: ServerFacts, first: boolean): void {
    const { intervalMs: keepaliveIntervalMs, reason: keepaliveReason } = this.keepalive.fit;
    const fields = { ...node, server: server.version && versionName(server.version), serverRole: server.role, keepaliveIntervalMs, keepaliveReason };
    this.log.info(fields, first ? 'connected' : 'connected again');
  }

  lost(node: NodeName, error: GodwitError, wasReady: boolean, fields: { readonly idleMs: number; readonly delayMs: number; readonly attempt: number }): void {
    const message = wasReady ? 'connection lost, will reconnect' : 'not connected, will try again';
    this.log.warn({ ...node, code: error.code, error: error.message, ...fields }, message);
  }

  shortTimeout(node: NodeName, timeoutMs: number): void {
    const { roundTripSmoothedMs: roundTripMs } = this.keepalive;
    if (timeoutMs <= 0 || timeoutMs >= 3 * roundTripMs) return;
    this.log.warn({ ...node, timeoutMs, roundTripMs }, 'the timeout of this node is shorter than three round trips');
  }

  /** @param passedOver an interval was given that could not be taken */
  fitted(node: NodeName, fit: KeepaliveFit, passedOver: boolean): void {
    const fields = { ...node, ...fit, nodeTimeoutMs: this.keepalive.nodeTimeoutMs };
    if (passedOver) this.log.warn(fields, 'keepalive.interval is longer than half of what closes idle connections here, so it is not used');
    else this.log.debug(fields, 'keepalive fitted');
  }
}
