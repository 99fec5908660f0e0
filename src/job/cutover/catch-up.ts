/** Waits until the target is so near behind the source that the rest takes a moment, and tells how long writes would have to be stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GodwitError } from '../../errors/errors.ts';
import type { CutoverSettings } from '../../observe/cutover-status.ts';
import type { JobStatus } from '../../observe/job-status.ts';
import type { CutoverShard } from './cutover-shard.ts';

const LOOK_EVERY_MS = 50;

/** @throws GodwitError CUTOVER_REFUSED of a lag that does not end */
export async function untilCaughtUp(
  shards: () => readonly CutoverShard[],
  status: () => JobStatus,
  { lagBytesMax, catchUpMs }: CutoverSettings,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const startMs = performance.now();
  let first = -1;
  for (;;) {
    const seen = shards();
    const lagBytes = Math.max(...seen.map((shard) => shard.lagBytes));
    const isCertain = seen.every((shard) => shard.isFollowing && shard.lagIsCertain);
    if (first < 0 && isCertain) first = lagBytes;
    if (isCertain && lagBytes <= lagBytesMax) return [nearWords(seen, status())];
    signal.throwIfAborted();
    if (performance.now() - startMs > catchUpMs) {
      const then = isCertain ? `it was ${first} bytes and is ${lagBytes} after ${catchUpMs} ms` : `it is not known after ${catchUpMs} ms`;
      throw new GodwitError('CUTOVER_REFUSED', `the lag does not end: ${then}, and is to be ${lagBytesMax} at most (--max-lag)`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}

function nearWords(shards: readonly CutoverShard[], { rate }: JobStatus): string {
  const lagBytes = Math.max(...shards.map((shard) => shard.lagBytes));
  const lagMs = Math.max(...shards.map((shard) => shard.lagMs));
  const drainMs = rate.bytesPerSecond > 0 ? Math.max(lagMs, (lagBytes * 1_000) / rate.bytesPerSecond) : lagMs;
  return `the target is ${lagBytes} bytes (${lagMs} ms) behind at ${Math.round(rate.bytesPerSecond)} bytes/s: it would have all about ${Math.ceil(drainMs)} ms after writes are stopped`;
}
