/** Scans from a cluster and into one, in this process, while nodes fail over and slots move. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ScanJob } from '../../src/job/scan-job.ts';
import { silentLogger } from '../../src/observe/log.ts';
import type { ScanOptions } from '../../src/source/scan/scan-options.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { compareServers } from '../support/compare.ts';
import { type RealServer, startServer } from '../support/server.ts';
import { shardPlaces } from '../support/shard-places.ts';
import { waitFor } from '../support/wait-for.ts';

const spoolDir = mkdtempSync(join(tmpdir(), 'godwit-scan-'));
let cluster: TestCluster;
let server: RealServer;
let job: ScanJob | undefined;

afterEach(async () => {
  job?.abort();
  await Promise.all([cluster.stop(), server.stop()]);
  rmSync(spoolDir, { recursive: true, force: true });
});

async function scan(from: 'cluster' | 'server', options: Partial<ScanOptions>): Promise<{ job: ScanJob; ended: Promise<unknown> }> {
  const [sourceArgument, targetArgument] = from === 'cluster' ? [cluster.url(), server.url] : [server.url, cluster.url()];
  const { config } = loadConfig({ flags: { 'spool.dir': spoolDir }, sourceArgument, targetArgument, env: {}, cwd: spoolDir });
  const source = from === 'cluster' ? { source: await shardPlaces(cluster.node(0).port) } : {};
  const started = new ScanJob(config, { log: silentLogger, scan: options, ...source });
  job = started;
  const ended = started.run();
  ended.catch(() => undefined);
  return { job: started, ended };
}

async function quiet({ job: running, ended }: Awaited<ReturnType<typeof scan>>): Promise<void> {
  let before = -1;
  const look = async (): Promise<boolean> => {
    const { scan: status } = running.status();
    const isQuiet = status?.stage === 'following' && status.queued === 0 && status.events === before;
    before = status?.events ?? -1;
    return isQuiet;
  };
  await Promise.race([
    waitFor('the scan to be quiet', look, { timeoutMs: 30_000, intervalMs: 300 }),
    ended.then(() => {
      throw new Error('the job has ended');
    }),
  ]);
}

const write = (from: number, to: number): [string, string][] => Array.from({ length: to - from }, (_, i) => [`key:${from + i}`, `value ${from + i}`]);

test('a cluster comes into one server over a failover and moves of slots, and goes on being followed', async () => {
  [cluster, server] = await Promise.all([startCluster({ shards: 2, replicasPerShard: 1 }), startServer({ server: 'redis-7.0' })]);
  const client = cluster.client();
  await Promise.all(write(0, 3_000).map(([key, value]) => client.set(key, value)));
  const running = await scan('cluster', { notifications: true });
  await quiet(running);
  expect(await compareServers(cluster, server)).toEqual([]);
  await cluster.failover(0);
  await Promise.all(write(1_000, 1_500).map(([key]) => client.del(key)));
  await Promise.all(write(3_000, 3_500).map(([key, value]) => client.set(key, value)));
  await quiet(running);
  await waitFor('both to be equal', async () => (await compareServers(cluster, server)).length === 0, { timeoutMs: 20_000, intervalMs: 200 });
  await cluster.moveSlots(0, 1, [[0, 400]]);
  await Promise.all(write(2_000, 2_300).map(([key]) => client.append(key, '!')));
  await waitFor('both to be equal', async () => (await compareServers(cluster, server)).length === 0, { timeoutMs: 20_000, intervalMs: 200 });
  running.job.stop();
  await running.ended;
});

test('a server comes into a cluster, with what changes, and --mirror looks at all its nodes', async () => {
  [cluster, server] = await Promise.all([startCluster({ shards: 3, server: 'valkey-8.1' }), startServer({ server: 'valkey-8.1' })]);
  const client = server.client();
  await client.mset(Object.fromEntries(write(0, 3_000)));
  const running = await scan('server', { notifications: true, mirror: true });
  await quiet(running);
  expect(await compareServers(server, cluster)).toEqual([]);
  await client.del(...write(0, 500).map(([key]) => key));
  await client.mset(Object.fromEntries(write(2_900, 3_200).map(([key]) => [key, 'new'])));
  await quiet(running);
  expect(await compareServers(server, cluster)).toEqual([]);
  await client.flushall();
  await waitFor('both to be empty', async () => (await compareServers(server, cluster)).length === 0, { timeoutMs: 20_000, intervalMs: 200 });
  running.job.stop();
  await running.ended;
});
