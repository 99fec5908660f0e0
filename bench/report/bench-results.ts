/** All that a session has measured. */
import type { SetName } from '../data/data-sets.ts';
import type { ClusterRuns } from '../cluster/cluster-throughput.ts';
import type { DistanceRuns } from '../distance/distance-bench.ts';
import type { FullSyncResult } from '../full-sync/full-sync-bench.ts';
import type { StartUp } from '../full-sync/start-up.ts';
import type { Latencies } from '../live/latency.ts';
import type { ThroughputRuns } from '../live/throughput.ts';

export interface BenchResults {
  readonly fullSyncs: ReadonlyMap<SetName, FullSyncResult>;
  readonly startUp: StartUp | null;
  readonly throughput: ThroughputRuns | null;
  readonly cluster: ClusterRuns | null;
  readonly distance: DistanceRuns | null;
  readonly latencies: Latencies | null;
}
