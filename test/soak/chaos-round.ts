/**
 * One round: a fault, or two that follow each other before Godwit has got over the first, in incremental sync or in a full sync that is made slow for it. It
 * ends when the target has caught up with a source that wrote all the while, and both sides and the writer's account are equal.
 */
import { Seeded } from '../support/rdb/seeded.ts';
import { type Fault, FAULTS } from './chaos-faults.ts';
import type { ChaosStage } from './chaos-stage.ts';

export interface RoundPlan {
  readonly round: number;
  readonly faults: readonly Fault[];
  /** A job that begins anew, with the faults in its full sync. */
  readonly inFullSync: boolean;
  readonly random: Seeded;
}

export interface RoundResult {
  readonly plan: RoundPlan;
  /** What each fault did. */
  readonly details: readonly string[];
  /** From the first fault until the target has all that the source had when the last one was over. */
  readonly recoveredMs: number;
  readonly fullSyncs: number;
  /** Godwits that were started for this round. */
  readonly starts: number;
}

const RECOVER_TIMEOUT_MS = 60_000;
/** Written after the last fault, so that catching up shows that Godwit has got over it. */
const COMMANDS_AFTER = 100;
const FULL_SYNC_MS = 1_200;
const FULL_SYNC_IN = 6;
const TWO_FAULTS_IN = 4;

/** The same seed and round make the same plan. The kinds take turns, so that each comes as often as the others. */
export function planRound(seed: number, round: number): RoundPlan {
  const random = new Seeded(Math.imul(seed, 1_000_003) + round);
  const first = FAULTS[(round + seed) % FAULTS.length];
  const faults = random.below(TWO_FAULTS_IN) === 0 ? [first, FAULTS[random.below(FAULTS.length)]] : [first];
  return { round, faults, inFullSync: random.below(FULL_SYNC_IN) === 0, random };
}

export function describeRound({ round, faults, inFullSync }: RoundPlan): string {
  return `round ${round}${inFullSync ? ', in the full sync' : ''}: ${faults.map(({ kind }) => kind).join(', then ')}`;
}

/** @throws Error with all that is known when something was lost or done twice, or a full sync was not needed */
export async function playRound(stage: ChaosStage, plan: RoundPlan): Promise<RoundResult> {
  const fullSyncsBefore = await stage.fullSyncs();
  const startsBefore = stage.godwitStarts;
  if (plan.inFullSync) await beginAnew(stage, plan.random);
  const beganMs = performance.now();
  const details: string[] = [];
  for (const fault of plan.faults) {
    details.push(await fault.inflict(stage, plan.random));
    if (plan.faults.length > 1) await new Promise((resolve) => setTimeout(resolve, plan.random.below(300)));
  }
  await stage.load.more(COMMANDS_AFTER);
  await stage.caughtUp(await stage.sourceOffset(), RECOVER_TIMEOUT_MS);
  const recoveredMs = performance.now() - beganMs;
  const differences = await stage.quickDifferences();
  const fullSyncs = (await stage.fullSyncs()) - fullSyncsBefore;
  const needed = fullSyncsNeeded(plan);
  if (fullSyncs > needed) differences.push(`${fullSyncs} full syncs where ${needed} are enough`);
  if (differences.length > 0) throw new RoundFailure(details, differences);
  stage.noteMemory();
  await stage.rewriteTargetFiles();
  stage.load.start();
  return { plan, details, recoveredMs, fullSyncs, starts: stage.godwitStarts - startsBefore };
}

/** What comes behind a fault that makes a full sync happens in that one. */
function fullSyncsNeeded({ faults, inFullSync }: RoundPlan): number {
  let needed = inFullSync ? 1 : 0;
  for (const { fullSyncs } of faults) needed += needed > 0 ? fullSyncs.full : fullSyncs.incremental;
  return needed;
}

class RoundFailure extends Error {
  constructor(details: readonly string[], differences: readonly string[]) {
    super(`(${details.join('; ')})\n  ${differences.slice(0, 15).join('\n  ')}`);
    this.name = 'RoundFailure';
  }
}

/** Godwit ends, the target is emptied, the same command line begins a full sync that lasts about FULL_SYNC_MS; resolves somewhere in it. */
async function beginAnew(stage: ChaosStage, random: Seeded): Promise<void> {
  const { source, target } = stage;
  await stage.stopGodwit();
  await stage.ask(target, 'FLUSHALL');
  const keys = [...(await stage.ask(source, 'INFO', 'keyspace')).matchAll(/keys=(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
  await stage.ask(source, 'CONFIG', 'SET', 'rdb-key-save-delay', String(Math.round((FULL_SYNC_MS * 1_000) / keys)));
  await stage.ask(source, 'CONFIG', 'SET', 'repl-diskless-sync', random.below(3) === 0 ? 'no' : 'yes');
  const before = await stage.fullSyncs();
  stage.startGodwit();
  await stage.godwit.waitForStatus('the full sync', ({ phase }) => phase === 'full-sync');
  while ((await stage.fullSyncs()) === before) await new Promise((resolve) => setTimeout(resolve, 5));
  await stage.ask(source, 'CONFIG', 'SET', 'rdb-key-save-delay', '0');
  await new Promise((resolve) => setTimeout(resolve, random.below(FULL_SYNC_MS)));
}
