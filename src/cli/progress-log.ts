/** One line about the progress every few seconds, where there is no live view. */
import type { JobStatus } from '../observe/job-status.ts';
import type { Logger } from '../observe/log.ts';
import { showBytes, showCount, showDuration, showPercent } from '../status/format-quantity.ts';

/** Where no lines are wanted. */
const ALIVE_MS = 60_000;

/** @param intervalMs 0 = no lines. Returns how to end it. The timer also keeps the process alive while a job waits for nothing but its own unreferenced timers. */
export function startProgressLog(log: Logger, status: () => JobStatus, intervalMs: number): () => void {
  const tell = (): void => {
    const now = status();
    log.info(progressFields(now), `${now.paused ? 'paused: ' : ''}${progressText(now)}`);
  };
  const timer = intervalMs > 0 ? setInterval(tell, intervalMs) : setInterval(() => {}, ALIVE_MS);
  return () => clearInterval(timer);
}

function progressFields(status: JobStatus): object {
  const { phase, fullSync, lagBytes, lagMs, rate } = status;
  return { phase, progress: fullSync.progress, keysApplied: fullSync.keysApplied, bytesApplied: fullSync.bytesApplied, lagBytes, lagMs, ...rate };
}

/** `full-sync 48.2 %, 1,234 keys, 61.3 MB/s, 34 s left` or `incremental-sync, lag 0 B and 2 ms, 83,210 commands/s` */
function progressText(status: JobStatus): string {
  const { phase, fullSync, incrementalSync, rate } = status;
  if (status.scan !== undefined) return scanText(phase, status.scan, status);
  if (phase === 'full-sync' && status.pipelines.length > 0 && status.pipelines.every(({ fullSync: one }) => one.waitsFor !== null)) {
    return `${phase}, waiting for the source's snapshot`;
  }
  if (phase === 'full-sync' || phase === 'loading') {
    const share = fullSync.progress >= 0 ? showPercent(fullSync.progress) : `${showBytes(fullSync.bytesApplied)}`;
    const left = fullSync.timeLeftMs >= 0 ? `, ${showDuration(fullSync.timeLeftMs)} left` : '';
    const commands = phase === 'loading' && incrementalSync.commandsApplied > 0 ? ` ${showCount(incrementalSync.commandsApplied)} commands,` : '';
    return `${phase} ${share}, ${showCount(fullSync.keysApplied)} keys,${commands} ${(Math.max(0, rate.bytesPerSecond) / 1e6).toFixed(1)} MB/s${left}`;
  }
  if (phase !== 'incremental-sync' && phase !== 'draining') return phase;
  return `${phase}, lag ${showBytes(status.lagBytes)} and ${showDuration(status.lagMs)}, ${showCount(rate.commandsPerSecond)} commands/s`;
}

/** `full-sync 48.2 %, 1,234 keys, 5,000 keys/s` or `incremental-sync, 12 keys queued, 5,321 events` */
function scanText(phase: string, scan: NonNullable<JobStatus['scan']>, { fullSync, rate }: JobStatus): string {
  const keys = `${showCount(fullSync.keysApplied)} keys, ${showCount(Math.max(0, rate.keysPerSecond))} keys/s`;
  if (scan.stage === 'following') return `${phase}, ${showCount(scan.queued)} keys queued, ${showCount(scan.events)} events, ${keys}`;
  return `${phase}, ${scan.stage} ${showPercent(Math.max(0, fullSync.progress))}, ${keys}`;
}
