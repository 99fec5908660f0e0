/**
 * What a filter and a transform would do, counted and not done: for `--dry-run` over a file or a live snapshot.
 *
 *   const run = new DryRun({ filter, transform }, { nowMs });
 *   run.take(batch)                       rows of a snapshot, or commands; the batch is used up
 *   run.takeLarge(entry, bytes, head)     a value that is larger than the window
 *   run.report()                          plain JSON, but for its bytes (keys are made printable)
 *
 * It never stops for a command that cannot be decided: it counts it, and keeps the first ones in words. Values are not decoded.
 */
import type { CommandTable } from '../command/command-table.ts';
import { builtInCommands } from '../command/built-in-commands.ts';
import { Filter } from '../filter/filter.ts';
import { DEFAULT_POLICIES, type FilterRules, type Policies } from '../filter/filter-rules.ts';
import type { RuleEffect } from '../filter/rule-tally.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import { VALUE_KIND_NAMES } from '../model/value-kind.ts';
import { printableKey } from '../rdb/inspect/printable-key.ts';
import { kindOfType } from '../rdb/kind-of-type.ts';
import type { ValueForm } from './delivery.ts';
import type { DryFunction, DryFunctionReport } from './dry-function.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import { CollisionWatch } from '../transform/collision-watch.ts';
import { possibleCollisions } from '../transform/collisions.ts';
import { Transform } from '../transform/transform.ts';
import type { TransformRules } from '../transform/transform-rules.ts';

export interface DryRunRules {
  readonly filter?: FilterRules;
  readonly transform?: TransformRules;
}

export interface DryRunAmount {
  readonly keys: number;
  /** Of the values, as they are stored. */
  readonly bytes: number;
  readonly commands: number;
}

export interface DryRunRule {
  readonly rule: string;
  readonly effect: RuleEffect;
  readonly count: number;
  /** Printable. */
  readonly samples: readonly string[];
}

export interface DryRunReport {
  readonly format: 'godwit-dry-run';
  readonly version: 1;
  readonly passed: DryRunAmount;
  readonly dropped: DryRunAmount;
  /** Keys that passed, by type and database; what there is none of is not there. */
  readonly types: readonly { readonly type: string; readonly keys: number; readonly bytes: number }[];
  readonly databases: readonly { readonly database: number; readonly keys: number; readonly bytes: number }[];
  /** Rules that decided something; and those that did not, which may be misspelt. */
  readonly rules: readonly DryRunRule[];
  readonly unused: readonly string[];
  /** Commands that rules cannot decide: the first in words; a job does with them what its policy says. */
  readonly undecided: { readonly count: number; readonly samples: readonly string[] };
  readonly renamed: { readonly count: number; readonly samples: readonly { readonly from: string; readonly to: string }[] };
  readonly moved: number;
  readonly retimed: number;
  /** Keys of a snapshot that got one name, as far as they were looked at, and what can happen at all, in words. */
  readonly collisions: { readonly found: number; readonly isWhole: boolean; readonly samples: readonly string[]; readonly possible: readonly string[] };
  /** null: there is none. */
  readonly function: DryFunctionReport | null;
  /** What to think of before a run with these rules. */
  readonly warnings: readonly string[];
}

export interface DryRunOptions {
  readonly nowMs: number;
  readonly table?: CommandTable;
  /** Is given what passes. */
  readonly dryFunction?: DryFunction | null;
}

const UNDECIDED_MAX = 5;

class Amount {
  keys = 0;
  bytes = 0;
  commands = 0;
}

export class DryRun {
  readonly dryFunction: DryFunction | null;
  private readonly filter: Filter;
  private readonly transform: Transform;
  private readonly rules: DryRunRules;
  private readonly nowMs: number;
  private readonly passed = new Amount();
  private readonly dropped = new Amount();
  private readonly types = VALUE_KIND_NAMES.map(() => new Amount());
  private readonly databases = new Map<number, Amount>();
  private readonly collisions: CollisionWatch | null;
  private readonly possible: readonly string[];
  private readonly undecided: string[] = [];
  private undecidedCount = 0;

  /** @throws GodwitError CONFIG_INVALID for a rule that cannot be */
  constructor(rules: DryRunRules, { nowMs, table = builtInCommands, dryFunction = null }: DryRunOptions) {
    this.dryFunction = dryFunction;
    const { filter = {}, transform = {} } = rules;
    this.rules = rules;
    this.nowMs = nowMs;
    this.filter = new Filter({ ...filter, policies: unstopped({ ...DEFAULT_POLICIES, ...filter.policies }) }, table);
    const { onUntold = 'stop' } = transform;
    this.transform = new Transform({ ...transform, onUntold: onUntold === 'stop' ? 'dead-letter' : onUntold }, table);
    this.possible = possibleCollisions(transform, onlyPrefixes(filter));
    this.collisions = this.possible.length === 0 ? null : new CollisionWatch();
  }

  /** All rows are commands, or none is. @param form of values, which a function is given */
  take(batch: Batch, form: ValueForm | null = null): void {
    if (batch.count === 0) return;
    if (batch.kind[0] === EntryKind.Command) this.takeCommands(batch);
    else this.takeValues(batch, form);
  }

  /** @returns what passes. @param bytes of all of the value; @param head its first nine bytes, if namesMatter */
  takeLarge(entry: LargeEntry, bytes: number, head?: Uint8Array): LargeEntry | null {
    if (entry.kind !== EntryKind.RdbValue) return null;
    const changed = this.filter.entries.wantsLarge(entry, bytes, this.nowMs, head) ? this.transform.entries.applyLarge(entry, this.nowMs) : null;
    if (changed === null) this.count(this.dropped, bytes);
    else this.countKey(entry.type, changed.database, bytes, changed.key, 0, changed.key.length);
    return changed === null ? null : entry.as(changed);
  }

