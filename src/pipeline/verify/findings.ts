/** Counts what a verification finds, and holds the first differences. */
import type { Difference, DifferenceKind } from '../../rdb/compare/first-difference.ts';
import { printableKey } from '../../rdb/inspect/printable-key.ts';
import type { KeyFinding } from './key-finding.ts';
import type { FoundDifference, Loss, VerifyCounts } from './verify-result.ts';

interface Place {
  readonly database: number;
  readonly targetDatabase: number;
  readonly key: Uint8Array;
  readonly targetKey: Uint8Array;
}

const UNSETTLED_MAX = 20;
const LOSS_SAMPLES_MAX = 3;

export class Findings {
  readonly counts: VerifyCounts = {
    sourceKeys: 0,
    targetKeys: 0,
    equal: 0,
    gone: 0,
    unwanted: 0,
    outOfScope: 0,
    settled: 0,
    unsettled: 0,
    differences: 0,
  };
  readonly byKind: Partial<Record<DifferenceKind, number>> = {};
  readonly differences: FoundDifference[] = [];
  readonly unsettled: FoundDifference[] = [];
  private readonly losses = new Map<string, Loss>();
  private readonly differencesMax: number;

  constructor(differencesMax: number) {
    this.differencesMax = differencesMax;
  }

  confirmed(place: Place, finding: KeyFinding): void {
    const { kind } = finding.difference;
    this.counts.differences++;
    this.byKind[kind] = (this.byKind[kind] ?? 0) + 1;
    if (this.differences.length < this.differencesMax) this.differences.push(asFound(place, finding));
  }

  /** A library of functions differs. */
  confirmedLibrary(library: string, difference: Difference): void {
    const key = Buffer.from(library);
    this.confirmed({ database: 0, targetDatabase: 0, key, targetKey: key }, { difference, source: '', target: '', sourceExpiryMs: -1, targetExpiryMs: -1 });
  }

  couldNotBeJudged(place: Place, finding: KeyFinding): void {
    this.counts.unsettled++;
    if (this.unsettled.length < UNSETTLED_MAX) this.unsettled.push(asFound(place, finding));
  }

  lost(what: string, key: Uint8Array): void {
    const loss = this.losses.get(what) ?? { what, keys: 0, samples: [] };
    loss.keys++;
    if (loss.samples.length < LOSS_SAMPLES_MAX) loss.samples.push(printableKey(key));
    this.losses.set(what, loss);
  }

  get lossesFound(): readonly Loss[] {
    return [...this.losses.values()];
  }
}

/** Plain data of a finding. */
export function asFound({ database, targetDatabase, key, targetKey }: Place, { difference }: KeyFinding): FoundDifference {
  return { database, key: printableKey(key), targetDatabase, targetKey: printableKey(targetKey), ...difference };
}
