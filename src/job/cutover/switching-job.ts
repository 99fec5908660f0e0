/**
 * A sync that can be cut over, as the command line and the API have it: the sync, the cut-over while it runs, and what comes behind the switch: the end of its
 * marks, or the sync back.
 *
 *   sync --- cut-over refused or undone: the sync goes on
 *        \-- switched: the sync ends, its marks are removed, and with a way back the sync from the new side to the old one goes on in its place
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SyncConfig } from '../../config/sync-config.ts';
import { GodwitError, toGodwitError } from '../../errors/errors.ts';
import { KeepaliveWheel } from '../../net/keepalive-wheel.ts';
import type { JobControl, JobDependencies, JobEvent, JobResult, SyncJobApi } from '../../observe/job-api.ts';
import type { JobStatus } from '../../observe/job-status.ts';
import { logEvent } from '../../observe/log-event.ts';
import { SyncJob } from '../sync-job.ts';
import { Cutover } from './cutover.ts';
import { shardView } from './cutover-shard.ts';
import { hasBegun, noteBegun, readBegin, removeBegin } from './begin-file.ts';
import type { Tell } from './cutover-record.ts';
import { HoldRelease } from './hold-release.ts';
import { Rehearsal } from './rehearsal.ts';
import { reverseConfig } from './reverse-config.ts';
import { clientSide } from './switch-words.ts';
import { SwitchingControl } from './switching-control.ts';
import type { CutoverWish } from './cutover-wish.ts';
import { WayBack } from './way-back.ts';

const LOOK_EVERY_MS = 50;
const BEGIN_WAIT_MS = 30_000;

export class SwitchingJob implements SyncJobApi {
  /** Of the sync that runs. */
  private config: SyncConfig;
  /** Of the one that was cut over before it. */
  private counterpart: SyncConfig | undefined;
  private readonly dependencies: JobDependencies;
  private readonly wish: CutoverWish | undefined;
  private readonly steering: SwitchingControl;
  private readonly listeners: ((event: JobEvent) => void)[] = [];
  private readonly wheel = new KeepaliveWheel();
  private job: SyncJob;
  private running: Promise<JobResult> | undefined;
  private cutover: Cutover | undefined;
  private cutting: Promise<boolean> = Promise.resolve(false);
  private isCutting = false;
  private refusal: GodwitError | undefined;
  private stopAsked = false;
  private wayBack: WayBack | undefined;
  private wayBackConfig: SyncConfig | undefined;
  private lingerMs = 0;
  private rehearsal: Rehearsal | undefined;
  private removing: Promise<unknown> = Promise.resolve();

  /** @param wish begins as soon as the sync follows the source */
  constructor(config: SyncConfig, dependencies: JobDependencies, wish?: CutoverWish) {
    this.config = config;
    this.dependencies = dependencies;
    this.wish = wish;
    this.job = this.open(config);
    this.steering = new SwitchingControl({
      now: () => this.job.control,
      isCutting: () => this.isCutting,
      cutOver: (asked) => this.cutOver(asked),
      undo: (reason) => this.cutover?.stop(reason),
    });
  }

  async run(): Promise<JobResult> {
    if (this.wish?.settings.isRehearsal === true) return this.rehearse(this.wish);
    let cutting = this.wish === undefined ? undefined : this.cutOverWhenFollowing(this.wish);
    for (;;) {
      const { config } = this;
      try {
        this.running = this.runSync(config);
        const result = await this.running;
        await cutting;
        cutting = undefined;
        if (!(await this.cutting)) return this.concludeRefused(result);
        this.cutting = Promise.resolve(false);
        const ended = await this.concludeSwitch(result);
        if (ended !== undefined) return ended;
      } catch (error) {
        // Writes at the source go on before anybody hears of it.
        this.cutover?.stop(`the sync has ended: ${toGodwitError(error).message}`);
        await this.cutting;
        throw error;
      } finally {
        await this.removing;
        await this.cutover?.close();
      }
    }
  }

  /** Beside whoever runs the job. @throws GodwitError CUTOVER_REFUSED */
  private async rehearse({ settings, wayBack }: CutoverWish): Promise<JobResult> {
    const { config, dependencies, job } = this;
    const onEvent: Tell = (level, kind, message, details) => this.emit(level, kind, message, details);
    this.rehearsal = new Rehearsal({ config, settings, wayBack, log: dependencies.log, status: job.status(), onEvent });
    await this.rehearsal.run();
    return { reason: 'rehearsed', status: this.rehearsal.status(), resumable: false };
  }

  /** A job that a switch has left a place for begins there, until it has marks. */
  private async runSync(config: SyncConfig): Promise<JobResult> {
    const { sync, spool, job } = config;
    if (sync.finish) return this.job.run().finally(() => removeBegin(spool.dir, job.name));
    const beginAt = await readBegin(spool.dir, job.name);
    if (beginAt !== undefined) this.job = this.open({ ...config, beginAt });
    else if (this.counterpart === undefined) await this.refuseCircle(config);
    if (this.stopAsked) this.job.stop();
    return this.job.run();
  }

  /** Started again beside the sync back, by a supervisor perhaps, it would copy what that brings. @throws GodwitError JOB_CUT_OVER */
  private async refuseCircle(config: SyncConfig): Promise<void> {
    const back = reverseConfig(config).job.name;
    if (!(await hasBegun(config.spool.dir, back))) return;
    throw new GodwitError('JOB_CUT_OVER', `the job ${config.job.name} was cut over, and the sync back ${back} has begun`, {
      details: { job: config.job.name, back },
    });
  }

  /** @throws the reason, where the job was to end then */
  private concludeRefused(result: JobResult): JobResult {
    if (this.refusal !== undefined && this.wish?.endsWhenRefused === true) throw this.refusal;
    return this.withCutover(result);
  }

  /**
   * Cuts over: at once, refused where the job is not so far.
   * @returns whether it has switched @throws GodwitError CUTOVER_REFUSED when one is under way
   */
  async cutOver(wish: CutoverWish): Promise<boolean> {
    if (this.isCutting) throw new GodwitError('CUTOVER_REFUSED', 'a cut-over is under way');
    this.isCutting = true;
    this.cutting = this.cutOverNow(wish);
    try {
      return await this.cutting;
    } finally {
      this.isCutting = false;
    }
  }

  stop(): void {
    this.stopAsked = true;
    this.rehearsal?.stop();
    this.cutover?.stop('the job is to end');
    void this.cutting.catch(() => false).then(() => this.job.stop());
  }

  abort(): void {
    this.stopAsked = true;
    this.cutover?.stop('the job is to end at once');
    void this.cutting.catch(() => false).then(() => this.job.abort());
  }

  get control(): JobControl {
    return this.steering;
  }

  status(): JobStatus {
    const cutover = this.cutover?.status() ?? null;
    return { ...this.job.status(), cutover };
  }

  on(_event: 'event', listener: (event: JobEvent) => void): void {
    this.listeners.push(listener);
  }

  private open(config: SyncConfig): SyncJob {
    const job = new SyncJob(config, this.dependencies);
    job.on('event', (event) => {
      // It has marks by then.
      if (event.kind === 'job.phase' && event.details['phase'] === 'incremental-sync') void noteBegun(config.spool.dir, config.job.name);
      for (const listener of this.listeners) listener(event);
    });
    return job;
  }

  /** A job that goes on from its mark follows its source a moment after it has begun. */
  private async cutOverWhenFollowing(wish: CutoverWish): Promise<void> {
    const startMs = performance.now();
    const views = () => this.job.shards.map(shardView);
    const isThere = (): boolean => {
      const shards = views();
      const isFull = this.job.shards.some(({ pipeline }) => pipeline?.applied.phase === 'full-sync');
      return isFull || (shards.length > 0 && shards.every(({ isFollowing, lagIsCertain }) => isFollowing && lagIsCertain));
    };
    let ended = false;
    const over = (): void => void (ended = true);
    this.running?.then(over, over);
    while (!ended && !this.stopAsked && !isThere() && performance.now() - startMs < BEGIN_WAIT_MS) {
      await sleep(LOOK_EVERY_MS);
    }
    if (ended || this.stopAsked) return;
    const isSwitched = await this.cutOver(wish);
    if (!isSwitched && wish.endsWhenRefused) this.job.stop();
  }

  private async cutOverNow(wish: CutoverWish): Promise<boolean> {
    const { settings, switchClients, lingerMs = 0 } = wish;
    this.lingerMs = lingerMs;
    await this.cutover?.close();
    const { config, job, wheel, dependencies } = this;
    this.wayBackConfig = settings.reverse ? (wish.wayBack ?? this.counterpart ?? reverseConfig(config)) : undefined;
    this.wayBack = this.wayBackConfig && new WayBack(this.wayBackConfig, { wheel, log: dependencies.log, isOwned: () => isOwned(job) });
    const holds = new HoldRelease(config, wheel, dependencies.log);
    const cutover = new Cutover({
      config,
      settings,
      wheel,
      log: dependencies.log,
      status: () => job.status(),
      shards: () => job.shards.map(shardView),
      sourceEndpoints: () => job.shards.map(({ endpoint }) => endpoint),
      sides: () => ({
        from: clientSide(
          config.sourceSide,
          job.source.places.map(({ endpoint }) => endpoint),
          job.source.places[0]?.isClusterNode ?? false,
        ),
        to: clientSide(config.targetSide, job.target.primaryEndpoints(), job.target.isCluster),
      }),
      wayBack: this.wayBack,
      holds: {
        prepare: () => holds.prepare(),
        unknownForMs: async () => job.startedAt + (await holds.settleMs()) - Date.now(),
        release: () => holds.release(job.shards.flatMap(({ pipeline }) => pipeline?.holds.all() ?? [])),
      },
      endSync: () => this.endSync(),
      switchClients,
      onEvent: (level, kind, message, details) => this.emit(level, kind, message, details),
    });
    this.cutover = cutover;
    const end = await cutover.run().finally(() => holds.close());
    if (end.name === 'refused' || end.name === 'rolled-back') this.refusal = refusalOf(end.name, end.reason);
    const isSwitched = end.name === 'switched';
    await this.wayBack?.end(isSwitched).catch((error: unknown) => this.emit('warn', 'cutover.failed', toGodwitError(error).message));
    if (!isSwitched) await cutover.close();
    return isSwitched;
  }

  private async endSync(): Promise<void> {
    this.job.stop();
    await this.running?.catch((error: unknown) => {
      this.emit('warn', 'cutover.failed', `the sync has ended with an error, after the target had everything: ${toGodwitError(error).message}`);
    });
  }

  /** Behind the switch: the end of this sync; undefined where the one back goes on in its place. */
  private async concludeSwitch(result: JobResult): Promise<JobResult | undefined> {
    const { wayBackConfig, config, cutover } = this;
    if (wayBackConfig !== undefined && !this.stopAsked) {
      this.emit('info', 'cutover.way-back', `the sync back begins: job ${wayBackConfig.job.name}`);
      [this.config, this.counterpart] = [wayBackConfig, config];
      this.job = this.open(wayBackConfig);
      this.removing = Promise.all([this.removeMarks(config), cutover?.tellStragglers()]);
      return undefined;
    }
    const remarks = await this.removeMarks(config);
    await cutover?.tellStragglers();
    if (wayBackConfig !== undefined) {
      this.emit(
        'warn',
        'cutover.way-back',
        `the sync back does not run: a sync with the sides exchanged and --job ${wayBackConfig.job.name} begins where the switch was`,
      );
    }
    if (this.lingerMs > 0) await sleep(this.lingerMs);
    return { ...this.withCutover(result), reason: 'cut-over', resumable: false, remarks };
  }

  /** They are of no use any more, and a run that was started again from them would bring to the new side what the sync back brings to the old one. */
  private async removeMarks(config: SyncConfig): Promise<string | undefined> {
    try {
      await removeBegin(config.spool.dir, config.job.name);
      return (await this.open({ ...config, sync: { ...config.sync, finish: true, yes: true } }).run()).remarks;
    } catch (error) {
      this.emit('warn', 'cutover.marks-left', `the marks of the job could not be removed, --finish does it: ${toGodwitError(error).message}`);
      return undefined;
    }
  }

  private withCutover(result: JobResult): JobResult {
    return { ...result, status: { ...result.status, cutover: this.cutover?.status() ?? null } };
  }

  private emit(level: JobEvent['level'], kind: string, message: string, details: Record<string, unknown> = {}): void {
    const event: JobEvent = { at: Date.now(), level, kind, message, details };
    logEvent(this.dependencies.log, event);
    for (const listener of this.listeners) listener(event);
  }
}

function refusalOf(state: 'refused' | 'rolled-back', reason: string): GodwitError {
  return new GodwitError(state === 'refused' ? 'CUTOVER_REFUSED' : 'CUTOVER_UNDONE', reason);
}

/** Nothing was at the target but what the sync has brought. */
function isOwned({ shards }: SyncJob): boolean {
  return shards.every(({ pipeline }) => pipeline?.mark.owned === true);
}
