/** One variant from its start to its verdict: a slow full sync, whatever happens meanwhile, and the comparison at the end. */
import type { GodwitProcess } from '../../support/godwit-process.ts';
import type { JobStatus } from '../../../src/observe/job-status.ts';
import { type ConnectionCounts, openSlowSync, type SlowSync, type SlowSyncOptions } from '../../support/slow-sync.ts';

export interface Variant {
  readonly name: string;
  readonly scene: SlowSyncOptions;
  readonly flags?: readonly string[];
  /** What happens while it runs; resolves when that is over. The full sync need not be. */
  disturb?(run: VariantRun): Promise<void>;
  /** Complaints about what was counted. */
  judge(counts: ConnectionCounts, run: VariantRun): readonly string[];
}

export interface VariantReport {
  readonly name: string;
  /** How long the full sync has taken. */
  readonly fullSyncMs: number;
  readonly counts: ConnectionCounts | undefined;
  readonly keys: number;
  readonly notes: readonly string[];
  /** Empty: passed. */
  readonly complaints: readonly string[];
}

const POLL = { intervalMs: 200, timeoutMs: 150_000 };

export class VariantRun {
  readonly slow: SlowSync;
  readonly godwit: GodwitProcess;
  readonly notes: string[] = [];
  private readonly startedMs = performance.now();

  constructor(slow: SlowSync, flags: readonly string[]) {
    this.slow = slow;
    this.godwit = slow.godwit(...flags);
  }

  get runningMs(): number {
    return performance.now() - this.startedMs;
  }

  status(what: string, satisfies: (status: JobStatus) => boolean): Promise<JobStatus> {
    return this.godwit.waitForStatus(what, satisfies, POLL);
  }

  /** The connection that writes to the target. */
  async targetData(): Promise<JobStatus['connections'][number]> {
    const { connections } = await this.godwit.status();
    const data = connections.find(({ role }) => role === 'target data');
    if (!data) throw new Error('the status has no connection to the target');
    return data;
  }
}

export async function runVariant(variant: Variant): Promise<VariantReport> {
  const { name } = variant;
  const complaints: string[] = [];
  const slow = await openSlowSync(variant.scene);
  const run = new VariantRun(slow, variant.flags ?? []);
  let fullSyncMs = 0;
  let counts: ConnectionCounts | undefined;
  try {
    const synced = run.status('the end of the full sync', ({ phase }) => phase === 'incremental-sync').then(() => (fullSyncMs = run.runningMs));
    await Promise.all([synced, variant.disturb?.(run)]);
    if (fullSyncMs < variant.scene.fullSyncMs) complaints.push(`the full sync took ${Math.round(fullSyncMs)} ms only`);
    await slow.write('after', 'the full sync');
    await run.godwit.waitForLagZero(slow.scene.source, POLL);
    counts = await slow.counts(run.godwit);
    complaints.push(...variant.judge(counts, run));
    complaints.push(...(await slow.scene.differences()).slice(0, 3));
    const { code } = await run.godwit.stop();
    if (code !== 143) complaints.push(`godwit ended with code ${code}`);
  } catch (error) {
    complaints.push((error as Error).message);
  } finally {
    await slow.close();
  }
  return { name, fullSyncMs, counts, keys: slow.keys, notes: run.notes, complaints };
}
