/**
 * Who owns which slot, at one moment: pure and immutable. A new moment is a new map; cluster-changes.ts says what lies between two of them.
 *
 * Invariants: each slot has one owner or none; owners are primaries; each primary with or without slots is one shard, its replicas are in it; shard ids
 * stay the same over failovers (build-cluster-map.ts).
 */
import { SLOT_COUNT } from '../model/slot.ts';
import type { ClusterNode, SlotRange } from './cluster-node.ts';

export interface ClusterShard {
  /** Stable over failovers; unique in the map. For humans and for names of pipelines. */
  readonly id: string;
  readonly primary: ClusterNode;
  /** In no order; failed and loading ones are among them. */
  readonly replicas: readonly ClusterNode[];
  /** Ascending, joined; empty for a primary without slots. */
  readonly slots: readonly SlotRange[];
}

/** A slot on its way, as its two ends say (CLUSTER SETSLOT MIGRATING and IMPORTING). */
export interface MovingSlot {
  readonly slot: number;
  readonly fromId: string;
  readonly toId: string;
}

export interface ClusterMapParts {
  /** Shards by primaries; those with slots first, in the order of their first slot. */
  readonly shards: readonly ClusterShard[];
  readonly moving?: readonly MovingSlot[];
  /** Of CLUSTER INFO; -1 = not said. */
  readonly currentEpoch?: number;
  /** Of CLUSTER INFO: cluster_state:ok. */
  readonly stateOk?: boolean;
}

export class ClusterMap {
  readonly shards: readonly ClusterShard[];
  readonly moving: readonly MovingSlot[];
  readonly currentEpoch: number;
  readonly stateOk: boolean;
  /** Slots without an owner; 0 = the whole is covered. */
  readonly slotsMissing: number;
  /** Index into shards + 1, by slot; 0 = nobody. */
  private readonly owners = new Uint16Array(SLOT_COUNT);
  private readonly nodesById = new Map<string, ClusterNode>();
  private readonly shardsByNode = new Map<string, ClusterShard>();
  private readonly nodesByAddress = new Map<string, ClusterNode>();

  constructor(parts: ClusterMapParts) {
    this.shards = parts.shards;
    this.moving = parts.moving ?? [];
    this.currentEpoch = parts.currentEpoch ?? -1;
    this.stateOk = parts.stateOk ?? true;
    let missing = SLOT_COUNT;
    for (const [i, shard] of this.shards.entries()) {
      for (const { first, last } of shard.slots) {
        this.owners.fill(i + 1, first, last + 1);
        missing -= last - first + 1;
      }
      for (const node of [shard.primary, ...shard.replicas]) this.addNode(node, shard);
    }
    this.slotsMissing = missing;
  }

  /** All nodes of all shards, primaries and replicas. */
  get nodes(): Iterable<ClusterNode> {
    return this.nodesById.values();
  }

  /** Primaries that own slots, in the order of their first slot. */
  get owningShards(): readonly ClusterShard[] {
    return this.shards.filter((shard) => shard.slots.length > 0);
  }

  /** Undefined where nobody owns it. @param slot 0 to 16,383 */
  shardOfSlot(slot: number): ClusterShard | undefined {
    return this.shards[this.owners[slot] - 1];
  }

  primaryOfSlot(slot: number): ClusterNode | undefined {
    return this.shardOfSlot(slot)?.primary;
  }

  /** Index into `shards` of the owner of each slot, -1 for none. A copy: for tables of routes. */
  ownerIndexes(): Int16Array {
    return Int16Array.from(this.owners, (owner) => owner - 1);
  }

  node(id: string): ClusterNode | undefined {
    return this.nodesById.get(id);
  }

  shardOfNode(id: string): ClusterShard | undefined {
    return this.shardsByNode.get(id);
  }

  shard(id: string): ClusterShard | undefined {
    return this.shards.find((shard) => shard.id === id);
  }

  /** By `host:port`, as announced, as reached, or by an alias: what a redirect names. */
  nodeAt(address: string): ClusterNode | undefined {
    return this.nodesByAddress.get(address.toLowerCase());
  }

  private addNode(node: ClusterNode, shard: ClusterShard): void {
    this.nodesById.set(node.id, node);
    this.shardsByNode.set(node.id, shard);
    for (const address of [node.announcedAddress, ...node.aliases]) {
      // A failed node can still be listed at an address that another one has now.
      const key = address.toLowerCase();
      const other = this.nodesByAddress.get(key);
      if (other === undefined || other.health === 'failed') this.nodesByAddress.set(key, node);
    }
  }
}
