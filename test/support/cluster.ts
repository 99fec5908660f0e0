/**
 * A real cluster by one call: nodes on free ports, made a cluster by commands alone (ADDSLOTS, MEET, REPLICATE), ready when it is returned: every node
 * knows every other, says cluster_state:ok, and every replica is online.
 *
 * Nodes are numbered primaries first: node(0) to node(shards - 1), then the replicas of shard 0, of shard 1 and so on. A shard keeps its number and its
 * nodes over failovers. About 2.5 s: a primary waits 2 s after its start before it calls the cluster up (cluster.c: CLUSTER_WRITABLE_DELAY).
 */
import { Cluster } from 'ioredis';
import type { ServerName } from '../../scripts/servers.ts';
import { slotOf } from '../../src/model/slot.ts';
import { ClusterMember } from './cluster/cluster-member.ts';
import { formCluster } from './cluster/form-cluster.ts';
import { type MoveOptions, SlotMove, moveSlots } from './cluster/move-slots.ts';
import { REPLICATION_USER, evenSlots, type SlotSpan, spanCount } from './cluster/slot-spans.ts';
import { type RealServer, type ServerTls, startServer } from './server.ts';
import { waitFor } from './wait-for.ts';

export type { SlotSpan } from './cluster/slot-spans.ts';

export interface ClusterOptions {
  /** 3 unless told. */
  readonly shards?: number;
  /** 0 unless told. */
  readonly replicasPerShard?: number;
  /** redis-7.0 unless told. */
  readonly server?: ServerName;
  /** More settings of every node, `{ timeout: 2 }`. cluster-node-timeout is 1500 unless told. */
  readonly config?: Readonly<Record<string, string | number>>;
  /** More settings of some nodes, by their number. */
  readonly nodeConfig?: (index: number) => Readonly<Record<string, string | number>>;
  /** Which slots each shard has, `[[[0, 100], [200, 300]], [[101, 199]] ...]`; even unless told. An empty list is a primary without slots. */
  readonly slots?: readonly (readonly SlotSpan[])[];
  /** TLS ports beside the plain ones; bus and replication speak TLS too. */
  readonly tls?: ServerTls;
}

export interface FailoverOptions {
  /** CLUSTER FAILOVER FORCE: without asking the primary. */
  readonly force?: boolean;
  /** CLUSTER FAILOVER TAKEOVER: without asking anybody. */
  readonly takeover?: boolean;
}

const FAILOVER_MS = 30_000;
const FAILOVER_AGAIN_MS = 6_000;

export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const { shards = 3, replicasPerShard = 0, server = 'redis-7.0', config = {}, nodeConfig, tls } = options;
  const slots = options.slots ?? evenSlots(shards);
  if (slots.length !== shards) throw new Error(`${shards} shards, but slots for ${slots.length}`);
  const args = (index: number): string[] => {
    const settings = { ...clusterSettings(tls !== undefined), ...config, ...nodeConfig?.(index) };
    return [...REPLICATION_USER, ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)])];
  };
  const count = shards * (1 + replicasPerShard);
  const started = await Promise.allSettled(Array.from({ length: count }, (_, i) => startServer({ server, args: args(i), ...(tls && { tls }) })));
  const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    const members = servers.map((one, i) => {
      const replica = i - shards;
      return new ClusterMember(one, replica < 0 ? i : Math.floor(replica / replicasPerShard));
    });
    await formCluster(members, slots);
    return new TestCluster(members, shards);
  } catch (error) {
    await Promise.all(servers.map((one) => one.stop()));
    throw error;
  }
}

function clusterSettings(tls: boolean): Record<string, string | number> {
  return {
    'cluster-enabled': 'yes',
    'cluster-node-timeout': 1500,
    // Replicas stay where they were put, and take over however old their data is.
    'cluster-migration-barrier': 100,
    'cluster-replica-validity-factor': 0,
    'repl-ping-replica-period': 1,
    ...(tls ? { 'tls-cluster': 'yes', 'tls-replication': 'yes' } : {}),
  };
}

export class TestCluster {
  private readonly members: readonly ClusterMember[];
  private readonly shardCount: number;
  private readonly clusterClients = new Set<Cluster>();

  constructor(members: readonly ClusterMember[], shardCount: number) {
    this.members = members;
    this.shardCount = shardCount;
  }

