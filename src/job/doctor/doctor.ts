/**
 * `godwit doctor` as an object: connects both sides as the job would, surveys every server once, waits a second to see how busy they are, and has every check look.
 *
 *   connect > survey, first look at what is counted > (a second: sample keys, ask clusters, open rules and file) > second look > checks > close
 *
 * Invariants: nothing is written to either side; what a check cannot find out is said and fails nothing.
 */
import { cpus, loadavg } from 'node:os';
import type { Readable } from 'node:stream';
import type { LoadConfig, SyncConfig } from '../../config/sync-config.ts';
import { toGodwitError } from '../../errors/errors.ts';
import { versionName } from '../../model/server-version.ts';
import { type Finding, type Severity, worstOf } from '../../observe/finding.ts';
import type { Logger } from '../../observe/log.ts';
import type { ScanOptions } from '../../source/scan/scan-options.ts';
import { spoolJobDir } from '../../source/replica/spool/spool-runs.ts';
import { DeadLetterFile } from '../../target/dead-letter.ts';
import { LoadedFile } from '../loaded-file.ts';
import { NO_RULES, openRules } from '../open-edits.ts';
import { VERSION } from '../version.ts';
import { activityBetween, sampleActivity } from './activity.ts';
import { CHECKS } from './checks.ts';
import type { Check, DoctorKind, DoctorScene } from './doctor-scene.ts';
import { DoctorSides } from './doctor-sides.ts';
import { LoopDelay } from './loop-delay.ts';
import { type NodeSurvey, surveyNode } from './node-survey.ts';
import { sampleKeys } from './sample-keys.ts';
import { freeBytesAt, spoolBytesIn } from './spool-room.ts';

export interface DoctorPlan {
  readonly kind: DoctorKind;
  readonly config: SyncConfig;
  /** Of a load. */
  readonly load: LoadConfig | null;
  readonly scan: Partial<ScanOptions>;
  readonly stdin: Readable;
  /** How long the servers are watched. */
  readonly watchMs: number;
}

export interface CheckReport {
  readonly id: string;
  readonly title: string;
  readonly group: Check['group'];
  readonly severity: Severity;
  readonly findings: readonly Finding[];
}

export interface ServerReport {
  readonly address: string;
  /** `Redis 7.0.15`; '' = not told. */
  readonly server: string;
  /** Id of a managed service; null = none that is known. */
  readonly service: string | null;
  readonly keys: number;
  /** -1 = unknown, as below. */
  readonly dataBytes: number;
  readonly writeBytesPerSecond: number;
  readonly commandsPerSecond: number;
  readonly roundTripMs: number;
}

/** docs/doctor.md has its fields. */
export interface DoctorReport {
  readonly version: string;
  readonly kind: DoctorKind;
  readonly job: string;
  readonly at: number;
  readonly tookMs: number;
  readonly severity: Severity;
  readonly counts: Readonly<Record<Severity, number>>;
  readonly source: readonly ServerReport[];
  readonly target: readonly ServerReport[];
  readonly checks: readonly CheckReport[];
}

export class Doctor {
  private readonly plan: DoctorPlan;
  private readonly log: Logger;

  constructor(plan: DoctorPlan, log: Logger) {
    this.plan = plan;
    this.log = log;
  }

  /** Never rejects for what is found; only for what is wrong with Godwit itself. */
  async run(): Promise<DoctorReport> {
    const { kind, config } = this.plan;
    const [at, startMs] = [Date.now(), performance.now()];
    const sides = new DoctorSides(config, this.log);
    try {
      await Promise.all([kind === 'load' ? undefined : sides.openSource(), kind === 'load' ? sides.openServer() : sides.openTarget()]);
      const scene = await this.scene(sides);
      // Side by side: what each asks goes in one write, so that none gets between the words of another.
      const checks = await Promise.all(CHECKS.filter((check) => check.kinds.includes(kind)).map((check) => reportOf(check, scene)));
      const findings = checks.flatMap((check) => check.findings);
      const count = (severity: Severity): number => findings.filter((one) => one.severity === severity).length;
      return {
        version: VERSION,
        kind,
        job: config.job.name,
        at,
        tookMs: Math.round(performance.now() - startMs),
        severity: worstOf(findings),
        counts: { ok: count('ok'), info: count('info'), warn: count('warn'), error: count('error') },
        source: scene.sources.map(serverReport),
        target: scene.targets.map(serverReport),
        checks,
      };
    } finally {
      await sides.close();
    }
  }

