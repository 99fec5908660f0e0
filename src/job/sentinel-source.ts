/** The server that sentinels name as the source of a job: one place, which goes where the primary goes. */
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import { ALL_KEYS, type KeyShare } from '../model/key-share.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { SentinelFollower } from '../topology/sentinel-api.ts';
import type { JobSource, SourcePlace, SourceRole } from './job-source.ts';

class WatchedPlace implements SourcePlace {
  readonly id = '';
  readonly share: KeyShare = ALL_KEYS;
  readonly role: SourceRole;
  readonly isClusterNode = false;
  endpoint: Endpoint;
  private readonly topology: SentinelFollower;
  private readonly preferReplica: boolean;

  constructor(topology: SentinelFollower, preferReplica: boolean) {
    this.topology = topology;
    this.preferReplica = preferReplica;
    this.role = preferReplica ? 'primary-or-replica' : 'primary';
    this.endpoint = topology.primary;
  }

  note(): string {
    return '';
  }

  async locate(): Promise<Endpoint> {
    this.endpoint = await this.topology.replicationSource(this.preferReplica);
    return this.endpoint;
  }

  mistrust(): void {
    this.topology.refresh().catch(() => {});
  }

  onMoved(listener: (reason: string) => void): void {
    this.topology.events.on('primary-changed', ({ from, to }) => {
      if (this.preferReplica) return;
      this.endpoint = to;
      listener(`the sentinels name ${endpointName(to)} as the primary instead of ${endpointName(from)}`);
    });
  }
}

export class SentinelSource implements JobSource {
  places: readonly SourcePlace[] = [];
  private readonly topology: SentinelFollower;
  private readonly name: string;
  private readonly preferReplica: boolean;

  /** @param topology not started yet */
  constructor(topology: SentinelFollower, name: string, preferReplica: boolean) {
    this.topology = topology;
    this.name = name;
    this.preferReplica = preferReplica;
  }

  get address(): string {
    const [place] = this.places;
    return place === undefined ? this.name : endpointName(place.endpoint);
  }

  async start(): Promise<void> {
    await this.topology.start();
    this.places = [new WatchedPlace(this.topology, this.preferReplica)];
  }

  connections(): ConnectionStatus[] {
    return this.topology.connections();
  }

  close(): Promise<void> {
    return this.topology.close();
  }
}
