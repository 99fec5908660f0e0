/** What a topology under test is made with: quick, and silent. */
import { KeepaliveWheel } from '../../src/net/keepalive-wheel.ts';
import { silentLogger } from '../../src/observe/log.ts';
import type { DiscoveryOptions } from '../../src/topology/cluster-api.ts';

const wheel = new KeepaliveWheel();

export const DISCOVERY: DiscoveryOptions = {
  role: 'target topology',
  clientName: 'godwit-test',
  keepalive: { intervalMs: 0, idleLimitMs: 0, deadAfterMs: 0 },
  reconnect: { delayMinMs: 10, delayMaxMs: 100, attemptsMax: 0, connectTimeoutMs: 2_000 },
  wheel,
  log: silentLogger,
};
