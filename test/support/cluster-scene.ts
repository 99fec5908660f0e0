/** A standalone source, a cluster as the target, a spool folder, and the Godwits between them: all of them end with the scene. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterOptions, startCluster, type TestCluster } from './cluster.ts';
import { compareServers } from './compare.ts';
import { type GodwitProcess, startGodwit } from './godwit-process.ts';
import type { LiveLoad } from './live-load.ts';
import { loadRichData } from './rich-data.ts';
import { type RealServer, type ServerOptions, startServer } from './server.ts';

const BACKLOG = ['--repl-backlog-size', '64mb'];

/** redis-7.0 on both sides unless told. */
export async function openClusterScene(cluster: ClusterOptions = {}, source: ServerOptions = {}): Promise<ClusterScene> {
  const [server, nodes] = await Promise.all([startServer({ server: 'redis-7.0', args: BACKLOG, ...source }), startCluster(cluster)]);
  return new ClusterScene(server, nodes);
}

export class ClusterScene {
  readonly source: RealServer;
  readonly cluster: TestCluster;
  readonly spoolDir = mkdtempSync(join(tmpdir(), 'godwit-cluster-'));
  /** What Godwit is told: the plain port of the first node unless set. */
  targetUrl: string;
  private readonly godwits: GodwitProcess[] = [];

  constructor(source: RealServer, cluster: TestCluster) {
    this.source = source;
    this.cluster = cluster;
    this.targetUrl = cluster.url();
  }

  godwit(...args: readonly string[]): GodwitProcess {
    const godwit = startGodwit({ source: this.source.url, target: this.targetUrl, spoolDir: this.spoolDir, args });
    this.godwits.push(godwit);
    return godwit;
  }

  /** Of every type, in database 0 alone. */
  async richData(bigElements: number): Promise<number> {
    await loadRichData(this.source, { bigElements });
    const client = this.source.client();
    for (const database of [1, 15]) {
      await client.select(database);
      await client.flushdb();
    }
    await client.select(0);
    const keys = await client.dbsize();
    client.disconnect();
    return keys;
  }

  async differences(): Promise<string[]> {
    return compareServers(this.source, this.cluster);
  }

  /** Nobody writes any more; resolves with what differs when Godwit has caught up. */
  async endsWith(godwit: GodwitProcess, load?: LiveLoad): Promise<string[]> {
    await load?.stop();
    await godwit.waitForLagZero(this.source);
    return this.differences();
  }

  async fullSyncs(): Promise<number> {
    return Number(/sync_full:(\d+)/.exec(String(await askServer(this.source, 'INFO', 'stats')))?.[1]);
  }

  /** At the node that has the slot of the key. */
  async at(key: string, command: string, ...args: readonly string[]): Promise<unknown> {
    return askServer(await this.cluster.primaryOfKey(key), command, key, ...args);
  }

  async close(): Promise<void> {
    for (const godwit of this.godwits) godwit.killNow();
    await Promise.all([this.source.stop(), this.cluster.stop()]);
    rmSync(this.spoolDir, { recursive: true, force: true });
  }
}

export async function askServer(server: RealServer, command: string, ...args: readonly (string | Buffer)[]): Promise<unknown> {
  const client = server.client();
  try {
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}
