/** What the handshake learns of a server. */
import type { ServerVersion } from '../model/server-version.ts';

export interface ServerFacts {
  /** Undefined where INFO is refused. */
  readonly version: ServerVersion | undefined;
  readonly role: 'primary' | 'replica' | 'sentinel' | 'unknown';
  /** Of a replica: `host:port` of its primary. */
  readonly primaryAddress: string | undefined;
  readonly mode: 'standalone' | 'cluster' | 'sentinel' | 'unknown';
  /** Identifies the server process; empty where INFO is refused. */
  readonly runId: string;
  /** `timeout`; 0 = none, -1 = unknown. */
  readonly timeoutMs: number;
  /** `proto-max-bulk-len` in bytes; -1 = unknown. */
  readonly protoMaxBulkLen: number;
  /** `client-query-buffer-limit` in bytes; -1 = unknown. */
  readonly queryBufferLimit: number;
  /** CONFIG GET is refused or hidden. */
  readonly configForbidden: boolean;
}

/** Before the first handshake. */
export const UNKNOWN_SERVER: ServerFacts = {
  version: undefined,
  role: 'unknown',
  primaryAddress: undefined,
  mode: 'unknown',
  runId: '',
  timeoutMs: -1,
  protoMaxBulkLen: -1,
  queryBufferLimit: -1,
  configForbidden: false,
};
