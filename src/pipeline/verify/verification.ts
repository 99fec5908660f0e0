/**
 * Compares two sides, key by key and both ways:
 *
 *   source   all keys, page by page: is it at the target, and equal?     pair-look.ts, large-look.ts
 *   target   all keys, page by page: does the source have it?            extra-keys.ts
 *   settling whatever differed is looked at again until it is known      suspects.ts
 *
 * Memory is bounded: some pages are under way, and when there are SUSPECTS_MAX suspects, these are settled before the next page is taken.
 */
import type { AskedSide, DatabaseFacts, KeyPage } from './asked-side.ts';
import { ExtraKeys } from './extra-keys.ts';
import type { Findings } from './findings.ts';
import type { KeyChoice } from './key-choice.ts';
import type { KeyFilters } from './key-filters.ts';
import type { KeyFinding, LookJudge, PairRows } from './key-finding.ts';
import type { KeyMapping } from './key-mapping.ts';
import { KeyPace } from './key-pace.ts';
import { keyAt, pickRows, rowsOf } from './key-rows.ts';
import { PageQueue } from './page-queue.ts';
import type { Suspect, Suspects } from './suspects.ts';
import type { VerifyProgress } from './verify-result.ts';

/** How one look at keys is done: whole, or quick. */
export interface KeyLook {
  /** @param careful also what is at the target alone is looked at */
  look(pairs: PairRows, judge: LookJudge, careful: boolean): Promise<void>;
}

export interface LargeKeyLook {
  look(pairs: PairRows, row: number, judge: LookJudge): Promise<void>;
}

export interface VerificationOptions {
  readonly source: AskedSide;
  readonly target: AskedSide;
  readonly look: KeyLook;
  readonly largeLook: LargeKeyLook;
  readonly filter: KeyFilters;
  readonly mapping: KeyMapping;
  readonly choice: KeyChoice;
  readonly suspects: Suspects;
  readonly findings: Findings;
  /** Of the source; 0 = no limit. */
  readonly keysPerSecond: number;
  /** False: keys that the target has too many are not looked for. */
  readonly bothWays: boolean;
  /** A key differs; or, where it was another one at each look, it cannot be told whether it does. */
  onFound?(suspect: Suspect, finding: KeyFinding, isConfirmed: boolean): void;
}

const LANES = 3;
const SUSPECTS_MAX = 20_000;
const LOOKED_AT_ONCE = 256;

export class Verification {
  private readonly options: VerificationOptions;
  private readonly pace: KeyPace;
  private readonly told: string[] = [];
  private phase: VerifyProgress['phase'] = 'source';
  private keysTotal = 0;
  private startedMs = 0;
  private isStopped = false;
  private settling: Promise<void> | null = null;

  constructor(options: VerificationOptions) {
    this.options = options;
    this.pace = new KeyPace(options.keysPerSecond);
  }

  get notes(): readonly string[] {
    return [...this.told, ...this.options.source.notes(), ...this.options.target.notes()];
  }

  get progress(): VerifyProgress {
    const { findings, suspects } = this.options;
    const { sourceKeys, targetKeys, differences } = findings.counts;
    const keysDone = Math.min(this.keysTotal, sourceKeys + targetKeys);
    const ranMs = performance.now() - this.startedMs;
    const timeLeftMs = keysDone === 0 ? -1 : (ranMs / keysDone) * (this.keysTotal - keysDone);
    return { phase: this.phase, keysDone, keysTotal: this.keysTotal, suspects: suspects.size, differences, timeLeftMs };
  }

  /** run() resolves soon, or rejects with what the sides throw when they are closed. */
  stop(): void {
    this.isStopped = true;
  }

  /** @returns true when all was looked at. @throws GodwitError of the sides */
  async run(): Promise<boolean> {
    const { source, target, bothWays } = this.options;
    this.startedMs = performance.now();
    const [own, other] = await Promise.all([source.databases(), target.databases()]);
    const targets = bothWays ? this.targetDatabases(own, other) : new Map<number, number[]>();
    const sumOf = (facts: readonly DatabaseFacts[]): number => facts.reduce((sum, { keys }) => sum + keys, 0);
    this.keysTotal = sumOf(own.filter(({ database }) => this.isWanted(database))) + sumOf(other.filter(({ database }) => targets.has(database)));
    for (const { database } of own) await this.lookAtDatabase(database);
    this.phase = 'target';
    for (const { database } of other) await this.lookForExtras(database, targets.get(database) ?? []);
    this.phase = 'settling';
    await this.settle(0);
    this.phase = 'done';
    return !this.isStopped;
  }

