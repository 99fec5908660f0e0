/**
 * `npm run bench`: how long Godwit takes, beside what the servers do by themselves, all by turns in one session on this machine. Everything that it
 * starts has ended when it ends; what it keeps is under `.cache/bench/`.
 */
import { USAGE, parseBenchOptions } from './bench-options.ts';
import { DATA_SETS, SET_NAMES } from './data/data-sets.ts';
import { benchFullSync } from './full-sync/full-sync-bench.ts';
import { fullSyncTable } from './report/tables.ts';

async function main(args: readonly string[]): Promise<void> {
  const { parts, runs, size } = parseBenchOptions(args);
  for (const set of SET_NAMES.filter((name) => parts.includes(name))) {
    const result = await benchFullSync(set, size, runs ?? DATA_SETS[set].runsDefault);
    console.log(`\n${set}: ${DATA_SETS[set].title}\n${fullSyncTable(result)}\n`);
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: Error) => {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(1);
  },
);
