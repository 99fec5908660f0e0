/** When a key that differs counts as different: time is given. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { KeyFinding } from '../../../src/pipeline/verify/key-finding.ts';
import { type Suspect, Suspects } from '../../../src/pipeline/verify/suspects.ts';

const SETTLE_MS = 1000;
const NOW = 1_800_000_000_000;

function finding(source: string, target: string, sourceExpiryMs = -1, targetExpiryMs = -1): KeyFinding {
  return { difference: { kind: 'value', where: '', source, target }, source, target, sourceExpiryMs, targetExpiryMs };
}

describe('a suspect', () => {
  let suspects: Suspects;
  let nowMs: number;
  const add = (name: string): Suspect =>
    suspects.add({ database: 0, targetDatabase: 0, key: Buffer.from(name), targetKey: Buffer.from(name), isLarge: false }, nowMs);

  beforeEach(() => {
    suspects = new Suspects({ settleMs: SETTLE_MS, ttlToleranceMs: 100, isLive: true });
    nowMs = NOW;
  });

  /** Looks whenever it is due, until it waits no more or so much time has passed. */
  function follow(suspect: Suspect, look: (nowMs: number) => KeyFinding | null, forMs: number): string {
    const endMs = nowMs + forMs;
    for (;;) {
      const found = look(nowMs);
      if (found === null) {
        suspects.clear(suspect, nowMs);
        return `cleared after ${nowMs - NOW}`;
      }
      const verdict = suspects.found(suspect, found, nowMs);
      if (verdict !== 'wait') return `${verdict} after ${nowMs - NOW}`;
      if (suspect.dueMs > endMs) return 'waits';
      nowMs = suspect.dueMs;
    }
  }

  test('that stays the same is confirmed when it has settled, and no sooner', () => {
    expect(follow(add('a'), () => finding('1', '2'), 60_000)).toBe(`confirmed after ${SETTLE_MS}`);
    expect(suspects.size).toBe(0);
  });

  test('whose source changes at every look cannot be judged', () => {
    expect(follow(add('a'), (at) => finding(String(at), '2'), 600_000)).toMatch(/^unsettled/);
  });

  test('whose source changed last is given its time from then on', () => {
    expect(follow(add('a'), (at) => finding(at < NOW + 700 ? '1' : '2', 'x'), 60_000)).toMatch(/^confirmed after (1[7-9]|[2-9])\d\d\d?$/);
  });

  test('is not confirmed while others become equal later and later', () => {
    const lagMs = 20_000;
    const confirmed = follow(
      add('lags'),
      (at) => {
        // Other keys that were changed before become equal all the time.
        const other = add(`other ${at}`);
        suspects.found(other, finding('1', '2'), NOW);
        suspects.clear(other, at);
        return at >= NOW + lagMs ? null : finding('1', '2');
      },
      120_000,
    );
    expect(confirmed).toMatch(/^cleared after/);
  });

  test('that expires soon is waited for, also when it is renewed', () => {
    expect(follow(add('a'), (at) => (at > NOW + 3_000 ? null : finding('1', '', NOW + 3_000)), 60_000)).toMatch(/^cleared after 3[0-5]\d\d$/);
    nowMs = NOW;
    expect(follow(add('b'), (at) => finding('1', '', at + 2_000), 600_000)).toMatch(/^unsettled/);
    nowMs = NOW;
    expect(follow(add('c'), () => finding('1', '', NOW + 3_000_000), 60_000)).toBe(`confirmed after ${suspects.settleMs}`);
  });

  test('at the target alone that goes there soon is waited for', () => {
    expect(follow(add('a'), (at) => (at > NOW + 4_000 ? null : finding('', '1', -1, NOW + 4_000)), 60_000)).toMatch(/^cleared after (4[0-5]\d\d)$/);
  });

  test('whose target never stands still is confirmed when the source has for long', () => {
    expect(follow(add('a'), (at) => finding('1', String(at)), 60_000)).toBe(`confirmed after ${4 * SETTLE_MS}`);
  });

  test('is there once, however often its key comes', () => {
    expect(add('a')).toBe(add('a'));
    expect(suspects.size).toBe(1);
  });

  test('of two sides that never change is confirmed at once', () => {
    const still = new Suspects({ settleMs: SETTLE_MS, ttlToleranceMs: 0, isLive: false });
    const one = still.add({ database: 0, targetDatabase: 0, key: Buffer.from('a'), targetKey: Buffer.from('a'), isLarge: false }, NOW);
    expect(still.found(one, finding('1', '2'), NOW)).toBe('confirmed');
  });
});
