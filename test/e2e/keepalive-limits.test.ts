/** Connections that are closed, dropped or swallowed on the way: each comes back, within the time announced, and the two sides end equal. */
import { describe, expect, test } from 'vitest';
import type { ConnectionStatus } from '../../src/observe/job-status.ts';
import { fallSilent } from '../support/black-hole.ts';
import type { GodwitProcess } from '../support/godwit-process.ts';
import { connectionLost, lossesOf, openSlowSync, type SlowSync, type SlowSyncOptions } from '../support/slow-sync.ts';
import { waitFor } from '../support/wait-for.ts';

const LIMITS = { timeout: 60_000 };
const SOURCE_UNDISTURBED = { 'source control': 0, 'source replication': 0 };
const NOTICE_SLACK_MS = 1_500;

/** These mostly wait, so they wait together. */
function slowTest(name: string, options: SlowSyncOptions, run: (slow: SlowSync) => Promise<GodwitProcess>): void {
  test.concurrent(name, LIMITS, async () => {
    const slow = await openSlowSync(options);
    try {
      const godwit = await run(slow);
      await godwit.waitForPhase('incremental-sync', { timeoutMs: 40_000 });
      await slow.write('after', 'all of it');
      await godwit.waitForLagZero(slow.scene.source, { timeoutMs: 40_000 });
      const { fullSyncs, closedBySource, reconnects } = await slow.counts(godwit);
      expect({ fullSyncs, closedBySource }).toEqual({ fullSyncs: 1, closedBySource: 0 });
      expect(reconnects).toMatchObject(SOURCE_UNDISTURBED);
      expect(await slow.scene.differences()).toEqual([]);
    } finally {
      await slow.close();
    }
  });
}

test.concurrent('a source that stops while it saves in silence is noticed within its repl-timeout', LIMITS, async () => {
  const slow = await openSlowSync({ fullSyncMs: 4_000, arrival: 'late' });
  try {
    await slow.setSourceReplicaTimeout(2);
    const godwit = slow.godwit();
    const isSilent = ({ state, idleMs }: ConnectionStatus): boolean => state === 'waiting-for-rdb' && idleMs > 2_200;
    await godwit.waitForStatus('a silence longer than the repl-timeout', ({ connections }) => connections.some(isSilent));
    slow.scene.source.suspend();
    const stoppedAtMs = performance.now();
    await waitFor('the loss of the link', () => godwit.lines.some(({ message }) => message === 'the replication link is down, will reconnect'));
    // The link looks once a second.
    expect(performance.now() - stoppedAtMs).toBeLessThan(3_000 + NOTICE_SLACK_MS);
    slow.scene.source.resume();
    await godwit.waitForPhase('incremental-sync', { timeoutMs: 40_000 });
    await slow.write('after', 'all of it');
    await godwit.waitForLagZero(slow.scene.source);
    expect(await slow.scene.differences()).toEqual([]);
  } finally {
    await slow.close();
  }
});

describe('in a full sync', () => {
  slowTest('a timeout that is lowered costs one connection', { fullSyncMs: 8_000, arrival: 'late' }, async (slow) => {
    const godwit = slow.godwit();
    await godwit.waitForPhase('full-sync');
    await slow.setTargetTimeout(1);
    expect(await connectionLost(godwit, 'target data')).toBe('CONNECTION_LOST');
    await godwit.waitForPhase('incremental-sync', { timeoutMs: 40_000 });
    expect(await reasonOf(godwit)).toBe('node-timeout');
    expect(lossesOf(godwit, 'target data')).toHaveLength(1);
    return godwit;
  });

  slowTest(
    'a timeout that CONFIG may not tell of is learned',
    { fullSyncMs: 8_000, arrival: 'late', targetTimeoutS: 2, targetRights: '+@all -config' },
    async (slow) => {
      const godwit = slow.godwit();
      await godwit.waitForPhase('full-sync');
      expect(await reasonOf(godwit)).toBe('config-forbidden');
      expect(await connectionLost(godwit, 'target data')).toBe('CONNECTION_LOST');
      await godwit.waitForPhase('incremental-sync', { timeoutMs: 40_000 });
      expect(await reasonOf(godwit)).toBe('idle-limit');
      expect(lossesOf(godwit, 'target data')).toHaveLength(1);
      return godwit;
    },
  );

  slowTest('a proxy that drops idle flows takes none when its limit is told', { fullSyncMs: 6_000, arrival: 'late', proxied: true }, async (slow) => {
    slow.proxy.dropIdleAfter(1_000);
    const godwit = slow.godwit('--keepalive-idle-limit', '1s');
    await godwit.waitForPhase('incremental-sync', { timeoutMs: 40_000 });
    expect(slow.proxy.dropped).toBe(0);
    expect(lossesOf(godwit, 'target data')).toEqual([]);
    return godwit;
  });

  slowTest(
    'a proxy that drops idle flows is noticed when its limit is not told',
    { fullSyncMs: 8_000, arrival: 'late', targetTimeoutS: 5, proxied: true },
    async (slow) => {
      // Shorter than the interval of 1.7 s that the timeout calls for.
      slow.proxy.dropIdleAfter(1_200);
      const godwit = slow.godwit('--keepalive-dead-after', '1s');
      expect(await connectionLost(godwit, 'target data')).toBe('CONNECTION_DEAD');
      await godwit.waitForPhase('incremental-sync', { timeoutMs: 40_000 });
      expect(await reasonOf(godwit)).toBe('idle-limit');
      expect(lossesOf(godwit, 'target data')).toHaveLength(1);
      return godwit;
    },
  );

  slowTest('a source that is silent for longer than its repl-timeout is believed while it saves', { fullSyncMs: 7_000, arrival: 'late' }, async (slow) => {
    await slow.setSourceReplicaTimeout(2);
    const godwit = slow.godwit();
    await godwit.waitForPhase('incremental-sync', { timeoutMs: 40_000 });
    return godwit;
  });
});

describe('a target that falls silent is noticed in the time announced', () => {
  slowTest('in full sync, all swallowed', { fullSyncMs: 8_000, arrival: 'always', targetTimeoutS: 2, proxied: true }, async (slow) => {
    const godwit = slow.godwit('--keepalive-dead-after', '1s', '--reconnect-connect-timeout', '1s');
    await godwit.waitForStatus('some keys', ({ phase, fullSync }) => phase === 'full-sync' && fullSync.keysApplied > 100);
    await expectNoticed(slow, godwit, 'swallowed');
    return godwit;
  });

  slowTest('under load, the process stopped', { fullSyncMs: 0, arrival: 'always', targetTimeoutS: 2 }, async (slow) => {
    const load = slow.load();
    const godwit = slow.godwit('--keepalive-dead-after', '1s', '--reconnect-connect-timeout', '1s');
    await godwit.waitForPhase('incremental-sync');
    await load.more(500);
    await expectNoticed(slow, godwit, 'stopped');
    await load.more(500);
    await load.stop();
    return godwit;
  });
});

async function expectNoticed(slow: SlowSync, godwit: GodwitProcess, kind: 'stopped' | 'swallowed'): Promise<void> {
  const { announcedMs, noticedMs, recoveredMs } = await fallSilent(slow, godwit, { kind, lastsMs: 4_000 });
  expect(noticedMs).toBeGreaterThan(900);
  expect(noticedMs).toBeLessThan(announcedMs + NOTICE_SLACK_MS);
  expect(recoveredMs).toBeLessThan(5_000);
}

async function reasonOf(godwit: GodwitProcess): Promise<string | undefined> {
  return (await godwit.status()).connections.find(({ role }) => role === 'target data')?.keepaliveReason;
}
