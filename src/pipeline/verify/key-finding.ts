/** What a look at one key on both sides has found, and who is told. */
import type { Difference } from '../../rdb/compare/first-difference.ts';
import { isHeldExpiry } from '../../target/held-expiry.ts';
import type { KeyRows } from './key-rows.ts';

export interface KeyFinding {
  readonly difference: Difference;
  /** Digests of the values; '' = not there. */
  readonly source: string;
  readonly target: string;
  /** Unix ms of the servers; -1 = none, or not there. */
  readonly sourceExpiryMs: number;
  readonly targetExpiryMs: number;
}

/** Keys of one database and where they go, row by row. Without renaming both are the same object. */
export interface PairRows {
  readonly database: number;
  readonly targetDatabase: number;
  readonly keys: KeyRows;
  readonly targetKeys: KeyRows;
}

/** Exactly one of these is called for each row. */
export interface LookJudge {
  /** @param lost what of it the target cannot hold; '' = nothing */
  equal(row: number, lost: string): void;
  /** On both sides; in a first look also at the source alone. */
  gone(row: number): void;
  /** The filter does not want it. */
  unwanted(row: number): void;
  /** Too large to be read as a whole. */
  large(row: number): void;
  /** It is not at the target, which cannot hold it. */
  lost(row: number, why: string): void;
  found(row: number, finding: KeyFinding): void;
}

/** Nothing has changed between two looks, but for what of times is not exact. */
export function isSameSource(a: KeyFinding, b: KeyFinding, toleranceMs: number): boolean {
  return a.source === b.source && isSameTime(a.sourceExpiryMs, b.sourceExpiryMs, toleranceMs);
}

export function isSameTarget(a: KeyFinding, b: KeyFinding, toleranceMs: number): boolean {
  return a.target === b.target && isSameTime(a.targetExpiryMs, b.targetExpiryMs, toleranceMs);
}

/** Of a key at both sides: as close as they may be, or held at the target for a moment. */
export function isSameExpiry(sourceMs: number, targetMs: number, toleranceMs: number): boolean {
  return isSameTime(sourceMs, targetMs, toleranceMs) || isHeldExpiry(sourceMs, targetMs, Date.now());
}

/** Unix ms, -1 = none. */
export function isSameTime(a: number, b: number, toleranceMs: number): boolean {
  return a === b || (a >= 0 && b >= 0 && Math.abs(a - b) <= toleranceMs);
}
