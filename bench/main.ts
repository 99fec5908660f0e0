/**
 * `npm run bench`: how long Godwit takes, beside what the servers do by themselves, all by turns in one session on this machine. Everything that it
 * starts has ended when it ends; what it keeps is under `.cache/bench/`.
 */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type BenchOptions, USAGE, parseBenchOptions } from './bench-options.ts';
import { benchCluster } from './cluster/cluster-throughput.ts';
import { DATA_SETS, SET_NAMES, type SetName } from './data/data-sets.ts';
import { benchDistance } from './distance/distance-bench.ts';
import { type FullSyncResult, benchFullSync } from './full-sync/full-sync-bench.ts';
import { benchStartUp } from './full-sync/start-up.ts';
import { benchLatency } from './live/latency.ts';
import { benchThroughput } from './live/throughput.ts';
import type { BenchResults } from './report/bench-results.ts';
import { resultsPage } from './report/results-page.ts';

const RESULTS = fileURLToPath(new URL('./RESULTS.md', import.meta.url));
const START_UP_RUNS = 5;
const LIVE_RUNS = 3;

async function main(args: readonly string[]): Promise<void> {
  const options = parseBenchOptions(args);
  const session = { size: options.size, loadBefore: loadavg()[0] };
  const page = await resultsPage(await measure(options), session);
  console.log(`\n${page}`);
  if (options.write) writeFileSync(RESULTS, page);
}

async function measure({ parts, runs, size }: BenchOptions): Promise<BenchResults> {
  const fullSyncs = new Map<SetName, FullSyncResult>();
  for (const set of SET_NAMES.filter((name) => parts.includes(name))) fullSyncs.set(set, await benchFullSync(set, size, runs ?? DATA_SETS[set].runsDefault));
  return {
    fullSyncs,
    startUp: parts.includes('start') ? await benchStartUp(runs ?? START_UP_RUNS) : null,
    throughput: parts.includes('live') ? await benchThroughput(size, runs ?? LIVE_RUNS) : null,
    cluster: parts.includes('cluster') ? await benchCluster(size, runs ?? LIVE_RUNS) : null,
    distance: parts.includes('distance') ? await benchDistance(size, runs ?? LIVE_RUNS) : null,
    latencies: parts.includes('latency') ? await benchLatency(size, runs ?? LIVE_RUNS) : null,
  };
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: Error) => {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(1);
  },
);
