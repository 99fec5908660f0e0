/**
 * `npm run chaos -- --rounds 200 --seed 1 --topology standalone-cluster`: `godwit sync`, built, between real servers under load, while everything that can break is
 * broken, round after round. After each round every key of both sides and the writer's own account are compared. Exit code 1 at the first difference.
 *
 * The same seed makes the same faults in the same order; when exactly they strike is up to the machine.
 */
import { parseArgs } from 'node:util';
import { type ReportedRound, reportTable } from './chaos-report.ts';
import type { ChaosRounds } from './chaos-rounds.ts';
import { openStandaloneRounds } from './standalone-rounds.ts';
import { openClusterRounds } from './cluster-rounds.ts';

const TOPOLOGIES: Readonly<Record<string, (seed: number) => Promise<ChaosRounds>>> = {
  standalone: openStandaloneRounds,
  'standalone-cluster': openClusterRounds,
};
const FULL_COMPARISON_EVERY = 25;

interface Arguments {
  readonly rounds: number;
  readonly seed: number;
  readonly from: number;
  readonly topology: string;
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '200' },
      seed: { type: 'string' },
      from: { type: 'string', default: '1' },
      topology: { type: 'string', default: 'standalone' },
    },
  });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
  const [rounds, from] = [Number(values.rounds), Number(values.from)];
  if (![seed, rounds, from].every((n) => Number.isSafeInteger(n) && n >= 0))
    throw new Error('--rounds, --seed and --from (the first round) take whole numbers');
  if (TOPOLOGIES[values.topology] === undefined) throw new Error(`--topology takes ${Object.keys(TOPOLOGIES).join(', ')}`);
  return { seed, rounds, from, topology: values.topology };
}

async function main(): Promise<boolean> {
  const { rounds, seed, from, topology } = readArguments();
  const startedMs = performance.now();
  console.log(`chaos: ${rounds} rounds from ${from}, seed ${seed}, ${topology}`);
  const played = await TOPOLOGIES[topology](seed);
  const results: ReportedRound[] = [];
  let failed = '';
  try {
    for (let round = from; round < from + rounds && failed === ''; round++) {
      try {
        const result = await played.play(round);
        results.push(result);
        console.log(`${played.describe(round)} (${result.details.join('; ')}): equal, recovered in ${Math.round(result.recoveredMs)} ms`);
        if (results.length % FULL_COMPARISON_EVERY === 0 || results.length === rounds) await played.compareAll();
      } catch (error) {
        failed = `${played.describe(round)} FAILED, seed ${seed} ${(error as Error).message}`;
      }
    }
    if (failed !== '') console.log(`${failed}\n${await played.evidence()}`);
    console.log(`\n${reportTable(results)}\n\n${results.length} rounds in ${((performance.now() - startedMs) / 60_000).toFixed(1)} min`);
    console.log(played.summary().join('\n'));
    return failed === '';
  } finally {
    await played.close({ keepSpool: failed !== '' });
  }
}

main().then(
  (equal) => process.exit(equal ? 0 : 1),
  (error: Error) => {
    console.error(`chaos failed: ${error.stack}`);
    process.exit(1);
  },
);
