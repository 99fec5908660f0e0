/** What a running sync does beside bringing: it answers who asks for keys to be brought anew, and compares keys all the time where that is wanted. */
import type { SyncConfig } from '../config/sync-config.ts';
import type { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { VerificationStatus } from '../observe/job-status.ts';
import type { Logger } from '../observe/log.ts';
import { ContinuousVerification } from './continuous-verification.ts';
import { MendDesk } from './mending/mend-desk.ts';
import type { SourceShard } from './source-shard.ts';

export interface JobCareOptions {
  readonly config: SyncConfig;
  readonly wheel: KeepaliveWheel;
  readonly log: Logger;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string, details: Record<string, unknown>): void;
}

export class JobCare {
  private readonly desk: MendDesk;
  private readonly continuous: ContinuousVerification | undefined;

  /** @param shards whose pipelines have begun, or are about to */
  constructor({ config, wheel, log, onEvent }: JobCareOptions, shards: readonly SourceShard[]) {
    this.desk = new MendDesk({ config, shards, log, onEvent });
    if (config.verify.continuous === null) return;
    this.continuous = new ContinuousVerification({
      config,
      wheel,
      log,
      onEvent,
      desk: this.desk,
      isInStream: () => shards.every(({ pipeline }) => pipeline?.applied.phase === 'incremental-sync'),
      lagMs: () => Math.max(...shards.map(({ lagMs }) => lagMs)),
    });
    void this.continuous.run();
  }

  /** null: keys are not compared all the time. */
  get verification(): VerificationStatus | null {
    return this.continuous?.status ?? null;
  }

  async close(): Promise<void> {
    this.desk.close();
    await this.continuous?.close();
  }
}
