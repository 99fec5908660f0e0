/**
 * `godwit load` as an object: looks at the file and the target, takes the job over by its mark, runs the pipeline to the end of the file, tells how it is.
 *
 *   created > planning > loading > stopped      loading > draining > stopped      any > failed
 */
import { Deferred } from '../async/deferred.ts';
import type { Mark } from '../checkpoint/mark.ts';
import type { LoadConfig } from '../config/sync-config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { Connection } from '../net/connection.ts';
import { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { JobEvent, JobResult, LoadDependencies, SyncJobApi } from '../observe/job-api.ts';
import type { JobStatus } from '../observe/job-status.ts';
import { Pace } from '../pipeline/pace.ts';
import type { EndStep } from '../source/file/file-source.ts';
import { spoolJobDir } from '../source/replica/spool/spool-runs.ts';
import { DeadLetterFile } from '../target/dead-letter.ts';
import { LossReport } from '../target/loss-report.ts';
import { JobSteering } from './job-steering.ts';
import { JobStory } from './job-story.ts';
import type { LastingTrouble } from './lasting-trouble.ts';
import { type JobRules, NO_RULES, openRules, tellOtherRules } from './open-edits.ts';
import { LoneLoadTarget } from './lone-load-target.ts';
import type { AnyLoadPipeline, LoadTarget } from './load-target.ts';
import type { TargetSidesOptions } from './open-sides.ts';
import { PlacedLoadTarget } from './placed-load-target.ts';
import { LoadedFile } from './loaded-file.ts';
import { loadStatus } from './load-status-view.ts';
import { RateMeter } from './rate-meter.ts';
import { TargetGate } from './target-gate.ts';
import { tryWritablePlaces } from './writable-places.ts';

const SAMPLE_EVERY_MS = 250;
const FIRST_ATTEMPTS = 3;

export class LoadJob extends JobStory implements SyncJobApi {
  readonly config: LoadConfig;
  epoch = 0;
  readonly rates = new RateMeter();
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly pace: Pace;
  readonly control: JobSteering;
  target: LoadTarget;
  readonly file: LoadedFile;
  pipeline: AnyLoadPipeline | undefined;
  private rules: JobRules = NO_RULES;
  private readonly dependencies: LoadDependencies;
  private readonly runName: string;
  private readonly wheel = new KeepaliveWheel();
  private reason: JobResult['reason'] = 'stopped';
  private remarks: string | undefined;
  private readonly stopped = new Deferred<void>();
  private sampler: NodeJS.Timeout | undefined;
  /** The target answers, but takes no writes. */
  private readonly notReady: LastingTrouble;
  private readonly gate: TargetGate;

  constructor(config: LoadConfig, dependencies: LoadDependencies) {
    super(dependencies);
    this.config = config;
    this.dependencies = dependencies;
    const { job, spool, deadLetter, targetSide } = config;
    this.deadLetters = new DeadLetterFile(deadLetter.file || `${spoolJobDir(spool.dir, job.name)}/dead-letter.jsonl`);
    this.losses = new LossReport(config.report.file);
    this.pace = new Pace(config.rate);
    this.control = new JobSteering({
      job: this,
      goals: () => (this.pipeline === undefined ? [] : [this.pipeline.markGoal()]),
      whyNotFinish: () => '',
      onEvent: this.emit,
    });
    this.file = new LoadedFile(config, dependencies.stdin, this.deadLetters);
    this.runName = this.newRunName(job.name);
    const isLone = targetSide.kind === 'auto' && targetSide.seeds.length === 1;
    this.target = isLone ? new LoneLoadTarget(config, this.connection('target data', config.target, '')) : this.placedTarget();
    this.notReady = this.targetTrouble();
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
      else if (!this.stopAsked) await this.load();
      if (this.control.isFinishing && this.reason === 'loaded') await this.finish();
      this.enter('stopped');
      return this.result();
    } catch (caught) {
      const error = this.gate.failure(caught);
      if (this.stopAsked && (error.retryable || error.code === 'CONNECTION_LOST')) {
        this.enter('stopped');
        return this.result();
      }
      this.failed(error);
      throw error;
    } finally {
      clearInterval(this.sampler);
      await Promise.all([this.target.close(), this.file.close()]);
      this.losses.close();
    }
  }

  stop(): void {
    this.stopAsked = true;
    this.stopped.resolve();
    if (this.phase !== 'stopped' && this.phase !== 'failed') this.enter('draining');
    this.pipeline?.stop();
    this.pace.gate.break();
    this.target.stopWaiting();
  }

  abort(): void {
    this.stop();
    void this.target.close();
  }

  status(): JobStatus {
    return loadStatus(this);
  }

  private result(): JobResult {
    const resumable = this.reason === 'stopped' && this.file.canBeReadAgain;
    return { reason: this.reason, status: this.status(), resumable, remarks: this.remarks };
  }

  private placedTarget(): LoadTarget {
    const { config, runName, deadLetters, losses, pace, wheel, dependencies } = this;
    const { log } = dependencies;
    const connection = (role: string, endpoint: Endpoint, pipeline: string): Connection => this.connection(role, endpoint, pipeline);
    const onEvent: TargetSidesOptions['onEvent'] = (level, kind, message, details) => this.onPipelineEvent(level, kind, message, details);
    return new PlacedLoadTarget(config, { config, runName, deadLetters, losses, pace, wheel, log, connection, onEvent });
  }

  private connection(role: string, endpoint: Endpoint, pipeline: string): Connection {
    const { keepalive, reconnect } = this.config;
    const clientName = [this.runName, ...(pipeline === '' ? [] : [pipeline]), role.replace(' ', '-')].join(':');
    const connection = new Connection({ role, endpoint, clientName, keepalive, reconnect, wheel: this.wheel, log: this.dependencies.log });
    this.listenTo(connection, role);
    return connection;
  }

  /** What would stop a run later is found before anything is written. */
  private async prepare(): Promise<void> {
    const { config } = this;
    this.enter('planning');
    this.rules = await openRules(config, this.dependencies.log);
    // A pipe can be silent for as long as it likes.
    if (!config.sync.finish) await Promise.race([this.file.look(), this.stopped.promise]);
    if (this.stopAsked) return;
    const attemptsMax = config.reconnect.attemptsMax || FIRST_ATTEMPTS;
    await this.connectTarget({ attemptsMax, patient: config.reconnect.attemptsMax === 0 });
    if (config.sync.finish) return;
    await this.gate.whenItTakesWrites(() => this.checkRights());
    await tryWritablePlaces(config);
    this.losses.open();
    for (const warning of this.rules.warnings) this.emit('warn', 'rules.warning', warning);
  }

  /** One address alone is taken for a server; when it turns out to be a node of a cluster, it stands for the whole. */
  private async connectTarget(first: { readonly attemptsMax: number; readonly patient: boolean }): Promise<void> {
    await this.target.connect(first);
    if (!this.target.isClusterNode) return;
    await this.target.close();
    this.target = this.placedTarget();
    await this.target.connect(first);
  }

  private async checkRights(): Promise<void> {
    const missing = await this.target.checkRights();
    if (missing.length === 0) return;
    const message = `the user at target ${this.target.address} may not run ${missing.join(', ')}: the load will stop if the file has that`;
    this.emit('warn', 'rights.missing', message, { missing: missing.join(' ') });
  }

  private async finish(): Promise<void> {
    this.remarks = await this.target.finish();
    this.reason = 'finished';
    this.emit('info', 'job.finished', `the mark of this job is removed. ${this.remarks}`);
  }

  private async load(): Promise<void> {
    const { dependencies, deadLetters, losses, pace, file, rules } = this;
    const mark = await this.gate.whenItTakesWrites(() => this.takeOver());
    this.epoch = mark.epoch;
    const pipeline = await this.target.pipeline({
      mark,
      file,
      deadLetters,
      losses,
      pace,
      edits: rules.newEdits(),
      rulesDigest: rules.digest,
      log: dependencies.log,
      onEvent: (level, kind, message, details) => this.onPipelineEvent(level, kind, message, details),
    });
    this.pipeline = pipeline;
    if (this.stopAsked) return;
    this.enter('loading');
    this.sampler = setInterval(() => this.sample(), SAMPLE_EVERY_MS);
    const outcome = await pipeline.run();
    if (outcome === 'loaded') this.reason = 'loaded';
    if (pipeline.end !== null) this.tellEnd(pipeline.end);
  }

  private async takeOver(): Promise<Mark> {
    const { mark, keys, before } = await this.target.takeOver(this.file, () => this.gate.mayFlush());
    if (before !== undefined) {
      tellOtherRules([before], this.rules, (message) => this.emit('warn', 'rules.changed', message));
      this.emit('info', 'job.resumed', 'the load goes on where its mark says', { epoch: mark.epoch, position: mark.file?.position ?? '' });
    }
    if (keys > 0 && this.file.kind === 'aof') {
      this.emit('warn', 'load.keys-there', `the target holds ${keys} keys: commands of the AOF are applied to them as they are`, { keys });
    }
    return mark;
  }

  private onPipelineEvent(level: JobEvent['level'], kind: string, message: string, details?: Record<string, unknown>): void {
    if (kind === 'target.not-ready') this.notReady.met(message, Date.now());
    else this.emit(level, kind, message, details);
  }

  private tellEnd({ tail, until, trailingBytes }: EndStep): void {
    if (tail !== null) {
      const message = `${tail.name} ends within a ${tail.unit}: ${tail.bytes} bytes from offset ${tail.offset} on are left out`;
      this.emit('warn', 'load.tail', message, { file: tail.name, offset: tail.offset, bytes: tail.bytes });
    }
    if (until === 'not-reached') this.emit('warn', 'load.until', 'the AOF ends before the time that was asked for: it was read whole');
    if (until === 'no-timestamps') this.emit('warn', 'load.until', 'the AOF has no timestamps: it was read whole');
    if (trailingBytes > 0) this.emit('warn', 'load.trailing', `${trailingBytes} bytes behind the end of the snapshot were not read`, { bytes: trailingBytes });
  }

  private sample(): void {
    const { pipeline } = this;
    if (pipeline === undefined) return;
    this.notReady.done(pipeline.markAt, Date.now());
    this.rates.sample(performance.now(), [pipeline.applied.keys, pipeline.applied.commands, pipeline.progress.bytes]);
  }
}
