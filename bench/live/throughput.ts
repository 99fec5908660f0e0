/**
 * How many writes a second a follower takes end to end: from the start of redis-benchmark to the moment when the follower shows a key that was
 * written behind the last of them.
 */
import { hostTool } from '../../scripts/servers.ts';
import { runTimed } from '../measure/timed-process.ts';
import { FOLLOWER_NAMES, type FollowedSource, type FollowerName, catchUp, withFollower } from './follower.ts';

export const WRITES = 1_000_000;

export interface ThroughputRun {
  readonly writesPerSecond: number;
  /** Between the end of the load and the follower having all of it. */
  readonly behindMs: number;
  /** Of Godwit. */
  readonly cpuMs: number | null;
  readonly rssBytesMax: number | null;
}

export type ThroughputRuns = ReadonlyMap<FollowerName, readonly ThroughputRun[]>;

export async function benchThroughput(size: number, runCount: number): Promise<ThroughputRuns> {
  const runs = new Map<FollowerName, ThroughputRun[]>(FOLLOWER_NAMES.map((name) => [name, []]));
  for (let i = 0; i < runCount; i++) {
    for (const name of FOLLOWER_NAMES) {
      const { result, use } = await withFollower(name, (followed) => loadAndCatchUp(followed, Math.round(WRITES * size)));
      const run = { ...result, cpuMs: use?.cpuMs ?? null, rssBytesMax: use?.rssBytesMax ?? null };
      runs.get(name)!.push(run);
      console.log(
        `live run ${i + 1} ${name.padEnd(7)} ${(run.writesPerSecond / 1_000).toFixed(0)} k writes/s, ${run.behindMs.toFixed(0)} ms behind at the end`,
      );
    }
  }
  return runs;
}

async function loadAndCatchUp(followed: FollowedSource, writes: number): Promise<Pick<ThroughputRun, 'writesPerSecond' | 'behindMs'>> {
  const { command, args } = await hostTool('redis-benchmark');
  const load = ['-p', String(followed.source.port), '-t', 'set', '-d', '64', '-P', '64', '-n', String(writes), '-r', String(WRITES), '-q'];
  const startedAt = performance.now();
  await runTimed(command, [...args, ...load]);
  const loadedAt = performance.now();
  const caughtUpAt = await catchUp(followed, 'bench:sentinel');
  await checkSize(followed);
  return { writesPerSecond: (writes / (caughtUpAt - startedAt)) * 1_000, behindMs: caughtUpAt - loadedAt };
}

/** The follower has the source's keys, and at most one of its own. */
async function checkSize({ sourceClient, targetClient }: FollowedSource): Promise<void> {
  const [source, target] = await Promise.all([sourceClient.dbsize(), targetClient.dbsize()]);
  if (target !== source && target !== source + 1) throw new Error(`the follower has ${target} keys, the source ${source}`);
}
