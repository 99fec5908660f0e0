/** One node of a cluster, as the map knows it. */
export interface ClusterNode {
  /** 40 hex digits. It stays with the node when its address changes. */
  readonly id: string;
  /** Where it is reached: address map and host name preference are applied. Never empty. */
  readonly host: string;
  readonly port: number;
  /** `host:port` as the cluster announces it, which is what redirects name. */
  readonly announcedAddress: string;
  /** Other names of it in redirects: with its IP address, its host name, its TLS port. */
  readonly aliases: readonly string[];
  readonly role: 'primary' | 'replica';
  /** Of a replica. */
  readonly primaryId: string | undefined;
  /**
   * online; loading: it answers but cannot serve yet; suspected: the node that was asked cannot reach it, others may (`fail?`); failed: the cluster
   * has given it up.
   */
  readonly health: 'online' | 'loading' | 'suspected' | 'failed';
  /** Replication offset as the cluster's gossip has it, seconds old; -1 = not said. See choose-replica.ts for the real ones. */
  readonly offset: number;
  /** -1 = not said. The owner of a slot with the highest epoch is the right one. */
  readonly configEpoch: number;
}

/** Slots first to last, both included. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
}
