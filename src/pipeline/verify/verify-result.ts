/** What a verification has found: plain data, as it is shown and written. */
import type { Difference, DifferenceKind } from '../../rdb/compare/first-difference.ts';
import type { MendOutcome } from '../mending/key-to-mend.ts';

export interface FoundDifference extends Difference {
  /** Of the source; where it is of the target alone, the one that it would have. */
  readonly database: number;
  /** As people can read it. */
  readonly key: string;
  readonly targetDatabase: number;
  readonly targetKey: string;
}

export interface VerifyCounts {
  /** Of the source, that were looked at. */
  sourceKeys: number;
  /** Of the target, that were looked for at the source. */
  targetKeys: number;
  equal: number;
  /** Deleted or expired meanwhile. */
  gone: number;
  /** Left out: by the filter as values. */
  unwanted: number;
  /** Of the target: names that no key of the source gets, or that the filter does not let pass. */
  outOfScope: number;
  /** Differed at first, and were equal or gone when they were looked at again. */
  settled: number;
  /** Changed so often that they could not be judged. */
  unsettled: number;
  differences: number;
}

export interface Loss {
  /** What the target cannot hold. */
  readonly what: string;
  keys: number;
  /** Some of them. */
  readonly samples: string[];
}

export interface VerifyResult {
  readonly source: string;
  readonly target: string;
  readonly startedMs: number;
  readonly tookMs: number;
  readonly mode: 'full' | 'quick';
  /** In (0, 1]. */
  readonly sample: number;
  /** False: it was stopped before all was looked at. */
  readonly isComplete: boolean;
  readonly counts: VerifyCounts;
  readonly byKind: Readonly<Partial<Record<DifferenceKind, number>>>;
  /** The first ones, `differencesMax` at most. */
  readonly differences: readonly FoundDifference[];
  readonly losses: readonly Loss[];
  /** Of the keys that could not be judged. */
  readonly unsettled: readonly FoundDifference[];
  /** What whoever reads it should know. */
  readonly notes: readonly string[];
  /** Only where it was asked for. */
  readonly repair?: RepairResult;
}

export interface RepairResult {
  /** `job`: within the stream of a running job; `direct`: by this process; `dry-run`: nothing was changed; `refused`: nothing was changed, and `why`. */
  readonly how: 'job' | 'direct' | 'dry-run' | 'refused';
  readonly why: string;
  /** Keys by what became of them. */
  readonly counts: Readonly<Partial<Record<MendOutcome, number>>>;
  /** Keys that differ still, of those that were found to. */
  readonly remaining: number;
  /** All that was changed, or would be: as it was found, and what became of it. */
  readonly log: readonly RepairedKey[];
}

export interface RepairedKey extends FoundDifference {
  readonly outcome: MendOutcome | 'dry-run';
}

export interface VerifyProgress {
  readonly phase: 'source' | 'target' | 'settling' | 'done';
  readonly keysDone: number;
  /** As the servers said at the start. */
  readonly keysTotal: number;
  readonly suspects: number;
  readonly differences: number;
  /** -1 = not known. */
  readonly timeLeftMs: number;
}
