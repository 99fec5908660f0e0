/** `npm run chaos` in short: every fault once under load, some of them in a full sync; equal keys and counts after each. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FAULTS } from '../soak/chaos-faults.ts';
import { describeRound, playRound, type RoundPlan } from '../soak/chaos-round.ts';
import { ChaosStage } from '../soak/chaos-stage.ts';
import { Seeded } from '../support/rdb/seeded.ts';

const SEED = 2;
const FILL_KEYS = 500;
const IN_FULL_SYNC = new Set(['kill godwit', 'restart target', 'cut source']);

let stage: ChaosStage;

beforeAll(async () => {
  stage = await ChaosStage.open(SEED, FILL_KEYS);
});

afterAll(() => stage?.close());

const PLANS: readonly RoundPlan[] = FAULTS.map((fault, round) => ({
  round,
  faults: [fault],
  inFullSync: IN_FULL_SYNC.has(fault.kind),
  random: new Seeded(SEED + round),
}));

test.each(PLANS.map((plan) => [describeRound(plan), plan] as const))('%s: nothing is lost or done twice', async (_, plan) => {
  await playRound(stage, plan).catch((error: Error) => {
    throw new Error(`${error.message}\n${stage.godwit.logEnd()}`, { cause: error });
  });
});

test('and in the end both sides are equal in every detail', async () => {
  expect(await stage.quickDifferences()).toEqual([]);
  expect(await stage.fullDifferences()).toEqual([]);
  stage.noteMemory();
  expect(stage.rssMaxKib / 1024).toBeLessThan(300);
});
