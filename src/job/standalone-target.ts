/** A standalone server as the target of a job: one connection, one mark. */
import { markKey, type Mark } from '../checkpoint/mark.ts';
import { MarkStore } from '../checkpoint/mark-store.ts';
import type { SyncConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { endpointName } from '../model/endpoint.ts';
import { type ServerVersion, versionName } from '../model/server-version.ts';
import type { Connection } from '../net/connection.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import { StandaloneSide, type StandaloneSideOptions } from '../pipeline/standalone-side.ts';
import type { TargetSide } from '../pipeline/target-side.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { LossReport } from '../target/loss-report.ts';
import { checkTargetRights } from './check-rights.ts';
import { finishJob } from './finish-job.ts';
import type { JobTarget, TakenOver, TakeOverRequest } from './job-target.ts';
import { checkTarget, keyCount, notEmpty, restoreOptions, valueBytesMax } from './preflight.ts';

export interface StandaloneTargetOptions {
  readonly config: SyncConfig;
  readonly connection: Connection;
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly onEvent: StandaloneSideOptions['onEvent'];
}

const FIRST_MARK = { phase: 'full-sync', replicationId: '', offset: 0, database: 0, snapshotId: 0, rdbOffset: 0, rdbState: null } as const;

export class StandaloneTarget implements JobTarget {
  readonly address: string;
  private readonly options: StandaloneTargetOptions;
  private readonly connection: Connection;
  private readonly store: MarkStore;
  /** Connections of older owners could be looked for, and ended. */
  private othersCutOff = false;

  constructor(options: StandaloneTargetOptions) {
    const { config, connection } = options;
    this.options = options;
    this.connection = connection;
    this.address = endpointName(config.target);
    this.store = new MarkStore(markKey(config.checkpoint.prefix, config.job.name), `godwit:${config.job.name}:`);
  }

  get version(): ServerVersion | undefined {
    return this.connection.server.version;
  }

  get serverName(): string {
    return this.version === undefined ? 'unknown' : versionName(this.version);
  }

  get valueBytesMax(): number {
    return valueBytesMax(this.connection);
  }

  connect(first: { readonly attemptsMax: number; readonly patient: boolean }): Promise<void> {
    return this.connection.connect(first);
  }

  ready(): Promise<void> {
    return this.connection.ready();
  }

  check(): void {
    checkTarget(this.options.config, this.connection);
  }

  runIds(): string[] {
    const { runId } = this.connection.server;
    return runId === '' ? [] : [runId];
  }

  checkRights(): Promise<readonly string[]> {
    const { target, checkpoint, sync } = this.options.config;
    return checkTargetRights(this.connection, target, { markKey: this.store.key, prefix: checkpoint.prefix, flush: sync.flushTarget });
  }

  keyCount(): Promise<number> {
    return keyCount(this.connection);
  }

  /** A new job begins with an empty target (or as --on-existing says); a known one goes on, and its owner before is fenced. */
  async takeOver({ pipelines: [pipeline], epochTaken, mayFlush }: TakeOverRequest): Promise<TakenOver> {
    const { store, connection } = this;
    const { config } = this.options;
    const known = await store.read(connection);
    const flush = known === undefined && config.sync.flushTarget && (await mayFlush());
    if (known?.file !== undefined) {
      throw new GodwitError('MARK_INVALID', `the mark ${store.key} at the target is of a load of a file`, {
        fix: 'Give this job another name (--job), or end the load with `godwit load --finish`.',
      });
    }
    const keys = known === undefined && !flush ? await keyCount(connection) : 0;
    if (known === undefined && !flush && keys > 0 && config.sync.onExisting === 'fail') {
      throw notEmpty(config, keys);
    }
    const next = (before: Mark | undefined): Mark => ({
      ...(before ?? { ...FIRST_MARK, owned: keys === 0 }),
      epoch: Math.max(before?.epoch ?? 0, epochTaken) + 1,
    });
    const mark = await store.takeOver(connection, next, flush);
    const killed = await store.killOthers(connection);
    this.othersCutOff = killed >= 0;
    return { epoch: mark.epoch, marks: new Map([[pipeline, mark]]), isResumed: known !== undefined, killed };
  }

  async side(_pipeline: string): Promise<TargetSide> {
    const { connection, store, othersCutOff: plainBatches } = this;
    const { config, deadLetters, losses, onEvent } = this.options;
    const restore = await restoreOptions(config, connection, losses);
    return new StandaloneSide({ config, connection, store, deadLetters, restore, valueBytesMax: this.valueBytesMax, plainBatches, onEvent });
  }

  finish(): Promise<string> {
    return finishJob(this.options.config, this.store, this.connection);
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
