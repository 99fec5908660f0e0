/**
 * The spool of one pipeline of a job: the log of the snapshot, the log of the stream, and the manifest that lets the next run use them. Each run (epoch)
 * writes in its own folder and reads what the run before it left.
 */
import path from 'node:path';
import type { Clock } from '../async/clock.ts';
import type { SpoolConfig } from '../config/sync-config.ts';
import type { Mark } from '../checkpoint/mark.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Logger } from '../observe/log.ts';
import type { SpoolBudget } from '../source/replica/spool/disk-space.ts';
import { SpoolLog } from '../source/replica/spool/spool-log.ts';
import { isTrusted, readBootId, type SpoolManifest, writeManifest } from '../source/replica/spool/spool-manifest.ts';
import { cleanOlderRuns, listRuns, spoolJobDir, spoolPipelineDir } from '../source/replica/spool/spool-runs.ts';

const KEEP_ALL = { ms: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

export interface Snapshot {
  readonly replicationId: string;
  readonly offset: number;
  length: number;
  complete: boolean;
  readonly startedAt: number;
}

export interface SyncSpoolOptions {
  readonly config: SpoolConfig;
  readonly job: string;
  /** '' = the only one. */
  readonly pipeline: string;
  readonly epoch: number;
  /** Shared by all pipelines of the job. */
  readonly budget: SpoolBudget;
  readonly log: Logger;
  readonly clock?: Clock;
}

export class SyncSpool {
  readonly budget: SpoolBudget;
  rdb: SpoolLog | undefined;
  stream: SpoolLog | undefined;
  snapshot: Snapshot | undefined;
  /** History of the stream log. */
  replicationId = '';
  private readonly config: SpoolConfig;
  private readonly job: string;
  private readonly epoch: number;
  private readonly log: Logger;
  private readonly clock: Clock | undefined;
  /** Of all runs of this pipeline. */
  private readonly runsDir: string;
  private readonly dir: string;
  private bootId = '';

  constructor(options: SyncSpoolOptions) {
    const { config, job, pipeline, epoch, log, clock } = options;
    this.config = config;
    this.job = job;
    this.epoch = epoch;
    this.log = log;
    this.clock = clock;
    this.runsDir = spoolPipelineDir(spoolJobDir(config.dir, job), pipeline);
    this.dir = path.join(this.runsDir, String(epoch));
    this.budget = options.budget;
  }

  /** Takes over what earlier runs left, as far as it helps to go on from the mark. */
  async adopt(mark: Mark): Promise<void> {
    this.bootId = await readBootId();
    if (mark.replicationId === '') return;
    const runs = (await listRuns(this.runsDir)).filter((run) => run.epoch < this.epoch);
    const newest = runs.find((run) => run.manifest !== undefined && isTrusted(run.manifest, this.bootId));
    const manifest = newest?.manifest;
    if (manifest?.stream?.replicationId !== mark.replicationId && manifest?.secondReplicationId !== mark.replicationId) return;
    // Equal offsets of two histories, or of two snapshots, are different bytes.
    const ofHistory = runs.filter((run) => run.manifest?.stream?.replicationId === manifest.stream?.replicationId).map((run) => run.dir);
    const ofSnapshot = runs.filter((run) => run.manifest?.rdb?.startedAt === mark.snapshotId).map((run) => run.dir);
    const { rdb } = manifest;
    if (mark.phase === 'full-sync') {
      if (rdb?.complete !== true || !rdb.checksumOk || rdb.startedAt !== mark.snapshotId) return;
      const log = await SpoolLog.adopt({ ...this.options('rdb'), mode: 'always', retain: KEEP_ALL }, ofSnapshot, mark.rdbOffset);
      if (log.endOffset !== rdb.length) return log.close();
      await log.finish();
      this.rdb = log;
      this.snapshot = { replicationId: rdb.replicationId, offset: rdb.offset, length: rdb.length, complete: true, startedAt: rdb.startedAt };
    }
    this.stream = await SpoolLog.adopt(this.streamOptions(), ofHistory, mark.offset);
    this.replicationId = manifest.stream?.replicationId ?? mark.replicationId;
    await this.writeManifest();
  }

  /** A new snapshot: both logs begin anew. */
  async beginSnapshot(replicationId: string, offset: number): Promise<SpoolLog> {
    await this.drop(new GodwitError('POSITION_LOST', 'a new full sync has begun', { retryable: true }));
    this.snapshot = { replicationId, offset, length: -1, complete: false, startedAt: Date.now() };
    this.replicationId = replicationId;
    this.rdb = await SpoolLog.create({ ...this.options('rdb'), mode: 'always', retain: KEEP_ALL, startOffset: 0 });
    this.stream = await SpoolLog.create({ ...this.streamOptions(), startOffset: offset });
    await this.writeManifest();
    return this.rdb;
  }

  async endSnapshot(bytes: number): Promise<SpoolLog> {
    if (this.snapshot === undefined || this.stream === undefined) throw new GodwitError('INTERNAL', 'a snapshot ended that had not begun');
    await this.rdb?.finish();
    this.snapshot.length = bytes;
    this.snapshot.complete = true;
    await this.writeManifest();
    return this.stream;
  }

  /** The stream goes on at `offset` without a snapshot; what is held before stays if it fits. */
  async beginStream(replicationId: string, offset: number): Promise<SpoolLog> {
    if (this.stream !== undefined && this.stream.endOffset !== offset) {
      this.stream.fail(new GodwitError('POSITION_LOST', 'the stream is read again from an earlier place', { retryable: true }));
      await this.stream.remove();
      this.stream = undefined;
    }
    this.stream ??= await SpoolLog.create({ ...this.streamOptions(), startOffset: offset });
    if (this.replicationId !== replicationId) {
      this.replicationId = replicationId;
      await this.writeManifest();
    }
    return this.stream;
  }

  /** The snapshot is applied and will not be needed again. */
  async dropSnapshot(): Promise<void> {
    const { rdb } = this;
    this.rdb = undefined;
    await rdb?.remove();
    await this.writeManifest();
    const inUse = this.stream?.adoptedDirs ?? [];
    await cleanOlderRuns(this.runsDir, this.epoch, inUse);
  }

  /** Ends both logs. What must survive is written first when `keep` is set. */
  async close(keep: boolean): Promise<void> {
    // On a full disk a flush would wait for room.
    if (keep && this.stream?.status().diskFull === false) await this.stream.flush().catch(() => {});
    await Promise.all([this.rdb?.close(), this.stream?.close()]);
  }

  private async drop(error: GodwitError): Promise<void> {
    const { rdb, stream } = this;
    this.rdb = undefined;
    this.stream = undefined;
    for (const log of [rdb, stream]) {
      log?.fail(error);
      await log?.remove();
    }
  }

  private options(name: 'rdb' | 'stream'): { dir: string; name: 'rdb' | 'stream'; budget: SpoolBudget; log: Logger; clock?: Clock } {
    return { dir: this.dir, name, budget: this.budget, log: this.log, clock: this.clock };
  }

  private streamOptions(): ReturnType<SyncSpool['options']> & { mode: 'when-behind'; retain: { ms: number; bytes: number } } {
    return { ...this.options('stream'), mode: 'when-behind', retain: { ms: this.config.retainMs, bytes: this.config.retainBytes } };
  }

  private writeManifest(): Promise<void> {
    const { snapshot, stream } = this;
    const manifest: SpoolManifest = {
      version: 1,
      jobId: this.job,
      epoch: this.epoch,
      bootId: this.bootId,
      replicationId: this.replicationId,
      rdb:
        snapshot === undefined
          ? null
          : {
              replicationId: snapshot.replicationId,
              offset: snapshot.offset,
              length: snapshot.length,
              complete: snapshot.complete,
              checksumOk: snapshot.complete,
              startedAt: snapshot.startedAt,
            },
      stream: stream === undefined ? null : { replicationId: this.replicationId, startOffset: stream.startOffset },
    };
    return writeManifest(this.dir, manifest);
  }
}
