/**
 * All that a round of chaos at a cluster acts on: a standalone source behind a proxy, a cluster of four shards with a replica each, of which the last has no slots
 * at first, a writer that keeps account, a listener at each node, and the Godwit between them.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { evenSlots } from '../support/cluster/slot-spans.ts';
import { compareServers } from '../support/compare.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { Seeded } from '../support/rdb/seeded.ts';
import { type RealServer, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { SLOT_COUNT, slotOf } from '../../src/model/slot.ts';
import { CHANNEL, ClusterChaosLoad } from './cluster-chaos-load.ts';
import type { Probe } from './ledger.ts';

const GODWIT_ARGS = [
  '--job=chaos',
  '--keepalive-interval=300ms',
  '--keepalive-dead-after=1s',
  '--reconnect-delay-min=20ms',
  '--reconnect-delay-max=200ms',
  '--reconnect-attempts=100000',
  '--reconnect-connect-timeout=1s',
  '--log-level=debug',
];
const SOURCE_ARGS = { 'repl-backlog-size': '128mb', 'repl-timeout': 4, 'repl-ping-replica-period': 1 };
const HEARD_WITHIN_MS = 3_000;
const EXPIRY_WAIT_MS = 10_000;
/** MIGRATE says expiries as what is left of them, so each move shifts them by the time on the way. */
const MIGRATE_DRIFT_MS = 2_000;

export class ClusterChaosStage {
  readonly source: RealServer;
  readonly cluster: TestCluster;
  readonly sourceProxy: FaultProxy;
  readonly load: ClusterChaosLoad;
  readonly spoolDir = mkdtempSync(join(tmpdir(), 'godwit-chaos-spool-'));
  godwit: GodwitProcess;
  godwitStarts = 1;
  rssMaxKib = 0;
  private before: GodwitProcess | undefined;
  private listeners: { readonly client: Redis; heard: number }[] = [];
  private publishedBefore = 0;

  private constructor(servers: { source: RealServer; cluster: TestCluster; sourceProxy: FaultProxy }, seed: number) {
    ({ source: this.source, cluster: this.cluster, sourceProxy: this.sourceProxy } = servers);
    this.load = new ClusterChaosLoad(this.source, new Seeded(seed));
    this.godwit = this.newGodwit();
  }

  /** Resolves in incremental sync, with the writer at work. */
  static async open(seed: number, fillKeys: number): Promise<ClusterChaosStage> {
    const [source, cluster] = await Promise.all([
      startServer({ server: 'redis-7.0', args: SOURCE_ARGS }),
      startCluster({ shards: 4, slots: [...evenSlots(3), []], replicasPerShard: 1, config: { 'repl-diskless-sync-delay': 0, save: '' } }),
    ]);
    const sourceProxy = await startFaultProxy({ port: source.port });
    const stage = new ClusterChaosStage({ source, cluster, sourceProxy }, seed);
    await stage.load.fill(fillKeys);
    stage.load.start();
    await stage.godwit.waitForPhase('incremental-sync');
    return stage;
  }

  startGodwit(): void {
    this.godwitStarts++;
    this.before = this.godwit;
    this.godwit = this.newGodwit();
  }

  async killGodwit(): Promise<void> {
    this.noteMemory();
    await this.godwit.kill();
  }

  /** SIGTERM; it has to end as asked. */
  async stopGodwit(): Promise<void> {
    this.noteMemory();
    const { code, stderr } = await this.godwit.stop();
    if (code !== 143) throw new Error(`godwit ended with ${code} after SIGTERM: ${stderr}`);
  }

