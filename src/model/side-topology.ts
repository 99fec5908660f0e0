/**
 * What one side (source or target) is: one server, servers behind sentinels, or a cluster; and where to begin looking for it. This is what the
 * configuration says, without what is found out later (topology/). Plain data: it can be handed to a worker. Holds secrets, never log it whole.
 */
import type { Endpoint } from './endpoint.ts';

/** What gets into the servers with data, whatever their address. */
export type Access = Pick<Endpoint, 'username' | 'password' | 'tls'>;

/** How the addresses that nodes and sentinels announce become addresses that can be reached from here. */
export interface AnnouncedAddresses {
  /** For NAT: `host:port` to `host:port`, or `host` to `host` with the port kept. What is not in it is taken as it is announced. */
  readonly addressMap: ReadonlyMap<string, string>;
  /** Take the host name that a node announces, where it announces one, rather than its IP address. */
  readonly preferHostname: boolean;
}

export interface StandaloneSide {
  readonly kind: 'standalone';
  readonly endpoint: Endpoint;
}

export interface SentinelSide {
  readonly kind: 'sentinel';
  /** Each with the credentials and TLS of the sentinels, which are not those of the servers. At least one. */
  readonly sentinels: readonly Endpoint[];
  /** The name that the sentinels know the primary by. */
  readonly primaryName: string;
  readonly access: Access;
  readonly announced: AnnouncedAddresses;
}

export interface ClusterSide {
  readonly kind: 'cluster';
  /** Nodes to ask first; others are found. At least one; all have the same credentials and TLS, which are those of every node. */
  readonly seeds: readonly Endpoint[];
  readonly announced: AnnouncedAddresses;
}

export type TargetTopology = StandaloneSide | SentinelSide | ClusterSide;

/** Addresses of which nobody has said what they are: one server, or nodes of a cluster. What answers tells (topology/detect-topology.ts). */
export interface AutoSide {
  readonly kind: 'auto';
  /** At least one; all have the same credentials and TLS. */
  readonly seeds: readonly Endpoint[];
  readonly announced: AnnouncedAddresses;
}

/** What the configuration says of one side. */
export type SideSetting = AutoSide | SentinelSide | ClusterSide;
