/** What a verification of two sides, or of a file and a side, is made of: rules as the job has them, and how values are compared. */
import type { OnUnsupported } from '../config/sync-config.ts';
import type { FilterRules } from '../filter/filter-rules.ts';
import { Filter } from '../filter/filter.ts';
import type { AskedSide } from '../pipeline/verify/asked-side.ts';
import type { Findings } from '../pipeline/verify/findings.ts';
import { KeyChoice } from '../pipeline/verify/key-choice.ts';
import { KeyFilters } from '../pipeline/verify/key-filters.ts';
import { KeyMapping } from '../pipeline/verify/key-mapping.ts';
import { LossTable } from '../pipeline/verify/loss-table.ts';
import { WantedValues } from '../pipeline/verify/wanted-values.ts';
import type { ComparedFeatures } from '../rdb/compare/compared-features.ts';
import { ValueComparer } from '../rdb/compare/value-comparer.ts';
import type { TransformRules } from '../transform/transform-rules.ts';

export interface VerificationRules {
  /** A key has to pass all of them. */
  readonly filters: readonly FilterRules[];
  readonly transform: TransformRules;
  /** What the job does with what the target cannot hold. */
  readonly onUnsupported: OnUnsupported;
  /** Begins the names of Godwit's own keys. */
  readonly ownPrefix: string;
  /** In (0, 1]. */
  readonly sample: number;
  readonly ttlToleranceMs: number;
  /** 0 = no limit. */
  readonly keysPerSecond: number;
}

/** Begins the names under which large values are built (target/temporary-key.ts). */
const TEMPORARY = '__godwit-tmp:';

/** @param seed of all hashes */
export function verificationParts(rules: VerificationRules, seed: number, features: ComparedFeatures, target: AskedSide, findings: Findings) {
  const { ttlToleranceMs, keysPerSecond, sample, ownPrefix, transform, onUnsupported, filters } = rules;
  const filter = new KeyFilters(filters.map((one) => new Filter(one)));
  const comparer = new ValueComparer(features, ttlToleranceMs, seed);
  return {
    features,
    filter,
    comparer,
    findings,
    ttlToleranceMs,
    keysPerSecond,
    losses: new LossTable(target.version, onUnsupported === 'skip', comparer),
    wanted: new WantedValues(filter),
    comparesTtl: Object.keys(transform.ttl ?? {}).length === 0,
    mapping: new KeyMapping(transform),
    choice: new KeyChoice({ filter, sample, seed, ownPrefixes: [`${ownPrefix}:`, TEMPORARY].map((text) => Buffer.from(text)) }),
  };
}
