/**
 * One place that the source is read from, and what belongs to it alone: the connection that asks it, its spool, its pipeline, its lag. The job has one for each
 * pipeline, and gives it its name, its mark and its side of the target.
 */
import type { Mark } from '../checkpoint/mark.ts';
import type { CommandTable } from '../command/command-table.ts';
import { readCommandTable } from '../source/read-command-table.ts';
import type { SyncConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import type { Logger } from '../observe/log.ts';
import { SyncPipeline, type SyncPipelineOptions } from '../pipeline/sync-pipeline.ts';
import { MendLine } from '../pipeline/mending/mend-line.ts';
import { OffsetReader } from '../pipeline/mending/offset-reader.ts';
import { SyncSpool } from '../pipeline/sync-spool.ts';
import type { TargetSide } from '../pipeline/target-side.ts';
import type { Pace } from '../pipeline/pace.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import { psyncNames } from '../source/replica/psync-names.ts';
import type { SnapshotTurns } from '../source/replica/snapshot-turns.ts';
import type { SpoolBudget } from '../source/replica/spool/disk-space.ts';
import { checkSourceRights } from './check-rights.ts';
import type { JobTarget } from './job-target.ts';
import { LagMeter } from './lag-meter.ts';
import type { LastingTrouble } from './lasting-trouble.ts';
import type { JobRules } from './open-edits.ts';
import { checkSource } from './preflight.ts';
import { checkSourceRole } from './source-role.ts';
import type { SourcePlace } from './job-source.ts';
import { SourceWatch } from './source-watch.ts';

/** Longer than the watch leaves between two questions. */
const ASK_AGAIN_MS = 1_100;
const LAG_HEARD_MS = 2_500;

export interface SourceShardOptions {
  readonly place: SourcePlace;
  readonly config: SyncConfig;
  /** To the place. */
  readonly control: Connection;
  readonly turns: SnapshotTurns;
  readonly log: Logger;
  /** The source does not replicate to us for now. */
  readonly away: LastingTrouble;
  onEvent: SyncPipelineOptions['onEvent'];
}

/** What a shard goes on with. */
export interface ShardStart {
  readonly mark: Mark;
  readonly side: TargetSide;
  readonly epoch: number;
  readonly budget: SpoolBudget;
  readonly valueBytesMax: number;
  readonly rules: JobRules;
  readonly deadLetters: DeadLetterFile;
  readonly pace: Pace;
}

export class SourceShard {
  readonly place: SourcePlace;
  readonly control: Connection;
  readonly watch: SourceWatch;
  readonly lag = new LagMeter();
  /** Of the pipeline; that of the place until the target knows better. */
  name: string;
  spool: SyncSpool | undefined;
  pipeline: SyncPipeline | undefined;
  /** Brings keys anew. */
  readonly mends: MendLine;
  private readonly options: SourceShardOptions;
  private failure: GodwitError | undefined;

  constructor(options: SourceShardOptions) {
    this.options = options;
    this.place = options.place;
    this.control = options.control;
    this.name = options.place.id;
    this.watch = new SourceWatch(options.control);
    this.mends = new MendLine(new OffsetReader(options.control, options.place.isClusterNode));
    options.place.onMoved((reason) => this.moved(reason));
  }

  get endpoint(): Endpoint {
    return this.control.endpoint;
  }

  /** @throws WRONG_TOPOLOGY, SAME_SERVER */
  check(target: JobTarget): void {
    checkSource(this.control, this.place.isClusterNode, target);
  }

  /** @throws PERMISSION_DENIED, PSYNC_REFUSED */
  checkRights(): Promise<void> {
    return checkSourceRights(this.control, this.endpoint, psyncNames(this.options.config.psyncCommands)(this.endpoint));
  }

  /** Takes over what earlier runs left. */
  async prepare({ mark, side, epoch, budget, valueBytesMax, rules, deadLetters, pace }: ShardStart): Promise<void> {
    const { config, turns, log, onEvent } = this.options;
    const spool = new SyncSpool({ config: config.spool, job: config.job.name, pipeline: this.name, epoch, budget, log });
    this.spool = spool;
    const [table] = await Promise.all([this.askSource(), spool.adopt(mark)]);
    this.pipeline = new SyncPipeline({
      config,
      locate: () => this.locate(),
      turns,
      share: this.place.share,
      target: side,
      edits: rules.newEdits(),
      rulesDigest: rules.digest,
      deadLetters,
      pace,
      spool,
      mark,
      valueBytesMax,
      table,
      mends: this.mends,
      log,
      sourceOffset: this.watch.offset,
      sourceVersion: () => this.control.server.version?.text ?? '',
      sourceTimeoutMs: () => this.watch.silenceMaxMs(this.pipeline?.link.lastReceivedAtMs ?? 0),
      onEvent,
    });
  }

  /** What a pipeline has to know before it begins. A connection that is lost meanwhile is waited for, as long as it tries to come back. */
  private async askSource(): Promise<CommandTable> {
    for (;;) {
      try {
        await this.control.ready();
        const table = await readCommandTable(this.control);
        await this.watch.ask('idle');
        if (this.control.isReady) return table;
      } catch (error) {
        if (!(error instanceof GodwitError) || error.code !== 'CONNECTION_LOST' || this.control.stateName === 'closed') throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }

  /** Looks at what changes without an event of its own; a few times a second. */
  sample(nowMs: number): void {
    const { pipeline, spool } = this;
    if (pipeline === undefined) return;
    this.watchLink(pipeline.link);
    const received = spool?.stream?.endOffset ?? -1;
    if (received >= 0) this.lag.received(nowMs, received);
    void this.watch.ask(pipeline.link.state);
  }

  /** Bytes that the source has written, or sent, and that are not applied; -1 before the first snapshot, when that means nothing. */
  get lagBytes(): number {
    const { replicationId = '', offset = 0 } = this.pipeline?.applied ?? {};
    return replicationId === '' ? -1 : Math.max(0, Math.max(this.spool?.stream?.endOffset ?? 0, this.watch.offset) - offset);
  }

  get lagMs(): number {
    const applied = this.pipeline?.applied;
    return applied?.phase === 'incremental-sync' ? this.lag.lagMs(performance.now(), applied.offset) : 0;
  }

  /** The source streams to us, and has told since it does how far it is in the same history: what it told before can be of another life. */
  get lagIsCertain(): boolean {
    const { pipeline, spool } = this;
    if (pipeline === undefined) return false;
    const { applied, link } = pipeline;
    const { heardAt, replicationId } = this.watch;
    if (applied.phase !== 'incremental-sync' || link.state !== 'streaming') return false;
    return heardAt > link.sinceAt && Date.now() - heardAt < LAG_HEARD_MS && (replicationId === '' || replicationId === spool?.replicationId);
  }

  /** Ends the pipeline with the error. */
  fail(error: GodwitError): void {
    this.failure = error;
    this.pipeline?.link.restart(error.message);
    this.pipeline?.link.hurry();
  }

  stop(): void {
    this.pipeline?.stop();
    // Nothing is in flight to a server that is away, and there is no waiting for its return.
    if (!this.control.isReady) void this.control.close();
  }

  close(): Promise<void> {
    return this.control.close();
  }

  /** Before each attempt of the link. Where the topology does not change there is nothing to look at. */
  private async locate(): Promise<Endpoint> {
    const { place, control } = this;
    if (this.failure !== undefined) throw this.failure;
    const endpoint = await place.locate();
    if (place.role === 'any') return endpoint;
    control.pointTo(endpoint);
    await this.untilReady();
    try {
      await checkSourceRole(control, place.role, this.pipeline?.position());
    } catch (error) {
      place.mistrust();
      throw error;
    }
    return endpoint;
  }

  private async untilReady(): Promise<void> {
    const { control, options } = this;
    const { connectTimeoutMs } = options.config.reconnect;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new GodwitError('SOURCE_NOT_READY', `source ${endpointName(control.endpoint)} does not answer`);
      timer = setTimeout(() => reject(error), connectTimeoutMs);
    });
    try {
      await Promise.race([control.ready(), late]);
    } catch (error) {
      this.place.mistrust();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private moved(reason: string): void {
    this.options.onEvent('warn', 'source.moved', reason);
    this.control.pointTo(this.place.endpoint);
    this.pipeline?.link.restart(reason);
    this.pipeline?.link.hurry();
  }

  private watchLink({ state, lastError, sinceAt }: SyncPipeline['link']): void {
    const { away } = this.options;
    if (state === 'backing-off' && lastError !== null) away.met(lastError.message, Date.now());
    else if (state === 'streaming' || state === 'receiving-rdb' || state === 'waiting-for-rdb') away.done(sinceAt, Date.now());
  }
}
