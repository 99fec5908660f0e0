/**
 * What `--repair` does once a verification has found what differs: brings these keys anew, through the job that runs between both sides if there is one, else by itself;
 * looks at them again; and keeps a log.
 *
 * A value that is written past a job could be overwritten by what the job has under way, or counted twice with it when the job goes on at its mark. So nothing is written
 * past one: where the target has marks and no job answers in the spool folder, it is refused, unless who asks says that no job will go on.
 */
import { existsSync } from 'node:fs';
import type { OnUnsupported } from '../config/sync-config.ts';
import type { FilterRules } from '../filter/filter-rules.ts';
import type { KeyToMend, MendOutcome } from '../pipeline/mending/key-to-mend.ts';
import { Edits } from '../pipeline/edits/edits.ts';
import { DirectMender } from '../pipeline/mending/direct-mender.ts';
import type { AskedSide } from '../pipeline/verify/asked-side.ts';
import { asFound } from '../pipeline/verify/findings.ts';
import type { KeyFinding } from '../pipeline/verify/key-finding.ts';
import type { KeyMapping } from '../pipeline/verify/key-mapping.ts';
import { KeyPace } from '../pipeline/verify/key-pace.ts';
import { keyAt, rowsOf } from '../pipeline/verify/key-rows.ts';
import type { Suspect } from '../pipeline/verify/suspects.ts';
import type { RepairedKey, RepairResult } from '../pipeline/verify/verify-result.ts';
import { spoolJobDir } from '../source/replica/spool/spool-runs.ts';
import { LossReport } from '../target/loss-report.ts';
import { ValueConversion } from '../target/value-conversion.ts';
import { atLeast } from '../model/server-version.ts';
import type { TransformRules } from '../transform/transform-rules.ts';
import { MendFolder } from './mending/mend-folder.ts';

export interface RepairConfig {
  /** Tell what would be done. */
  readonly dryRun: boolean;
  /** More keys that differ are none to be mended. */
  readonly keysMax: number;
  /** No job goes on between both sides, whatever marks there are. */
  readonly withoutJob: boolean;
  /** Where a running job has its spool. */
  readonly job: { readonly spoolDir: string; readonly name: string } | undefined;
}

/** What the job makes of keys on the way. */
export interface RepairRules {
  readonly filters: readonly FilterRules[];
  readonly transform: TransformRules;
  readonly hasFunction: boolean;
  readonly onUnsupported: OnUnsupported;
  readonly ownPrefix: string;
  readonly keysPerSecond: number;
}

export interface RepairRunOptions {
  readonly config: RepairRules;
  readonly repair: RepairConfig;
  readonly source: AskedSide;
  readonly target: AskedSide;
  readonly mapping: KeyMapping;
  isStopped(): boolean;
  /** Looks at keys again. @returns how many differ still */
  lookAgain(suspects: readonly Suspect[]): Promise<number>;
}

interface Found {
  readonly suspect: Suspect;
  readonly finding: KeyFinding;
}

type Mend = (keys: readonly KeyToMend[]) => Promise<readonly MendOutcome[]>;

/** Asked of a job at a time. */
const CHUNK_KEYS = 512;
const ANSWER_WITHIN_MS = 3_000;
const CHUNK_WITHIN_MS = 60_000;

export class RepairRun {
  private readonly options: RepairRunOptions;
  private readonly found: Found[] = [];
  private readonly unjudged: Found[] = [];

  constructor(options: RepairRunOptions) {
    this.options = options;
  }

  /** A key that differs, or that was another one at each look. */
  add(suspect: Suspect, finding: KeyFinding, isConfirmed: boolean): void {
    const list = isConfirmed ? this.found : this.unjudged;
    // More than that are not mended, and need not be remembered.
    if (list.length <= this.options.repair.keysMax) list.push({ suspect, finding });
  }

  /** @throws GodwitError of the sides */
  async run(): Promise<RepairResult> {
    const { repair, lookAgain } = this.options;
    const { found } = this;
    if (found.length > repair.keysMax) {
      return this.refused(`more than ${repair.keysMax} keys differ: that is no matter of single keys (--repair-max)`);
    }
    if (found.length + this.unjudged.length === 0) return { how: 'direct', why: '', counts: {}, remaining: 0, log: [] };
    if (repair.dryRun) return { how: 'dry-run', why: '', counts: {}, remaining: found.length, log: found.map((one) => repaired(one, 'dry-run')) };
    const way = await this.way();
    if (typeof way === 'string') return this.refused(way);
    // In its place in the stream a key that is right stays so: those that could not be judged are brought, too.
    const wanted = way.how === 'job' ? [...found, ...this.unjudged.slice(0, repair.keysMax)] : found;
    const outcomes = await this.mendAll(wanted, way.mend);
    const tried = wanted.slice(0, outcomes.length);
    const untried = found.length - Math.min(found.length, tried.length);
    const remaining = (await lookAgain(tried.map(({ suspect }) => suspect))) + untried;
    const counts: Partial<Record<MendOutcome, number>> = {};
    for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return { how: way.how, why: way.why(), counts, remaining, log: tried.map((one, i) => repaired(one, outcomes[i])) };
  }

