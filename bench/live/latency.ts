/** Write-to-visible latency of a follower under a steady load, which a process of its own makes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FOLLOWER_NAMES, type FollowedSource, type FollowerName, withFollower } from './follower.ts';
import { probeLatency } from './probe.ts';

const PACED_WRITER = fileURLToPath(new URL('./paced-writer.ts', import.meta.url));
export const WRITES_PER_SECOND = 5_000;
const DURATION_MS = 10_000;
const WARM_UP_MS = 1_000;

/** All probes of all runs of each follower, ms ascending. */
export type Latencies = ReadonlyMap<FollowerName, readonly number[]>;

const alive = new Set<ChildProcess>();

export async function benchLatency(size: number, runCount: number): Promise<Latencies> {
  const probes = new Map<FollowerName, number[]>(FOLLOWER_NAMES.map((name) => [name, []]));
  for (let i = 0; i < runCount; i++) {
    for (const name of FOLLOWER_NAMES) {
      const { result } = await withFollower(name, (followed) => underLoad(followed, DURATION_MS * size));
      probes.get(name)!.push(...result);
      console.log(`latency run ${i + 1} ${name.padEnd(7)} ${result.length} probes`);
    }
  }
  return new Map([...probes].map(([name, latenciesMs]) => [name, latenciesMs.toSorted((a, b) => a - b)]));
}

async function underLoad({ source, target }: FollowedSource, durationMs: number): Promise<number[]> {
  const args = ['--import', 'tsx', PACED_WRITER, String(source.port), String(WRITES_PER_SECOND)];
  const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  alive.add(writer);
  const ended = once(writer, 'exit');
  try {
    await Promise.race([once(writer.stdout, 'data'), ended.then(() => Promise.reject(new Error('the paced writer has ended')))]);
    await probeLatency(source.port, target.port, WARM_UP_MS);
    return await probeLatency(source.port, target.port, durationMs);
  } finally {
    writer.kill('SIGKILL');
    await ended;
    alive.delete(writer);
  }
}

process.on('exit', () => {
  for (const writer of alive) writer.kill('SIGKILL');
});
