/**
 * Exactly once at a cluster, against a model of one: a real ClusterSide and its deliveries, and nodes without a network whose slots move, that fail over and lose
 * what was written last, while Godwit is killed and taken over at any moment. GODWIT_SCHEDULES runs more of them.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Schedule, type ScheduleEvent } from '../support/model-cluster/schedule.ts';

const RUNS = Number(process.env['GODWIT_SCHEDULES'] ?? 60);

const of = (kind: ScheduleEvent['kind'], weight: number, n: fc.Arbitrary<number>): { weight: number; arbitrary: fc.Arbitrary<ScheduleEvent> } => ({
  weight,
  arbitrary: n.map((value) => ({ kind, n: value })),
});

const event: fc.Arbitrary<ScheduleEvent> = fc.oneof(
  of('write', 4, fc.integer({ min: 1, max: 8 })),
  of('burst', 6, fc.integer({ min: 2, max: 4 })),
  of('step', 8, fc.integer({ min: 1, max: 8 })),
  of('flicker', 2, fc.integer({ min: 1, max: 4 })),
  of('settle', 3, fc.constantFrom(0, 20, 260, 600)),
  of('move', 2, fc.nat(1_000)),
  of('jump', 3, fc.nat(1_000)),
  of('moveKeys', 2, fc.nat(3)),
  of('endMove', 2, fc.nat(6)),
  of('failover', 3, fc.nat(1_000)),
  of('cut', 1, fc.nat(50)),
  of('kill', 1, fc.nat(10)),
  of('takeOver', 1, fc.nat(10)),
  of('down', 1, fc.nat(1)),
  of('learn', 1, fc.constant(0)),
  of('blind', 1, fc.nat(3)),
);

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

test('nothing is lost or done twice, whatever the schedule', { timeout: 60_000 + RUNS * 500 }, async () => {
  const property = fc.asyncProperty(fc.nat(1e6), fc.array(event, { minLength: 5, maxLength: 60 }), async (seed, events) => {
    const schedule = new Schedule(seed);
    try {
      for (const one of events) await schedule.play(one);
      await schedule.end();
      expect(schedule.problems()).toEqual([]);
    } finally {
      schedule.close();
    }
  });
  await fc.assert(property, { numRuns: RUNS, ...(process.env['GODWIT_SEED'] && { seed: Number(process.env['GODWIT_SEED']) }) });
});

test('a stand-in that goes back to a primary which has not learned yet that it is none is no move of slots', async () => {
  for (let seed = 0; seed < 12; seed++) {
    const schedule = new Schedule(seed);
    const settle = (n: number): Promise<void> => schedule.play({ kind: 'settle', n });
    try {
      await settle(600);
      schedule.cluster.failover(1, 0, { cut: false, alone: true });
      await schedule.play({ kind: 'burst', n: 20 });
      await settle(600);
      await settle(600);
      schedule.cluster.keep();
      await schedule.play({ kind: 'burst', n: 30 });
      await settle(0);
      schedule.cluster.failover(1, 8, { cut: false, alone: true });
      await schedule.play({ kind: 'burst', n: 10 });
      await settle(260);
      await schedule.end();
      expect(schedule.problems()).toEqual([]);
    } finally {
      schedule.close();
    }
  }
});
