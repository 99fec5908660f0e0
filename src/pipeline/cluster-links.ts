/** Connections to the primaries of a cluster, one per node, opened and closed as the map changes. One set is one pipeline's, or the job's own for its questions. */
import { GodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { ClusterFollower } from '../topology/cluster-api.ts';
import type { ClusterMap } from '../topology/cluster-map.ts';
import type { ClusterNode } from '../topology/cluster-node.ts';

const READY_WITHIN_MS = 5_000;

export class ClusterLinks {
  private readonly topology: ClusterFollower;
  private readonly open: (endpoint: Endpoint) => Connection;
  private readonly byNode = new Map<string, Connection>();
  private closed = false;

  /** @param open makes a connection, not yet connected */
  constructor(topology: ClusterFollower, open: (endpoint: Endpoint) => Connection) {
    this.topology = topology;
    this.open = open;
  }

  /** Connected primaries that own slots, by id, and nothing else. @throws TARGET_NOT_READY when one of them cannot be reached for now */
  async toOwners(map: ClusterMap): Promise<Map<string, Connection>> {
    const owners = map.owningShards.map(({ primary }) => primary);
    const wanted = new Set(owners.map(({ id }) => id));
    for (const [id, connection] of this.byNode) {
      if (wanted.has(id)) continue;
      this.byNode.delete(id);
      void connection.close();
    }
    const connected = await Promise.all(owners.map(async (node) => [node.id, await this.to(node)] as const));
    return new Map(connected);
  }

  /** @throws TARGET_NOT_READY */
  async to(node: ClusterNode): Promise<Connection> {
    const address = endpointName(this.topology.endpointOf(node));
    if (this.closed) throw new GodwitError('CONNECTION_LOST', `the connection to ${address} is closed`);
    let connection = this.byNode.get(node.id);
    if (connection === undefined) {
      connection = this.open(this.topology.endpointOf(node));
      this.byNode.set(node.id, connection);
      connection.connect({ attemptsMax: 0 }).catch(() => {});
    }
    await this.inTime(connection, address);
    const { role, primaryAddress } = connection.server;
    if (role !== 'replica') return connection;
    throw new GodwitError('TARGET_NOT_READY', `target ${address} is a replica of ${primaryAddress ?? 'another server'} now; it takes no writes`);
  }

  status(): ConnectionStatus[] {
    return [...this.byNode.values()].map((connection) => connection.status());
  }

  /** Connections that are not ready are closed, and none is waited for any more. */
  stopWaiting(): void {
    for (const [id, connection] of this.byNode) {
      if (connection.isReady) continue;
      this.byNode.delete(id);
      void connection.close();
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.byNode.values()].map((connection) => connection.close()));
    this.byNode.clear();
  }

  private async inTime(connection: Connection, address: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new GodwitError('TARGET_NOT_READY', `target ${address} is not connected`)), READY_WITHIN_MS);
    });
    try {
      await Promise.race([connection.ready(), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
