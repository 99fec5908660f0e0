/** `godwit scan --notifications` beside a source that is written to, expires and evicts: both sides must be equal once it is quiet. */
import type { RealServer } from '../server.ts';
import { openScene } from '../sync-scene.ts';
import { BusySource } from './busy-source.ts';

export interface BusyRun {
  readonly seconds: number;
  readonly writesPerSecond: number;
  readonly seed: number;
}

export interface BusyOutcome {
  readonly differences: readonly string[];
  readonly writes: number;
  readonly events: number;
  readonly evicted: number;
  readonly expired: number;
  readonly settleMs: number;
  readonly rssBytes: number;
  readonly gaps: number;
  readonly overflows: number;
}

export async function followBusySource({ seconds, writesPerSecond, seed }: BusyRun): Promise<BusyOutcome> {
  const databases = ['--databases', '20'];
  const scene = await openScene({
    source: { args: [...databases, '--maxmemory', '8mb', '--maxmemory-policy', 'allkeys-lru', '--client-output-buffer-limit', 'pubsub 256mb 128mb 60'] },
    target: { args: databases },
  });
  try {
    await fillMemory(scene.source);
    const busy = new BusySource(scene.source, writesPerSecond, seed);
    const godwit = scene.scan('--notifications');
    await godwit.waitForStatus('following', ({ scan }) => scan?.stage === 'following', { timeoutMs: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const rssBytes = godwit.rssBytes();
    await busy.stop();
    const stoppedMs = performance.now();
    let before = -1;
    const status = await godwit.waitForStatus(
      'all events to be applied',
      ({ scan }) => {
        const isQuiet = scan?.stage === 'following' && scan.queued === 0 && scan.events === before;
        before = scan?.events ?? -1;
        return isQuiet;
      },
      { timeoutMs: 60_000, intervalMs: 100 },
    );
    const settleMs = performance.now() - stoppedMs;
    const differences = await settledDifferences(() => scene.differences());
    const [evicted, expired] = await Promise.all(['evicted_keys', 'expired_keys'].map((name) => scene.sourceCounter(name)));
    const { events = 0, gaps = 0, overflows = 0 } = status.scan ?? {};
    return { differences, writes: busy.writes, events, evicted, expired, settleMs, rssBytes, gaps, overflows };
  } finally {
    await scene.close();
  }
}

/** To its bound: from here on, whatever is written evicts something. */
async function fillMemory(source: RealServer): Promise<void> {
  const client = source.client();
  for (let i = 0; i < 200; i++) await client.set(`large:${i}`, Buffer.alloc(50_000, i));
  client.disconnect();
}

/** Keys go on expiring: what differs for a moment only is none. */
async function settledDifferences(differences: () => Promise<string[]>): Promise<string[]> {
  for (let tries = 0; ; tries++) {
    const found = await differences();
    if (found.length === 0 || tries === 5) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