  /** @returns a text: why not */
  private async way(): Promise<{ how: 'job' | 'direct'; mend: Mend; why(): string } | string> {
    const { repair, config, target } = this.options;
    const dir = repair.job === undefined ? undefined : spoolJobDir(repair.job.spoolDir, repair.job.name);
    if (dir !== undefined && existsSync(dir)) {
      const folder = new MendFolder(dir);
      if ((await folder.ask([], ANSWER_WITHIN_MS)) !== undefined) {
        return { how: 'job', why: () => '', mend: async (keys) => (await folder.ask(keys, CHUNK_WITHIN_MS)) ?? keys.map(() => 'failed') };
      }
    }
    const marks = repair.withoutJob ? '' : await this.firstOwnKey();
    if (marks !== '') {
      return (
        `the target has ${marks}, a mark of a job, and no job answers in ${dir ?? 'the spool'}: a job that goes on could count twice what is written past it. ` +
        'Let the job run, and verify where it has its spool (--spool-dir, --job); or end it with --finish; or say that none will go on (--repair-without-job)'
      );
    }
    if (config.hasFunction) return 'the job has a function, which is called by the job alone: let it run';
    const mender = this.directMender(target);
    return { how: 'direct', why: () => mender.refusal, mend: (keys) => mender.mend(keys) };
  }

  private directMender(target: AskedSide): DirectMender {
    const { config, source } = this.options;
    const { version } = target;
    const known = (major: number, minor: number): boolean => version === undefined || version.product === 'valkey' || atLeast(version, major, minor);
    return new DirectMender({
      source,
      target,
      pace: new KeyPace(config.keysPerSecond),
      edits: new Edits({ filter: config.filters[0], transform: config.transform, engine: null, expands: false, onError: 'stop', dropsValues: false }),
      restore: {
        conversion: new ValueConversion(version, config.onUnsupported, new LossReport('')),
        replace: true,
        setPxat: known(6, 2),
        absttl: known(5, 0),
        keepIdle: false,
        keepFreq: false,
      },
    });
  }

  private async mendAll(wanted: readonly Found[], mend: Mend): Promise<MendOutcome[]> {
    const { mapping, isStopped } = this.options;
    const outcomes: MendOutcome[] = [];
    for (let from = 0; from < wanted.length && !isStopped(); from += CHUNK_KEYS) {
      const some = wanted.slice(from, from + CHUNK_KEYS);
      // What would go elsewhere at the target than it was found is not touched.
      const isThere = some.map(({ suspect }) => goesTo(mapping, suspect));
      const answers = await mend(some.flatMap(({ suspect: { database, key } }, i) => (isThere[i] ? [{ database, key }] : [])));
      let next = 0;
      for (const one of isThere) outcomes.push(one ? (answers[next++] ?? 'failed') : 'left-out');
    }
    return outcomes;
  }

  /** '' = none. */
  private async firstOwnKey(): Promise<string> {
    const { target, config } = this.options;
    const prefix = `${config.ownPrefix}:`;
    for (const scanner of target.scanners(0)) {
      for (let page = await scanner.next(); page !== null; page = await scanner.next()) {
        const { keys } = page;
        for (let row = 0; row < keys.count; row++) {
          const name = keys.end[row] - keys.start[row] < prefix.length ? '' : keyAt(keys, row).toString('latin1');
          if (name.startsWith(prefix)) return name;
        }
        page.release();
      }
    }
    return '';
  }

  private refused(why: string): RepairResult {
    return { how: 'refused', why, counts: {}, remaining: this.found.length, log: [] };
  }
}

function goesTo(mapping: KeyMapping, { database, key, targetDatabase, targetKey }: Suspect): boolean {
  return mapping.targetDatabase(database) === targetDatabase && keyAt(mapping.targetKeys(rowsOf([key])), 0).equals(targetKey);
}

function repaired({ suspect, finding }: Found, outcome: RepairedKey['outcome']): RepairedKey {
  return { ...asFound(suspect, finding), outcome };
}
