/**
 * How the rest of Godwit sees a cluster that changes: options, events and the interface that ClusterTopology (cluster-topology.ts) fulfils.
 *
 * Use: `const topology = new ClusterTopology(options); await topology.start(); topology.map.primaryOfSlot(slot); topology.events.on('changed', ...)`.
 */
import type { Clock } from '../async/clock.ts';
import type { TypedEmitter } from '../async/typed-emitter.ts';
import type { GodwitError } from '../errors/errors.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { ClusterSide } from '../model/side-topology.ts';
import type { ConnectionOptions } from '../net/connection-options.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { ClusterChange } from './cluster-changes.ts';
import type { ClusterMap, ClusterShard } from './cluster-map.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { Redirect } from './parse-redirect.ts';

/** What every connection for discovery is made with. `role` begins with `source` or `target`. */
export type DiscoveryOptions = Pick<ConnectionOptions, 'role' | 'clientName' | 'keepalive' | 'reconnect' | 'wheel' | 'log' | 'random'> & {
  readonly clock?: Clock;
};

export interface ClusterTopologyOptions extends DiscoveryOptions {
  readonly side: ClusterSide;
  /** Between two refreshes when nothing happens; default 5 s. */
  readonly refreshEveryMs?: number;
  /** Least time between two refreshes on demand; default 200 ms. */
  readonly refreshGapMs?: number;
}

export interface ClusterTopologyEvents {
  /** After each refresh that found something different; the map is in force already. Never empty. */
  changed: { readonly map: ClusterMap; readonly before: ClusterMap; readonly changes: readonly ClusterChange[] };
  /** No node gave a usable answer (the old map stays in force), or the cluster is down or lacks slots. Once per trouble, not once per attempt. */
  trouble: { readonly error: GodwitError };
  /** The trouble is over. */
  recovered: { readonly troubledMs: number };
}

export interface ClusterFollower {
  readonly events: TypedEmitter<ClusterTopologyEvents>;
  /** The map in force. @throws INTERNAL before start() has resolved */
  readonly map: ClusterMap;
  /** Logical databases: 1, or what `cluster-databases` says on Valkey 9; 1 where CONFIG is refused. */
  readonly databases: number;
  /**
   * Finds the first complete map: all slots owned, cluster_state:ok. Keeps on asking all seeds, with back-off.
   * @param first.attemptsMax rounds over all seeds; default is reconnect.attemptsMax (0 = no limit)
   * @throws CONNECT_FAILED (no seed answers: all are named), CLUSTER_NOT_READY (slots without an owner), WRONG_TOPOLOGY (no cluster), AUTH_*, PERMISSION_DENIED
   */
  start(first?: { readonly attemptsMax?: number }): Promise<void>;
  /**
   * Asks again now. Calls meanwhile share one refresh; a call sooner than refreshGapMs after the last one waits for that time. Resolves with the map then
   * in force, which is the old one when nobody answers (see `trouble`). Never rejects but when closed.
   */
  refresh(): Promise<ClusterMap>;
  /**
   * Takes notice of a MOVED or ASK that `from` has answered with, and says where to go. MOVED asks for a refresh (not awaited); ASK does not.
   * The node is undefined when the map does not know it yet; the endpoint is good all the same.
   */
  redirected(redirect: Redirect, from: Pick<Endpoint, 'host'>): { readonly endpoint: Endpoint; readonly node: ClusterNode | undefined };
  /** How to connect to a node: its address, with credentials and TLS of the cluster. */
  endpointOf(node: Pick<ClusterNode, 'host' | 'port'>): Endpoint;
  /**
   * The node of a shard to replicate from: with preferReplica the connected replica with the highest real offset, asked now; the primary when there is none.
   */
  replicationSource(shard: ClusterShard, preferReplica: boolean): Promise<ClusterNode>;
  /** Connections for discovery that are open. */
  connections(): ConnectionStatus[];
  close(): Promise<void>;
}