  /** Looks at these alone. @throws GodwitError of the sides */
  async lookAt(suspects: readonly Suspect[]): Promise<void> {
    this.phase = 'settling';
    for (const { database, targetDatabase, key, targetKey, isLarge } of suspects) {
      this.options.suspects.add({ database, targetDatabase, key, targetKey, isLarge }, Date.now());
    }
    await this.settle(0);
  }

  /** Databases of the source by the database of the target that they go to. */
  private targetDatabases(own: readonly DatabaseFacts[], other: readonly DatabaseFacts[]): Map<number, number[]> {
    const { mapping } = this.options;
    const targets = new Map<number, number[]>();
    // One that is empty at the source now could hold keys at the target all the same.
    for (const database of new Set([...own, ...other].map((facts) => facts.database))) {
      const target = mapping.targetDatabase(database);
      if (target !== undefined && this.isWanted(database)) targets.set(target, [...(targets.get(target) ?? []), database]);
    }
    for (const { database, keys } of other) {
      if (!targets.has(database))
        this.told.push(`database ${database} of the target (${keys} keys) was not looked at: no database that is asked for goes there`);
    }
    if (!mapping.canTellOrigins) {
      this.told.push('keys that the target has too many were not looked for: which key of the source one comes from cannot be told from these renaming rules');
      return new Map();
    }
    return targets;
  }

  private isWanted(database: number): boolean {
    const { filter, mapping } = this.options;
    return mapping.targetDatabase(database) !== undefined && (!filter.isActive || filter.passesDatabase(database));
  }

  private async lookAtDatabase(database: number): Promise<void> {
    const targetDatabase = this.options.mapping.targetDatabase(database);
    if (targetDatabase === undefined || !this.isWanted(database)) return;
    await this.sweep(this.options.source, database, (page) => this.lookAtPage(page, database, targetDatabase));
  }

  private async lookAtPage(page: KeyPage, database: number, targetDatabase: number): Promise<void> {
    const { choice, mapping, findings, look, largeLook } = this.options;
    const rows = choice.wanted(database, page.keys);
    const keys = rows === null ? page.keys : pickRows(page.keys, rows);
    if (keys.count === 0) return;
    await this.pace.take(keys.count);
    const pairs = { database, targetDatabase, keys, targetKeys: mapping.targetKeys(keys) };
    const large: number[] = [];
    await look.look(pairs, this.firstJudge(pairs, large), false);
    for (const row of large) {
      if (this.isStopped) break;
      await largeLook.look(pairs, row, this.firstJudge(pairs, null));
    }
    findings.counts.sourceKeys += keys.count;
  }

  private async lookForExtras(database: number, sources: readonly number[]): Promise<void> {
    const { source, target, mapping, choice, findings, suspects } = this.options;
    if (sources.length === 0) return;
    const extraKeys = new ExtraKeys(source, mapping, choice);
    await this.sweep(target, database, async (page) => {
      await this.pace.take(page.keys.count);
      const { extras, looked, outOfScope } = await extraKeys.find(sources, page.keys);
      const nowMs = Date.now();
      for (const extra of extras) suspects.add({ ...extra, targetDatabase: database, isLarge: false }, nowMs);
      findings.counts.targetKeys += looked;
      findings.counts.outOfScope += outOfScope;
    });
  }

