/** A source that is busy, expires and evicts, followed by its notifications; `npm run soak:notifications` is the long form. */
import { expect, test } from 'vitest';
import { followBusySource } from '../support/scan/follow-busy-source.ts';

test('5 s of writes with expiry and eviction end with equal sides', async () => {
  const { differences, evicted, expired, events } = await followBusySource({ seconds: 5, writesPerSecond: 10_000, seed: 7 });
  expect(differences).toEqual([]);
  expect(events).toBeGreaterThan(1_000);
  expect(evicted).toBeGreaterThan(0);
  expect(expired).toBeGreaterThan(0);
}, 90_000);
