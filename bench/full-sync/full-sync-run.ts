/** What one full sync has taken, and where it runs: the same for all tools. */
import type { Redis } from 'ioredis';
import type { RealServer } from '../../test/support/server.ts';

export interface FullSyncRun {
  readonly wallMs: number;
  /** Of the tool alone; null where the servers do it themselves. */
  readonly toolCpuMs: number | null;
  readonly rssBytesMax: number | null;
  /** From the snapshot's begin (the source's +FULLRESYNC) to the last key being there; null where `wallMs` is just that. */
  readonly dataMs: number | null;
}

export interface FullSyncPlace {
  readonly source: RealServer;
  readonly target: RealServer;
  readonly targetClient: Redis;
  /** Keys of the source. */
  readonly keys: number;
  /** Ready-made RESTOREs of all keys. */
  readonly restoreFile: string;
}

export type FullSyncTool = (place: FullSyncPlace) => Promise<FullSyncRun>;
