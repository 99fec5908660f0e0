/**
 * The light form of the doctor, beside a job that runs: the checks that need no more than what the servers say of themselves, each minute. The source is asked over the
 * connections that ask it anyway; each primary of the target over one that is made for that and closed again, since those of the data must not be talked between.
 *
 * A finding is told when it appears or gets worse (`doctor.found`), and when it is gone (`doctor.gone`); between, it is in the status. A round in which a side does not
 * answer changes nothing: that it is away is told by others.
 */
import type { SyncConfig } from '../../config/sync-config.ts';
import type { Endpoint } from '../../model/endpoint.ts';
import { Connection } from '../../net/connection.ts';
import { KeepaliveWheel } from '../../net/keepalive-wheel.ts';
import { type OpenFinding, SEVERITIES } from '../../observe/finding.ts';
import type { JobEvent } from '../../observe/job-api.ts';
import { silentLogger } from '../../observe/log.ts';
import { spoolJobDir } from '../../source/replica/spool/spool-runs.ts';
import type { JobTarget } from '../job-target.ts';
import { type ActivitySample, activityBetween, sampleActivity } from './activity.ts';
import { LIGHT_CHECKS } from './checks.ts';
import type { DoctorKind, LightScene } from './doctor-scene.ts';
import { type NodeSurvey, surveyNode } from './node-survey.ts';
import { freeBytesAt, spoolBytesIn } from './spool-room.ts';

/** What of a job is looked at. */
export interface WatchedJob {
  readonly config: SyncConfig;
  readonly shards: readonly { readonly control: Connection }[];
  readonly target: Pick<JobTarget, 'primaryEndpoints'>;
}

export interface DoctorRoundsOptions {
  readonly kind: DoctorKind;
  readonly job: WatchedJob;
  onEvent(level: JobEvent['level'], kind: string, message: string, details: Record<string, unknown>): void;
}

export class DoctorRounds {
  /** Those that are not over, the worst first. */
  findings: readonly OpenFinding[] = [];
  private readonly options: DoctorRoundsOptions;
  private readonly wheel = new KeepaliveWheel();
  private readonly samples = new Map<string, ActivitySample>();
  private timer: NodeJS.Timeout | undefined;
  private isBusy = false;
  private readonly open = new Set<Connection>();
  private isClosed = false;

  constructor(options: DoctorRoundsOptions) {
    this.options = options;
  }

  /** The first round comes when the first interval is over: before the start there is `godwit doctor`. */
  start(): void {
    const { intervalMs } = this.options.job.config.doctor;
    if (intervalMs <= 0 || this.timer !== undefined || this.isClosed) return;
    this.timer = setInterval(() => void this.round(), intervalMs);
    this.timer.unref();
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    for (const connection of this.open) void connection.close();
  }

  private async round(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      const scene = await this.scene();
      if (scene !== undefined && !this.isClosed) await this.compare(scene);
    } catch {
      // A server has gone away in the middle: the next round comes.
    } finally {
      this.isBusy = false;
    }
  }

  private async scene(): Promise<LightScene | undefined> {
    const { kind, job } = this.options;
    const { config, shards, target } = job;
    if (!shards.every(({ control }) => control.isReady)) return undefined;
    const sources = await Promise.all(shards.map(({ control }) => this.survey(control, 'source')));
    const targets = await Promise.all(target.primaryEndpoints().map((endpoint) => this.surveyTarget(endpoint)));
    const dir = spoolJobDir(config.spool.dir, config.job.name);
    return { kind, config, sources, targets, hasBegun: true, diskFreeBytes: await freeBytesAt(dir), spoolBytes: await spoolBytesIn(dir) };
  }

  private async survey(connection: Connection, side: NodeSurvey['side']): Promise<NodeSurvey> {
    const node = await surveyNode(connection, side);
    const sample = await sampleActivity(connection);
    const before = this.samples.get(node.name);
    if (before !== undefined) node.activity = activityBetween(before, sample);
    this.samples.set(node.name, sample);
    return node;
  }

  private async surveyTarget(endpoint: Endpoint): Promise<NodeSurvey> {
    const { config } = this.options.job;
    const connection = new Connection({
      role: 'target doctor',
      endpoint,
      clientName: `godwit-doctor:${config.job.name}:target`,
      keepalive: { ...config.keepalive, intervalMs: 0 },
      reconnect: { ...config.reconnect, attemptsMax: 1 },
      wheel: this.wheel,
      log: silentLogger,
    });
    this.open.add(connection);
    try {
      await connection.connect({ attemptsMax: 1 });
      return await this.survey(connection, 'target');
    } finally {
      this.open.delete(connection);
      await connection.close();
    }
  }

  private async compare(scene: LightScene): Promise<void> {
    const now = Date.now();
    const found: OpenFinding[] = [];
    for (const check of LIGHT_CHECKS) {
      if (!check.kinds.includes(scene.kind)) continue;
      const said = await check.look(scene);
      for (const one of said) if (one.severity !== 'ok') found.push({ check: check.id, ...one, sinceAt: this.known(check.id, one.where)?.sinceAt ?? now });
    }
    const before = this.findings;
    const told = found.filter((one) => rank(one) > rank(this.known(one.check, one.where)));
    this.findings = found.toSorted((a, b) => rank(b) - rank(a));
    for (const one of told) this.tell(one);
    for (const one of before) if (this.known(one.check, one.where) === undefined) this.tellGone(one, now);
  }

  private known(check: string, where: string): OpenFinding | undefined {
    return this.findings.find((one) => one.check === check && one.where === where);
  }

  private tell({ check, severity, where, measured, why, mends }: OpenFinding): void {
    const mend = mends.length === 0 ? '' : mends[0].command;
    const message = `${titleOf(check)}, ${where}: ${measured}. ${why}${mend === '' ? '' : ` What mends it: ${mend}`}`;
    this.options.onEvent(severity === 'info' ? 'info' : 'warn', 'doctor.found', message, { check, severity, where, ...(mend === '' ? {} : { mend }) });
  }

  private tellGone({ check, where, sinceAt }: OpenFinding, now: number): void {
    this.options.onEvent('info', 'doctor.gone', `${titleOf(check)}, ${where}: as it should be again`, { check, where, lastedMs: now - sinceAt });
  }
}

const titleOf = (id: string): string => LIGHT_CHECKS.find((check) => check.id === id)?.title ?? id;

const rank = (finding: OpenFinding | undefined): number => (finding === undefined ? 0 : SEVERITIES.indexOf(finding.severity));
