/**
 * A cluster as the source of a job: a place for each shard, which goes where the shard's primary goes. The shards are those of the start; what a reshard does
 * to them is told by onSlotsMoved.
 */
import { GodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { KeyShare } from '../model/key-share.ts';
import { slotsText } from '../model/slot-ranges.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { ClusterFollower } from '../topology/cluster-api.ts';
import type { JobSource, SourcePlace, SourceRole } from './job-source.ts';

class ShardPlace implements SourcePlace {
  readonly id: string;
  readonly share: KeyShare;
  readonly role: SourceRole;
  readonly isClusterNode = true;
  endpoint: Endpoint;
  private readonly topology: ClusterFollower;
  private readonly preferReplica: boolean;

  constructor(topology: ClusterFollower, id: string, preferReplica: boolean) {
    this.topology = topology;
    this.id = id;
    this.preferReplica = preferReplica;
    this.role = preferReplica ? 'primary-or-replica' : 'primary';
    this.share = { kind: 'slots', owns: (slot) => topology.map.shardOfSlot(slot)?.id === id };
    const shard = topology.map.shard(id);
    if (shard === undefined) throw new GodwitError('INTERNAL', `the shard ${id} is not in the map that it was found in`);
    this.endpoint = topology.endpointOf(shard.primary);
  }

  note(): string {
    return slotsText(this.topology.map.shard(this.id)?.slots ?? []);
  }

  async locate(): Promise<Endpoint> {
    const { topology, preferReplica } = this;
    const shard = topology.map.shard(this.id) ?? (await topology.refresh()).shard(this.id);
    if (shard === undefined)
      throw new GodwitError('SOURCE_NOT_READY', `the shard of ${endpointName(this.endpoint)} is no part of the source's cluster any more`);
    this.endpoint = topology.endpointOf(await topology.replicationSource(shard, preferReplica));
    return this.endpoint;
  }

  mistrust(): void {
    this.topology.refresh().catch(() => {});
  }

  onMoved(listener: (reason: string) => void): void {
    this.topology.events.on('changed', ({ changes }) => {
      for (const change of changes) {
        if (change.type !== 'primary-changed' || change.shardId !== this.id || this.preferReplica) continue;
        this.endpoint = this.topology.endpointOf(change.to);
        listener(`the shard of ${endpointName(change.from)} has a new primary, ${endpointName(change.to)}`);
      }
    });
  }
}

export class ClusterSource implements JobSource {
  places: readonly SourcePlace[] = [];
  private readonly topology: ClusterFollower;
  private readonly seeds: readonly Endpoint[];
  private readonly preferReplica: boolean;

  /** @param topology not started yet */
  constructor(topology: ClusterFollower, seeds: readonly Endpoint[], preferReplica: boolean) {
    this.topology = topology;
    this.seeds = seeds;
    this.preferReplica = preferReplica;
  }

  get address(): string {
    const { places, seeds } = this;
    return places.length === 0 ? seeds.map(endpointName).join(', ') : `cluster of ${places.length} shards at ${endpointName(places[0].endpoint)}`;
  }

  async start(): Promise<void> {
    await this.topology.start();
    this.places = this.topology.map.owningShards.map(({ id }) => new ShardPlace(this.topology, id, this.preferReplica));
  }

  connections(): ConnectionStatus[] {
    return this.topology.connections();
  }

  close(): Promise<void> {
    return this.topology.close();
  }
}
