/**
 * `godwit scan` as an object: reads a source key by key, where replication is not to be had, and where that is asked for follows it by its notifications. It finds
 * the source's places, takes the job over by its marks, runs a pipeline for each place, tells how it is; as a sync, without a spool.
 *
 *   created > planning > full-sync > incremental-sync > draining > stopped      any > failed
 */
import type { SyncConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import { Connection } from '../net/connection.ts';
import { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { JobDependencies, JobEvent, JobResult, SyncJobApi } from '../observe/job-api.ts';
import type { JobStatus } from '../observe/job-status.ts';
import { AskLine } from '../source/scan/ask-line.ts';
import { SCAN_DEFAULTS, type ScanOptions } from '../source/scan/scan-options.ts';
import type { ConnectionHooks } from '../source/scan/scan-source.ts';
import { spoolJobDir } from '../source/replica/spool/spool-runs.ts';
import { DeadLetterFile } from '../target/dead-letter.ts';
import { Pace } from '../pipeline/pace.ts';
import { LossReport } from '../target/loss-report.ts';
import { JobStory } from './job-story.ts';
import type { JobSource, SourcePlace } from './job-source.ts';
import type { JobTarget, TakenOver } from './job-target.ts';
import { type JobSteering, steerShards } from './job-steering.ts';
import { DoctorRounds } from './doctor/doctor-rounds.ts';
import type { LastingTrouble } from './lasting-trouble.ts';
import { connectSource, connectTarget, type ConnectOptions } from './connect-sides.ts';
import { openSource, openTarget, type SidesOptions } from './open-sides.ts';
import { type JobRules, NO_RULES, openRules } from './open-edits.ts';
import { planPipelines } from './plan-pipelines.ts';
import { checkDatabases } from './preflight.ts';
import { RateMeter } from './rate-meter.ts';
import { ScanShard } from './scan-shard.ts';
import { scanStatus } from './scan-status-view.ts';
import { TargetGate } from './target-gate.ts';
import { tryWritablePlaces } from './writable-places.ts';

const SAMPLE_EVERY_MS = 250;
const FIRST_ATTEMPTS = 3;
const LOOKING = 'target scan';

export interface ScanDependencies extends JobDependencies {
  readonly scan?: Partial<ScanOptions>;
  /** Instead of what the configuration names. */
  readonly source?: JobSource;
}

export class ScanJob extends JobStory implements SyncJobApi {
  readonly config: SyncConfig;
  readonly scan: ScanOptions;
  epoch = 0;
  readonly rates = new RateMeter();
  readonly doctor: DoctorRounds;
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly pace: Pace;
  readonly control: JobSteering;
  source: JobSource;
  target: JobTarget;
  targetLines: readonly AskLine[] = [];
  shards: readonly ScanShard[] = [];
  private readonly dependencies: ScanDependencies;
  private readonly wheel = new KeepaliveWheel();
  private readonly sides: SidesOptions;
  private readonly runName: string;
  private reason: JobResult['reason'] | undefined;
  private remarks: string | undefined;
  private rules: JobRules = NO_RULES;
  private sampler: NodeJS.Timeout | undefined;
  private readonly notReady: LastingTrouble;
  private readonly gate: TargetGate;

  constructor(config: SyncConfig, dependencies: ScanDependencies) {
    super(dependencies);
    this.config = config;
    this.dependencies = dependencies;
    this.scan = { ...SCAN_DEFAULTS, ...dependencies.scan };
    const { job, spool, deadLetter } = config;
    this.deadLetters = new DeadLetterFile(deadLetter.file || `${spoolJobDir(spool.dir, job.name)}/dead-letter.jsonl`);
    this.losses = new LossReport(config.report.file);
    this.pace = new Pace(config.rate);
    this.control = steerShards(this, ['planning', 'full-sync', 'incremental-sync'], this.emit);
    this.runName = this.newRunName(job.name);
    this.sides = {
      config,
      runName: this.runName,
      deadLetters: this.deadLetters,
      losses: this.losses,
      pace: this.pace,
      wheel: this.wheel,
      log: dependencies.log,
      connection: (role, endpoint, pipeline) => this.connection(role, endpoint, pipeline),
      onEvent: (level, kind, message, details) => this.onPipelineEvent(level, kind, message, details),
    };
    // What is told of them before it is known what they are.
    this.source = dependencies.source ?? openSource(this.sides, { kind: 'standalone', endpoint: config.source });
    this.target = openTarget(this.sides, { kind: 'standalone', endpoint: config.target });
    this.notReady = this.targetTrouble();
    this.doctor = new DoctorRounds({ kind: 'scan', job: this, onEvent: this.emit });
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
      this.checkOptions();
      this.rules = await openRules(this.config, this.dependencies.log);
      this.checkRules();
      await this.prepare();
      if (this.config.sync.finish) await this.finish();
      else if (!this.stopAsked) await this.bring();
      await this.closeShards();
      if (this.control.isFinishing && (this.reason === 'full-sync-done' || this.reason === 'lag-below')) await this.endForGood();
      this.enter('stopped');
      return this.result(this.reason ?? 'stopped');
    } catch (caught) {
      const error = this.gate.failure(caught);
      await this.closeShards();
      if (this.stopAsked && (error.retryable || error.code === 'CONNECTION_LOST')) {
        this.enter('stopped');
        return this.result('stopped');
      }
      this.failed(error);
      throw error;
    } finally {
      clearInterval(this.sampler);
      this.doctor.close();
      await this.closeAll();
      this.losses.close();
    }
  }

  stop(): void {
    this.stopAsked = true;
    if (this.phase !== 'stopped' && this.phase !== 'failed') this.enter('draining');
    for (const shard of this.shards) shard.stop();
    this.pace.gate.break();
    this.target.stopWaiting();
    for (const { connection } of this.targetLines) if (!connection.isReady) void connection.close();
    if (this.shards.length === 0) void this.source.close();
  }

  abort(): void {
    this.stop();
    void this.closeAll();
  }

  status(): JobStatus {
    return scanStatus(this);
  }

  private result(reason: JobResult['reason']): JobResult {
    const markWritten = this.shards.length > 0 && this.shards.every(({ pipeline }) => pipeline?.isSettled ?? false);
    return { reason, status: this.status(), resumable: reason !== 'finished', markWritten, remarks: this.remarks };
  }

  private connection(role: string, endpoint: Endpoint, pipeline: string, hooks: ConnectionHooks = {}): Connection {
    const { keepalive, reconnect } = this.config;
    // What only looks at the target is none of those that are cut off before anything is written.
    const begin = role === LOOKING ? `${this.config.job.name}:looks` : this.runName;
    const clientName = [begin, ...(pipeline === '' ? [] : [pipeline]), role.replace(' ', '-')].join(':');
    const connection = new Connection({ role, endpoint, clientName, keepalive, reconnect, wheel: this.wheel, log: this.dependencies.log, ...hooks });
    this.listenTo(connection, role, pipeline);
    return connection;
  }

  /** @throws CONFIG_INVALID */
  private checkOptions(): void {
    const { scan, config } = this;
    const fix = 'Leave one of them out.';
    if (scan.notifications && config.sync.onExisting === 'skip') {
      throw new GodwitError('CONFIG_INVALID', 'keys that change again and again cannot be followed where keys that exist at the target are left alone', {
        fix,
      });
    }
    if (scan.mirror && config.otherSources.length > 0) {
      throw new GodwitError('CONFIG_INVALID', 'with several sources it cannot be told which keys of the target each of them has lost', { fix });
    }
    if (!scan.full && !scan.notifications) throw new GodwitError('CONFIG_INVALID', 'neither keys nor notifications are to be read: there is nothing to do');
  }

  /** @throws CONFIG_INVALID */
  private checkRules(): void {
    for (const warning of this.rules.warnings) this.emit('warn', 'rules.warning', warning);
    if (!this.scan.mirror || this.rules.newEdits() === null) return;
    throw new GodwitError('CONFIG_INVALID', 'with filters or transforms it cannot be told which keys of the target the source has lost', {
      fix: 'Leave out --mirror, or the rules.',
    });
  }

  private async prepare(): Promise<void> {
    this.enter('planning');
    const attemptsMax = this.config.reconnect.attemptsMax || FIRST_ATTEMPTS;
    const first = { attemptsMax, patient: this.config.reconnect.attemptsMax === 0 };
    const connect: ConnectOptions = { sides: this.sides, first, unlessStopped: (work) => work };
    if (this.config.sync.finish) {
      await connectTarget(connect, (target) => (this.target = target));
      return this.target.check();
    }
    await Promise.all([this.openSource(connect), connectTarget(connect, (target) => (this.target = target))]);
    for (const shard of this.shards) shard.check(this.target);
    this.target.check();
    await this.gate.whenItTakesWrites(() => this.lookBeforeWriting());
  }

  private async openSource(connect: ConnectOptions): Promise<void> {
    const given = this.dependencies.source;
    if (given === undefined)
      return connectSource(
        connect,
        (source) => (this.source = source),
        (source) => this.takeSource(source),
      );
    await given.start();
    await Promise.all(this.takeSource(given).map(({ control }) => control.connect(connect.first)));
  }

  private takeSource(source: JobSource): readonly ScanShard[] {
    this.source = source;
    this.shards = source.places.map((place) => this.shard(place));
    if (this.stopAsked) this.stop();
    return this.shards;
  }

  private shard(place: SourcePlace): ScanShard {
    const shard: ScanShard = new ScanShard({
      place,
      config: this.config,
      scan: this.scan,
      control: this.connection('source control', place.endpoint, place.id),
      log: this.dependencies.log,
      open: (role, endpoint, pipeline, hooks) => this.connection(role, endpoint, pipeline, hooks),
      onEvent: (level, kind, message, details) =>
        this.onPipelineEvent(level, kind, message, shard.name === '' ? details : { ...details, pipeline: shard.name }),
    });
    return shard;
  }

  /** What would stop a run later is found before anything is written. */
  private async lookBeforeWriting(): Promise<void> {
    const missing = await this.target.checkRights();
    if (missing.length > 0) {
      const message = `the user at target ${this.target.address} may not run ${missing.join(', ')}: the job will stop if that is needed`;
      this.emit('warn', 'rights.missing', message, { missing: missing.join(' ') });
    }
    for (const shard of this.shards) await checkDatabases(shard.control, this.target, this.rules);
    await tryWritablePlaces(this.config);
    this.losses.open();
  }

  private async finish(): Promise<void> {
    this.remarks = await this.target.finish();
    this.reason = 'finished';
    this.emit('info', 'job.finished', `the mark of this job is removed. ${this.remarks}`);
  }

  /** What --finish would do now. */
  private async endForGood(): Promise<void> {
    await this.closeAll();
    const { config } = this;
    const ending = new ScanJob({ ...config, sync: { ...config.sync, finish: true, yes: true } }, this.dependencies);
    this.remarks = (await ending.run()).remarks;
    this.reason = 'finished';
  }

  private async bring(): Promise<void> {
    const { epoch, marks } = await this.gate.whenItTakesWrites(() => this.takeOver());
    this.epoch = epoch;
    const { valueBytesMax } = this.target;
    const evictsBy = await this.evictionOfTarget();
    for (const shard of this.shards) {
      const mark = marks.get(shard.name);
      if (mark === undefined) throw new GodwitError('INTERNAL', 'the take-over brought no mark');
      const side = await this.target.side(shard.name);
      const targetLines = (): Promise<readonly AskLine[]> => this.linesToTarget();
      shard.prepare({ mark, side, valueBytesMax, evictsBy, targetLines, edits: this.rules.newEdits(), deadLetters: this.deadLetters, pace: this.pace });
    }
    if (this.stopAsked) return;
    this.enter('full-sync');
    this.sampler = setInterval(() => this.sample(), SAMPLE_EVERY_MS);
    this.doctor.start();
    const outcomes = await Promise.all(this.shards.map((shard) => this.runShard(shard)));
    if (outcomes.every((outcome) => outcome === 'done')) this.reason = 'full-sync-done';
  }

  /** One that fails ends the others too. */
  private async runShard({ pipeline }: ScanShard): Promise<'stopped' | 'done'> {
    try {
      return (await pipeline?.run()) ?? 'stopped';
    } catch (error) {
      for (const other of this.shards) if (other.pipeline !== pipeline) other.pipeline?.stop();
      throw error;
    }
  }

  /** @throws MARK_INVALID */
  private async takeOver(): Promise<TakenOver> {
    const { target } = this;
    const known = await target.known();
    if ([...known.values()].some(({ mark }) => mark.scan === undefined && mark.snapshotId !== 0)) {
      throw new GodwitError('MARK_INVALID', `the mark of the job ${this.config.job.name} at the target is of a sync, or of a load of a file`, {
        fix: 'Give this job another name (--job), or end the other one with --finish.',
      });
    }
    const pipelines = await planPipelines(this.shards, known, this.rules.renames);
    const taken = await target.takeOver({ pipelines, epochTaken: 0, mayFlush: () => this.gate.mayFlush() });
    if (taken.isResumed) this.emit('info', 'job.resumed', 'the job goes on where its mark says', { epoch: taken.epoch, killed: taken.killed });
    return taken;
  }

  private async evictionOfTarget(): Promise<'lru' | 'lfu' | undefined> {
    const [line] = await this.linesToTarget();
    const reply = await line.connection.call('CONFIG', 'GET', 'maxmemory-policy').catch(() => null);
    const policy = Array.isArray(reply) ? String(reply[1] ?? '') : '';
    return policy.includes('lru') ? 'lru' : policy.includes('lfu') ? 'lfu' : undefined;
  }

  /** To look at the keys of the target; what is written goes another way. */
  private async linesToTarget(): Promise<readonly AskLine[]> {
    const wanted = this.target.primaryEndpoints();
    const names = new Set(wanted.map(endpointName));
    const kept = this.targetLines.filter(({ connection }) => names.has(endpointName(connection.endpoint)));
    for (const line of this.targetLines) if (!kept.includes(line)) void line.connection.close();
    const have = new Set(kept.map(({ connection }) => endpointName(connection.endpoint)));
    const added = wanted.filter((endpoint) => !have.has(endpointName(endpoint))).map((endpoint) => new AskLine(this.connection(LOOKING, endpoint, '')));
    this.targetLines = [...kept, ...added];
    await Promise.all(added.map(({ connection }) => connection.connect()));
    return this.targetLines;
  }

  private onPipelineEvent(level: JobEvent['level'], kind: string, message: string, details?: Record<string, unknown>): void {
    if (kind === 'target.not-ready') this.notReady.met(message, Date.now());
    else this.emit(level, kind, message, details);
  }

  private sample(): void {
    const running = this.shards.flatMap(({ pipeline }) => (pipeline === undefined ? [] : [pipeline]));
    const follows = running.every(({ stage }) => stage === 'following');
    if (this.phase !== 'draining') this.enter(follows ? 'incremental-sync' : 'full-sync');
    this.notReady.done(Math.max(...running.map(({ markAt }) => markAt)), Date.now());
    const queued = this.control.isFinishing && follows ? scanStatus(this).scan?.queued : -1;
    if (queued === 0 && !this.stopAsked) {
      this.reason = 'lag-below';
      this.stop();
    }
    const keys = running.reduce((sum, { keysApplied }) => sum + keysApplied, 0);
    this.rates.sample(performance.now(), [keys, 0, 0]);
  }

  private async closeShards(): Promise<void> {
    await Promise.all(this.shards.map((shard) => shard.close()));
  }

  private async closeAll(): Promise<void> {
    await Promise.all([this.closeShards(), this.source.close(), this.target.close(), ...this.targetLines.map(({ connection }) => connection.close())]);
  }
}
