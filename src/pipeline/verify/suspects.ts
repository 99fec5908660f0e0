/**
 * Keys that were found to differ, until it is known whether they do. A pair that is written to differs for moments: a key counts as different only when it was
 * found so again, with the same value at the source, so long after that what was under way has arrived.
 *
 *   how long   `settleMs` at least, and twice as long as any suspect has needed so far to become equal: with a lag of a minute some keys become equal at each look,
 *              and none is confirmed until that ends
 *   how often  soon, and then after as long again as it has been the same at the source: what changes all the time is looked at all the time
 *   expiry     what is to expire in the next seconds is not judged: then both sides have lost it, or it was renewed
 *   in vain    a key whose value at the source was another one at each of LOOKS_MAX looks cannot be judged
 */
import { type KeyFinding, isSameSource, isSameTarget } from './key-finding.ts';

export interface Suspect {
  readonly database: number;
  readonly targetDatabase: number;
  readonly key: Buffer;
  readonly targetKey: Buffer;
  /** To be read in parts. */
  isLarge: boolean;
  finding: KeyFinding | null;
  looks: number;
  /** Since when the source, and the target, have been found as they were last. */
  sourceSinceMs: number;
  targetSinceMs: number;
  dueMs: number;
}

export type Verdict = 'wait' | 'confirmed' | 'unsettled';

export interface SuspectsOptions {
  readonly settleMs: number;
  readonly ttlToleranceMs: number;
  /** False: neither side changes, one look is enough. */
  readonly isLive: boolean;
}

const LOOKS_MAX = 60;
/** The first look again, as a part of settleMs. */
const FIRST_STEP = 20;
/** Godwit gives keys that expire within 5 s a longer life at the target until the source's deletion comes. */
const SOON_MS = 6_000;
/** Past an expiry: for clocks that differ a little, and for the deletion to arrive. */
const BEHIND_EXPIRY_MS = 500;
/** A source that stood still for so many times the settling time is right, whatever goes on at the target. */
const PATIENCE = 4;

export class Suspects {
  private readonly options: SuspectsOptions;
  private readonly waiting = new Map<string, Suspect>();
  /** The longest that a suspect was the same at the source before the target was equal. */
  private lagMs = 0;

  constructor(options: SuspectsOptions) {
    this.options = options;
  }

  get size(): number {
    return this.waiting.size;
  }

  /** A finding is confirmed no sooner. */
  get settleMs(): number {
    return Math.max(this.options.settleMs, this.lagMs * 2);
  }

  add(pair: Pick<Suspect, 'database' | 'targetDatabase' | 'key' | 'targetKey' | 'isLarge'>, nowMs: number): Suspect {
    // SCAN may name a key twice.
    const known = this.waiting.get(nameOf(pair));
    if (known !== undefined) return known;
    const suspect = { ...pair, finding: null, looks: 0, sourceSinceMs: nowMs, targetSinceMs: nowMs, dueMs: nowMs };
    this.waiting.set(nameOf(suspect), suspect);
    return suspect;
  }

  /** It is equal, or gone, or not wanted. */
  clear(suspect: Suspect, nowMs: number): void {
    this.waiting.delete(nameOf(suspect));
    if (suspect.finding !== null) this.lagMs = Math.max(this.lagMs, nowMs - suspect.sourceSinceMs);
  }

  /** It was found to differ. Whoever is not to wait is taken out. */
  found(suspect: Suspect, finding: KeyFinding, nowMs: number): Verdict {
    const { ttlToleranceMs, isLive } = this.options;
    const before = suspect.finding;
    if (before === null || !isSameSource(before, finding, ttlToleranceMs)) suspect.sourceSinceMs = nowMs;
    if (before === null || !isSameTarget(before, finding, ttlToleranceMs)) suspect.targetSinceMs = nowMs;
    suspect.finding = finding;
    suspect.looks++;
    const soonMs = expiresSoon(finding, nowMs);
    const verdict = soonMs < 0 ? (isLive ? this.judge(suspect, nowMs) : 'confirmed') : suspect.looks < LOOKS_MAX ? 'wait' : 'unsettled';
    if (verdict === 'wait') suspect.dueMs = this.nextDue(suspect, nowMs, soonMs);
    else this.waiting.delete(nameOf(suspect));
    return verdict;
  }

  /** Those that are to be looked at now. */
  due(nowMs: number, countMax: number): Suspect[] {
    const due: Suspect[] = [];
    for (const suspect of this.waiting.values()) {
      if (suspect.dueMs > nowMs) continue;
      due.push(suspect);
      if (due.length === countMax) break;
    }
    return due;
  }

  /** When the next one is due; Infinity if none waits. */
  get nextDueMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.waiting.values()) next = Math.min(next, dueMs);
    return next;
  }

  private judge({ looks, sourceSinceMs, targetSinceMs }: Suspect, nowMs: number): Verdict {
    const [sameMs, targetSameMs, settleMs] = [nowMs - sourceSinceMs, nowMs - targetSinceMs, this.settleMs];
    if (sameMs >= settleMs && (targetSameMs >= settleMs || sameMs >= PATIENCE * settleMs)) return 'confirmed';
    return looks >= LOOKS_MAX && sameMs < settleMs ? 'unsettled' : 'wait';
  }

  private nextDue({ sourceSinceMs }: Suspect, nowMs: number, soonMs: number): number {
    const sameMs = nowMs - sourceSinceMs;
    const dueMs = nowMs + Math.min(this.settleMs, Math.max(this.options.settleMs / FIRST_STEP, sameMs));
    if (soonMs >= 0) return Math.min(dueMs, soonMs + BEHIND_EXPIRY_MS);
    const settledMs = sourceSinceMs + this.settleMs;
    return settledMs > nowMs ? Math.min(dueMs, settledMs) : dueMs;
  }
}

function nameOf({ database, key, targetKey }: Pick<Suspect, 'database' | 'key' | 'targetKey'>): string {
  return `${database} ${key.toString('latin1')}\n${targetKey.toString('latin1')}`;
}

/** Unix ms when the key goes, if that is soon; of what the source does not have, at the target. -1 = not soon. */
function expiresSoon({ source, sourceExpiryMs, targetExpiryMs }: KeyFinding, nowMs: number): number {
  const expiryMs = source === '' ? targetExpiryMs : sourceExpiryMs;
  return expiryMs >= 0 && expiryMs <= nowMs + SOON_MS ? Math.max(expiryMs, nowMs) : -1;
}