  /** All nodes, in their order. */
  get nodes(): readonly RealServer[] {
    return this.members.map(({ server }) => server);
  }

  get shards(): number {
    return this.shardCount;
  }

  node(index: number): RealServer {
    return this.members[index].server;
  }

  /** `redis://127.0.0.1:7000`, of a node. */
  url(index = 0): string {
    return this.node(index).url;
  }

  /** The 40 hex digits of a node. */
  id(server: RealServer): string {
    return this.memberOf(server).id;
  }

  /** The node of a shard that says it is the primary, now. @throws Error when none that runs does */
  async primary(shard: number): Promise<RealServer> {
    return (await this.primaryMember(shard)).server;
  }

  /** Those of a shard that run and say that they are replicas. */
  async replicas(shard: number): Promise<RealServer[]> {
    const found: RealServer[] = [];
    for (const member of this.runningOf(shard)) if ((await member.role()) === 'replica') found.push(member.server);
    return found;
  }

  /** By the word of the first node that runs. */
  async primaryOfSlot(slot: number): Promise<RealServer> {
    const owner = await this.running()[0].ownerOfSlot(slot);
    const member = this.members.find(({ id }) => id === owner);
    if (!member) throw new Error(`slot ${slot} has no owner`);
    return member.server;
  }

  primaryOfKey(key: string): Promise<RealServer> {
    return this.primaryOfSlot(slotOf(Buffer.from(key)));
  }

  /** For compareServers(): the primary of every shard. */
  contentNodes(): Promise<RealServer[]> {
    return Promise.all(Array.from({ length: this.shardCount }, (_, shard) => this.primary(shard)));
  }

  /** A client that follows redirects; closed by stop(). */
  client(): Cluster {
    const client = new Cluster(
      this.running().map(({ server }) => ({ host: server.host, port: server.port })),
      { slotsRefreshTimeout: 5_000, clusterRetryStrategy: () => 50, retryDelayOnFailover: 50, redisOptions: { maxRetriesPerRequest: null } },
    );
    client.on('error', () => undefined);
    client.once('end', () => this.clusterClients.delete(client));
    this.clusterClients.add(client);
    return client;
  }

  /** Until every node that runs says ok, sees all slots, and agrees on their owners; with `online`, until every replica that runs is online too. */
  async settled({ timeoutMs = FAILOVER_MS, online = true }: { timeoutMs?: number; online?: boolean } = {}): Promise<void> {
    await waitFor(
      'the cluster to agree',
      async () => {
        const views = await Promise.all(this.running().map((member) => member.view()));
        if (views.some((view) => !view.ok || view.owners !== views[0].owners)) return false;
        return !online || views.every((view) => view.linkUp);
      },
      { timeoutMs, intervalMs: 30 },
    );
  }

  /** A replica of the shard becomes its primary; resolves with it when all nodes agree. */
  async failover(shard: number, options: FailoverOptions = {}): Promise<RealServer> {
    const [replica] = await this.replicas(shard);
    if (!replica) throw new Error(`shard ${shard} has no replica that runs`);
    const how = options.takeover ? ['TAKEOVER'] : options.force ? ['FORCE'] : [];
    const member = this.memberOf(replica);
    // One that did not get its votes or its offset in time is given up by the replica, silently.
    let askedAtMs = Number.NEGATIVE_INFINITY;
    const isPrimary = async (): Promise<boolean> => {
      if ((await member.role()) === 'primary') return true;
      if (performance.now() - askedAtMs < FAILOVER_AGAIN_MS) return false;
      askedAtMs = performance.now();
      await member.call('CLUSTER', 'FAILOVER', ...how);
      return false;
    };
    await waitFor(`the node on port ${replica.port} to be a primary`, isPrimary, { timeoutMs: FAILOVER_MS });
    await this.settled();
    return replica;
  }

  /**
   * SIGKILL. Resolves with the node that was killed: at once with `await: false`, else when a replica has taken over and all agree (some seconds).
   * start() on it brings it back as a replica.
   */
  async killPrimary(shard: number, { awaitFailover = true }: { awaitFailover?: boolean } = {}): Promise<RealServer> {
    const killed = await this.primaryMember(shard);
    await killed.server.kill();
    if (!awaitFailover) return killed.server;
    await waitFor(`a new primary of shard ${shard}`, () => this.primary(shard), { timeoutMs: FAILOVER_MS, intervalMs: 30 });
    await this.settled();
    return killed.server;
  }