  /** True: takeLarge() wants the head of a value of this type. */
  moduleNameMatters(type: number): boolean {
    return this.filter.entries.moduleNameMatters(type);
  }

  report(): DryRunReport {
    const { collisions, transform, undecidedCount } = this;
    const rules = this.filter.report().map((one) => ({ ...one, samples: one.samples.map((key) => printableKey(key)) }));
    const { samples, renamed, moved, retimed } = transform.counts;
    const amount = ({ keys, bytes }: Amount): { keys: number; bytes: number } => ({ keys, bytes });
    return {
      format: 'godwit-dry-run',
      version: 1,
      passed: { ...amount(this.passed), commands: this.passed.commands },
      dropped: { ...amount(this.dropped), commands: this.dropped.commands },
      types: this.types.map((type, kind) => ({ type: VALUE_KIND_NAMES[kind], ...amount(type) })).filter(({ keys }) => keys > 0),
      databases: [...this.databases].toSorted(([a], [b]) => a - b).map(([database, one]) => ({ database, ...amount(one) })),
      rules: rules.filter(({ count }) => count > 0),
      unused: rules.filter(({ count, rule }) => count === 0 && /^(allow|block) /.test(rule)).map(({ rule }) => rule),
      undecided: { count: undecidedCount, samples: this.undecided },
      renamed: { count: renamed, samples: samples.map(({ from, to }) => ({ from: printableKey(from), to: printableKey(to) })) },
      moved,
      retimed,
      collisions: {
        found: collisions?.found ?? 0,
        isWhole: collisions?.isWhole ?? true,
        samples: collisions?.samples.map((key) => printableKey(key)) ?? [],
        possible: this.possible,
      },
      function: this.dryFunction?.report() ?? null,
      warnings: this.warnings(),
    };
  }

  private takeValues(batch: Batch, form: ValueForm | null): void {
    const { filter, transform, nowMs } = this;
    batch.keepRows((row) => {
      const isValue = batch.kind[row] === EntryKind.RdbValue;
      if (filter.entries.wants(batch, row, nowMs)) return isValue;
      if (isValue) this.count(this.dropped, batch.end[row] - batch.start[row]);
      return false;
    });
    const before = [batch.count, bytesOf(batch)];
    const rows = transform.isActive ? transform.entries.apply(batch, nowMs) : batch;
    this.dropped.keys += before[0] - rows.count;
    this.dropped.bytes += before[1] - bytesOf(rows);
    for (let row = 0; row < rows.count; row++) {
      this.countKey(rows.type[row], rows.database[row], rows.end[row] - rows.start[row], rows.bytes, rows.keyStart[row], rows.keyEnd[row]);
    }
    if (form !== null) this.dryFunction?.values(rows, form, nowMs);
  }

  private takeCommands(batch: Batch): void {
    const { filter, transform } = this;
    const { count } = batch;
    const left = filter.stream.apply(batch);
    for (const { error } of filter.stream.takeLeftOut()) this.addUndecided(error);
    const rows = transform.isActive ? transform.stream.apply(left, this.nowMs) : left;
    for (const { error } of transform.stream.takeUntold()) this.addUndecided(error);
    this.dryFunction?.commands(rows);
    this.passed.commands += rows.count;
    this.dropped.commands += Math.max(0, count - rows.count);
  }

  private countKey(type: number, database: number, bytes: number, key: Uint8Array, start: number, end: number): void {
    let of = this.databases.get(database);
    if (of === undefined) this.databases.set(database, (of = new Amount()));
    for (const amount of [this.passed, this.types[kindOfType(type)], of]) this.count(amount, bytes);
    this.collisions?.add(database, key, start, end);
  }

  private count(amount: Amount, bytes: number): void {
    amount.keys++;
    amount.bytes += bytes;
  }

  private addUndecided(words: string): void {
    this.undecidedCount++;
    if (this.undecided.length < UNDECIDED_MAX) this.undecided.push(words);
  }

  private warnings(): string[] {
    const { snapshotOnly, strangeWords } = this.filter;
    const { setMs } = this.rules.transform?.ttl ?? {};
    return [
      ...strangeWords.map((word) => `no command or group is called ${word}`),
      ...snapshotOnly.map((what) => `rules by ${what} hold for the snapshot alone: later commands can make parts of keys that were left out`),
      ...(setMs === undefined ? [] : ['every command that writes is followed by one that sets the time to live']),
    ];
  }
}

/** What stops a job is left out and counted here. */
function unstopped(policies: Policies): Policies {
  return Object.fromEntries(Object.entries(policies).map(([name, policy]) => [name, policy === 'stop' ? 'dead-letter' : policy])) as unknown as Policies;
}

/** Prefixes of which every key that passes has one; empty if there may be others. */
function onlyPrefixes({ allow = {} }: FilterRules): readonly Uint8Array[] {
  const { keys = [], suffixes = [], globs = [], regexes = [], prefixes = [] } = allow;
  return keys.length + suffixes.length + globs.length + regexes.length === 0 ? prefixes : [];
}

function bytesOf({ count, start, end }: Batch): number {
  let bytes = 0;
  for (let row = 0; row < count; row++) bytes += end[row] - start[row];
  return bytes;
}
