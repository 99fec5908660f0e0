/**
 * Compares keys of both sides all the time while a sync runs (verify.continuous): round after round through all keys, both ways, as slowly as it is told. What is
 * confirmed to differ is told, and with verify.repair brought anew at its place in the stream. It never ends the job: what fails is told once, and tried again.
 */
import { randomInt } from 'node:crypto';
import type { SyncConfig } from '../config/sync-config.ts';
import { toGodwitError } from '../errors/errors.ts';
import type { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { VerificationStatus } from '../observe/job-status.ts';
import type { Logger } from '../observe/log.ts';
import type { AskedSide } from '../pipeline/verify/asked-side.ts';
import { asFound, Findings } from '../pipeline/verify/findings.ts';
import type { KeyFinding } from '../pipeline/verify/key-finding.ts';
import { LargeLook } from '../pipeline/verify/large-look.ts';
import { PairLook } from '../pipeline/verify/pair-look.ts';
import { type Suspect, Suspects } from '../pipeline/verify/suspects.ts';
import { Verification } from '../pipeline/verify/verification.ts';
import { featuresOf, sharedFeatures } from '../rdb/compare/compared-features.ts';
import type { KeyToMend } from '../pipeline/mending/key-to-mend.ts';
import type { MendDesk } from './mending/mend-desk.ts';
import { openAskedSide } from './open-asked-side.ts';
import { transformRules } from './open-edits.ts';
import { verificationParts } from './verification-parts.ts';

export interface ContinuousVerificationOptions {
  readonly config: SyncConfig;
  readonly wheel: KeepaliveWheel;
  readonly log: Logger;
  readonly desk: MendDesk;
  /** All that was there at the begin is applied. */
  isInStream(): boolean;
  lagMs(): number;
  onEvent(level: 'info' | 'warn', kind: string, message: string, details: Record<string, unknown>): void;
}

/** Not of the job: who takes a job over, or back, ends the connections that could write. */
const CLIENT_NAME = 'godwit:verify';
const LOOK_EVERY_MS = 250;
const AGAIN_AFTER_MS = 30_000;
/** Between two rounds, so that few keys are no reason to ask all the time. */
const PAUSE_MS = 1_000;
const SETTLE_MS = 3_000;
const TOLERANCE_MS = 1_000;
const LARGE_BYTES = 1024 * 1024;
/** Of each round that are told one by one. */
const TOLD_MAX = 20;
const MENDED_AT_ONCE = 256;

export class ContinuousVerification {
  private readonly options: ContinuousVerificationOptions;
  private readonly sinceAt = Date.now();
  private readonly seed = randomInt(2 ** 31);
  private sides: readonly [AskedSide, AskedSide] | undefined;
  private verification: Verification | undefined;
  private isClosed = false;
  private rounds = 0;
  private lastRoundAt = 0;
  private lastDifferences = -1;
  private lastConfirmedAt = 0;
  private confirmed = 0;
  private mended = 0;
  private toldOfRound = 0;
  private lastFailure = '';
  private toMend: KeyToMend[] = [];
  private mending: Promise<void> | undefined;

  constructor(options: ContinuousVerificationOptions) {
    this.options = options;
  }

  get status(): VerificationStatus {
    const { rounds, lastRoundAt, lastDifferences, lastConfirmedAt, confirmed, mended, sinceAt, verification } = this;
    const { keysDone, keysTotal, suspects } = verification?.progress ?? { keysDone: 0, keysTotal: 0, suspects: 0 };
    const running = verification !== undefined;
    return { running, sinceAt, keysChecked: keysDone, keysTotal, suspects, rounds, lastRoundAt, lastDifferences, confirmed, mended, lastConfirmedAt };
  }

  /** Resolves when it is closed. Never rejects. */
  async run(): Promise<void> {
    const { config, onEvent, isInStream } = this.options;
    const because = config.otherSources.length > 0 ? 'there are several sources' : config.rules?.function ? 'a function changes what is brought' : '';
    if (because !== '')
      return onEvent('warn', 'verify.off', `keys are not compared all the time: ${because}, so that it cannot be told what the target has to have`, {});
    while (!this.isClosed) {
      if (!isInStream()) {
        await pause(LOOK_EVERY_MS);
        continue;
      }
      try {
        await this.round();
        this.lastFailure = '';
        await pause(PAUSE_MS);
      } catch (caught) {
        if (this.isClosed) return;
        const error = toGodwitError(caught);
        if (error.code !== this.lastFailure) onEvent('warn', 'verify.failed', `keys could not be compared: ${error.message}`, { code: error.code });
        this.lastFailure = error.code;
        await this.closeSides();
        for (let waited = 0; waited < AGAIN_AFTER_MS && !this.isClosed; waited += LOOK_EVERY_MS) await pause(LOOK_EVERY_MS);
      } finally {
        this.verification = undefined;
      }
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.verification?.stop();
    await this.closeSides();
  }

  private async round(): Promise<void> {
    const { onEvent, lagMs } = this.options;
    const [source, target] = (this.sides ??= await this.openSides());
    const findings = new Findings(0);
    const rules = { ...this.rules(), keysPerSecond: await this.budget(source, target) };
    const parts = verificationParts(rules, this.seed, sharedFeatures(featuresOf(source.version), featuresOf(target.version)), target, findings);
    const sides = { ...parts, source, target };
    this.toldOfRound = 0;
    const verification = new Verification({
      ...sides,
      look: new PairLook({ ...sides, largeBytes: LARGE_BYTES }),
      largeLook: new LargeLook(sides),
      suspects: new Suspects({ settleMs: Math.max(SETTLE_MS, lagMs() * 2), ttlToleranceMs: TOLERANCE_MS, isLive: true }),
      bothWays: true,
      onFound: (suspect, finding, isConfirmed) => isConfirmed && this.found(suspect, finding),
    });
    this.verification = verification;
    const isComplete = await verification.run();
    await this.mending;
    if (!isComplete || this.isClosed) return;
    this.rounds++;
    this.lastRoundAt = Date.now();
    this.lastDifferences = findings.counts.differences;
    const { sourceKeys, differences } = findings.counts;
    if (differences > 0) onEvent('warn', 'verify.round', `${sourceKeys} keys were compared: ${differences} differ`, { keys: sourceKeys, differences });
  }

  private found(suspect: Suspect, finding: KeyFinding): void {
    const { config, onEvent } = this.options;
    this.confirmed++;
    this.lastConfirmedAt = Date.now();
    if (this.toldOfRound++ < TOLD_MAX) {
      const { key, kind, where } = asFound(suspect, finding);
      const place = where === '' ? kind : `${kind}, ${where}`;
      onEvent('warn', 'verify.difference', `key ${key} in database ${suspect.database} differs at the target: ${place}`, {
        database: suspect.database,
        key,
        what: kind,
      });
    }
    if (!config.verify.repair) return;
    this.toMend.push({ database: suspect.database, key: suspect.key });
    this.mending ??= this.mend().finally(() => (this.mending = undefined));
  }

  private async mend(): Promise<void> {
    while (this.toMend.length > 0 && !this.isClosed) {
      const outcomes = await this.options.desk.mend(this.toMend.splice(0, MENDED_AT_ONCE));
      this.mended += outcomes.filter((outcome) => outcome === 'brought' || outcome === 'removed').length;
    }
  }

  private rules() {
    const { rules, sync, checkpoint } = this.options.config;
    return {
      filters: rules === null ? [] : [rules.filter],
      transform: rules === null ? {} : transformRules(rules),
      onUnsupported: sync.onUnsupported,
      ownPrefix: checkpoint.prefix,
      sample: 1,
      ttlToleranceMs: TOLERANCE_MS,
    };
  }

  /** Keys a second, of both sides together. */
  private async budget(source: AskedSide, target: AskedSide): Promise<number> {
    const { continuous } = this.options.config.verify;
    if (continuous === null) return 1;
    if ('keysPerSecond' in continuous) return continuous.keysPerSecond;
    const facts = (await Promise.all([source.databases(), target.databases()])).flat();
    return Math.max(1, (facts.reduce((sum, { keys }) => sum + keys, 0) * continuous.sharePerHour) / 3_600);
  }

  private async openSides(): Promise<readonly [AskedSide, AskedSide]> {
    const { config, wheel, log } = this.options;
    const { keepalive, reconnect, sourceSide, targetSide } = config;
    const shared = { clientName: CLIENT_NAME, keepalive, reconnect, wheel, log };
    const source = await openAskedSide({ ...shared, role: 'source', setting: sourceSide, preferReplica: config.preferReplica });
    try {
      return [source, await openAskedSide({ ...shared, role: 'target', setting: targetSide })];
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  private async closeSides(): Promise<void> {
    const { sides } = this;
    this.sides = undefined;
    await Promise.all((sides ?? []).map((side) => side.close()));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