  private async scene(sides: DoctorSides): Promise<DoctorScene> {
    const { kind, config, scan } = this.plan;
    const survey = (side: NodeSurvey['side']): Promise<NodeSurvey[]> => Promise.all(sides.reached(side).map((connection) => surveyNode(connection, side)));
    const [sources, targets] = await Promise.all([survey('source'), survey('target')]);
    const loop = new LoopDelay();
    const [, sample, known, rules, load] = await Promise.all([
      watch([...sources, ...targets], this.plan.watchMs, () => loop.start()),
      sampleKeys(kind === 'load' ? [] : sources),
      Promise.resolve(sides.target?.known() ?? new Map<string, never>()).catch(toGodwitError),
      this.rules(),
      this.load(),
      sides.surveyClusters(),
    ]);
    const delayMaxMs = loop.stop();
    for (const { side, map } of sides.clusters) {
      for (const node of side === 'source' ? sources : targets) {
        const shard = map.owningShards.find(({ primary }) => primary.port === node.endpoint.port && primary.host === node.endpoint.host);
        node.slots = shard?.slots.reduce((sum, { first, last }) => sum + last - first + 1, 0) ?? -1;
      }
    }
    return {
      kind,
      config,
      load,
      scan,
      sources,
      targets,
      target: sides.target,
      failures: sides.failures,
      clusters: sides.clusters,
      ...rules,
      sample: sample.keys,
      sampleTrouble: sample.trouble,
      known,
      hasBegun: known instanceof Map && known.size > 0,
      diskFreeBytes: await freeBytesAt(config.spool.dir),
      spoolBytes: await spoolBytesIn(spoolJobDir(config.spool.dir, config.job.name)),
      tryListening: ({ connection }) => sides.tryListening(connection),
      eventLoop: { delayMaxMs, loadAverage: loadavg()[0], cpus: cpus().length },
    };
  }

  private async rules(): Promise<Pick<DoctorScene, 'rules' | 'rulesError'>> {
    try {
      return { rules: await openRules(this.plan.config, this.log), rulesError: null };
    } catch (error) {
      return { rules: NO_RULES, rulesError: toGodwitError(error) };
    }
  }

  private async load(): Promise<DoctorScene['load']> {
    const { load: config, stdin } = this.plan;
    if (config === null) return null;
    const file = new LoadedFile(config, stdin, new DeadLetterFile(''));
    try {
      // What standard input brings can be read once only: the job is to have it.
      if (!file.canBeReadAgain) return { config, name: file.name, kind: 'not looked at: it can be read once only', error: null };
      await file.look();
      return { config, name: file.name, kind: file.kind, error: null };
    } catch (error) {
      return { config, name: config.load.file, kind: '', error: toGodwitError(error) };
    } finally {
      await file.close();
    }
  }
}

async function watch(nodes: readonly NodeSurvey[], forMs: number, started: () => void): Promise<void> {
  const look = (): Promise<Awaited<ReturnType<typeof sampleActivity>>[]> => Promise.all(nodes.map(({ connection }) => sampleActivity(connection)));
  const before = await look();
  started();
  await new Promise((resolve) => setTimeout(resolve, forMs));
  const after = await look();
  for (const [i, node] of nodes.entries()) node.activity = activityBetween(before[i], after[i]);
}

async function reportOf(check: Check, scene: DoctorScene): Promise<CheckReport> {
  const { id, title, group } = check;
  const said = await Promise.resolve()
    .then(() => check.look(scene))
    .catch((error: unknown) => {
      const { message } = toGodwitError(error);
      return [
        {
          severity: 'info',
          where: 'both sides',
          measured: `could not be looked at: ${message}`,
          why: 'Nothing is known of this before the start.',
          mends: [],
        } as const,
      ];
    });
  const findings = said.map((one) => ({ check: id, ...one }));
  return { id, title, group, severity: worstOf(findings), findings };
}

function serverReport({ name, side, version, service, keys, dataBytes, activity, roundTripMs }: NodeSurvey): ServerReport {
  return {
    address: name.slice(side.length + 1),
    server: version === undefined ? '' : versionName(version),
    service: service?.id ?? null,
    keys,
    dataBytes,
    writeBytesPerSecond: Math.round(activity.writeBytesPerSecond),
    commandsPerSecond: Math.round(activity.commandsPerSecond),
    roundTripMs: Math.round(roundTripMs * 100) / 100,
  };
}
