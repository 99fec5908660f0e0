/**
 * Fits the keepalive interval to what closes idle connections on the way: the node's `timeout`, and the idle limit of a proxy or NAT, told by
 * the user or learned from a connection that died while idle. Pure.
 *
 *   limit     = the smallest of these, none = no limit
 *   base      = min(limit / 3, 10 s), and at least min(500 ms, 0.4 * limit)
 *   interval  = base - smoothed round trip, and at least base / 4
 *
 * Why 0.4: the server counts in whole seconds and looks every 100 ms, so `timeout T` closes T - 0.1 s after the last command at the earliest
 * (measured on 7.0.15: `timeout 1` from 1.15 to 2.9 s, `timeout 2` from 2.2 to 3.7 s). Two intervals always fit, so one late ping does not cost the connection.
 */
import type { KeepaliveConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import type { KeepaliveReason } from '../observe/keepalive-reason.ts';

const INTERVAL_MAX_MS = 10_000;
const INTERVAL_FLOOR_MS = 500;
const DEAD_AFTER_MIN_MS = 15_000;

export interface KeepaliveFacts {
  /** The node's `timeout`; 0 = none, -1 = unknown. */
  readonly timeoutMs: number;
  /** CONFIG GET was refused; tells why `timeoutMs` is unknown. */
  readonly configForbidden: boolean;
  /** Idle time after which such a connection died before; 0 = never. */
  readonly learnedLimitMs: number;
  readonly roundTripMs: number;
}

export interface KeepaliveFit {
  readonly intervalMs: number;
  readonly reason: KeepaliveReason;
  /** Silence with replies outstanding that is taken for death, before the allowance for unanswered bytes. */
  readonly deadAfterMs: number;
}

/** The interval in force, why, and the deadline that follows from it. An override that is too long is passed over (see checkOverride). */
export function fitKeepalive(config: KeepaliveConfig, facts: KeepaliveFacts): KeepaliveFit {
  const { limitMs, reason } = limitOf(config, facts);
  let fitted: { intervalMs: number; reason: KeepaliveReason };
  if (config.intervalMs > 0 && config.intervalMs <= limitMs / 2) {
    fitted = { intervalMs: config.intervalMs, reason: 'override' };
  } else {
    const baseMs = Math.max(Math.min(limitMs / 3, INTERVAL_MAX_MS), Math.min(INTERVAL_FLOOR_MS, 0.4 * limitMs));
    fitted = { intervalMs: Math.round(Math.max(baseMs - facts.roundTripMs, baseMs / 4)), reason };
  }
  return { ...fitted, deadAfterMs: config.deadAfterMs > 0 ? config.deadAfterMs : Math.max(3 * fitted.intervalMs, DEAD_AFTER_MIN_MS) };
}

/**
 * Throws KEEPALIVE_TOO_LONG when keepalive.interval is longer than half of what closes idle connections.
 * @param name of the node, for the message
 */
export function checkOverride(config: KeepaliveConfig, facts: KeepaliveFacts, name: string): void {
  const { limitMs, reason } = limitOf(config, { ...facts, learnedLimitMs: 0 });
  if (config.intervalMs === 0 || config.intervalMs <= limitMs / 2) return;
  const whose = reason === 'node-timeout' ? `the timeout of ${name}` : 'keepalive.idle_limit';
  throw new GodwitError(
    'KEEPALIVE_TOO_LONG',
    `keepalive.interval is ${config.intervalMs} ms, but ${whose} is ${limitMs} ms, and the interval may be half of that at most: ${Math.floor(limitMs / 2)} ms`,
    { details: { intervalMs: config.intervalMs, limitMs, reason } },
  );
}

function limitOf(config: KeepaliveConfig, facts: KeepaliveFacts): { limitMs: number; reason: KeepaliveReason } {
  const otherMs = Math.min(config.idleLimitMs || Number.POSITIVE_INFINITY, facts.learnedLimitMs || Number.POSITIVE_INFINITY);
  if (facts.timeoutMs > 0 && facts.timeoutMs <= otherMs) return { limitMs: facts.timeoutMs, reason: 'node-timeout' };
  if (otherMs !== Number.POSITIVE_INFINITY) return { limitMs: otherMs, reason: 'idle-limit' };
  if (facts.timeoutMs === 0) return { limitMs: otherMs, reason: 'no-timeout' };
  return { limitMs: otherMs, reason: facts.configForbidden ? 'config-forbidden' : 'unknown' };
}
