/** The results as Markdown tables. */
import type { ClusterRuns } from '../cluster/cluster-throughput.ts';
import { DISTANCE_WORKS, DISTANCES, distanceName, type DistanceRuns } from '../distance/distance-bench.ts';
import type { FullSyncMeasure, FullSyncResult } from '../full-sync/full-sync-bench.ts';
import type { StartUp } from '../full-sync/start-up.ts';
import type { FollowerName } from '../live/follower.ts';
import type { Latencies } from '../live/latency.ts';
import type { ThroughputRun, ThroughputRuns } from '../live/throughput.ts';
import { type Spread, quantile, spreadOf } from '../measure/statistics.ts';

const TOOL_TITLES = { native: '`REPLICAOF`', pipe: '`redis-cli --pipe`', godwit: 'Godwit' } as const;

export function fullSyncTable({ runs }: FullSyncResult): string {
  const nativeMs = spreadOf(runs.get('native')!.map(({ wallMs }) => wallMs)).median;
  const rows = [...runs].flatMap(([name, measures]) => {
    const main = measureRow(TOOL_TITLES[name], 'wallMs', measures, nativeMs);
    return name === 'godwit' ? [main, measureRow('Godwit, from the first byte of the snapshot to the last key', 'dataMs', measures, nativeMs)] : [main];
  });
  return table(['', 'wall s: median (min to max)', 'to native', 'tool CPU s', 'peak RSS MB', 'source CPU s', 'target CPU s'], rows);
}

function measureRow(title: string, wall: 'wallMs' | 'dataMs', measures: readonly FullSyncMeasure[], nativeMs: number): string[] {
  const walls = spreadOf(measures.map((measure) => measure[wall]!));
  const whole = wall === 'wallMs';
  const median = (pick: (measure: FullSyncMeasure) => number | null, unit: number, digits: number): string => {
    const values = measures.map(pick).filter((value) => value !== null);
    return whole && values.length > 0 ? (spreadOf(values).median / unit).toFixed(digits) : '';
  };
  return [
    title,
    spreadText(walls, 1_000),
    (walls.median / nativeMs).toFixed(2),
    median(({ toolCpuMs }) => toolCpuMs, 1_000, 2),
    median(({ rssBytesMax }) => rssBytesMax, 1e6, 0),
    median(({ sourceCpuMs }) => sourceCpuMs, 1_000, 2),
    median(({ targetCpuMs }) => targetCpuMs, 1_000, 2),
  ];
}

export function startUpTable({ nodeMs, firstConnectionMs }: StartUp): string {
  const row = (title: string, valuesMs: readonly number[]): string[] => [title, spreadText(spreadOf(valuesMs), 1, 0)];
  return table(
    ['', 'ms: median (min to max)'],
    [row('`node -e 0`, until its end', nodeMs), row('`godwit sync`, until its first connection', firstConnectionMs)],
  );
}

export function distanceTable(runs: DistanceRuns): string {
  const rows = DISTANCE_WORKS.map((work) => {
    const spreads = DISTANCES.map((roundTripMs) => spreadOf(runs.get(distanceName(work, roundTripMs)) ?? []));
    const [near, far] = [spreads[0], spreads[spreads.length - 1]];
    return [work, ...spreads.map((spread) => spreadText(spread, 1_000, 0)), (far.median / near.median).toFixed(2)];
  });
  return table(['k/s: median (min to max)', ...DISTANCES.map((roundTripMs) => `${roundTripMs} ms`), 'far to near'], rows);
}

const WAY_TITLES: Readonly<Record<string, string>> = {
  direct: 'redis-benchmark --cluster',
  'to-cluster': 'Godwit, server to cluster',
  'to-server': 'Godwit, server to server',
};

export function clusterTable(runs: ClusterRuns): string {
  const percent = (values: readonly (number | null)[]): string => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? '' : `${(spreadOf(known).median * 100).toFixed(2)} %`;
  };
  const rows = [...runs].map(([name, measures]) => {
    const [load, way] = name.split(' ');
    const cpu = measures.flatMap(({ cpuMs }) => (cpuMs === null ? [] : [cpuMs]));
    return [
      load.toUpperCase(),
      WAY_TITLES[way],
      spreadText(spreadOf(measures.map(({ writesPerSecond }) => writesPerSecond)), 1_000, 0),
      cpu.length === 0 ? '' : (spreadOf(cpu).median / 1_000).toFixed(2),
      percent(measures.map(({ markCalls }) => markCalls)),
      percent(measures.map(({ markTime }) => markTime)),
    ];
  });
  return table(['', '', 'k writes/s: median (min to max)', 'tool CPU s', 'marks: share of calls', 'marks: share of the time'], rows);
}

export function throughputTable(runs: ThroughputRuns): string {
  const nativeRate = spreadOf(runs.get('native')!.map(({ writesPerSecond }) => writesPerSecond)).median;
  const rows = [...runs].map(([name, measures]) => throughputRow(name, measures, nativeRate));
  return table(['', 'k writes/s: median (min to max)', 'to native', 'behind at the end, ms', 'tool CPU s', 'peak RSS MB'], rows);
}

function throughputRow(name: FollowerName, runs: readonly ThroughputRun[], nativeRate: number): string[] {
  const rates = spreadOf(runs.map(({ writesPerSecond }) => writesPerSecond));
  const ofTool = (pick: (run: ThroughputRun) => number | null, unit: number, digits: number): string => {
    const values = runs.map(pick).filter((value) => value !== null);
    return values.length > 0 ? (spreadOf(values).median / unit).toFixed(digits) : '';
  };
  return [
    TOOL_TITLES[name],
    spreadText(rates, 1_000, 0),
    (rates.median / nativeRate).toFixed(2),
    spreadText(spreadOf(runs.map(({ behindMs }) => behindMs)), 1, 0),
    ofTool(({ cpuMs }) => cpuMs, 1_000, 2),
    ofTool(({ rssBytesMax }) => rssBytesMax, 1e6, 0),
  ];
}

export function latencyTable(latencies: Latencies): string {
  const shares = [0.5, 0.9, 0.99, 1];
  const rows = [...latencies].map(([name, sorted]) => [TOOL_TITLES[name], String(sorted.length), ...shares.map((share) => quantile(sorted, share).toFixed(2))]);
  return table(['ms', 'probes', 'p50', 'p90', 'p99', 'max'], rows);
}

/** `2.13 (2.10 to 2.20)` */
function spreadText({ median, min, max }: Spread, unit: number, digits = 2): string {
  const text = (value: number): string => (value / unit).toFixed(digits);
  return `${text(median)} (${text(min)} to ${text(max)})`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
