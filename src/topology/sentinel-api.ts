/**
 * How the rest of Godwit sees a primary that sentinels watch: options, events and the interface that SentinelTopology (sentinel-topology.ts) fulfils.
 *
 * What a sentinel says is only believed once the server itself says that it is a primary (ROLE): sentinels can be minutes behind.
 */
import type { TypedEmitter } from '../async/typed-emitter.ts';
import type { GodwitError } from '../errors/errors.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { SentinelSide } from '../model/side-topology.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { DiscoveryOptions } from './cluster-api.ts';

export interface SentinelTopologyOptions extends DiscoveryOptions {
  readonly side: SentinelSide;
  /** Between two refreshes when nothing happens; default 5 s. A +switch-master of any sentinel causes one at once. */
  readonly refreshEveryMs?: number;
  /** Least time between two refreshes on demand; default 200 ms. */
  readonly refreshGapMs?: number;
}

/** A replica as the sentinels see it. */
export interface WatchedReplica {
  readonly host: string;
  readonly port: number;
  /** Neither down nor disconnected, and its link to the primary is up. */
  readonly online: boolean;
  /** As the sentinels know it, seconds old; -1 = not said. */
  readonly offset: number;
}

export interface SentinelTopologyEvents {
  /** Another server is the primary, and says so itself. */
  'primary-changed': { readonly from: Endpoint; readonly to: Endpoint };
  /** Replicas came, went, or changed between online and not. */
  'replicas-changed': { readonly replicas: readonly WatchedReplica[] };
  /** No sentinel answers, or none names a server that says that it is a primary (a failover is under way). Once per trouble. */
  trouble: { readonly error: GodwitError };
  recovered: { readonly troubledMs: number };
}

export interface SentinelFollower {
  readonly events: TypedEmitter<SentinelTopologyEvents>;
  /** The verified primary, with the credentials and TLS of the servers. @throws INTERNAL before start() has resolved */
  readonly primary: Endpoint;
  readonly replicas: readonly WatchedReplica[];
  /**
   * Finds the primary and verifies it.
   * @param first.attemptsMax rounds over all sentinels; default is reconnect.attemptsMax (0 = no limit)
   * @throws SENTINEL_NAME_UNKNOWN (the names that the sentinels know are in the message), CONNECT_FAILED (no sentinel answers), WRONG_TOPOLOGY (no sentinel),
   *   AUTH_*, PERMISSION_DENIED
   */
  start(first?: { readonly attemptsMax?: number }): Promise<void>;
  /** Asks again now (coalesced, rate-limited); resolves with the primary then in force. Never rejects but when closed. */
  refresh(): Promise<Endpoint>;
  /** The connected replica with the highest real offset, asked now, or the primary. */
  replicationSource(preferReplica: boolean): Promise<Endpoint>;
  connections(): ConnectionStatus[];
  close(): Promise<void>;
}
