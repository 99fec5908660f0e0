/**
 * The primaries of a cluster as one attempt of a pipeline has them: a connection to each that owns slots, and to those that get some meanwhile.
 *
 * Invariants: a connection is used only as long as it is the one that the attempt has read the marks over, or that was opened behind the fence since. Before a
 * new one writes anything, what this pipeline or an older owner may still have under way at its node is ended, and the epochs of all nodes are read. A node that
 * gets slots by a move has not been a replica since the attempt began: one that has is a stand-in, and may have lost what was written last.
 */
import type { SlotMarkStore } from '../checkpoint/slot-mark-store.ts';
import { highestEpoch, type SlotRecord } from '../checkpoint/slot-records.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Connection } from '../net/connection.ts';
import { ReplyError } from '../resp/reply.ts';
import type { ClusterFollower } from '../topology/cluster-api.ts';
import type { ClusterMap, ClusterShard } from '../topology/cluster-map.ts';
import type { ClusterNode } from '../topology/cluster-node.ts';
import { parseRedirect } from '../topology/parse-redirect.ts';
import { clusterFailure, failedOver, mayNotKill } from './cluster-failure.ts';
import type { OpenLane } from './cluster-lanes.ts';
import type { ClusterLinks } from './cluster-links.ts';
import { type MarkedNode, markedSlots } from './low-marks.ts';
import { readRecords } from './read-records.ts';

export interface ClusterNodesOptions {
  /** For messages. */
  readonly address: string;
  readonly topology: ClusterFollower;
  readonly links: ClusterLinks;
  readonly store: SlotMarkStore;
  readonly epoch: number;
  /** Connections with such a name are of older owners, or of this pipeline's earlier attempts. */
  isOld(clientName: string): boolean;
}

interface OpenNode {
  readonly connection: Connection;
  readonly generation: number;
  /** Replication id: while it is the same, the node has lost nothing. */
  readonly history: string;
  /** It has slots since the attempt began, or was found unchanged when it got some. */
  readonly isOwner: boolean;
}

export class ClusterNodes {
  private readonly options: ClusterNodesOptions;
  private connections = new Map<string, Connection>();
  private nodes = new Map<string, OpenNode>();
  private map: ClusterMap | undefined;
  /** The map that the attempt began with. */
  private begun: ClusterMap | undefined;

  constructor(options: ClusterNodesOptions) {
    this.options = options;
  }

  /** Of the attempt: the map that its marks are read by. */
  get currentMap(): ClusterMap {
    if (this.map === undefined) throw new GodwitError('INTERNAL', 'the target was not asked for its nodes');
    return this.map;
  }

  /** @throws TARGET_NOT_READY */
  async ready(): Promise<void> {
    const { topology, links, address } = this.options;
    const map = await topology.refresh();
    if (map.slotsMissing > 0) throw new GodwitError('TARGET_NOT_READY', `${map.slotsMissing} slots of target ${address} have no owner for now`);
    this.connections = await links.toOwners(map);
    this.map = map;
  }

  /** An attempt begins, over the connections as they are now. What is under way on others is ended. @throws FENCED, PERMISSION_DENIED */
  async begin(): Promise<void> {
    const { links, epoch } = this.options;
    this.nodes.clear();
    await this.checkEpochs(epoch);
    const idle = await links.toIdle(this.currentMap);
    const taking = [...this.connections, ...idle].map(([id, connection]) => this.take(id, connection, this.connections.has(id)));
    await this.sorting(() => Promise.all(taking));
    this.begun = this.currentMap;
  }

  lane(node: ClusterNode): OpenLane | undefined {
    const open = this.connections.has(node.id) ? this.nodes.get(node.id) : undefined;
    return open && { node, ...open };
  }

  /** Replication ids of all primaries that were seen, with slots or without, by id of the node. */
  get histories(): [id: string, history: string][] {
    return [...this.nodes].map(([id, { history }]) => [id, history]);
  }

  /** Of the primary of the slot; '' = not known. */
  historyOfSlot(slot: number): string {
    return this.nodes.get(this.currentMap.primaryOfSlot(slot)?.id ?? '')?.history ?? '';
  }

  /** A node that has got slots since. @throws TARGET_NOT_READY, FENCED, PERMISSION_DENIED, CONNECTION_LOST: it is not what it was */
  async open(node: ClusterNode): Promise<OpenLane> {
    const { links, epoch } = this.options;
    const known = this.nodes.get(node.id);
    if (known?.isOwner === true) return { node, ...known };
    const connection = await links.to(node);
    return this.sorting(async () => {
      const { generation } = await this.take(node.id, connection, false);
      await this.checkEpochs(epoch);
      await this.confirm(node, known?.history);
      return { node, connection, generation };
    });
  }

