/**
 * `npm run chaos -- --rounds 200 --seed 1`: `godwit sync`, built, between real servers under load, while everything that can break is broken, round after
 * round. After each round every key of both sides and the writer's own account are compared. Exit code 1 at the first difference.
 *
 * The same seed makes the same faults in the same order; when exactly they strike is up to the machine.
 */
import { parseArgs } from 'node:util';
import { reportTable } from './chaos-report.ts';
import { describeRound, planRound, playRound, type RoundResult } from './chaos-round.ts';
import { ChaosStage } from './chaos-stage.ts';

const FILL_KEYS = 1_500;
const FULL_COMPARISON_EVERY = 25;

interface Arguments {
  readonly rounds: number;
  readonly seed: number;
  readonly from: number;
}

function readArguments(): Arguments {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '200' }, seed: { type: 'string' }, from: { type: 'string', default: '1' } } });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
  const [rounds, from] = [Number(values.rounds), Number(values.from)];
  if (![seed, rounds, from].every((n) => Number.isSafeInteger(n) && n >= 0))
    throw new Error('--rounds, --seed and --from (the first round) take whole numbers');
  return { seed, rounds, from };
}

async function main(): Promise<boolean> {
  const { rounds, seed, from } = readArguments();
  const startedMs = performance.now();
  console.log(`chaos: ${rounds} rounds from ${from}, seed ${seed}`);
  const stage = await ChaosStage.open(seed, FILL_KEYS);
  const results: RoundResult[] = [];
  let failed = '';
  try {
    for (let round = from; round < from + rounds && failed === ''; round++) {
      const plan = planRound(seed, round);
      try {
        const result = await playRound(stage, plan);
        results.push(result);
        console.log(`${describeRound(plan)} (${result.details.join('; ')}): equal, recovered in ${Math.round(result.recoveredMs)} ms`);
        if (results.length % FULL_COMPARISON_EVERY === 0 || results.length === rounds) await compareAll(stage);
      } catch (error) {
        failed = `${describeRound(plan)} FAILED, seed ${seed} ${(error as Error).message}`;
      }
    }
    if (failed !== '') console.log(`${failed}\nthe last lines of godwit's log:\n${stage.godwit.logEnd()}\nits spool: ${stage.spoolDir}`);
    report(stage, results, performance.now() - startedMs);
    return failed === '';
  } finally {
    await stage.close({ keepSpool: failed !== '' });
  }
}

/** Everything, with what digests do not cover. */
async function compareAll(stage: ChaosStage): Promise<void> {
  const differences = await stage.quickDifferences();
  differences.push(...(await stage.fullDifferences()));
  stage.load.start();
  if (differences.length > 0) throw new Error(`the full comparison\n  ${differences.slice(0, 15).join('\n  ')}`);
}

function report(stage: ChaosStage, results: readonly RoundResult[], tookMs: number): void {
  const { load, rssMaxKib } = stage;
  console.log(`\n${reportTable(results)}\n`);
  console.log(`${results.length} rounds in ${(tookMs / 60_000).toFixed(1)} min; the writer sent ${load.commands.toLocaleString('en')} commands,`);
  console.log(
    `${load.largeCommands} of them with 100 kB to 3 MB, and kept ${load.ledger.size} counts; memory of godwit at most ${Math.round(rssMaxKib / 1024)} MiB`,
  );
  console.log(`${stage.spoolFolders()} folders of runs in the spool`);
}

main().then(
  (equal) => process.exit(equal ? 0 : 1),
  (error: Error) => {
    console.error(`chaos failed: ${error.stack}`);
    process.exit(1);
  },
);
