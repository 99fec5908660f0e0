/** The case that Godwit exists for: a source so slow that the target's `timeout` would close an idle connection many times over. */
import { afterEach, expect, test } from 'vitest';
import { openSlowSync, type SlowSync } from '../support/slow-sync.ts';

const FULL_SYNC_MS = 8_000;

let slow: SlowSync;

afterEach(() => slow.close());

test.each(['late', 'always'] as const)('a slow full sync outlives the timeout of the target, keys arrive: %s', { timeout: 60_000 }, async (arrival) => {
  slow = await openSlowSync({ fullSyncMs: FULL_SYNC_MS, arrival, targetTimeoutS: 1, sourceTimeoutS: 1 });
  const { scene } = slow;
  const startedAt = performance.now();
  const godwit = slow.godwit();
  const during = await godwit.waitForStatus(
    'a PING at the target',
    ({ phase, connections }) => phase === 'full-sync' && connections.some(({ role, pingsSent }) => role === 'target data' && pingsSent > 0),
  );
  const data = during.connections.filter(({ role }) => role === 'target data');
  expect(data.every(({ nodeTimeoutMs, keepaliveIntervalMs }) => nodeTimeoutMs === 1_000 && keepaliveIntervalMs < 1_000)).toBe(true);
  await godwit.waitForPhase('incremental-sync', { timeoutMs: 40_000 });
  expect(performance.now() - startedAt).toBeGreaterThan(FULL_SYNC_MS * 0.9);
  await slow.write('after', 'the full sync');
  const { connections } = await godwit.waitForLagZero(scene.source);
  for (const { role, state } of connections.filter((connection) => connection.role.startsWith('target'))) expect([role, state]).toEqual([role, 'ready']);
  // The keepalive suffices: nothing was closed, nothing had to be connected anew.
  const counts = await slow.counts(godwit);
  expect(counts).toMatchObject({ closedBySource: 0, closedByTarget: 0, fullSyncs: 1 });
  expect(counts.reconnects).toEqual({ 'source control': 0, 'source replication': 0, 'target data': 0 });
  expect(await scene.differences()).toEqual([]);
  expect((await godwit.stop()).code).toBe(143);
});