  /** All owners of slots, to write low marks to; those that the attempt has none of are opened. @throws as open() */
  async marked(map: ClusterMap): Promise<MarkedNode[]> {
    for (const { primary } of map.owningShards) await this.open(primary);
    return map.owningShards.map((shard) => {
      const { connection, generation, history } = this.nodes.get(shard.primary.id) as OpenNode;
      if (connection.generation !== generation || !connection.isReady) throw new GodwitError('CONNECTION_LOST', 'a node of the target was connected anew');
      return { shard, connection, history };
    });
  }

  /** @throws FENCED */
  async checkEpochs(epoch: number): Promise<void> {
    const { store, topology } = this.options;
    const found = topology.map.owningShards.map(async (shard) => {
      const connection = this.nodes.get(shard.primary.id)?.connection ?? this.connections.get(shard.primary.id);
      if (connection === undefined) return [];
      return store.read(connection, markedSlots(shard), { follow: (text) => this.follow(text, shard.primary), onMoved: () => {} });
    });
    const highest = highestEpoch((await this.sorting(() => Promise.all(found))).flat());
    if (highest > epoch) throw store.fenced(highest);
  }

  /** All records there are. @throws TARGET_NOT_READY */
  readAll(): Promise<SlotRecord[]> {
    return readRecords(this.options.store, this.options.address, {
      each: (work) => this.each(work),
      follow: (text, from) => this.follow(text, from),
      lookAgain: async () => {
        const before = this.currentMap;
        await this.ready();
        // What was read of one that has been stood in for is not what its stand-in has.
        if (before.owningShards.some(({ primary }) => !this.connections.has(primary.id))) throw failedOver(this.options.address);
        for (const [id, connection] of this.connections) if (this.nodes.get(id)?.isOwner !== true) await this.sorting(() => this.take(id, connection, true));
        this.begun = this.currentMap;
      },
    });
  }

  async cutOffOthers(): Promise<void> {
    await this.each((connection) => this.cutOff(connection));
  }

  /** At each owner of slots. @throws what clusterFailure makes of a refusal; MOVED and the like can be cured by asking for the map again */
  each<T>(work: (connection: Connection, shard: ClusterShard) => Promise<T>): Promise<T[]> {
    return this.sorting(() =>
      Promise.all(
        this.currentMap.owningShards.map((shard) => {
          const connection = this.connections.get(shard.primary.id);
          if (connection === undefined) throw new GodwitError('TARGET_NOT_READY', `a node of target ${this.options.address} is not connected`);
          return work(connection, shard);
        }),
      ),
    );
  }

  async sorting<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof ReplyError ? clusterFailure(error, this.options.address) : error;
    }
  }

  /** Nothing that was sent to it before is under way any more. */
  private async take(id: string, connection: Connection, isOwner: boolean): Promise<OpenNode> {
    const { generation } = connection;
    await this.cutOff(connection);
    const node = { connection, generation, history: (await this.options.store.history(connection)).id, isOwner };
    this.nodes.set(id, node);
    return node;
  }

  /**
   * One that the attempt began with must be in the history of then, and one that has come since must never have been a replica.
   * @throws CONNECTION_LOST: the attempt has to begin anew
   */
  private async confirm(node: ClusterNode, before: string | undefined): Promise<void> {
    const open = this.nodes.get(node.id) as OpenNode;
    const { id, wasReplica } = await this.options.store.history(open.connection);
    const isNew = before === undefined && this.begun?.node(node.id) === undefined;
    if (id !== open.history || (isNew ? wasReplica : id !== before)) {
      this.nodes.delete(node.id);
      throw new GodwitError('CONNECTION_LOST', `${failedOver(this.options.address).message}: one that has been a replica has got slots`);
    }
    this.nodes.set(node.id, { ...open, isOwner: true });
  }

  /** The node that an ASK names: the slot is on its way there. Nothing of ours is under way to it any more. */
  private async follow(text: string, from: ClusterNode): Promise<Connection> {
    const redirect = parseRedirect(text);
    const node = redirect && this.options.topology.redirected(redirect, from).node;
    if (node === undefined) throw clusterFailure(new ReplyError(text), this.options.address);
    const connection = await this.options.links.to(node);
    await this.cutOff(connection);
    return connection;
  }

  /** @throws PERMISSION_DENIED: without it, nothing keeps an older owner away */
  private async cutOff(connection: Connection): Promise<void> {
    const { store, address } = this.options;
    const killed = await store.killOthers(connection, (name) => this.options.isOld(name));
    if (killed < 0) throw mayNotKill(address);
  }
}
