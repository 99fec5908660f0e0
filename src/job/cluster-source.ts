/**
 * A cluster as the source of a job: a place for each shard, which goes where the shard's primary goes. The shards are those of the start.
 *
 * Slots that move: a shard that has lost one brings nothing of it any more, at once; one that has got one brings it after it was told to take it
 * (slot-moves.ts). Until then nobody does.
 */
import { GodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { KeyShare } from '../model/key-share.ts';
import { SLOT_COUNT } from '../model/slot.ts';
import { textOfSlots } from '../model/slot-ranges.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { ClusterMap } from '../topology/cluster-map.ts';
import type { ClusterFollower } from '../topology/cluster-api.ts';
import type { JobSource, SlotsMoved, SourcePlace, SourceRole } from './job-source.ts';

class ShardPlace implements SourcePlace {
  readonly id: string;
  readonly share: KeyShare;
  readonly role: SourceRole;
  readonly isClusterNode = true;
  endpoint: Endpoint;
  private readonly topology: ClusterFollower;
  private readonly preferReplica: boolean;
  /** 1 = brought by this one. */
  private readonly slots = new Uint8Array(SLOT_COUNT);

  constructor(topology: ClusterFollower, id: string, preferReplica: boolean) {
    this.topology = topology;
    this.id = id;
    this.preferReplica = preferReplica;
    this.role = preferReplica ? 'primary-or-replica' : 'primary';
    this.share = { kind: 'slots', owns: (slot) => this.slots[slot] === 1 };
    const shard = topology.map.shard(id);
    if (shard === undefined) throw new GodwitError('INTERNAL', `the shard ${id} is not in the map that it was found in`);
    this.endpoint = topology.endpointOf(shard.primary);
    this.takeSlots();
  }

  note(): string {
    return textOfSlots(this.slots);
  }

  /** Slots that have gone elsewhere are no longer this one's, at once. @returns what has changed beside that */
  follow(map: ClusterMap): { readonly lost: number; readonly gained: number } {
    let [lost, gained] = [0, 0];
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const isOwner = map.shardOfSlot(slot)?.id === this.id;
      if (isOwner && this.slots[slot] === 0) gained++;
      if (isOwner || this.slots[slot] === 0) continue;
      this.slots[slot] = 0;
      lost++;
    }
    return { lost, gained };
  }

  takeSlots(): void {
    const { map } = this.topology;
    for (let slot = 0; slot < SLOT_COUNT; slot++) this.slots[slot] = map.shardOfSlot(slot)?.id === this.id ? 1 : 0;
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
  places: readonly ShardPlace[] = [];
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

  onSlotsMoved(listener: (moved: SlotsMoved) => void): void {
    const follow = (map: ClusterMap): void => {
      const changed = this.places.map((place) => ({ place, ...place.follow(map) }));
      const lost = changed.filter((one) => one.lost > 0).map(({ place }) => place);
      const gained = changed.filter((one) => one.gained > 0).map(({ place }) => place);
      const strangers = map.owningShards.filter(({ id }) => !this.places.some((place) => place.id === id)).map(({ primary }) => endpointName(primary));
      if (lost.length + gained.length + strangers.length > 0) listener({ lost, gained, strangers });
    };
    this.topology.events.on('changed', ({ map }) => follow(map));
    follow(this.topology.map);
  }

  lookAgain(): void {
    this.topology.refresh().catch(() => {});
  }

  connections(): ConnectionStatus[] {
    return this.topology.connections();
  }

  close(): Promise<void> {
    return this.topology.close();
  }
}
