/**
 * A filter: the rules, and the two places where they are asked. docs/filters.md says what they mean and how it is built into a pipeline.
 *
 *   const filter = new Filter(rules);
 *   filter.entries.apply(batch, nowMs)          values of a snapshot, of which those that do not pass are taken out
 *   batch = filter.stream.apply(batch)          commands
 *   filter.report()                             what was decided by which rule
 *
 * Pure and synchronous. One per pipeline: it counts.
 */
import { builtInCommands } from '../command/built-in-commands.ts';
import type { CommandTable } from '../command/command-table.ts';
import { CompiledRules } from './compiled-rules.ts';
import { EntryFilter } from './entry-filter.ts';
import type { FilterRules } from './filter-rules.ts';
import type { RuleCount } from './rule-tally.ts';
import { StreamFilter } from './stream-filter.ts';

export class Filter {
  readonly entries: EntryFilter;
  readonly stream: StreamFilter;
  private readonly rules: CompiledRules;

  /**
   * @param table what the source says of its commands (tableForSource), or the built-in one
   * @throws GodwitError CONFIG_INVALID for a rule that cannot be
   */
  constructor(rules: FilterRules, table: CommandTable = builtInCommands) {
    this.rules = new CompiledRules(rules, table);
    this.entries = new EntryFilter(this.rules);
    this.stream = new StreamFilter(this.rules, this.entries, table);
  }

  /** False: everything passes. */
  get isActive(): boolean {
    return this.rules.isActive;
  }

  /** Words for what only a snapshot tells ("size"): in a live sync, later commands make parts of keys that were left out for it. Empty: there is none. */
  get snapshotOnly(): readonly string[] {
    return this.rules.snapshotOnly;
  }

  /** Names of commands and groups in the rules that nobody knows here: for a warning. */
  get strangeWords(): readonly string[] {
    return this.rules.commands.strangeWords;
  }

  /** What was decided by which rule so far, rules that never decided anything among them. */
  report(): readonly RuleCount[] {
    return this.rules.tally.report();
  }
}
