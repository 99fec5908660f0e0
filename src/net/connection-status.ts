/** Writes what a connection shows of itself (the status document) from its parts. */
import type { Clock } from '../async/clock.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { Keepalive } from './keepalive.ts';
import type { NodeName } from './reply-errors.ts';

export function connectionStatus(
  node: NodeName,
  keepalive: Keepalive,
  clock: Clock,
  rest: Pick<ConnectionStatus, 'state' | 'sinceAt' | 'reconnects' | 'unansweredReplies' | 'unansweredBytes' | 'lastError'>,
): ConnectionStatus {
  return {
    ...node,
    ...rest,
    idleMs: Math.max(0, Math.round(clock.nowMs() - keepalive.lastSentMs)),
    keepaliveIntervalMs: keepalive.fit.intervalMs,
    keepaliveReason: keepalive.fit.reason,
    nodeTimeoutMs: keepalive.nodeTimeoutMs,
    deadAfterMs: keepalive.fit.deadAfterMs,
    roundTripLastMs: keepalive.roundTripLastMs,
    roundTripSmoothedMs: keepalive.roundTripSmoothedMs,
    pingsSent: keepalive.pingsSent,
    pingsLost: keepalive.pingsLost,
    bytesSent: keepalive.traffic.sentBytes,
    bytesReceived: keepalive.traffic.receivedBytes,
  };
}
