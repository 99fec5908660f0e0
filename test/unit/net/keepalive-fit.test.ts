import { describe, expect, test } from 'vitest';
import { checkOverride, fitKeepalive, type KeepaliveFacts } from '../../../src/net/keepalive-fit.ts';

const config = (intervalMs = 0, idleLimitMs = 0, deadAfterMs = 0) => ({ intervalMs, idleLimitMs, deadAfterMs });
const facts = (timeoutMs: number, more: Partial<KeepaliveFacts> = {}): KeepaliveFacts => ({
  timeoutMs,
  configForbidden: false,
  learnedLimitMs: 0,
  roundTripMs: 0,
  ...more,
});

describe('the interval', () => {
  test.each([
    [1000, 400],
    [2000, 667],
    [3000, 1000],
    [5000, 1667],
    [29_000, 9667],
    [60_000, 10_000],
    [3_600_000, 10_000],
  ])('for a timeout of %i ms is %i ms', (timeoutMs, intervalMs) => {
    expect(fitKeepalive(config(), facts(timeoutMs))).toMatchObject({ intervalMs, reason: 'node-timeout' });
  });

  test('is below half of the limit, whatever the limit', () => {
    for (let limitMs = 10; limitMs < 100_000; limitMs = Math.ceil(limitMs * 1.07)) {
      expect(fitKeepalive(config(), facts(limitMs)).intervalMs).toBeLessThan(limitMs / 2);
      expect(fitKeepalive(config(0, limitMs), facts(0)).intervalMs).toBeLessThan(limitMs / 2);
    }
  });

  test('is 10 s without a timeout, and where CONFIG is forbidden', () => {
    expect(fitKeepalive(config(), facts(0))).toMatchObject({ intervalMs: 10_000, reason: 'no-timeout' });
    expect(fitKeepalive(config(), facts(-1, { configForbidden: true }))).toMatchObject({ intervalMs: 10_000, reason: 'config-forbidden' });
    expect(fitKeepalive(config(), facts(-1))).toMatchObject({ intervalMs: 10_000, reason: 'unknown' });
  });

  test('is shorter by the round trip, down to a quarter', () => {
    expect(fitKeepalive(config(), facts(6000, { roundTripMs: 300 })).intervalMs).toBe(1700);
    expect(fitKeepalive(config(), facts(6000, { roundTripMs: 5000 })).intervalMs).toBe(500);
  });

  test('takes the idle limit of a proxy like a timeout, the shorter one counts', () => {
    expect(fitKeepalive(config(0, 3000), facts(0))).toMatchObject({ intervalMs: 1000, reason: 'idle-limit' });
    expect(fitKeepalive(config(0, 3000), facts(2000))).toMatchObject({ intervalMs: 667, reason: 'node-timeout' });
    expect(fitKeepalive(config(0, 3000), facts(9000))).toMatchObject({ intervalMs: 1000, reason: 'idle-limit' });
    expect(fitKeepalive(config(), facts(-1, { learnedLimitMs: 3000, configForbidden: true }))).toMatchObject({ intervalMs: 1000, reason: 'idle-limit' });
  });

  test('is the override where that is short enough, and the fitted one where it is not', () => {
    expect(fitKeepalive(config(900), facts(2000))).toMatchObject({ intervalMs: 900, reason: 'override' });
    expect(fitKeepalive(config(1001), facts(2000))).toMatchObject({ intervalMs: 667, reason: 'node-timeout' });
    expect(fitKeepalive(config(60_000), facts(0))).toMatchObject({ intervalMs: 60_000, reason: 'override' });
  });
});

test('dead after 3 intervals, 15 s at least, or what was asked for', () => {
  expect(fitKeepalive(config(), facts(2000)).deadAfterMs).toBe(15_000);
  expect(fitKeepalive(config(), facts(0)).deadAfterMs).toBe(30_000);
  expect(fitKeepalive(config(0, 0, 700), facts(0)).deadAfterMs).toBe(700);
});

test('an override that is too long is refused with the numbers', () => {
  expect(() => checkOverride(config(1001), facts(2000), 'a:1')).toThrow(
    expect.objectContaining({
      code: 'KEEPALIVE_TOO_LONG',
      message: 'keepalive.interval is 1001 ms, but the timeout of a:1 is 2000 ms, and the interval may be half of that at most: 1000 ms',
    }),
  );
  expect(() => checkOverride(config(1501, 3000), facts(0), 'a:1')).toThrow(/keepalive.idle_limit is 3000 ms/);
  expect(() => checkOverride(config(1000), facts(2000), 'a:1')).not.toThrow();
  expect(() => checkOverride(config(60_000), facts(0), 'a:1')).not.toThrow();
  expect(() => checkOverride(config(), facts(2000), 'a:1')).not.toThrow();
});