  /** The replicas of a shard are cut off from their primary, and stay so until the function that it resolves with is called. */
  async blockReplication(shard: number): Promise<() => Promise<void>> {
    const primary = await this.primaryMember(shard);
    await primary.call('ACL', 'SETUSER', 'replication', 'off');
    await primary.call('CLIENT', 'KILL', 'TYPE', 'replica');
    await waitFor('the replicas to be gone', async () => (await primary.info('replication')).includes('connected_slaves:0'));
    return async () => void (await primary.call('ACL', 'SETUSER', 'replication', 'on'));
  }

  /**
   * A failover that loses what was written last: the replica is cut off, `write` runs (awaited) against the old primary, and then the replica takes
   * over. Resolves with the new primary when the old one follows it.
   */
  async loseTail(shard: number, write: (primary: RealServer) => unknown): Promise<RealServer> {
    const primary = await this.primary(shard);
    const unblock = await this.blockReplication(shard);
    await write(primary);
    const [replica] = await this.replicas(shard);
    await this.memberOf(replica).call('CLUSTER', 'FAILOVER', 'TAKEOVER');
    await this.until(replica, 'primary');
    await unblock();
    await this.settled();
    return replica;
  }

  /** Slots and their keys go to another shard; resolves when all nodes know. */
  async moveSlots(from: number, to: number, slots: readonly SlotSpan[], options: MoveOptions = {}): Promise<void> {
    const ends = { from: await this.primaryMember(from), to: await this.primaryMember(to), all: this.running() };
    await moveSlots(ends, slots, options);
    await waitFor('all nodes to know of the move', async () => {
      const owners = await Promise.all(this.running().map((member) => member.ownerOfSlot(slots[0][0])));
      return owners.every((owner) => owner === ends.to.id);
    });
    await this.settled({ online: false });
  }

  /** A move of one slot, step by step: for what happens in between (ASK, TRYAGAIN). */
  async beginMove(from: number, to: number, slot: number): Promise<SlotMove> {
    const move = new SlotMove({ from: await this.primaryMember(from), to: await this.primaryMember(to), all: this.running() }, slot);
    await move.begin();
    return move;
  }

  /** SIGSTOP; resume() lets it go on. */
  pauseNode(index: number): void {
    this.node(index).suspend();
  }

  resumeNode(index: number): void {
    this.node(index).resume();
  }

  /** How many keys all primaries have together. */
  async keyCount(): Promise<number> {
    const counts = await Promise.all((await this.contentNodes()).map((node) => this.memberOf(node).call('DBSIZE')));
    return counts.reduce((sum: number, count) => sum + Number(count), 0);
  }

  async stop(): Promise<void> {
    for (const client of this.clusterClients) client.disconnect();
    await Promise.all(this.members.map(({ server }) => server.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private running(): ClusterMember[] {
    const running = this.members.filter(({ server }) => server.running);
    if (running.length === 0) throw new Error('no node of the cluster runs');
    return running;
  }

  private runningOf(shard: number): ClusterMember[] {
    return this.members.filter((member) => member.shard === shard && member.server.running);
  }

  private memberOf(server: RealServer): ClusterMember {
    const member = this.members.find((one) => one.server === server);
    if (!member) throw new Error(`the server on port ${server.port} is no node of this cluster`);
    return member;
  }

  /** Of several that say so, the one whose word is newest. */
  private async primaryMember(shard: number): Promise<ClusterMember> {
    const saying: { member: ClusterMember; epoch: number }[] = [];
    for (const member of this.runningOf(shard)) {
      if ((await member.role()) === 'primary') saying.push({ member, epoch: await member.ownEpoch() });
    }
    const [first] = saying.toSorted((a, b) => b.epoch - a.epoch);
    if (!first) throw new Error(`shard ${shard} has no primary`);
    return first.member;
  }

  private async until(server: RealServer, role: 'primary' | 'replica'): Promise<void> {
    const member = this.memberOf(server);
    await waitFor(`the node on port ${server.port} to be a ${role}`, async () => (await member.role()) === role, { timeoutMs: FAILOVER_MS });
  }
}

/** How many slots spans have together, for tests that count. */
export const slotsIn = spanCount;
