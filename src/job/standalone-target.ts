/**
 * One server, or the primary that sentinels name, as the target of a job: a mark for each pipeline, and one ordered connection for each.
 *
 * The connection that everything begins with is that of the pipeline without a name. Of a job with several pipelines it is the one that looks and takes over;
 * each pipeline gets one of its own, whose name says whose it is (mark-store.ts: what is ended at a rewind).
 */
import { JobMarks, type KnownPipeline } from '../checkpoint/job-marks.ts';
import { FIRST_MARK, type Mark } from '../checkpoint/mark.ts';
import type { JobConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import { type ServerVersion, versionName } from '../model/server-version.ts';
import type { Connection } from '../net/connection.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { Sharing } from '../pipeline/ownership.ts';
import { StandaloneSide, type StandaloneSideOptions } from '../pipeline/standalone-side.ts';
import type { TargetSide } from '../pipeline/target-side.ts';
import type { Pace } from '../pipeline/pace.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { LossReport } from '../target/loss-report.ts';
import { checkTargetRights } from './check-rights.ts';
import { finishJob } from './finish-job.ts';
import { beginMark } from './begin-mark.ts';
import type { JobTarget, PipelinePlan, TakenOver, TakeOverRequest } from './job-target.ts';
import type { TargetPlace } from './target-place.ts';
import { checkTarget, keyCount, notEmpty, restoreOptions, valueBytesMax } from './preflight.ts';

export interface StandaloneTargetOptions {
  readonly config: JobConfig;
  readonly place: TargetPlace;
  /** `godwit:<job>:<run>` */
  readonly runName: string;
  /** @param pipeline '' = of the job */
  connection(endpoint: Endpoint, pipeline: string): Connection;
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly pace: Pace;
  readonly onEvent: StandaloneSideOptions['onEvent'];
}

export class StandaloneTarget implements JobTarget {
  /** As far as it is known: the source's databases are the measure. */
  readonly databases = Number.POSITIVE_INFINITY;
  readonly isCluster = false;
  private readonly options: StandaloneTargetOptions;
  private readonly marks: JobMarks;
  private control: Connection | undefined;
  private readonly ofPipelines = new Map<string, Connection>();
  private plans: readonly PipelinePlan[] = [];
  private isResumed = false;
  /** Connections of older owners could be looked for, and ended. */
  private othersCutOff = false;
  private isClosing = false;

  constructor(options: StandaloneTargetOptions) {
    const { config, runName, place } = options;
    this.options = options;
    this.marks = new JobMarks(config.checkpoint.prefix, config.job.name, runName);
    place.onMoved((endpoint, reason) => {
      options.onEvent('warn', 'target.moved', reason);
      for (const connection of this.all()) connection.pointTo(endpoint);
    });
  }

  get address(): string {
    return endpointName(this.options.place.endpoint);
  }

  get version(): ServerVersion | undefined {
    return this.control?.server.version;
  }

  get isSentinel(): boolean {
    return this.control?.server.mode === 'sentinel';
  }

  /** It is a node of a cluster: its address is good for finding the others only. */
  get isClusterNode(): boolean {
    return this.control?.server.mode === 'cluster';
  }

  get serverName(): string {
    return this.version === undefined ? 'unknown' : versionName(this.version);
  }

  get valueBytesMax(): number {
    return valueBytesMax(this.connection);
  }

  async connect(first: { readonly attemptsMax: number; readonly patient: boolean }): Promise<void> {
    const { place, connection } = this.options;
    await place.start();
    if (this.isClosing) throw new GodwitError('CONNECTION_LOST', 'the job is stopped');
    this.control = connection(place.endpoint, '');
    await this.control.connect(first);
  }

  async ready(): Promise<void> {
    await this.locate();
    await this.connection.ready();
  }

  check(): void {
    checkTarget(this.connection);
  }

  runIds(): string[] {
    const runId = this.control?.server.runId ?? '';
    return runId === '' ? [] : [runId];
  }

  checkRights(): Promise<readonly string[]> {
    const { checkpoint, sync } = this.options.config;
    const needed = { markKey: this.marks.key, prefix: checkpoint.prefix, flush: sync.flushTarget };
    return checkTargetRights(this.connection, this.connection.endpoint, needed);
  }

  keyCount(): Promise<number> {
    return keyCount(this.connection);
  }

  known(): Promise<ReadonlyMap<string, KnownPipeline>> {
    return this.marks.known(this.connection);
  }

  /** A new job begins with an empty target (or as --on-existing says); a known one goes on, and its owner before is fenced. */
  async takeOver({ pipelines, epochTaken, mayFlush }: TakeOverRequest): Promise<TakenOver> {
    const { marks, connection } = this;
    const { config } = this.options;
    const known = await marks.known(connection);
    this.checkKind(known, pipelines);
    this.isResumed = known.size > 0;
    this.plans = pipelines;
    const flush = known.size === 0 && config.sync.flushTarget && (await mayFlush());
    const keys = known.size === 0 && !flush ? await keyCount(connection) : 0;
    if (keys > 0 && config.sync.onExisting === 'fail' && !pipelines.every(({ beginsAt }) => beginsAt !== undefined)) throw notEmpty(config, this.address, keys);
    const names = pipelines.map(({ name }) => name);
    const all = await marks.takeOver(connection, names, (before) => nextMarks(before, pipelines, epochTaken, keys === 0), flush);
    const killed = await marks.store('').killOthers(connection);
    this.othersCutOff = killed >= 0;
    const [first] = all.values();
    return { epoch: first.epoch, marks: new Map(names.map((name) => [name, all.get(name) as Mark])), isResumed: this.isResumed, killed };
  }

  async side(pipeline: string): Promise<TargetSide> {
    const { marks, othersCutOff: plainBatches } = this;
    const { config, deadLetters, losses, pace, onEvent } = this.options;
    const connection = await this.connectionOf(pipeline);
    const restore = await restoreOptions(config, connection, losses);
    const store = marks.store(pipeline);
    const sharing = this.sharing(pipeline, connection);
    const locate = (): Promise<void> => this.locate();
    return new StandaloneSide({
      config,
      connection,
      store,
      pace,
      deadLetters,
      restore,
      valueBytesMax: this.valueBytesMax,
      plainBatches,
      sharing,
      locate,
      onEvent,
    });
  }

  async note(pipeline: string, note: string): Promise<void> {
    await this.marks.note(this.connection, pipeline, note);
  }

  finish(): Promise<string> {
    return finishJob(this.options.config, this.marks, this.connection);
  }

  primaryEndpoints(): Endpoint[] {
    return [this.connection.endpoint];
  }

  connections(): ConnectionStatus[] {
    const { control, ofPipelines } = this;
    const own = control === undefined ? [] : [control.status()];
    return [...own, ...[...ofPipelines].map(([pipeline, one]) => ({ ...one.status(), pipeline })), ...this.options.place.connections()];
  }

  stopWaiting(): void {
    this.isClosing = true;
    for (const connection of this.all()) if (!connection.isReady) void connection.close();
  }

  async close(): Promise<void> {
    this.isClosing = true;
    await Promise.all([...this.all().map((connection) => connection.close()), this.options.place.close()]);
  }

  private get connection(): Connection {
    if (this.control === undefined) throw new GodwitError('CONNECTION_LOST', `target ${this.address} is not connected yet`);
    return this.control;
  }

  private all(): Connection[] {
    return [...(this.control === undefined ? [] : [this.control]), ...this.ofPipelines.values()];
  }

  private async locate(): Promise<void> {
    const endpoint = await this.options.place.locate();
    for (const connection of this.all()) connection.pointTo(endpoint);
  }

  private async connectionOf(pipeline: string): Promise<Connection> {
    if (pipeline === '') return this.connection;
    const connection = this.options.connection(this.options.place.endpoint, pipeline);
    this.ofPipelines.set(pipeline, connection);
    await connection.connect();
    return connection;
  }

  private sharing(pipeline: string, connection: Connection): Sharing | undefined {
    const plan = this.plans.find(({ name }) => name === pipeline);
    if (plan === undefined || pipeline === '') return undefined;
    return { share: plan.share, mayHoldKeys: this.isResumed, onMarkWritten: () => this.marks.note(connection, pipeline, plan.note) };
  }

  /** @throws MARK_INVALID */
  private checkKind(known: ReadonlyMap<string, KnownPipeline>, pipelines: readonly PipelinePlan[]): void {
    const what = [...known.values()].some(({ mark }) => mark.file !== undefined)
      ? 'of a load of a file'
      : known.has('') && pipelines.some(({ name }) => name !== '')
        ? 'of a sync of one server'
        : !known.has('') && known.size > 0 && pipelines.some(({ name }) => name === '')
          ? 'of a sync of several servers'
          : undefined;
    if (what === undefined) return;
    throw new GodwitError('MARK_INVALID', `the mark ${this.marks.key} at the target is ${what}`, {
      fix: what.includes('file')
        ? 'Give this job another name (--job), or end the load with `godwit load --finish`.'
        : 'Give this job another name (--job), or end the other one with --finish.',
    });
  }
}

/** What a pipeline that no run has begun yet begins with, and the others with a higher epoch. */
function nextMarks(
  known: ReadonlyMap<string, KnownPipeline>,
  pipelines: readonly PipelinePlan[],
  epochTaken: number,
  isEmpty: boolean,
): { epoch: number; marks: Map<string, KnownPipeline> } {
  const before = [...known.values()].map(({ mark }) => mark);
  const epoch = Math.max(0, epochTaken, ...before.map((mark) => mark.epoch)) + 1;
  // A pipeline that joins a job has the target as that job has it.
  const owned = before.length === 0 ? isEmpty : before.every((mark) => mark.owned);
  const marks = pipelines.map(({ name, note, beginsAnew, beginsAt }): [string, KnownPipeline] => {
    const first: Mark = beginsAt === undefined ? { ...FIRST_MARK, owned, epoch } : beginMark(beginsAt, epoch);
    const own = known.get(name)?.mark ?? first;
    return [name, { note, mark: beginsAnew ? { ...own, ...FIRST_MARK, epoch } : { ...own, epoch } }];
  });
  return { epoch, marks: new Map(marks) };
}
