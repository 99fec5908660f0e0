/** How often a connection is pinged at the latest, and why so: `every 660 ms (the node's timeout is 2 s)`. */
import type { ConnectionStatus } from '../../src/observe/job-status.ts';
import type { Words } from '../words/en.ts';

export function keepaliveText({ keepaliveIntervalMs, keepaliveReason, nodeTimeoutMs }: ConnectionStatus, { connections, duration }: Words): string {
  const why = connections.why[keepaliveReason] ?? connections.why.unknown;
  return `${connections.every(duration(keepaliveIntervalMs))} (${why(duration(nodeTimeoutMs))})`;
}
