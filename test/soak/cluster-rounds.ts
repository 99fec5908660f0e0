/** Rounds of chaos between a standalone server and a cluster. */
import type { ChaosRounds } from './chaos-rounds.ts';
import { describeClusterRound, planClusterRound, playClusterRound } from './cluster-chaos-round.ts';
import { ClusterChaosStage } from './cluster-chaos-stage.ts';

const FILL_KEYS = 800;

export async function openClusterRounds(seed: number): Promise<ChaosRounds> {
  const stage = await ClusterChaosStage.open(seed, FILL_KEYS);
  return {
    describe: (round) => describeClusterRound(planClusterRound(seed, round)),
    play: (round) => playClusterRound(stage, planClusterRound(seed, round)),
    // Every round has compared everything.
    compareAll: () => Promise.resolve(),
    summary: () => [
      `the writer sent ${stage.load.commands.toLocaleString('en')} commands and ${stage.load.published.toLocaleString('en')} messages`,
      `memory of godwit at most ${Math.round(stage.rssMaxKib / 1024)} MiB`,
    ],
    evidence: () => stage.evidence(),
    close: (options) => stage.close(options),
  };
}
