/** Rounds of chaos between two standalone servers. */
import type { ChaosRounds } from './chaos-rounds.ts';
import { describeRound, planRound, playRound } from './chaos-round.ts';
import { ChaosStage } from './chaos-stage.ts';

const FILL_KEYS = 1_500;

export async function openStandaloneRounds(seed: number): Promise<ChaosRounds> {
  const stage = await ChaosStage.open(seed, FILL_KEYS);
  const { load } = stage;
  return {
    describe: (round) => describeRound(planRound(seed, round)),
    play: (round) => playRound(stage, planRound(seed, round)),
    compareAll: () => compareAll(stage),
    summary: () => [
      `the writer sent ${load.commands.toLocaleString('en')} commands, ${load.largeCommands} of them with 100 kB to 3 MB, and kept ${load.ledger.size} counts`,
      `memory of godwit at most ${Math.round(stage.rssMaxKib / 1024)} MiB; ${stage.spoolFolders()} folders of runs in the spool`,
    ],
    evidence: () => `the last lines of godwit's log:\n${stage.godwit.logEnd()}\nits spool: ${stage.spoolDir}`,
    close: (options) => stage.close(options),
  };
}

async function compareAll(stage: ChaosStage): Promise<void> {
  const differences = await stage.quickDifferences();
  differences.push(...(await stage.fullDifferences()));
  stage.load.start();
  if (differences.length > 0) throw new Error(`the full comparison\n  ${differences.slice(0, 15).join('\n  ')}`);
}
