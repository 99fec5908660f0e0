/**
 * `godwit sync` as an object: finds the source's places, checks both sides, takes the job over by its marks, runs a pipeline for each place, tells how it is.
 * What belongs to one place alone is in source-shard.ts.
 *
 *   created > planning > full-sync > incremental-sync > draining > stopped      any > failed
 */
import { Deferred } from '../async/deferred.ts';
import type { SyncConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { Connection } from '../net/connection.ts';
import { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { JobDependencies, JobEvent, JobResult, SyncJobApi } from '../observe/job-api.ts';
import type { JobStatus } from '../observe/job-status.ts';
import { Pace } from '../pipeline/pace.ts';
import { SnapshotTurns } from '../source/replica/snapshot-turns.ts';
import { SpoolBudget } from '../source/replica/spool/disk-space.ts';
import { newestEpoch, spoolJobDir } from '../source/replica/spool/spool-runs.ts';
import { DeadLetterFile } from '../target/dead-letter.ts';
import { LossReport } from '../target/loss-report.ts';
import { lossWarning } from './capability-plan.ts';
import { jobStatus } from './job-status-view.ts';
import { type JobSteering, steerShards } from './job-steering.ts';
import { JobStory, withPipeline } from './job-story.ts';
import type { JobSource, SourcePlace } from './job-source.ts';
import type { JobTarget, PipelinePlan, TakenOver } from './job-target.ts';
import { DoctorRounds } from './doctor/doctor-rounds.ts';
import type { LastingTrouble } from './lasting-trouble.ts';
import { type JobRules, NO_RULES, openRules, tellOtherRules } from './open-edits.ts';
import { checkDatabases } from './preflight.ts';
import { connectSource, connectTarget, type ConnectOptions } from './connect-sides.ts';
import { openSource, openTarget, type SidesOptions } from './open-sides.ts';
import { JobCare } from './job-care.ts';
import { RateMeter } from './rate-meter.ts';
import { planPipelines } from './plan-pipelines.ts';
import { SlotMoves } from './slot-moves.ts';
import { SourceShard } from './source-shard.ts';
import { TargetGate } from './target-gate.ts';
import { tryWritablePlaces } from './writable-places.ts';

const SAMPLE_EVERY_MS = 250;
const FIRST_ATTEMPTS = 3;

export class SyncJob extends JobStory implements SyncJobApi {
  readonly config: SyncConfig;
  epoch = 0;
  readonly rates = new RateMeter();
  readonly doctor: DoctorRounds;
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly pace: Pace;
  readonly control: JobSteering;
  source: JobSource;
  target: JobTarget;
  readonly budget: SpoolBudget;
  shards: readonly SourceShard[] = [];
  private rules: JobRules = NO_RULES;
  private readonly dependencies: JobDependencies;
  private readonly wheel = new KeepaliveWheel();
  /** Begins the names of the connections of this process. */
  private readonly runName: string;
  private readonly turns: SnapshotTurns;
  private readonly sides: SidesOptions;
  private reason: JobResult['reason'] | undefined;
  private remarks: string | undefined;
  private readonly stopped = new Deferred<void>();
  private moves: SlotMoves | undefined;
  care: JobCare | undefined;
  private sampler: NodeJS.Timeout | undefined;
  /** The target answers, but takes no writes. */
  private readonly notReady: LastingTrouble;
  private readonly gate: TargetGate;
  private spoolFull: JobStatus['spool']['full'] = null;

  constructor(config: SyncConfig, dependencies: JobDependencies) {
    super(dependencies);
    this.config = config;
    this.dependencies = dependencies;
    const { job, spool, deadLetter } = config;
    const jobDir = spoolJobDir(spool.dir, job.name);
    this.deadLetters = new DeadLetterFile(deadLetter.file || `${jobDir}/dead-letter.jsonl`);
    this.losses = new LossReport(config.report.file);
    this.budget = new SpoolBudget({ dir: jobDir, maxBytes: spool.maxBytes, log: dependencies.log });
    this.turns = new SnapshotTurns(config.sync.fullSyncConcurrency);
    this.runName = this.newRunName(job.name);
    this.pace = new Pace(config.rate);
    this.control = steerShards(this, ['incremental-sync'], this.emit);
    this.sides = {
      config,
      pace: this.pace,
      runName: this.runName,
      deadLetters: this.deadLetters,
      losses: this.losses,
      wheel: this.wheel,
      log: dependencies.log,
      connection: (role, endpoint, pipeline) => this.connection(role, endpoint, pipeline),
      onEvent: (level, kind, message, details) => this.onPipelineEvent(level, kind, message, details),
    };
    // What is told of them before it is known what they are.
    this.source = openSource(this.sides, { kind: 'standalone', endpoint: config.source });
    this.target = openTarget(this.sides, { kind: 'standalone', endpoint: config.target });
    this.notReady = this.targetTrouble();
    this.doctor = new DoctorRounds({ kind: 'sync', job: this, onEvent: this.emit });
    this.gate = new TargetGate({
      target: () => this.target,
      notReady: this.notReady,
      yes: config.sync.yes,
      confirmFlush: dependencies.confirmFlush,
      isStopAsked: () => this.stopAsked,
    });
  }

  async run(): Promise<JobResult> {
    try {
      await this.prepare();
      if (this.config.sync.finish) await this.finish();
      else if (!this.stopAsked) await this.sync();
      if (this.control.isFinishing && this.reason === 'lag-below') await this.endForGood();
      this.enter('stopped');
      return this.result(this.reason ?? 'stopped');
    } catch (caught) {
      const error = this.gate.failure(caught);
      if (this.stopAsked && (error.retryable || error.code === 'CONNECTION_LOST')) {
        this.enter('stopped');
        return this.result('stopped');
      }
      this.failed(error);
      throw error;
    } finally {
      clearInterval(this.sampler);
      this.doctor.close();
      this.moves?.close();
      await this.care?.close();
      await this.closeAll();
      this.losses.close();
    }
  }

  private result(reason: JobResult['reason']): JobResult {
    const markWritten = this.shards.length > 0 && this.shards.every(({ pipeline }) => pipeline?.isSettled ?? false);
    return { reason, status: this.status(), resumable: reason !== 'finished', markWritten, remarks: this.remarks };
  }

  stop(): void {
    this.stopAsked = true;
    this.stopped.resolve();
    if (this.phase !== 'stopped' && this.phase !== 'failed') this.enter('draining');
    for (const shard of this.shards) shard.stop();
    this.pace.gate.break();
    this.target.stopWaiting();
  }

  abort(): void {
    this.stop();
    void this.closeAll();
  }

  status(): JobStatus {
    return jobStatus(this);
  }

  /** @param pipeline '' = of the job */
  private connection(role: string, endpoint: Endpoint, pipeline: string): Connection {
    const { keepalive, reconnect } = this.config;
    const clientName = [this.runName, ...(pipeline === '' ? [] : [pipeline]), role.replace(' ', '-')].join(':');
    const connection = new Connection({ role, endpoint, clientName, keepalive, reconnect, wheel: this.wheel, log: this.dependencies.log });
    this.listenTo(connection, role, pipeline);
    return connection;
  }

  private async prepare(): Promise<void> {
    this.enter('planning');
    const attemptsMax = this.config.reconnect.attemptsMax || FIRST_ATTEMPTS;
    const first = { attemptsMax, patient: this.config.reconnect.attemptsMax === 0 };
    const connect: ConnectOptions = { sides: this.sides, first, unlessStopped: (work) => this.unlessStopped(work) };
    if (this.config.sync.finish) {
      // The source may be gone for good by then.
      await connectTarget(connect, (target) => (this.target = target));
      return this.target.check();
    }
    this.rules = await openRules(this.config, this.dependencies.log);
    await Promise.all([
      connectSource(
        connect,
        (source) => (this.source = source),
        (source) => this.takeSource(source),
      ),
      connectTarget(connect, (target) => (this.target = target)),
    ]);
    for (const shard of this.shards) shard.check(this.target);
    this.target.check();
    await this.gate.whenItTakesWrites(() => this.lookBeforeWriting());
    for (const warning of this.rules.warnings) this.emit('warn', 'rules.warning', warning);
    await Promise.all(this.shards.map(({ watch }) => watch.begin()));
  }

  private takeSource(source: JobSource): readonly SourceShard[] {
    this.source = source;
    this.shards = source.places.map((place) => this.shard(place));
    return this.shards;
  }

  /** There is no waiting for what is away once the job is to end. */
  private unlessStopped<T>(work: Promise<T>): Promise<T> {
    const ended = this.stopped.promise.then(() => {
      throw new GodwitError('CONNECTION_LOST', 'the job is stopped');
    });
    return Promise.race([work, ended]);
  }

  private shard(place: SourcePlace): SourceShard {
    const shard: SourceShard = new SourceShard({
      place,
      config: this.config,
      control: this.connection('source control', place.endpoint, place.id),
      turns: this.turns,
      log: this.dependencies.log,
      away: this.trouble('SOURCE_NOT_READY', 'source.away', 'source.back', 'the source replicates again', () => shard.name),
      onEvent: (level, kind, message, details) => this.onPipelineEvent(level, kind, message, withPipeline(details, shard.name)),
    });
    return shard;
  }

  /** What would stop a run later is found before anything is written. */
  private async lookBeforeWriting(): Promise<void> {
    await this.checkRights();
    for (const shard of this.shards) await checkDatabases(shard.control, this.target, this.rules);
    await tryWritablePlaces(this.config);
    this.losses.open();
    this.tellLosses();
  }

  private tellLosses(): void {
    const versions = this.shards.map(({ control }) => control.server.version);
    const warning = lossWarning(versions, this.target.version, this.config.sync.onUnsupported);
    if (warning !== undefined) this.emit('warn', 'versions.losses', warning.message, { losses: warning.losses });
  }

  private async checkRights(): Promise<void> {
    await Promise.all(this.shards.map((shard) => shard.checkRights()));
    const missing = await this.target.checkRights();
    if (missing.length === 0) return;
    const message = `the user at target ${this.target.address} may not run ${missing.join(', ')}: the job will stop if the source sends that`;
    this.emit('warn', 'rights.missing', message, { missing: missing.join(' ') });
  }

  private async finish(): Promise<void> {
    this.remarks = await this.target.finish();
    this.reason = 'finished';
    this.emit('info', 'job.finished', `the mark and the spool of this job are removed. ${this.remarks}`);
  }

  /** What --finish would do now. */
  private async endForGood(): Promise<void> {
    const isSettled = this.shards.every(({ pipeline }) => pipeline?.isSettled ?? false);
    if (!isSettled) return this.emit('warn', 'job.not-finished', 'the target has not answered to the end: the marks stay');
    await this.closeAll();
    const { config } = this;
    const ending = new SyncJob({ ...config, sync: { ...config.sync, finish: true, yes: false } }, this.dependencies);
    this.remarks = (await ending.run()).remarks;
    this.reason = 'finished';
  }

  private async sync(): Promise<void> {
    const { budget } = this;
    const { epoch, marks } = await this.gate.whenItTakesWrites(() => this.takeOver());
    this.epoch = epoch;
    for (const shard of this.shards) {
      const mark = marks.get(shard.name);
      if (mark === undefined) throw new GodwitError('INTERNAL', 'the take-over brought no mark');
      await shard.prepare({
        mark,
        side: await this.target.side(shard.name),
        epoch,
        budget,
        valueBytesMax: this.target.valueBytesMax,
        rules: this.rules,
        deadLetters: this.deadLetters,
        pace: this.pace,
      });
    }
    if (this.stopAsked) return;
    this.moves = new SlotMoves({
      source: this.source,
      target: this.target,
      shards: this.shards,
      mayBeginAnew: this.config.sync.onLostPosition === 'resync',
      onEvent: this.emit,
    });
    this.care = new JobCare(this.sides, this.shards);
    this.sampler = setInterval(() => this.sample(), SAMPLE_EVERY_MS);
    this.doctor.start();
    const outcomes = await Promise.all(this.shards.map((shard) => this.runShard(shard)));
    if (outcomes.every((outcome) => outcome === 'full-sync-done')) this.reason = 'full-sync-done';
  }

  /** One that fails ends the others too: they drain first, so that the next run finds them where they were. */
  private async runShard({ pipeline }: SourceShard): Promise<'stopped' | 'full-sync-done'> {
    try {
      return (await pipeline?.run()) ?? 'stopped';
    } catch (error) {
      for (const other of this.shards) if (other.pipeline !== pipeline) other.pipeline?.stop();
      throw error;
    }
  }

  private onPipelineEvent(level: JobEvent['level'], kind: string, message: string, details?: Record<string, unknown>): void {
    if (kind === 'target.not-ready') this.notReady.met(message, Date.now());
    else this.emit(level, kind, message, details);
  }

  private async takeOver(): Promise<TakenOver> {
    const { config, target } = this;
    const epochTaken = await newestEpoch(spoolJobDir(config.spool.dir, config.job.name));
    const pipelines: PipelinePlan[] = await planPipelines(this.shards, await target.known(), this.rules.renames, config.beginAt);
    const taken = await target.takeOver({ pipelines, epochTaken, mayFlush: () => this.gate.mayFlush() });
    const { epoch, isResumed, killed, marks } = taken;
    const offset = marks.get('')?.offset;
    if (isResumed) this.emit('info', 'job.resumed', 'the job goes on where its mark says', { epoch, ...(offset === undefined ? {} : { offset }), killed });
    tellOtherRules(taken.marks.values(), this.rules, (message) => this.emit('warn', 'rules.changed', message));
    return taken;
  }

  private sample(): void {
    const running = this.shards.flatMap(({ pipeline }) => (pipeline === undefined ? [] : [pipeline]));
    const phase = running.every(({ applied }) => applied.phase === 'incremental-sync') ? 'incremental-sync' : 'full-sync';
    if (this.phase !== 'draining') this.enter(phase);
    const now = performance.now();
    this.notReady.done(Math.max(...running.map(({ markAt }) => markAt)), Date.now());
    this.watchSpool();
    void this.moves?.noteSlots();
    for (const shard of this.shards) shard.sample(now);
    const sum = (of: (pipeline: (typeof running)[number]) => number): number => running.reduce((total, pipeline) => total + of(pipeline), 0);
    this.rates.sample(now, [
      sum((pipeline) => pipeline.keysApplied),
      sum((pipeline) => pipeline.commandsApplied),
      sum(({ applied }) => applied.offset + applied.rdbOffset),
    ]);
    const stopWhenLagBelowBytes = this.control.isFinishing ? 0 : this.config.sync.stopWhenLagBelowBytes;
    const near = stopWhenLagBelowBytes >= 0 && this.shards.every((shard) => shard.lagIsCertain && shard.lagBytes <= stopWhenLagBelowBytes);
    if (near && !this.stopAsked) {
      this.reason = 'lag-below';
      this.stop();
    }
  }

  private watchSpool(): void {
    const full = this.budget.fullReason;
    if (full === this.spoolFull) return;
    this.spoolFull = full;
    if (full === null) this.emit('info', 'spool.room', 'the spool has room again');
    else this.emit('warn', 'spool.full', `the spool has no room left (${full === 'disk' ? 'the disk is full' : 'spool.max_bytes'}); the source is held back`);
  }

  private async closeAll(): Promise<void> {
    await Promise.all([...this.shards.map((shard) => shard.close()), this.source.close(), this.target.close()]);
  }
}
