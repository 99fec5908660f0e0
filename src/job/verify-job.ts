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
import { Findings } from '../pipeline/verify/findings.ts';
import { KeyChoice } from '../pipeline/verify/key-choice.ts';
import { KeyMapping } from '../pipeline/verify/key-mapping.ts';
import { LargeLook } from '../pipeline/verify/large-look.ts';
import { LossTable } from '../pipeline/verify/loss-table.ts';
import { PairLook } from '../pipeline/verify/pair-look.ts';
import { QuickLook } from '../pipeline/verify/quick-look.ts';
import { Suspects } from '../pipeline/verify/suspects.ts';
import { Verification } from '../pipeline/verify/verification.ts';
import type { VerifyProgress, VerifyResult } from '../pipeline/verify/verify-result.ts';
import { WantedValues } from '../pipeline/verify/wanted-values.ts';
import { sharedFeatures, featuresOf } from '../rdb/compare/compared-features.ts';
import { ValueComparer } from '../rdb/compare/value-comparer.ts';
import type { TransformRules } from '../transform/transform-rules.ts';
import { openAskedSide } from './open-asked-side.ts';

export interface VerifyConfig {
  readonly source: SideSetting;
  readonly target: SideSetting;
  readonly keepalive: KeepaliveConfig;
  readonly reconnect: ReconnectConfig;
  /** Begins the names of Godwit's own keys. */
  readonly ownPrefix: string;
  readonly filter: FilterRules;
  readonly transform: TransformRules;
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
}

const NO_PROGRESS: VerifyProgress = { phase: 'source', keysDone: 0, keysTotal: 0, suspects: 0, differences: 0, timeLeftMs: -1 };

export class VerifyJob {
  private readonly config: VerifyConfig;
  private readonly log: Logger;
  private readonly sides: AskedSide[] = [];
  private verification: Verification | undefined;
  private isStopped = false;

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
      const [source, target] = await this.open();
      const findings = new Findings(this.config.differencesMax);
      const verification = this.verify(source, target, findings);
      this.verification = verification;
      const [sourceName, targetName] = [source.name, target.name];
      const isComplete = await verification.run().catch((error: unknown) => {
        if (!this.isStopped) throw error;
        return false;
      });
      const { quick, sample } = this.config;
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
      };
    } finally {
      await this.close();
    }
  }

  private async open(): Promise<[AskedSide, AskedSide]> {
    const { keepalive, reconnect } = this.config;
    const shared = { clientName: 'godwit:verify', keepalive, reconnect, wheel: new KeepaliveWheel(), log: this.log };
    for (const role of ['source', 'target'] as const) {
      this.sides.push(await openAskedSide({ ...shared, role, setting: this.config[role] }));
      if (this.isStopped) throw new GodwitError('CONNECTION_LOST', 'the verification was stopped');
    }
    const [source, target] = this.sides;
    const twins = source.runIds().filter((runId) => target.runIds().includes(runId));
    if (twins.length > 0) throw new GodwitError('SAME_SERVER', `source ${source.name} and target ${target.name} are the same server`);
    return [source, target];
  }

  private verify(source: AskedSide, target: AskedSide, findings: Findings): Verification {
    const { config } = this;
    const { quick, settleMs, ttlToleranceMs, largeBytes, keysPerSecond, bothWays, sample, ownPrefix } = config;
    const seed = randomInt(2 ** 31);
    const filter = new Filter(config.filter);
    const features = sharedFeatures(featuresOf(source.version), featuresOf(target.version));
    const comparer = new ValueComparer(features, ttlToleranceMs, seed);
    const losses = new LossTable(target.version, config.onUnsupported === 'skip', comparer);
    const wanted = new WantedValues(filter);
    const comparesTtl = Object.keys(config.transform.ttl ?? {}).length === 0;
    const sides = { source, target, wanted, features, ttlToleranceMs, comparesTtl };
    return new Verification({
      source,
      target,
      look: quick ? new QuickLook(sides) : new PairLook({ ...sides, comparer, losses, largeBytes }),
      largeLook: new LargeLook(sides),
      filter,
      mapping: new KeyMapping(config.transform),
      choice: new KeyChoice({ filter, sample, seed, ownPrefixes: [`${ownPrefix}:`, '__godwit-tmp:'].map((text) => Buffer.from(text)) }),
      suspects: new Suspects({ settleMs, ttlToleranceMs, isLive: true }),
      findings,
      keysPerSecond,
      bothWays,
    });
  }

  private notes(): string[] {
    return Object.keys(this.config.transform.ttl ?? {}).length === 0 ? [] : ['times to live were not compared, since the rules change them'];
  }

  private async close(): Promise<void> {
    await Promise.all(this.sides.map((side) => side.close()));
  }
}
