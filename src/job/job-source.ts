/**
 * The source as a job sees it, whatever its topology: the places that it is read from, one for each pipeline, and where they are now. Servers given by their
 * addresses (named-servers.ts), the server that sentinels name (sentinel-source.ts) and the shards of a cluster (cluster-source.ts) are it.
 */
import type { Endpoint } from '../model/endpoint.ts';
import type { KeyShare } from '../model/key-share.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';

/** What a server must be to be read from: a primary, or a replica with its link up. */
export type SourceRole = 'any' | 'primary' | 'primary-or-replica';

export interface SourcePlace {
  /** As the source knows it; '' where there is only one. The pipeline's name, unless the target knows the pipeline by another one. */
  readonly id: string;
  readonly share: KeyShare;
  readonly role: SourceRole;
  readonly isClusterNode: boolean;
  /** As last located. */
  readonly endpoint: Endpoint;
  /** What the next run may know the pipeline by (its slots); '' = nothing. */
  note(): string;
  /** Where it is to be read from now; asked before each attempt. @throws SOURCE_NOT_READY where nobody can tell */
  locate(): Promise<Endpoint>;
  /** All slots that its shard owns are brought by this place from now on. */
  takeSlots?(): void;
  /** The server there was not what it should be: the topology is asked again. */
  mistrust(): void;
  /** Called when the place is elsewhere now. */
  onMoved(listener: (reason: string) => void): void;
}

export interface SlotsMoved {
  readonly lost: readonly SourcePlace[];
  /** They do not bring them yet: takeSlots(). */
  readonly gained: readonly SourcePlace[];
  /** Addresses of shards that own slots and have no place. */
  readonly strangers: readonly string[];
}

export interface JobSource {
  /** For people. */
  readonly address: string;
  /** Finds the places. @throws what stands in the way, once trying again was of no use */
  start(): Promise<void>;
  /** After start(); the same ones until the end. */
  readonly places: readonly SourcePlace[];
  /** Called when slots have gone from one shard to another. */
  onSlotsMoved?(listener: (moved: SlotsMoved) => void): void;
  /** Looks whether anything has changed, soon. */
  lookAgain?(): void;
  /** Of the discovery. */
  connections(): ConnectionStatus[];
  close(): Promise<void>;
}
