/** The target, or all that is between, falls silent without a word: how long until Godwit notices, and until it works again. */
import type { JobStatus } from '../../src/observe/job-status.ts';
import type { GodwitProcess } from './godwit-process.ts';
import { lossesOf, type SlowSync } from './slow-sync.ts';
import { waitFor } from './wait-for.ts';

export interface BlackHole {
  /** `stopped`: the process of the target stands still (SIGSTOP). `swallowed`: the proxy takes everything and hands nothing on. */
  readonly kind: 'stopped' | 'swallowed';
  readonly lastsMs: number;
}

export interface BlackHoleTimes {
  /** What Godwit has announced for the connection: silence while an answer is due, and how long it may be quiet before it asks. */
  readonly announcedMs: number;
  /** Until the loss was told of; -1 = it was not. */
  readonly noticedMs: number;
  /** From the end of the silence until the connection was ready again. */
  readonly recoveredMs: number;
}

const POLL = { intervalMs: 50, timeoutMs: 60_000 };

export async function fallSilent(slow: SlowSync, godwit: GodwitProcess, hole: BlackHole): Promise<BlackHoleTimes> {
  const before = dataOf(await godwit.status());
  const lossesBefore = lossesOf(godwit, 'target data').length;
  const startedMs = performance.now();
  setSilent(slow, hole.kind, true);
  const noticed = waitFor('the loss of the connection to the target', () => lossesOf(godwit, 'target data').length > lossesBefore, {
    intervalMs: 10,
    timeoutMs: hole.lastsMs,
  }).then(
    () => Math.round(performance.now() - startedMs),
    () => -1,
  );
  // The silence itself is what is waited for.
  await new Promise((resolve) => setTimeout(resolve, hole.lastsMs));
  const noticedMs = await noticed;
  setSilent(slow, hole.kind, false);
  const endedMs = performance.now();
  await godwit.waitForStatus('the connection to the target', (status) => dataOf(status).state === 'ready', POLL);
  return {
    announcedMs: before.deadAfterMs + before.keepaliveIntervalMs + Math.round(before.unansweredBytes / 10_000),
    noticedMs,
    recoveredMs: Math.round(performance.now() - endedMs),
  };
}

function setSilent(slow: SlowSync, kind: BlackHole['kind'], on: boolean): void {
  if (kind === 'swallowed') slow.proxy.swallowAll(on);
  else if (on) slow.target.suspend();
  else slow.target.resume();
}

function dataOf({ connections }: JobStatus): JobStatus['connections'][number] {
  const data = connections.find(({ role }) => role === 'target data');
  if (!data) throw new Error('the status has no connection to the target');
  return data;
}
