/** Follows a model: sees what is, or, while it is told to, what was. */
import { TypedEmitter } from '../../../src/async/typed-emitter.ts';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import { buildClusterMap, type MapContext } from '../../../src/topology/build-cluster-map.ts';
import type { ClusterFollower, ClusterTopologyEvents } from '../../../src/topology/cluster-api.ts';
import { clusterChanges } from '../../../src/topology/cluster-changes.ts';
import type { ClusterMap, ClusterShard } from '../../../src/topology/cluster-map.ts';
import type { ClusterNode } from '../../../src/topology/cluster-node.ts';
import type { Redirect } from '../../../src/topology/parse-redirect.ts';
import type { ModelCluster } from './model-cluster.ts';

const CONTEXT: MapContext = { announced: { addressMap: new Map(), preferHostname: false }, askedHost: '127.0.0.1', tls: false };

export class ModelTopology implements ClusterFollower {
  readonly events = new TypedEmitter<ClusterTopologyEvents>((error) => {
    throw error;
  });
  readonly databases = 1;
  map: ClusterMap;
  /** So many looks see nothing new. */
  blindLooks = 0;
  private readonly cluster: ModelCluster;

  constructor(cluster: ModelCluster) {
    this.cluster = cluster;
    this.map = buildClusterMap(cluster.view(), CONTEXT);
  }

  async start(): Promise<void> {}

  async refresh(): Promise<ClusterMap> {
    await Promise.resolve();
    if (this.blindLooks > 0) {
      this.blindLooks--;
      return this.map;
    }
    const before = this.map;
    const map = buildClusterMap(this.cluster.view(), { ...CONTEXT, before });
    if (map.currentEpoch === before.currentEpoch) return before;
    this.map = map;
    const changes = clusterChanges(before, map);
    if (changes.length > 0) this.events.emit('changed', { map, before, changes });
    return map;
  }

  redirected({ host, port }: Redirect): { readonly endpoint: Endpoint; readonly node: ClusterNode | undefined } {
    return { endpoint: { host, port }, node: this.map.nodeAt(`${host}:${port}`) };
  }

  endpointOf({ host, port }: Pick<ClusterNode, 'host' | 'port'>): Endpoint {
    return { host, port };
  }

  async replicationSource(shard: ClusterShard): Promise<ClusterNode> {
    return shard.primary;
  }

  connections(): [] {
    return [];
  }

  async close(): Promise<void> {}
}
