/** What a connection of a model knows of its cluster. */
import type { ModelReply } from './model-keyspace.ts';

export interface ModelNode {
  readonly id: string;
  readonly port: number;
  readonly shard: number;
}

/** What a server keeps of a connection. */
export interface Session {
  asking: boolean;
  queued: (readonly string[])[] | undefined;
  isDirty: boolean;
}

/** @param Connection of the cluster's own */
export interface ModelServers<Connection> {
  readonly connections: Set<Connection>;
  /** What it says itself. */
  saysPrimary(node: ModelNode): boolean;
  /** Replication id. */
  history(shard: number): { readonly id: string; readonly wasReplica: boolean };
  run(node: ModelNode, session: Session, command: readonly string[]): ModelReply;
}
