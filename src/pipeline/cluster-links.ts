/** Connections to the primaries of a cluster, one per node, opened and closed as the map changes. One set is one pipeline's, or the job's own for its questions. */
import { GodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { ClusterFollower } from '../topology/cluster-api.ts';
import type { ClusterMap } from '../topology/cluster-map.ts';
import type { ClusterNode } from '../topology/cluster-node.ts';

const READY_WITHIN_MS = 5_000;
const SOON_MS = 500;

export class ClusterLinks {
  private readonly topology: ClusterFollower;
  private readonly open: (endpoint: Endpoint) => Connection;
  private readonly byNode = new Map<string, { readonly address: string; readonly connection: Connection }>();
  private closed = false;

  /** @param open makes a connection, not yet connected */
  constructor(topology: ClusterFollower, open: (endpoint: Endpoint) => Connection) {
    this.topology = topology;
    this.open = open;
  }

  /** Connected primaries that own slots, by id; others without slots are kept, and nothing else. @throws TARGET_NOT_READY when one of them cannot be reached for now */
  async toOwners(map: ClusterMap): Promise<Map<string, Connection>> {
    const owners = map.owningShards.map(({ primary }) => primary);
    const wanted = new Set(map.shards.map(({ primary }) => primary.id));
    for (const [id, { connection }] of this.byNode) if (!wanted.has(id)) this.drop(id, connection);
    const connected = await Promise.all(owners.map(async (node) => [node.id, await this.to(node)] as const));
    return new Map(connected);
  }

  /** Primaries that own no slot, as far as they can be reached soon: some may come to them. */
  async toIdle(map: ClusterMap): Promise<Map<string, Connection>> {
    const idle = map.shards.filter(({ slots, primary }) => slots.length === 0 && primary.health === 'online');
    const soon = idle.map(async ({ primary }) => {
      const connection = await this.to(primary, SOON_MS).catch(() => undefined);
      return connection === undefined ? [] : [[primary.id, connection] as const];
    });
    return new Map((await Promise.all(soon)).flat());
  }

  /** @throws TARGET_NOT_READY */
  async to(node: ClusterNode, withinMs = READY_WITHIN_MS): Promise<Connection> {
    const address = endpointName(this.topology.endpointOf(node));
    if (this.closed) throw new GodwitError('CONNECTION_LOST', `the connection to ${address} is closed`);
    let known = this.byNode.get(node.id);
    if (known !== undefined && known.address !== address) {
      // The node has come back at another place.
      this.drop(node.id, known.connection);
      known = undefined;
    }
    if (known === undefined) {
      known = { address, connection: this.open(this.topology.endpointOf(node)) };
      this.byNode.set(node.id, known);
      known.connection.connect({ attemptsMax: 0 }).catch(() => {});
    }
    const { connection } = known;
    await this.inTime(connection, address, withinMs);
    const { role, primaryAddress } = connection.server;
    if (role !== 'replica') return connection;
    // What it is was learned when it was connected: it has to be asked anew.
    this.drop(node.id, connection);
    throw new GodwitError('TARGET_NOT_READY', `target ${address} is a replica of ${primaryAddress ?? 'another server'} now; it takes no writes`);
  }

  status(): ConnectionStatus[] {
    return [...this.byNode.values()].map(({ connection }) => connection.status());
  }

  /** Connections that are not ready are closed, and none is waited for any more. */
  stopWaiting(): void {
    for (const [id, { connection }] of this.byNode) if (!connection.isReady) this.drop(id, connection);
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.byNode.values()].map(({ connection }) => connection.close()));
    this.byNode.clear();
  }

  private drop(id: string, connection: Connection): void {
    if (this.byNode.get(id)?.connection === connection) this.byNode.delete(id);
    void connection.close();
  }

  private async inTime(connection: Connection, address: string, withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new GodwitError('TARGET_NOT_READY', `target ${address} is not connected`)), withinMs);
    });
    try {
      await Promise.race([connection.ready(), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
