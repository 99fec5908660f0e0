/**
 * `godwit sync` as an object: checks both servers, takes the job over by its mark, runs the pipeline, tells how it is. One job, one source, one target.
 *
 *   created > planning > full-sync > incremental-sync > draining > stopped      any > failed
 */
import type { Mark } from '../checkpoint/mark.ts';
import type { SyncConfig } from '../config/sync-config.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { GodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import { versionName } from '../model/server-version.ts';
import { Connection } from '../net/connection.ts';
import { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import { logEvent } from '../observe/log-event.ts';
import type { JobDependencies, JobEvent, JobResult, SyncJobApi } from '../observe/job-api.ts';
import type { JobPhase, JobStatus } from '../observe/job-status.ts';
import { SyncPipeline } from '../pipeline/sync-pipeline.ts';
import { SyncSpool } from '../pipeline/sync-spool.ts';
import { listRuns, spoolJobDir } from '../source/replica/spool/spool-runs.ts';
import { DeadLetterFile } from '../target/dead-letter.ts';
import { LossReport } from '../target/loss-report.ts';
import { capabilityPlan } from './capability-plan.ts';
import { checkSourceRights } from './check-rights.ts';
import { jobStatus, lagBytes } from './job-status-view.ts';
import { LagMeter } from './lag-meter.ts';
import { LastingTrouble } from './lasting-trouble.ts';
import { checkServers } from './preflight.ts';
import { RateMeter } from './rate-meter.ts';
import { SourceWatch } from './source-watch.ts';
import type { JobTarget } from './job-target.ts';
import { StandaloneTarget } from './standalone-target.ts';
import { TargetGate } from './target-gate.ts';
import { tryWritablePlaces } from './writable-places.ts';

const SAMPLE_EVERY_MS = 250;
const LAG_HEARD_MS = 2_500;
const FIRST_ATTEMPTS = 3;

export class SyncJob implements SyncJobApi {
  readonly config: SyncConfig;
  readonly startedAt = Date.now();
  phase: JobPhase = 'created';
  phaseSinceAt = Date.now();
  epoch = 0;
  lastError: { code: string; message: string; at: number } | null = null;
  readonly rates = new RateMeter();
  readonly lag = new LagMeter();
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly source: Connection;
  readonly target: JobTarget;
  spool: SyncSpool | undefined;
  pipeline: SyncPipeline | undefined;
  private readonly dependencies: JobDependencies;
  private readonly wheel = new KeepaliveWheel();
  private readonly listeners: ((event: JobEvent) => void)[] = [];
  /** Begins the names of the connections of this process. */
  private readonly runName: string;
  private readonly watch: SourceWatch;
  private reason: JobResult['reason'] | undefined;
  private remarks: string | undefined;
  private stopAsked = false;
  private sampler: NodeJS.Timeout | undefined;
  /** The target answers, but takes no writes. */
  private readonly notReady: LastingTrouble;
  private readonly gate: TargetGate;
  /** The source does not replicate to us for now. */
  private readonly sourceAway: LastingTrouble;
  private spoolFull: JobStatus['spool']['full'] = null;

  constructor(config: SyncConfig, dependencies: JobDependencies) {
    this.config = config;
    this.dependencies = dependencies;
    const { job, spool, deadLetter } = config;
    this.deadLetters = new DeadLetterFile(deadLetter.file || `${spoolJobDir(spool.dir, job.name)}/dead-letter.jsonl`);
    this.losses = new LossReport(config.report.file);
    this.runName = `godwit:${job.name}:${this.startedAt.toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;
    this.source = this.connection('source control', config.source);
    this.target = new StandaloneTarget({
      config,
      connection: this.connection('target data', config.target),
      deadLetters: this.deadLetters,
      losses: this.losses,
      onEvent: (level, kind, message, details) => this.onPipelineEvent(level, kind, message, details),
    });
    this.watch = new SourceWatch(this.source);
    this.notReady = this.trouble('TARGET_NOT_READY', 'target.not-ready', 'target.ready', 'the target takes writes again');
    this.gate = new TargetGate({
      target: this.target,
      address: endpointName(config.target),
      notReady: this.notReady,
      yes: config.sync.yes,
      confirmFlush: dependencies.confirmFlush,
      isStopAsked: () => this.stopAsked,
    });
    this.sourceAway = this.trouble('SOURCE_NOT_READY', 'source.away', 'source.back', 'the source replicates again');
  }

  get sourceOffset(): number {
    return this.watch.offset;
  }

  async run(): Promise<JobResult> {
    try {
      await this.prepare();
      if (this.config.sync.finish) await this.finish();
      else if (!this.stopAsked) await this.sync();
      this.enter('stopped');
      return this.result(this.reason ?? 'stopped');
    } catch (caught) {
      const error = this.gate.failure(caught);
      if (this.stopAsked && (error.retryable || error.code === 'CONNECTION_LOST')) {
        this.enter('stopped');
        return this.result('stopped');
      }
      this.lastError = { code: error.code, message: error.message, at: Date.now() };
      this.enter('failed');
      this.emit('error', 'job.failed', error.message, { code: error.code });
      throw error;
    } finally {
      clearInterval(this.sampler);
      this.losses.close();
      await Promise.all([this.source.close(), this.target.close()]);
    }
  }

  private result(reason: JobResult['reason']): JobResult {
    return { reason, status: this.status(), resumable: reason !== 'finished', markWritten: this.pipeline?.isSettled ?? false, remarks: this.remarks };
  }

  stop(): void {
    this.stopAsked = true;
    if (this.phase !== 'stopped' && this.phase !== 'failed') this.enter('draining');
    this.pipeline?.stop();
    // Nothing is in flight to a server that is away, and there is no waiting for its return.
    if (!this.source.isReady) void this.source.close();
    this.target.stopWaiting();
  }

  abort(): void {
    this.stop();
    void this.source.close();
    void this.target.close();
  }

  status(): JobStatus {
    return jobStatus(this);
  }

  on(_event: 'event', listener: (event: JobEvent) => void): void {
    this.listeners.push(listener);
  }

  /** Of the server behind a connection, for people. */
  serverName(connection: Connection): string {
    return connection.server.version === undefined ? 'unknown' : versionName(connection.server.version);
  }

  private trouble(code: ErrorCode, kind: string, kindOver: string, over: string): LastingTrouble {
    return new LastingTrouble({
      onTold: (message, lastsMs) => {
        this.lastError = { code, message, at: Date.now() };
        this.emit('warn', kind, message, { lastsMs });
      },
      onOver: (lastedMs) => this.emit('info', kindOver, over, { lastedMs }),
    });
  }

  private connection(role: string, endpoint: Endpoint): Connection {
    const { keepalive, reconnect } = this.config;
    const clientName = `${this.runName}:${role.replace(' ', '-')}`;
    const connection = new Connection({ role, endpoint, clientName, keepalive, reconnect, wheel: this.wheel, log: this.dependencies.log });
    connection.events.on('lost', ({ error, idleMs }) => {
      this.lastError = { code: error.code, message: error.message, at: Date.now() };
      this.emit('warn', 'connection.lost', error.message, { role, idleMs, code: error.code });
      if (this.stopAsked) void connection.close();
    });
    connection.events.on('state', ({ from, to }) => {
      if (to.name === 'ready') this.emit('info', 'connection.ready', `${role} ${endpointName(endpoint)} is connected`, { role, from });
    });
    return connection;
  }

  private async prepare(): Promise<void> {
    this.enter('planning');
    const attemptsMax = this.config.reconnect.attemptsMax || FIRST_ATTEMPTS;
    const first = { attemptsMax, patient: this.config.reconnect.attemptsMax === 0 };
    if (this.config.sync.finish) {
      // The source may be gone for good by then.
      await this.target.connect(first);
      return this.target.check();
    }
    await Promise.all([this.source.connect(first), this.target.connect(first)]);
    checkServers(this.config, this.source, this.target);
    await this.gate.whenItTakesWrites(() => this.lookBeforeWriting());
    await this.watch.begin();
  }

  /** What would stop a run later is found before anything is written. */
  private async lookBeforeWriting(): Promise<void> {
    await this.checkRights();
    await tryWritablePlaces(this.config);
    this.losses.open();
    this.tellLosses();
  }

  private tellLosses(): void {
    const source = this.source.server.version;
    const target = this.target.version;
    const losses = source === undefined || target === undefined ? [] : capabilityPlan(source, target);
    if (source === undefined || target === undefined || losses.length === 0) return;
    const { onUnsupported } = this.config.sync;
    const then = { stop: 'the run stops at the first of it', skip: 'such keys are left out', degrade: 'the target gets what it can hold' }[onUnsupported];
    const message = `the target (${versionName(target)}) cannot hold all that the source (${versionName(source)}) may have: ${losses.join('. ')}. ${then} (--on-unsupported ${onUnsupported})`;
    this.emit('warn', 'versions.losses', message, { losses });
  }

  private async checkRights(): Promise<void> {
    await checkSourceRights(this.source, this.config.source);
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

  private async sync(): Promise<void> {
    const { config, dependencies } = this;
    const mark = await this.gate.whenItTakesWrites(() => this.takeOver());
    this.epoch = mark.epoch;
    const spool = new SyncSpool({ config: config.spool, job: config.job.name, epoch: mark.epoch, log: dependencies.log });
    this.spool = spool;
    await Promise.all([spool.adopt(mark), this.watch.ask('idle')]);
    const target = await this.target.side('');
    const pipeline = new SyncPipeline({
      config,
      source: config.source,
      target,
      spool,
      mark,
      valueBytesMax: this.target.valueBytesMax,
      log: dependencies.log,
      sourceOffset: this.sourceOffset,
      sourceVersion: () => this.source.server.version?.text ?? '',
      sourceTimeoutMs: () => this.watch.silenceMaxMs(this.pipeline?.link.lastReceivedAtMs ?? 0),
      onEvent: (level, kind, message, details) => this.onPipelineEvent(level, kind, message, details),
    });
    this.pipeline = pipeline;
    if (this.stopAsked) return;
    this.sampler = setInterval(() => this.sample(), SAMPLE_EVERY_MS);
    const outcome = await pipeline.run();
    if (outcome === 'full-sync-done') this.reason = 'full-sync-done';
  }

  private onPipelineEvent(level: JobEvent['level'], kind: string, message: string, details?: Record<string, unknown>): void {
    if (kind === 'target.not-ready') this.notReady.met(message, Date.now());
    else this.emit(level, kind, message, details);
  }

  private async takeOver(): Promise<Mark> {
    const { config, target } = this;
    const [newest] = await listRuns(spoolJobDir(config.spool.dir, config.job.name));
    const mayFlush = (): Promise<boolean> => this.gate.mayFlush();
    const { epoch, marks, isResumed, killed } = await target.takeOver({ pipelines: [''], epochTaken: newest?.epoch ?? 0, mayFlush });
    const mark = marks.get('');
    if (mark === undefined) throw new GodwitError('INTERNAL', 'the take-over brought no mark');
    if (isResumed) this.emit('info', 'job.resumed', 'the job goes on where its mark says', { epoch, offset: mark.offset, killed });
    return mark;
  }

  private sample(): void {
    const { pipeline } = this;
    if (pipeline === undefined) return;
    const { applied } = pipeline;
    if (this.phase !== 'draining' && this.phase !== applied.phase) this.enter(applied.phase);
    const now = performance.now();
    this.notReady.done(pipeline.markAt, Date.now());
    this.watchLink(pipeline.link);
    this.watchSpool();
    const received = this.spool?.stream?.endOffset ?? -1;
    if (received >= 0) this.lag.received(now, received);
    this.rates.sample(now, [pipeline.keysApplied, pipeline.commandsApplied, applied.offset + applied.rdbOffset]);
    void this.watch.ask(pipeline.link.state);
    const { stopWhenLagBelowBytes } = this.config.sync;
    const near = stopWhenLagBelowBytes >= 0 && this.lagIsCertain(pipeline) && lagBytes(this) <= stopWhenLagBelowBytes;
    if (near && !this.stopAsked) {
      this.reason = 'lag-below';
      this.stop();
    }
  }

  /** The source streams to us, and has told since it does how far it is in the same history: what it told before can be of another life. */
  private lagIsCertain({ applied, link }: SyncPipeline): boolean {
    const { heardAt, replicationId } = this.watch;
    if (applied.phase !== 'incremental-sync' || link.state !== 'streaming') return false;
    return heardAt > link.sinceAt && Date.now() - heardAt < LAG_HEARD_MS && (replicationId === '' || replicationId === this.spool?.replicationId);
  }

  private watchLink({ state, lastError, sinceAt }: SyncPipeline['link']): void {
    if (state === 'backing-off' && lastError !== null) this.sourceAway.met(lastError.message, Date.now());
    else if (state === 'streaming' || state === 'receiving-rdb' || state === 'waiting-for-rdb') this.sourceAway.done(sinceAt, Date.now());
  }

  private watchSpool(): void {
    const full = this.spool?.budget.fullReason ?? null;
    if (full === this.spoolFull) return;
    this.spoolFull = full;
    if (full === null) this.emit('info', 'spool.room', 'the spool has room again');
    else this.emit('warn', 'spool.full', `the spool has no room left (${full === 'disk' ? 'the disk is full' : 'spool.max_bytes'}); the source is held back`);
  }

  private enter(phase: JobPhase): void {
    if (phase === this.phase) return;
    this.phase = phase;
    this.phaseSinceAt = Date.now();
    this.emit('info', 'job.phase', `phase: ${phase}`, { phase });
  }

  private emit(level: JobEvent['level'], kind: string, message: string, details: Record<string, unknown> = {}): void {
    const event: JobEvent = { at: Date.now(), level, kind, message, details };
    logEvent(this.dependencies.log, event);
    for (const listener of this.listeners) listener(event);
  }
}
