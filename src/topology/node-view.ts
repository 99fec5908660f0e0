/** What the replies of one node say of the cluster, in one form whatever command it came from. Nothing is made of it yet (build-cluster-map.ts). */
import type { ClusterNode, SlotRange } from './cluster-node.ts';

export interface NodeView {
  readonly id: string;
  /** Without brackets; empty where the node that was asked does not know its own, or hides it. */
  readonly ip: string;
  /** Empty: none is announced. */
  readonly hostname: string;
  /** For connections of the kind that asked; 0 = not said. */
  readonly port: number;
  /** 0 = not said. */
  readonly tlsPort: number;
  readonly role: ClusterNode['role'];
  /** Of a replica; undefined also where it does not know yet. */
  readonly primaryId: string | undefined;
  readonly health: ClusterNode['health'];
  /** False: its address is not known (`noaddr`), or nobody has met it yet (`handshake`). */
  readonly hasAddress: boolean;
  readonly configEpoch: number;
  readonly offset: number;
  readonly slots: readonly SlotRange[];
  /** Of the node that was asked alone. */
  readonly moving: readonly { readonly slot: number; readonly otherId: string; readonly direction: 'to' | 'from' }[];
  /** Empty where the version has no ids of shards. */
  readonly shardId: string;
}

/** What a node says of itself and of all others. */
export interface ClusterView {
  readonly nodes: readonly NodeView[];
  readonly currentEpoch: number;
  readonly stateOk: boolean;
}

export const BLANK_NODE: NodeView = {
  id: '',
  ip: '',
  hostname: '',
  port: 0,
  tlsPort: 0,
  role: 'primary',
  primaryId: undefined,
  health: 'online',
  hasAddress: true,
  configEpoch: -1,
  offset: -1,
  slots: [],
  moving: [],
  shardId: '',
};
