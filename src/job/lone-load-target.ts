/** One server as the target of a load: one connection, one mark, each batch in a transaction with it. */
import { JobMarks } from '../checkpoint/job-marks.ts';
import type { Mark } from '../checkpoint/mark.ts';
import type { MarkStore } from '../checkpoint/mark-store.ts';
import type { LoadConfig } from '../config/sync-config.ts';
import { endpointName } from '../model/endpoint.ts';
import { versionName } from '../model/server-version.ts';
import type { Connection } from '../net/connection.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import { LoadPipeline } from '../pipeline/load-pipeline.ts';
import { checkTargetRights } from './check-rights.ts';
import { finishJob } from './finish-job.ts';
import type { AnyLoadPipeline, LoadPipelineParts, LoadTakeOver, LoadTarget } from './load-target.ts';
import type { LoadedFile } from './loaded-file.ts';
import { checkTarget, keyCount, notEmpty, restoreOptions, valueBytesMax } from './preflight.ts';

export class LoneLoadTarget implements LoadTarget {
  readonly address: string;
  private readonly config: LoadConfig;
  private readonly connection: Connection;
  private readonly marks: JobMarks;
  private readonly store: MarkStore;
  private othersCutOff = false;

  constructor(config: LoadConfig, connection: Connection) {
    this.config = config;
    this.connection = connection;
    this.address = endpointName(config.target);
    this.marks = new JobMarks(config.checkpoint.prefix, config.job.name, `godwit:${config.job.name}:`);
    this.store = this.marks.store('');
  }

  get serverName(): string {
    const { version } = this.connection.server;
    return version === undefined ? 'unknown' : versionName(version);
  }

  get isClusterNode(): boolean {
    return this.connection.server.mode === 'cluster';
  }

  async connect(first: { readonly attemptsMax: number; readonly patient: boolean }): Promise<void> {
    await this.connection.connect(first);
    if (!this.isClusterNode) checkTarget(this.connection);
  }

  ready(): Promise<void> {
    return this.connection.ready();
  }

  keyCount(): Promise<number> {
    return keyCount(this.connection);
  }

  checkRights(): Promise<readonly string[]> {
    const { target, checkpoint, sync } = this.config;
    return checkTargetRights(this.connection, target, { markKey: this.store.key, prefix: checkpoint.prefix, flush: sync.flushTarget });
  }

  finish(): Promise<string> {
    return finishJob(this.config, this.marks, this.connection);
  }

  /** A new job begins with an empty target (or as --on-existing says); a known one goes on, and its owner before is fenced. */
  async takeOver(file: LoadedFile, mayFlush: () => Promise<boolean>): Promise<LoadTakeOver> {
    const { config, store, connection } = this;
    const before = await store.read(connection);
    if (before !== undefined) file.checkMark(before, store.key);
    const flush = before === undefined && config.sync.flushTarget && (await mayFlush());
    const keys = before === undefined && !flush ? await keyCount(connection) : 0;
    if (before === undefined && keys > 0 && config.sync.onExisting === 'fail') throw notEmpty(config, this.address, keys);
    const first = { epoch: 0, replicationId: '', offset: 0, database: 0, snapshotId: 0, rdbOffset: 0, rdbState: null, owned: keys === 0 } as const;
    const mark = await store.takeOver(
      connection,
      (found) => {
        const base: Mark = found ?? { ...first, phase: 'full-sync' };
        return { ...base, epoch: base.epoch + 1, file: file.markAfter(found) };
      },
      flush,
    );
    const killed = await store.killOthers(connection);
    this.othersCutOff = killed >= 0;
    return { mark, keys, before };
  }

  async pipeline({ file, losses, ...parts }: LoadPipelineParts): Promise<AnyLoadPipeline> {
    const { config, connection, store } = this;
    return new LoadPipeline({
      ...parts,
      config,
      connection,
      store,
      openAt: (from) => file.openAt(from),
      keyCount: () => keyCount(connection),
      restore: await restoreOptions(config, connection, losses),
      valueBytesMax: valueBytesMax(connection),
      plainBatches: this.othersCutOff,
    });
  }

  connections(): ConnectionStatus[] {
    return [this.connection.status()];
  }

  stopWaiting(): void {
    if (!this.connection.isReady) void this.connection.close();
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
