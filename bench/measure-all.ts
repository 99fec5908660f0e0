/** Measures the parts that are asked for, one after the other. */
import { DATA_SETS, SET_NAMES, type SetName } from './data/data-sets.ts';
import type { BenchOptions } from './bench-options.ts';
import { benchCluster } from './cluster/cluster-throughput.ts';
import { benchDistance } from './distance/distance-bench.ts';
import { type FullSyncResult, benchFullSync } from './full-sync/full-sync-bench.ts';
import { benchStartUp } from './full-sync/start-up.ts';
import { benchLatency } from './live/latency.ts';
import { benchThroughput } from './live/throughput.ts';
import type { BenchResults } from './report/bench-results.ts';

const START_UP_RUNS = 5;
const LIVE_RUNS = 3;

export async function measure({ parts, runs, size }: BenchOptions): Promise<BenchResults> {
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
