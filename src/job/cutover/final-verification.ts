/** Compares the pair of a job, or a part of it, before writes are stopped and after: `godwit verify` with what the job does to keys. */
import type { SyncConfig } from '../../config/sync-config.ts';
import type { SideSetting } from '../../model/side-topology.ts';
import type { Logger } from '../../observe/log.ts';
import type { FoundDifference, VerifyResult } from '../../pipeline/verify/verify-result.ts';
import { transformRules } from '../open-edits.ts';
import { type VerifyConfig, VerifyJob } from '../verify-job.ts';

const NAMED_MAX = 3;
const LIVE_SETTLE_MS = 1_000;
/** Nothing changes any more. */
const STILL_SETTLE_MS = 20;

export interface VerificationWish {
  /** In (0, 1]. */
  readonly sample: number;
  /** Writes are stopped, and the target has everything. */
  readonly isStill: boolean;
  /** It ends then with what it has seen. */
  readonly budgetMs: number;
}

export interface VerificationFound {
  readonly words: string;
  /** '' = no difference. */
  readonly difference: string;
}

/** Why the pair of this job cannot be compared; undefined = it can. */
export function notComparable({ rules, sync }: SyncConfig): string | undefined {
  if (!sync.fullSync) return 'the job brings changes alone, so that both sides hold different keys';
  if (rules !== null && rules.function !== null) return 'the job has a function, and what that makes of a key is not known to a comparison';
  return undefined;
}

/** @throws GodwitError of a side */
export async function verifyPair(config: SyncConfig, wish: VerificationWish, signal: AbortSignal, log: Logger): Promise<VerificationFound> {
  const sources = sourcesOf(config);
  const results: VerifyResult[] = [];
  const endMs = performance.now() + wish.budgetMs;
  for (const source of sources) {
    const job = new VerifyJob(verifyConfig(config, source, wish, sources.length === 1), log);
    const stop = (): void => job.stop();
    const timer = Number.isFinite(endMs) ? setTimeout(stop, Math.max(0, endMs - performance.now())) : undefined;
    signal.addEventListener('abort', stop);
    try {
      results.push(await job.run());
    } catch (error) {
      // It was ended before it had begun to look.
      if (performance.now() < endMs && !signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
    signal.throwIfAborted();
  }
  return summary(results, wish, results.length === sources.length);
}

function summary(results: readonly VerifyResult[], { sample, isStill, budgetMs }: VerificationWish, isWhole: boolean): VerificationFound {
  const sum = (of: (result: VerifyResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  const differences = sum(({ counts }) => counts.differences);
  const compared = sum(({ counts }) => counts.sourceKeys);
  const share = `${Number((sample * 100).toFixed(3))} % of the keys`;
  const when = isStill ? 'while writes were stopped' : 'while changes went on';
  const isComplete = isWhole && results.every((result) => result.isComplete);
  const left = isComplete ? '' : `; its time of ${Math.round(budgetMs)} ms was over before all of them were looked at`;
  const words = `${compared} keys compared (${share}) ${when}: ${differences === 0 ? 'no difference' : `${differences} differ`}${left}`;
  const named = results.flatMap((result) => result.differences).slice(0, NAMED_MAX);
  return { words, difference: differences === 0 ? '' : `${differences} of ${compared} compared keys differ: ${named.map(nameOf).join(', ')}` };
}

function nameOf({ key, database, kind }: FoundDifference): string {
  return `${key} (db${database}, ${kind})`;
}

function sourcesOf({ sourceSide, otherSources }: SyncConfig): SideSetting[] {
  const announced = { addressMap: new Map<string, string>(), preferHostname: false };
  return [sourceSide, ...otherSources.map((endpoint): SideSetting => ({ kind: 'auto', seeds: [endpoint], announced }))];
}

function verifyConfig(config: SyncConfig, source: SideSetting, { sample, isStill }: VerificationWish, bothWays: boolean): VerifyConfig {
  const { rules, keepalive, reconnect, checkpoint, sync, targetSide } = config;
  return {
    source: { kind: 'server', side: source },
    target: targetSide,
    keepalive,
    reconnect,
    ownPrefix: checkpoint.prefix,
    filter: rules?.filter ?? {},
    transform: rules === null ? {} : transformRules(rules),
    onUnsupported: sync.onUnsupported,
    quick: false,
    sample,
    // A source whose writes are stopped removes nothing that expires, and so tells the target nothing of it.
    bothWays: bothWays && !isStill,
    settleMs: isStill ? STILL_SETTLE_MS : LIVE_SETTLE_MS,
    ttlToleranceMs: 1_000,
    keysPerSecond: 0,
    largeBytes: 1024 * 1024,
    differencesMax: NAMED_MAX,
  };
}
