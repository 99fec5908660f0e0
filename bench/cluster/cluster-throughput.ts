/**
 * Writes a second into a cluster of three nodes, end to end: by redis-benchmark straight to its nodes, by Godwit from one source, and by Godwit from one source
 * to one server, for comparison. What the marks cost is read from the servers: the share of calls and of CPU time of the commands that carry them.
 */
import { hostTool } from '../../scripts/servers.ts';
import { startCluster, type TestCluster } from '../../test/support/cluster.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { makeFolder, removeFolder } from '../data/cache-folder.ts';
import { startEmptySource, startTarget } from '../data/source-with-set.ts';
import { godwitSyncArgs, plainEnvironment } from '../measure/godwit-command.ts';
import { runTimed, TimedProcess } from '../measure/timed-process.ts';

export const CLUSTER_LOADS = ['set', 'incr'] as const;
export type ClusterLoad = (typeof CLUSTER_LOADS)[number];
export const CLUSTER_WAYS = ['direct', 'to-cluster', 'to-server'] as const;
export type ClusterWay = (typeof CLUSTER_WAYS)[number];

export interface ClusterRun {
  readonly writesPerSecond: number;
  /** Of Godwit. */
  readonly cpuMs: number | null;
  /** Of all calls at the target, and of the time that they took: those that are for the marks alone. null: not through Godwit. */
  readonly markCalls: number | null;
  readonly markTime: number | null;
}

export type ClusterRuns = ReadonlyMap<string, readonly ClusterRun[]>;

export const CLUSTER_WRITES = 1_000_000;
const KEYS = 1_000_000;
const TIMEOUT_MS = 300_000;
const TERMINATED = 143;
/** What a transaction of one slot has around its commands, and what writes low marks; the keys of the load take other commands. */
const OF_MARKS = ['multi', 'exec', 'hset'];

export async function benchCluster(size: number, runCount: number): Promise<ClusterRuns> {
  const runs = new Map<string, ClusterRun[]>();
  for (let i = 0; i < runCount; i++) {
    for (const load of CLUSTER_LOADS) {
      for (const way of CLUSTER_WAYS) {
        const run = await measure(load, way, Math.round(CLUSTER_WRITES * size));
        const name = `${load} ${way}`;
        runs.set(name, [...(runs.get(name) ?? []), run]);
        console.log(`cluster run ${i + 1} ${name.padEnd(16)} ${(run.writesPerSecond / 1_000).toFixed(0)} k writes/s`);
      }
    }
  }
  return runs;
}

async function measure(load: ClusterLoad, way: ClusterWay, writes: number): Promise<ClusterRun> {
  if (way === 'to-server') {
    const target = await startTarget();
    try {
      return await followed(load, writes, target.url, async () => [target]);
    } finally {
      await target.stop();
    }
  }
  const cluster = await startCluster({ config: { save: '', appendonly: 'no' } });
  try {
    return way === 'direct' ? await direct(load, writes, cluster) : await followed(load, writes, cluster.url(), () => cluster.contentNodes());
  } finally {
    await cluster.stop();
  }
}

async function direct(load: ClusterLoad, writes: number, cluster: TestCluster): Promise<ClusterRun> {
  const startedAt = performance.now();
  await benchmark(cluster.node(0).port, load, writes, ['--cluster']);
  return { writesPerSecond: (writes / (performance.now() - startedAt)) * 1_000, cpuMs: null, markCalls: null, markTime: null };
}

type Nodes = Awaited<ReturnType<TestCluster['contentNodes']>>;

async function followed(load: ClusterLoad, writes: number, targetUrl: string, nodes: () => Promise<Nodes>): Promise<ClusterRun> {
  const source = await startEmptySource();
  const spoolDir = makeFolder('spool');
  const port = '0';
  const godwit = new TimedProcess(process.execPath, godwitSyncArgs(source.url, targetUrl, spoolDir, ['--status-port', port]), { env: plainEnvironment() });
  const client = source.client();
  try {
    const early = godwit.ended.then(({ code, stdout, stderr }) => {
      throw new Error(`godwit ended with ${code} while it was measured\n${stdout.slice(-1_000)}\n${stderr}`);
    });
    early.catch(() => undefined);
    const counters = await nodes();
    const arrived = async (key: string): Promise<void> => {
      await client.set(key, '1');
      await Promise.race([early, waitFor(`the key ${key}`, () => holds(counters, key), { intervalMs: 1, timeoutMs: TIMEOUT_MS })]);
    };
    await arrived('bench:attached');
    for (const node of counters) await ask(node, (one) => one.config('RESETSTAT'));
    const startedAt = performance.now();
    await benchmark(source.port, load, writes, []);
    await arrived('bench:sentinel');
    const writesPerSecond = (writes / (performance.now() - startedAt)) * 1_000;
    const share = await shareOfMarks(counters);
    godwit.signal('SIGTERM');
    const ended = await godwit.ended;
    if (ended.code !== TERMINATED) throw new Error(`godwit ended with ${ended.code}\n${ended.stderr}`);
    return { writesPerSecond, cpuMs: ended.cpuMs, ...share };
  } finally {
    client.disconnect();
    godwit.killNow();
    removeFolder(spoolDir);
    await source.stop();
  }
}

async function benchmark(port: number, load: ClusterLoad, writes: number, more: readonly string[]): Promise<void> {
  const { command, args } = await hostTool('redis-benchmark');
  await runTimed(command, [...args, '-p', String(port), '-t', load, '-d', '64', '-P', '64', '-n', String(writes), '-r', String(KEYS), '-q', ...more]);
}

async function ask<T>(node: Nodes[number], work: (client: ReturnType<Nodes[number]['client']>) => Promise<T>): Promise<T> {
  const client = node.client();
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

async function holds(nodes: Nodes, key: string): Promise<boolean> {
  const found = await Promise.all(nodes.map((node) => ask(node, (client) => client.exists(key).catch(() => 0))));
  return found.includes(1);
}

async function shareOfMarks(nodes: Nodes): Promise<Pick<ClusterRun, 'markCalls' | 'markTime'>> {
  const sum = { calls: 0, time: 0, markCalls: 0, markTime: 0 };
  for (const node of nodes) {
    const stats = await ask(node, (client) => client.info('commandstats'));
    for (const [, name, calls, time] of stats.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)) {
      if (['info', 'config|resetstat', 'exists'].includes(name)) continue;
      sum.calls += Number(calls);
      sum.time += Number(time);
      if (!OF_MARKS.includes(name)) continue;
      sum.markCalls += Number(calls);
      sum.markTime += Number(time);
    }
  }
  return { markCalls: sum.markCalls / sum.calls, markTime: sum.markTime / sum.time };
}
