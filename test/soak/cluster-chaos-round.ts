/** One round of chaos at a cluster, as in chaos-round.ts; of two faults, those that may happen at one moment. */
import { Seeded } from '../support/rdb/seeded.ts';
import { CLUSTER_FAULTS, type ClusterFault } from './cluster-chaos-faults.ts';
import type { ClusterChaosStage } from './cluster-chaos-stage.ts';

export interface ClusterRoundPlan {
  readonly round: number;
  readonly faults: readonly ClusterFault[];
  readonly inFullSync: boolean;
  readonly atOnce: boolean;
  readonly random: Seeded;
}

export interface ClusterRoundResult {
  readonly plan: ClusterRoundPlan;
  readonly details: readonly string[];
  readonly recoveredMs: number;
  readonly fullSyncs: number;
  readonly starts: number;
}

const RECOVER_TIMEOUT_MS = 60_000;
const COMMANDS_AFTER = 100;
const FULL_SYNC_MS = 1_000;
const FULL_SYNC_IN = 8;
const TWO_FAULTS_IN = 4;
const SWEEP_EVERY = 10;

export function planClusterRound(seed: number, round: number): ClusterRoundPlan {
  const random = new Seeded(Math.imul(seed, 1_000_003) + round);
  const first = CLUSTER_FAULTS[(round + seed) % CLUSTER_FAULTS.length];
  const isPaired = random.below(TWO_FAULTS_IN) === 0 && first.kind !== 'flushall';
  const others = CLUSTER_FAULTS.filter(({ kind }) => kind !== 'flushall');
  const faults = isPaired ? [first, others[random.below(others.length)]] : [first];
  const atOnce =
    faults.length > 1 && !faults.every(({ reshapes }) => reshapes) && !faults.every(({ kind }) => /godwit|sleeper/.test(kind)) && random.below(2) === 0;
  const inFullSync = random.below(FULL_SYNC_IN) === 0 && first.kind !== 'flushall';
  return { round, faults, inFullSync, atOnce, random };
}

export function describeClusterRound({ round, faults, inFullSync, atOnce }: ClusterRoundPlan): string {
  return `round ${round}${inFullSync ? ', in the full sync' : ''}: ${faults.map(({ kind }) => kind).join(atOnce ? ' beside ' : ', then ')}`;
}

/** @throws Error with all that is known when something was lost or done twice, or a full sync was not needed */
export async function playClusterRound(stage: ClusterChaosStage, plan: ClusterRoundPlan): Promise<ClusterRoundResult> {
  const { random, faults } = plan;
  const fullSyncsBefore = await stage.fullSyncs();
  const startsBefore = stage.godwitStarts;
  const hears = faults.every(({ keepsMessages }) => keepsMessages) && !plan.inFullSync;
  if (plan.inFullSync) await beginAnew(stage, random);
  const beganMs = performance.now();
  const details = await inflict(stage, plan);
  await stage.load.more(COMMANDS_AFTER);
  await stage.caughtUp(await stage.sourceOffset(), RECOVER_TIMEOUT_MS);
  const recoveredMs = performance.now() - beganMs;
  const differences = await stage.differences();
  const fullSyncs = (await stage.fullSyncs()) - fullSyncsBefore;
  const allowed = fullSyncsAllowed(plan);
  if (fullSyncs > allowed) differences.push(`${fullSyncs} full syncs where ${allowed} are enough`);
  if (hears && fullSyncs === 0) differences.push(...(await stage.unheard()));
  if (differences.length > 0) throw new Error(`(${details.join('; ')})\n  ${differences.slice(0, 15).join('\n  ')}`);
  stage.noteMemory();
  if (plan.round % SWEEP_EVERY === 0) await stage.load.sweep(plan.round % (2 * SWEEP_EVERY) === 0 ? 'DEL' : 'UNLINK');
  await stage.endMoves();
  await stage.listen();
  stage.load.start();
  return { plan, details, recoveredMs, fullSyncs, starts: stage.godwitStarts - startsBefore };
}

async function inflict(stage: ClusterChaosStage, { faults, atOnce, random }: ClusterRoundPlan): Promise<string[]> {
  if (atOnce) {
    const later = random.below(400);
    const delayed = async (fault: ClusterFault, i: number): Promise<string> => {
      if (i > 0) await new Promise((resolve) => setTimeout(resolve, later));
      return fault.inflict(stage, random);
    };
    return Promise.all(faults.map(delayed));
  }
  const details: string[] = [];
  for (const fault of faults) {
    details.push(await fault.inflict(stage, random));
    if (faults.length > 1) await new Promise((resolve) => setTimeout(resolve, random.below(300)));
  }
  return details;
}

/** Of keys that have just come to a node and are lost with its tail nobody can know which they were: then it is all brought again. */
function fullSyncsAllowed({ faults, inFullSync }: ClusterRoundPlan): number {
  let needed = inFullSync ? 1 : 0;
  for (const { fullSyncs } of faults) needed += needed > 0 ? fullSyncs.full : fullSyncs.incremental;
  const isDoubtful = faults.length > 1 && faults.some(({ moves }) => moves) && faults.some(({ loses }) => loses);
  return needed + (isDoubtful && needed === 0 ? 1 : 0);
}

/** Godwit ends, the target is emptied, the same command line begins a full sync that lasts about FULL_SYNC_MS; resolves somewhere in it. */
async function beginAnew(stage: ClusterChaosStage, random: Seeded): Promise<void> {
  const { source } = stage;
  await stage.stopGodwit();
  await stage.emptyTarget();
  const keys = Number(await stage.ask(source, 'DBSIZE'));
  await stage.ask(source, 'CONFIG', 'SET', 'rdb-key-save-delay', String(Math.round((FULL_SYNC_MS * 1_000) / keys)));
  await stage.ask(source, 'CONFIG', 'SET', 'repl-diskless-sync', random.below(3) === 0 ? 'no' : 'yes');
  const before = await stage.fullSyncs();
  stage.startGodwit();
  await stage.godwit.waitForStatus('the full sync', ({ phase }) => phase === 'full-sync');
  while ((await stage.fullSyncs()) === before) await new Promise((resolve) => setTimeout(resolve, 5));
  await stage.ask(source, 'CONFIG', 'SET', 'rdb-key-save-delay', '0');
  await new Promise((resolve) => setTimeout(resolve, random.below(FULL_SYNC_MS)));
}
