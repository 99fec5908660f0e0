/** `godwit verify` as an object: opens both sides, compares them, and tells how far it is and what it has found. */
import { randomInt } from 'node:crypto';
import type { OnUnsupported, KeepaliveConfig, ReconnectConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { Filter } from '../filter/filter.ts';
import type { FilterRules } from '../filter/filter-rules.ts';
import type { SideSetting } from '../model/side-topology.ts';
import { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { Logger } from '../observe/log.ts';
import type { AskedSide } from '../pipeline/verify/asked-side.ts';
import { FileKeys } from '../pipeline/verify/file-keys.ts';
import { FileVerification } from '../pipeline/verify/file-verification.ts';
import { Findings } from '../pipeline/verify/findings.ts';
import { lookAtFunctions } from '../pipeline/verify/function-look.ts';
import { LargeLook } from '../pipeline/verify/large-look.ts';
import { PairLook } from '../pipeline/verify/pair-look.ts';
import { QuickLook } from '../pipeline/verify/quick-look.ts';
import { Suspects } from '../pipeline/verify/suspects.ts';
import { Verification } from '../pipeline/verify/verification.ts';
import type { VerifyProgress, VerifyResult } from '../pipeline/verify/verify-result.ts';
import { featuresOf, sharedFeatures } from '../rdb/compare/compared-features.ts';
import type { FileSource, FileSourceOptions } from '../source/file/file-source.ts';
import { openFileSource } from '../source/open-file-source.ts';
import type { TransformRules } from '../transform/transform-rules.ts';
import { openAskedSide } from './open-asked-side.ts';
import { type RepairConfig, RepairRun, type RepairRunOptions } from './repair-run.ts';
import { verificationParts } from './verification-parts.ts';

export interface VerifyConfig {
  readonly source:
    | { readonly kind: 'server'; readonly side: SideSetting }
    | { readonly kind: 'file'; readonly place: string; readonly options: FileSourceOptions };
  readonly target: SideSetting;
  /** The source is read from a replica, where sentinels know one. */
  readonly preferReplica: boolean;
  readonly keepalive: KeepaliveConfig;
  readonly reconnect: ReconnectConfig;
  /** Begins the names of Godwit's own keys. */
  readonly ownPrefix: string;
  /** A key has to pass all of them: that of the job, and that of who asks for a part of its keys. */
  readonly filters: readonly FilterRules[];
  readonly transform: TransformRules;
  /** The job calls a function for what it brings. */
  readonly hasFunction: boolean;
  /** What the migration did with what the target cannot hold. */
  readonly onUnsupported: OnUnsupported;
  readonly quick: boolean;
  /** In (0, 1]. */
  readonly sample: number;
  readonly bothWays: boolean;
  readonly settleMs: number;
  readonly ttlToleranceMs: number;
  /** 0 = no limit. */
  readonly keysPerSecond: number;
  readonly largeBytes: number;
  readonly differencesMax: number;
  /** null = nothing is written. Not for a file. */
  readonly repair: RepairConfig | null;
}

const NO_PROGRESS: VerifyProgress = { phase: 'source', keysDone: 0, keysTotal: 0, suspects: 0, differences: 0, timeLeftMs: -1 };

export class VerifyJob {
  private readonly config: VerifyConfig;
  private readonly log: Logger;
  private readonly sides: AskedSide[] = [];
  private verification: Pick<Verification, 'run' | 'stop' | 'progress' | 'notes'> | undefined;
  private file: FileSource | undefined;
  private repairs: RepairRun | undefined;
  private isStopped = false;
  private readonly told: string[] = [];
  /** Of all hashes of this run. */
  private readonly seed = randomInt(2 ** 31);
  private readonly wheel = new KeepaliveWheel();

  constructor(config: VerifyConfig, log: Logger) {
    this.config = config;
    this.log = log;
  }

  get progress(): VerifyProgress {
    return this.verification?.progress ?? NO_PROGRESS;
  }

  /** run() resolves soon with what is known. */
  stop(): void {
    this.isStopped = true;
    this.verification?.stop();
    void this.close();
  }

  /** @throws GodwitError of a side; CONNECTION_LOST if it was stopped before there was anything to know */
  async run(): Promise<VerifyResult> {
    const startedMs = Date.now();
    try {
      const findings = new Findings(this.config.differencesMax);
      const { source } = this.config;
      const [verification, sourceName, targetName] =
        source.kind === 'file' ? await this.openFile(source.place, source.options, findings) : await this.openServers(source.side, findings);
      this.verification = verification;
      const isComplete = await verification.run().catch((error: unknown) => {
        if (!this.isStopped) throw error;
        return false;
      });
      const { quick, sample } = this.config;
      if (isComplete && !this.isStopped) await this.lookAtFunctions(findings);
      const { function: libraries = 0 } = findings.byKind;
      const repaired = isComplete && !this.isStopped ? await this.repairs?.run() : undefined;
      const repair = repaired && { ...repaired, remaining: repaired.remaining + libraries };
      if (repair !== undefined && libraries > 0)
        this.told.push('libraries of functions are not repaired: FUNCTION DUMP at the source and FUNCTION RESTORE at the target do that');
      return {
        source: sourceName,
        target: targetName,
        startedMs,
        tookMs: Date.now() - startedMs,
        mode: quick ? 'quick' : 'full',
        sample,
        isComplete: isComplete && !this.isStopped,
        counts: findings.counts,
        byKind: findings.byKind,
        differences: findings.differences,
        losses: findings.lossesFound,
        unsettled: findings.unsettled,
        notes: [...verification.notes, ...this.notes()],
        ...(repair === undefined ? {} : { repair }),
      };
    } finally {
      await this.close();
    }
  }

  private async openSide(role: 'source' | 'target', setting: SideSetting): Promise<AskedSide> {
    const { keepalive, reconnect, preferReplica } = this.config;
    const side = await openAskedSide({
      preferReplica: preferReplica && role === 'source',
      role,
      setting,
      clientName: 'godwit:verify',
      keepalive,
      reconnect,
      wheel: this.wheel,
      log: this.log,
    });
    this.sides.push(side);
    if (this.isStopped) throw new GodwitError('CONNECTION_LOST', 'the verification was stopped');
    return side;
  }

  private async openServers(setting: SideSetting, findings: Findings): Promise<[Verification, string, string]> {
    const source = await this.openSide('source', setting);
    const target = await this.openSide('target', this.config.target);
    const twins = source.runIds().filter((runId) => target.runIds().includes(runId));
    if (twins.length > 0) throw new GodwitError('SAME_SERVER', `source ${source.name} and target ${target.name} are the same server`);
    const { quick, settleMs, largeBytes, bothWays } = this.config;
    const parts = verificationParts(this.config, this.seed, sharedFeatures(featuresOf(source.version), featuresOf(target.version)), target, findings);
    const sides = { ...parts, source, target };
    const all = {
      ...sides,
      look: quick ? new QuickLook(sides) : new PairLook({ ...sides, largeBytes }),
      largeLook: new LargeLook(sides),
      bothWays,
    };
    const newSuspects = (): Suspects => new Suspects({ settleMs, ttlToleranceMs: parts.ttlToleranceMs, isLive: true });
    this.repairs = this.openRepair(sides, async (suspects) => {
      const after = new Findings(0);
      const again = new Verification({ ...all, suspects: newSuspects(), findings: after });
      this.verification = again;
      if (this.isStopped) again.stop();
      await again.lookAt(suspects);
      return after.counts.differences;
    });
    const verification = new Verification({ ...all, suspects: newSuspects(), onFound: (...found) => this.repairs?.add(...found) });
    return [verification, source.name, target.name];
  }

  /** Of two servers; a filter is for keys, and a part of them says nothing of functions. */
  private async lookAtFunctions(findings: Findings): Promise<void> {
    const [source, target] = this.sides;
    const { filters, sample, bothWays, settleMs } = this.config;
    if (this.config.source.kind === 'file' || sample < 1 || filters.some((rules) => new Filter(rules).isActive)) return;
    const { differences, note } = await lookAtFunctions(source, target, bothWays, settleMs);
    for (const { library, difference } of differences) findings.confirmedLibrary(library, difference);
    if (note !== '') this.told.push(note);
  }

  private openRepair(
    { source, target, mapping }: Pick<RepairRunOptions, 'source' | 'target' | 'mapping'>,
    lookAgain: RepairRunOptions['lookAgain'],
  ): RepairRun | undefined {
    const { config } = this;
    if (config.repair === null) return undefined;
    return new RepairRun({ config, repair: config.repair, source, target, mapping, lookAgain, isStopped: () => this.isStopped });
  }

  private async openFile(place: string, options: FileSourceOptions, findings: Findings): Promise<[FileVerification, string, string]> {
    const target = await this.openSide('target', this.config.target);
    const source = await openFileSource(place, options);
    this.file = source;
    const parts = verificationParts(this.config, this.seed, featuresOf(target.version), target, findings);
    const fileKeys = this.config.bothWays ? new FileKeys(this.seed) : undefined;
    return [new FileVerification({ ...parts, source, target, fileKeys }), source.name, target.name];
  }

  private notes(): string[] {
    const { transform, hasFunction } = this.config;
    return [
      ...this.told,
      ...(Object.keys(transform.ttl ?? {}).length === 0 ? [] : ['times to live were not compared, since the rules change them']),
      ...(hasFunction ? ['the job has a function (transform.function, function_file or module), which was not called: what it changes differs'] : []),
    ];
  }

  private async close(): Promise<void> {
    await Promise.all([...this.sides.map((side) => side.close()), this.file?.close()]);
  }
}