  noteMemory(): void {
    try {
      const text = readFileSync(`/proc/${this.godwit.pid}/status`, 'utf8');
      this.rssMaxKib = Math.max(this.rssMaxKib, Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0));
    } catch {
      // It has ended, or this is not Linux.
    }
  }

  async sourceOffset(): Promise<number> {
    return Number(/^master_repl_offset:(\d+)/m.exec(await this.ask(this.source, 'INFO', 'replication'))?.[1]);
  }

  async fullSyncs(): Promise<number> {
    return Number(/^sync_full:(\d+)/m.exec(await this.ask(this.source, 'INFO', 'stats'))?.[1]);
  }

  /** Awaits that everything up to the offset is applied. @throws Error with the end of Godwit's log */
  async caughtUp(offset: number, timeoutMs: number): Promise<void> {
    await this.godwit.waitForStatus(
      `the offset ${offset}`,
      ({ phase, incrementalSync }) => phase === 'incremental-sync' && incrementalSync.offsetApplied >= offset,
      { timeoutMs },
    );
  }

  /** Listens at every node from here on; the writer must be at rest. */
  async listen(): Promise<void> {
    for (const { client } of this.listeners) client.disconnect();
    this.publishedBefore = this.load.published;
    this.listeners = this.cluster.nodes.map((node) => ({ client: node.client(), heard: 0 }));
    for (const listener of this.listeners) {
      listener.client.on('message', () => listener.heard++);
      await listener.client.subscribe(CHANNEL);
    }
  }

  /** What all listeners have missed, or one has heard twice. That one alone has missed something is between it and the other nodes. */
  async unheard(): Promise<string[]> {
    if (this.listeners.length === 0) return [];
    const expected = this.load.published - this.publishedBefore;
    const most = (): number => Math.max(...this.listeners.map(({ heard }) => heard));
    await waitFor('the messages', () => most() >= expected, { timeoutMs: HEARD_WITHIN_MS }).catch(() => undefined);
    return most() === expected ? [] : [`${expected} messages were written, and up to ${most()} of them heard`];
  }

  /** The writer is at rest from here on, the target has caught up; then every key and every count is looked at. */
  async differences(): Promise<string[]> {
    await this.load.pause();
    await this.caughtUp(await this.sourceOffset(), 30_000);
    const { errors } = await this.godwit.status();
    const letters = errors.deadLetters > 0 ? [`${errors.deadLetters} commands were refused by the target`] : [];
    await this.cluster.settled();
    return [...letters, ...(await this.load.ledger.differencesAt('the cluster', (probes) => this.askAll(probes))), ...(await this.compared())];
  }

  /** A shard with slots. */
  async owningShard(random: Seeded): Promise<number> {
    const owners = await this.owners();
    const shards = [...new Set(owners)].toSorted((a, b) => a - b);
    return shards[random.below(shards.length)];
  }

  /** Slots of one shard that stand side by side, and another shard; large shards give, small ones take, so that slots do not gather in one. */
  async planMove(count: number, random: Seeded): Promise<{ from: number; to: number; first: number; last: number }> {
    const owners = await this.owners();
    const sizes = Array.from({ length: this.cluster.shards }, (_, shard) => owners.filter((owner) => owner === shard).length);
    const [to] = [...sizes.keys()].toSorted((a, b) => sizes[a] - sizes[b]).slice(random.below(2));
    const from = [...sizes.keys()].filter((shard) => shard !== to).toSorted((a, b) => sizes[b] - sizes[a])[random.below(2)];
    const starts = owners.flatMap((owner, slot) => (owner === from && owners[slot - 1] !== from ? [slot] : []));
    const first = starts[random.below(starts.length)];
    let last = first;
    while (last + 1 < SLOT_COUNT && last - first + 1 < count && owners[last + 1] === from) last++;
    return { from, to, first, last };
  }

  /** A slot with several keys. */
  async planMoveOfKeys(random: Seeded): Promise<{ from: number; to: number; slot: number; keys: number }> {
    const slot = slotOf(Buffer.from(`t${random.below(40)}`));
    const from = (await this.owners())[slot];
    const to = (from + 1 + random.below(this.cluster.shards - 1)) % this.cluster.shards;
    return { from, to, slot, keys: Number(await this.ask(await this.cluster.primary(from), 'CLUSTER', 'COUNTKEYSINSLOT', String(slot))) };
  }

  /** A node that was killed within a move may go on taking a slot for one that is on its way, and then believes nobody about it. */
  async endMoves(): Promise<void> {
    for (const node of this.cluster.nodes) {
      const own = (await this.ask(node, 'CLUSTER', 'NODES')).split('\n').find((line) => line.includes('myself')) ?? '';
      for (const [, slot] of own.matchAll(/\[(\d+)-/g)) await this.ask(node, 'CLUSTER', 'SETSLOT', slot, 'STABLE').catch(() => undefined);
    }
  }

  async emptyTarget(): Promise<void> {
    for (const node of await this.cluster.contentNodes()) await this.ask(node, 'FLUSHALL');
  }

  /** Writes the logs of the last two runs beside the spool, and what each node thinks of the others. */
  async evidence(): Promise<string> {
    const lines = [...(this.before?.lines ?? []), ...this.godwit.lines].map((line) => JSON.stringify(line));
    writeFileSync(`${this.spoolDir}.log`, `${lines.join('\n')}\n`);
    for (const node of this.cluster.nodes) {
      const view = node.running ? await this.ask(node, 'CLUSTER', 'NODES') : 'does not run';
      const link = node.running ? (await this.ask(node, 'INFO', 'replication')).split('\r\n').slice(1, 8).join(' ') : '';
      writeFileSync(`${this.spoolDir}.nodes`, `${node.port} ${link}\n${view}\n`, { flag: 'a' });
    }
    return `the last lines of godwit's log:\n${this.godwit.logEnd()}\nthe log: ${this.spoolDir}.log; the spool: ${this.spoolDir}`;
  }

  async ask(server: RealServer, command: string, ...args: readonly string[]): Promise<string> {
    const client = server.client();
    try {
      return String(await client.call(command, ...args));
    } finally {
      client.disconnect();
    }
  }

  async close({ keepSpool = false } = {}): Promise<void> {
    this.load.close();
    for (const { client } of this.listeners) client.disconnect();
    await this.godwit.kill();
    this.sourceProxy.close();
    await Promise.all([this.source.stop(), this.cluster.stop()]);
    if (!keepSpool) rmSync(this.spoolDir, { recursive: true, force: true });
  }

  /** A key that is about to expire is held at the target until the source deletes it, which it does some time after the expiry. */
  private async compared(): Promise<string[]> {
    const deadlineMs = performance.now() + EXPIRY_WAIT_MS;
    for (;;) {
      const found = await compareServers(this.source, this.cluster, { ttlToleranceMs: MIGRATE_DRIFT_MS });
      const isPassing = found.length > 0 && found.every((line) => line.includes('fleeting:'));
      if (!isPassing || performance.now() > deadlineMs) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** By slot: the number of its shard. */
  private async owners(): Promise<number[]> {
    const primaries = await this.cluster.contentNodes();
    const shardOfPort = new Map(primaries.map((node, shard) => [node.port, shard]));
    const client = primaries[0].client();
    const ranges = (await client.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
    client.disconnect();
    const owners = Array.from({ length: SLOT_COUNT }, () => -1);
    for (const [first, last, [, port]] of ranges) owners.fill(shardOfPort.get(port) ?? -1, first, last + 1);
    return owners;
  }

  private async askAll(probes: readonly Probe[]): Promise<unknown[]> {
    const owners = await this.owners();
    const clients = (await this.cluster.contentNodes()).map((node) => node.client());
    try {
      return await Promise.all(probes.map((probe) => clients[owners[slotOf(Buffer.from(probe[1]))]].call(...probe).catch((error: Error) => error)));
    } finally {
      for (const client of clients) client.disconnect();
    }
  }

  private newGodwit(): GodwitProcess {
    return startGodwit({
      source: this.sourceProxy.url,
      target: this.cluster.url(this.godwitStarts % this.cluster.nodes.length),
      spoolDir: this.spoolDir,
      args: GODWIT_ARGS,
    });
  }
}
