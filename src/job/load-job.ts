/**
 * `godwit load` as an object: looks at the file and the target, takes the job over by its mark, runs the pipeline to the end of the file, tells how it is.
 *
 *   created > planning > loading > stopped      loading > draining > stopped      any > failed
 */
import { logEvent } from '../observe/log-event.ts';
import { Deferred } from '../async/deferred.ts';
import { JobMarks } from '../checkpoint/job-marks.ts';
import type { Mark } from '../checkpoint/mark.ts';
import type { MarkStore } from '../checkpoint/mark-store.ts';
import type { LoadConfig } from '../config/sync-config.ts';
import { endpointName } from '../model/endpoint.ts';
import { Connection } from '../net/connection.ts';
import { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { JobEvent, JobResult, LoadDependencies, SyncJobApi } from '../observe/job-api.ts';
import type { JobPhase, JobStatus } from '../observe/job-status.ts';
import { Pace } from '../pipeline/pace.ts';
import { LoadPipeline } from '../pipeline/load-pipeline.ts';
import type { EndStep } from '../source/file/file-source.ts';
import { spoolJobDir } from '../source/replica/spool/spool-runs.ts';
import { DeadLetterFile } from '../target/dead-letter.ts';
import { LossReport } from '../target/loss-report.ts';
import { checkTargetRights } from './check-rights.ts';
import { finishJob } from './finish-job.ts';
import { JobSteering } from './job-steering.ts';
import { LastingTrouble } from './lasting-trouble.ts';
import { type JobRules, NO_RULES, openRules, tellOtherRules } from './open-edits.ts';
import { LoadedFile } from './loaded-file.ts';
import { loadStatus } from './load-status-view.ts';
import { checkTarget, keyCount, notEmpty, restoreOptions, valueBytesMax } from './preflight.ts';
import { RateMeter } from './rate-meter.ts';
import { TargetGate } from './target-gate.ts';
import { tryWritablePlaces } from './writable-places.ts';

const SAMPLE_EVERY_MS = 250;
const FIRST_ATTEMPTS = 3;

export class LoadJob implements SyncJobApi {
  readonly config: LoadConfig;
  readonly startedAt = Date.now();
  phase: JobPhase = 'created';
  phaseSinceAt = Date.now();
  epoch = 0;
  lastError: { code: string; message: string; at: number } | null = null;
  readonly rates = new RateMeter();
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly pace: Pace;
  readonly control: JobSteering;
  readonly target: Connection;
  readonly file: LoadedFile;
  pipeline: LoadPipeline | undefined;
  private rules: JobRules = NO_RULES;
  private readonly dependencies: LoadDependencies;
  private readonly listeners: ((event: JobEvent) => void)[] = [];
  private readonly marks: JobMarks;
  private readonly store: MarkStore;
  private othersCutOff = false;
  private reason: JobResult['reason'] = 'stopped';
  private remarks: string | undefined;
  private stopAsked = false;
  private readonly stopped = new Deferred<void>();
  private sampler: NodeJS.Timeout | undefined;
  /** The target answers, but takes no writes. */
  private readonly notReady: LastingTrouble;
  private readonly gate: TargetGate;

  constructor(config: LoadConfig, dependencies: LoadDependencies) {
    this.config = config;
    this.dependencies = dependencies;
    const { job, checkpoint, spool, deadLetter, keepalive, reconnect } = config;
    this.deadLetters = new DeadLetterFile(deadLetter.file || `${spoolJobDir(spool.dir, job.name)}/dead-letter.jsonl`);
    this.losses = new LossReport(config.report.file);
    this.marks = new JobMarks(checkpoint.prefix, job.name, `godwit:${job.name}:`);
    this.store = this.marks.store('');
    this.pace = new Pace(config.rate);
    this.control = new JobSteering({
      job: this,
      goals: () => (this.pipeline === undefined ? [] : [this.pipeline.markGoal()]),
      whyNotFinish: () => '',
      onEvent: (level, kind, message, details) => this.emit(level, kind, message, details),
    });
    this.file = new LoadedFile(config, dependencies.stdin, this.deadLetters);
    const run = `${this.startedAt.toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;
    const role = 'target data';
    const clientName = `godwit:${job.name}:${run}:target-data`;
    this.target = new Connection({ role, endpoint: config.target, clientName, keepalive, reconnect, wheel: new KeepaliveWheel(), log: dependencies.log });
    this.listenTo(this.target, role);
    this.notReady = new LastingTrouble({
      onTold: (message, lastsMs) => {
        this.lastError = { code: 'TARGET_NOT_READY', message, at: Date.now() };
        this.emit('warn', 'target.not-ready', message, { lastsMs });
      },
      onOver: (lastedMs) => this.emit('info', 'target.ready', 'the target takes writes again', { lastedMs }),
    });
    this.gate = new TargetGate({
      target: () => ({ address: endpointName(config.target), ready: () => this.target.ready(), keyCount: () => keyCount(this.target) }),
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
      this.lastError = { code: error.code, message: error.message, at: Date.now() };
      this.enter('failed');
      this.emit('error', 'job.failed', error.message, { code: error.code });
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
    if (!this.target.isReady) void this.target.close();
  }

  abort(): void {
    this.stop();
    void this.target.close();
  }

  status(): JobStatus {
    return loadStatus(this);
  }

  on(_event: 'event', listener: (event: JobEvent) => void): void {
    this.listeners.push(listener);
  }

  private result(): JobResult {
    const resumable = this.reason === 'stopped' && this.file.canBeReadAgain;
    return { reason: this.reason, status: this.status(), resumable, remarks: this.remarks };
  }

  private listenTo(connection: Connection, role: string): void {
    const address = endpointName(this.config.target);
    connection.events.on('lost', ({ error, idleMs }) => {
      this.lastError = { code: error.code, message: error.message, at: Date.now() };
      this.emit('warn', 'connection.lost', error.message, { role, idleMs, code: error.code });
      if (this.stopAsked) void connection.close();
    });
    connection.events.on('round-trip', ({ roundTripMs }) => this.dependencies.onRoundTrip?.({ role, address, roundTripMs }));
    connection.events.on('state', ({ from, to }) => {
      if (to.name === 'ready') this.emit('info', 'connection.ready', `${role} ${address} is connected`, { role, from });
    });
  }

  /** What would stop a run later is found before anything is written. */
  private async prepare(): Promise<void> {
    const { config, target } = this;
    this.enter('planning');
    this.rules = await openRules(config, this.dependencies.log);
    // A pipe can be silent for as long as it likes.
    if (!config.sync.finish) await Promise.race([this.file.look(), this.stopped.promise]);
    if (this.stopAsked) return;
    const attemptsMax = config.reconnect.attemptsMax || FIRST_ATTEMPTS;
    await target.connect({ attemptsMax, patient: config.reconnect.attemptsMax === 0 });
    checkTarget(target);
    if (config.sync.finish) return;
    await this.gate.whenItTakesWrites(() => this.checkRights());
    await tryWritablePlaces(config);
    this.losses.open();
    for (const warning of this.rules.warnings) this.emit('warn', 'rules.warning', warning);
  }

  private async checkRights(): Promise<void> {
    const { target, checkpoint, sync } = this.config;
    const needed = { markKey: this.store.key, prefix: checkpoint.prefix, flush: sync.flushTarget };
    const missing = await checkTargetRights(this.target, target, needed);
    if (missing.length === 0) return;
    const message = `the user at target ${endpointName(target)} may not run ${missing.join(', ')}: the load will stop if the file has that`;
    this.emit('warn', 'rights.missing', message, { missing: missing.join(' ') });
  }

  private async finish(): Promise<void> {
    this.remarks = await finishJob(this.config, this.marks, this.target);
    this.reason = 'finished';
    this.emit('info', 'job.finished', `the mark of this job is removed. ${this.remarks}`);
  }

  private async load(): Promise<void> {
    const { config, dependencies, store, target } = this;
    const mark = await this.gate.whenItTakesWrites(() => this.takeOver());
    this.epoch = mark.epoch;
    const pipeline = new LoadPipeline({
      config,
      connection: target,
      store,
      mark,
      openAt: (from) => this.file.openAt(from),
      keyCount: () => keyCount(target),
      deadLetters: this.deadLetters,
      edits: this.rules.newEdits(),
      rulesDigest: this.rules.digest,
      restore: await restoreOptions(config, target, this.losses),
      valueBytesMax: valueBytesMax(target),
      log: dependencies.log,
      pace: this.pace,
      plainBatches: this.othersCutOff,
      onEvent: (level, kind, message, details) =>
        kind === 'target.not-ready' ? this.notReady.met(message, Date.now()) : this.emit(level, kind, message, details),
    });
    this.pipeline = pipeline;
    if (this.stopAsked) return;
    this.enter('loading');
    this.sampler = setInterval(() => this.sample(), SAMPLE_EVERY_MS);
    const outcome = await pipeline.run();
    if (outcome === 'loaded') this.reason = 'loaded';
    if (pipeline.end !== null) this.tellEnd(pipeline.end);
  }

  /** A new job begins with an empty target (or as --on-existing says); a known one goes on, and its owner before is fenced. */
  private async takeOver(): Promise<Mark> {
    const { config, store, target, file } = this;
    const known = await store.read(target);
    if (known !== undefined) file.checkMark(known, store.key);
    const flush = known === undefined && config.sync.flushTarget && (await this.gate.mayFlush());
    const keys = known === undefined && !flush ? await keyCount(target) : 0;
    if (known === undefined && keys > 0 && config.sync.onExisting === 'fail') throw notEmpty(config, endpointName(config.target), keys);
    const first = { epoch: 0, replicationId: '', offset: 0, database: 0, snapshotId: 0, rdbOffset: 0, rdbState: null, owned: keys === 0 } as const;
    const mark = await store.takeOver(
      target,
      (before) => {
        const base: Mark = before ?? { ...first, phase: 'full-sync' };
        return { ...base, epoch: base.epoch + 1, file: file.markAfter(before) };
      },
      flush,
    );
    const killed = await store.killOthers(target);
    this.othersCutOff = killed >= 0;
    if (known !== undefined) tellOtherRules([known], this.rules, (message) => this.emit('warn', 'rules.changed', message));
    if (known !== undefined)
      this.emit('info', 'job.resumed', 'the load goes on where its mark says', { epoch: mark.epoch, position: mark.file?.position ?? '' });
    if (keys > 0 && file.kind === 'aof') {
      this.emit('warn', 'load.keys-there', `the target holds ${keys} keys: commands of the AOF are applied to them as they are`, { keys });
    }
    return mark;
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

  private enter(phase: JobPhase): void {
    if (phase === this.phase) return;
    this.phase = phase;
    this.phaseSinceAt = Date.now();
    this.emit('info', 'job.phase', `phase: ${phase}`, { phase });
  }

  /** Whoever runs the job writes its log. */
  private emit(level: JobEvent['level'], kind: string, message: string, details: Record<string, unknown> = {}): void {
    const event: JobEvent = { at: Date.now(), level, kind, message, details };
    logEvent(this.dependencies.log, event);
    for (const listener of this.listeners) listener(event);
  }
}
