/**
 * Brings keys anew while a job runs: for whoever asks in this process, and for other processes by files (mend-folder.ts). Each key goes to the pipeline that brings its
 * slot. What fails since the way breaks or the job is in a full sync is tried again for a while.
 */
import type { SyncConfig } from '../../config/sync-config.ts';
import { slotOf } from '../../model/slot.ts';
import type { Logger } from '../../observe/log.ts';
import type { KeyToMend, MendOutcome } from '../../pipeline/mending/key-to-mend.ts';
import { spoolJobDir } from '../../source/replica/spool/spool-runs.ts';
import type { SourceShard } from '../source-shard.ts';
import { MendFolder } from './mend-folder.ts';

const LOOK_EVERY_MS = 500;
const TRIES_MAX = 5;
const AGAIN_AFTER_MS = 500;

export interface MendDeskOptions {
  readonly config: Pick<SyncConfig, 'spool' | 'job'>;
  readonly shards: readonly SourceShard[];
  readonly log: Logger;
  onEvent(level: 'info' | 'warn', kind: string, message: string, details: Record<string, unknown>): void;
}

export class MendDesk {
  private readonly options: MendDeskOptions;
  private readonly folder: MendFolder;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(options: MendDeskOptions) {
    this.options = options;
    this.folder = new MendFolder(spoolJobDir(options.config.spool.dir, options.config.job.name));
    this.lookLater();
  }

  /** One answer for each key, in their order. Never rejects. */
  async mend(keys: readonly KeyToMend[]): Promise<MendOutcome[]> {
    const outcomes: MendOutcome[] = keys.map(() => 'failed');
    for (let tries = 0; tries < TRIES_MAX && !this.isClosed; tries++) {
      const left = [...outcomes.keys()].filter((i) => outcomes[i] === 'failed');
      if (left.length === 0) break;
      if (tries > 0) await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS * tries));
      await this.mendOnce(keys, left, outcomes);
    }
    const count = (wanted: MendOutcome): number => outcomes.filter((one) => one === wanted).length;
    const details = { brought: count('brought'), removed: count('removed'), leftOut: count('left-out'), tooLarge: count('too-large'), failed: count('failed') };
    if (keys.length > 0) this.options.onEvent('info', 'keys.mended', `${keys.length} keys were asked to be brought anew`, details);
    return outcomes;
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    for (const { mends } of this.options.shards) mends.close();
  }

  private async mendOnce(keys: readonly KeyToMend[], left: readonly number[], outcomes: MendOutcome[]): Promise<void> {
    const byShard = new Map<SourceShard, number[]>();
    for (const i of left) {
      const shard = this.shardOf(keys[i]);
      if (shard !== undefined) byShard.set(shard, [...(byShard.get(shard) ?? []), i]);
    }
    await Promise.all(
      [...byShard].map(async ([{ mends }, own]) => {
        const answers = await mends.mend(own.map((i) => keys[i]));
        for (const [at, i] of own.entries()) outcomes[i] = answers[at];
      }),
    );
  }

  /** Undefined: it cannot be told which one brings the key. */
  private shardOf({ key }: KeyToMend): SourceShard | undefined {
    const { shards } = this.options;
    if (shards.length === 1) return shards[0];
    const slot = slotOf(key);
    return shards.find(({ place: { share } }) => share.kind === 'slots' && share.owns(slot));
  }

  private lookLater(): void {
    if (!this.isClosed) this.timer = setTimeout(() => void this.look().finally(() => this.lookLater()), LOOK_EVERY_MS);
  }

  private async look(): Promise<void> {
    try {
      for (const { id, keys } of await this.folder.take()) await this.folder.answer(id, await this.mend(keys));
    } catch (error) {
      this.options.log.warn({ error: String(error) }, 'keys that were asked to be brought anew could not be answered for');
    }
  }
}
