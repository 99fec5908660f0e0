/**
 * What distance costs: a full sync, and a stream of SET and of INCR, to a target that is reached through a proxy which delays what it hands on, and through the
 * same proxy without a delay.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { hostTool } from '../../scripts/servers.ts';
import type { RealServer } from '../../test/support/server.ts';
import { makeFolder, removeFolder } from '../data/cache-folder.ts';
import { startEmptySource, startTarget, withSource } from '../data/source-with-set.ts';
import { catchUp } from '../live/follower.ts';
import { godwitSyncArgs, plainEnvironment } from '../measure/godwit-command.ts';
import { runTimed, TimedProcess } from '../measure/timed-process.ts';

/** Round trips, ms. */
export const DISTANCES = [0, 50] as const;
export const DISTANCE_WORKS = ['full sync of A', 'SET', 'INCR'] as const;
export type DistanceWork = (typeof DISTANCE_WORKS)[number];

/** Keys, or writes, a second; by work and round trip. */
export type DistanceRuns = ReadonlyMap<string, readonly number[]>;

const KEYS = 1_000_000;
const WRITES = 2_000_000;
const TERMINATED = 143;
const PROXY = fileURLToPath(new URL('./delay-proxy.ts', import.meta.url));

export function distanceName(work: DistanceWork, roundTripMs: number): string {
  return `${work} at ${roundTripMs} ms`;
}

export async function benchDistance(size: number, runCount: number): Promise<DistanceRuns> {
  const runs = new Map<string, number[]>();
  for (let i = 0; i < runCount; i++) {
    for (const work of DISTANCE_WORKS) {
      for (const roundTripMs of DISTANCES) {
        const perSecond = await at(roundTripMs, (proxied) =>
          work === 'full sync of A' ? fullSync(proxied, size) : stream(proxied, work, Math.round(WRITES * size)),
        );
        const name = distanceName(work, roundTripMs);
        runs.set(name, [...(runs.get(name) ?? []), perSecond]);
        console.log(`distance run ${i + 1} ${name.padEnd(24)} ${(perSecond / 1_000).toFixed(0)} k/s`);
      }
    }
  }
  return runs;
}

interface Proxied {
  readonly target: RealServer;
  readonly url: string;
}

async function at(roundTripMs: number, work: (proxied: Proxied) => Promise<number>): Promise<number> {
  const target = await startTarget();
  const proxy = spawn(process.execPath, ['--import', 'tsx', PROXY, String(target.port), String(roundTripMs / 2)], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    return await work({ target, url: `redis://127.0.0.1:${await firstLine(proxy)}` });
  } finally {
    proxy.stdin.end();
    await target.stop();
  }
}

function firstLine(proxy: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    proxy.once('exit', (code) => reject(new Error(`the proxy has ended with ${code}`)));
    createInterface({ input: proxy.stdout! }).once('line', resolve);
  });
}

/** From the start of the program to its end. */
function fullSync({ target, url }: Proxied, size: number): Promise<number> {
  return withSource('A', size, async (source) => {
    const spoolDir = makeFolder('spool');
    try {
      const { wallMs } = await runTimed(process.execPath, godwitSyncArgs(source.url, url, spoolDir, ['--stop-after', 'full-sync']), {
        env: plainEnvironment(),
      });
      const keys = Number(await target.client().dbsize()) - 1;
      if (keys !== Math.round(KEYS * size)) throw new Error(`the target has ${keys} keys`);
      return (keys / wallMs) * 1_000;
    } finally {
      removeFolder(spoolDir);
    }
  });
}

async function stream({ target, url }: Proxied, work: 'SET' | 'INCR', writes: number): Promise<number> {
  const source = await startEmptySource();
  const spoolDir = makeFolder('spool');
  const godwit = new TimedProcess(process.execPath, godwitSyncArgs(source.url, url, spoolDir), { env: plainEnvironment() });
  try {
    const followed = { source, target, sourceClient: source.client(), targetClient: target.client() };
    await catchUp(followed, 'bench:attached');
    const { command, args } = await hostTool('redis-benchmark');
    const startedAt = performance.now();
    const load = ['-p', String(source.port), '-t', work.toLowerCase(), '-d', '64', '-P', '64', '-n', String(writes), '-r', String(KEYS), '-q'];
    await runTimed(command, [...args, ...load]);
    const endedAt = await catchUp(followed, 'bench:sentinel');
    godwit.signal('SIGTERM');
    const { code, stderr } = await godwit.ended;
    if (code !== TERMINATED) throw new Error(`godwit ended with ${code}\n${stderr}`);
    return (writes / (endedAt - startedAt)) * 1_000;
  } finally {
    godwit.killNow();
    removeFolder(spoolDir);
    await source.stop();
  }
}