  private async sweep(side: AskedSide, database: number, take: (page: KeyPage) => Promise<void>): Promise<void> {
    const pages = new PageQueue(side.scanners(database));
    const lane = async (): Promise<void> => {
      for (;;) {
        if (this.options.suspects.size >= SUSPECTS_MAX) await this.settleOnce();
        const page = this.isStopped ? null : await pages.next();
        if (page === null) return;
        await take(page);
        page.release();
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
    for (const one of lanes) if (one.status === 'rejected') throw one.reason;
  }

  /** For several lanes at once. */
  private settleOnce(): Promise<void> {
    this.settling ??= this.settle(SUSPECTS_MAX / 2).finally(() => (this.settling = null));
    return this.settling;
  }

  /** Looks at suspects again until there are no more than so many. */
  private async settle(suspectsMax: number): Promise<void> {
    const { suspects } = this.options;
    while (suspects.size > suspectsMax && !this.isStopped) {
      const due = suspects.due(Date.now(), LOOKED_AT_ONCE);
      if (due.length > 0) await this.lookAgain(due);
      else await new Promise((resolve) => setTimeout(resolve, Math.min(100, Math.max(1, suspects.nextDueMs - Date.now()))));
    }
  }

  private async lookAgain(due: readonly Suspect[]): Promise<void> {
    const { look, largeLook } = this.options;
    for (const group of byDatabases(due)) {
      const [{ database, targetDatabase }] = group;
      const pairs = { database, targetDatabase, keys: rowsOf(group.map(({ key }) => key)), targetKeys: rowsOf(group.map(({ targetKey }) => targetKey)) };
      const judge = this.suspectJudge(group);
      const small = group.flatMap((suspect, row) => (suspect.isLarge ? [] : [row]));
      const rows = { ...pairs, keys: pickRows(pairs.keys, small), targetKeys: pickRows(pairs.targetKeys, small) };
      if (small.length > 0) await look.look(rows, this.suspectJudge(small.map((row) => group[row])), true);
      for (const [row, suspect] of group.entries()) if (suspect.isLarge && !this.isStopped) await largeLook.look(pairs, row, judge);
    }
  }

  /** @param large gets the rows that are to be read in parts; null = they are */
  private firstJudge(pairs: PairRows, large: number[] | null): LookJudge {
    const { findings, suspects } = this.options;
    const { counts } = findings;
    const { database, targetDatabase, keys, targetKeys } = pairs;
    return {
      equal: (row, lost) => {
        counts.equal++;
        if (lost !== '') findings.lost(lost, keyAt(keys, row));
      },
      gone: () => void counts.gone++,
      unwanted: () => void counts.unwanted++,
      large: (row) => void large?.push(row),
      lost: (row, why) => findings.lost(why, keyAt(keys, row)),
      found: (row, finding) => {
        const nowMs = Date.now();
        const pair = { database, targetDatabase, key: keyAt(keys, row), targetKey: keyAt(targetKeys, row), isLarge: large === null };
        this.foundAgain(suspects.add(pair, nowMs), finding, nowMs);
      },
    };
  }

  private suspectJudge(group: readonly Suspect[]): LookJudge {
    const { findings, suspects } = this.options;
    const clear = (row: number): void => {
      suspects.clear(group[row], Date.now());
      findings.counts.settled++;
    };
    return {
      equal: (row, lost) => {
        clear(row);
        findings.counts.equal++;
        if (lost !== '') findings.lost(lost, group[row].key);
      },
      gone: clear,
      unwanted: clear,
      large: (row) => void (group[row].isLarge = true),
      lost: (row, why) => {
        clear(row);
        findings.lost(why, group[row].key);
      },
      found: (row, finding) => this.foundAgain(group[row], finding, Date.now()),
    };
  }

  private foundAgain(suspect: Suspect, finding: KeyFinding, nowMs: number): void {
    const { suspects, findings } = this.options;
    const verdict = suspects.found(suspect, finding, nowMs);
    if (verdict === 'wait') return;
    if (verdict === 'confirmed') findings.confirmed(suspect, finding);
    else findings.couldNotBeJudged(suspect, finding);
    this.options.onFound?.(suspect, finding, verdict === 'confirmed');
  }
}

function byDatabases(suspects: readonly Suspect[]): Suspect[][] {
  const groups = new Map<string, Suspect[]>();
  for (const suspect of suspects) {
    const name = `${suspect.database} ${suspect.targetDatabase}`;
    groups.set(name, [...(groups.get(name) ?? []), suspect]);
  }
  return [...groups.values()];
}
