/** What of a session can be compared with another one, on another day or machine: how things measured by turns relate to each other. */
import { DISTANCE_WORKS, DISTANCES, distanceName } from '../distance/distance-bench.ts';
import type { FullSyncMeasure, FullSyncToolName } from '../full-sync/full-sync-bench.ts';
import { spreadOf } from '../measure/statistics.ts';
import type { BenchResults } from './bench-results.ts';

/** By name; a higher one is better. Medians. */
export type Ratios = Readonly<Record<string, number>>;

export function ratiosOf({ fullSyncs, throughput, distance }: BenchResults): Ratios {
  const ratios: Record<string, number> = {};
  for (const [set, { runs }] of fullSyncs) {
    const of = (tool: FullSyncToolName, pick: (measure: FullSyncMeasure) => number | null): number =>
      median((runs.get(tool) ?? []).map((one) => pick(one) ?? 0));
    ratios[`full sync of ${set}: REPLICAOF to Godwit, wall time`] = of('native', ({ wallMs }) => wallMs) / of('godwit', ({ wallMs }) => wallMs);
    ratios[`full sync of ${set}: CPU of the target of redis-cli --pipe to CPU of Godwit`] =
      of('pipe', ({ targetCpuMs }) => targetCpuMs) / of('godwit', ({ toolCpuMs }) => toolCpuMs);
  }
  if (throughput !== null) {
    const of = (name: 'native' | 'godwit'): number => median((throughput.get(name) ?? []).map(({ writesPerSecond }) => writesPerSecond));
    ratios['live: Godwit to REPLICAOF, writes a second'] = of('godwit') / of('native');
  }
  if (distance !== null) {
    for (const work of DISTANCE_WORKS) {
      const [near, far] = DISTANCES.map((roundTripMs) => median(distance.get(distanceName(work, roundTripMs)) ?? []));
      ratios[`${work}: far to near`] = far / near;
    }
  }
  return ratios;
}

function median(values: readonly number[]): number {
  return spreadOf(values).median;
}
