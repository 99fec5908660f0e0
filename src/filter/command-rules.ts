/**
 * Does a command pass by its name and group? A value of a snapshot answers as the command that would make it: a string as SET, a list as RPUSH, a set as SADD,
 * a sorted set as ZADD, a hash as HSET, a stream as XADD, an array as ARSET; and all as RESTORE.
 */
import type { CommandTable } from '../command/command-table.ts';
import type { Command } from '../command/command.ts';
import type { ValueKind } from '../model/value-kind.ts';
import type { FilterRules } from './filter-rules.ts';
import type { RuleTally } from './rule-tally.ts';
import { groupName, VALUE_WORDS } from './value-groups.ts';

const UNKNOWN_GROUP = 'unknown';

export class CommandRules {
  readonly isActive: boolean;
  /** Words of the rules that fit no command or group of the table: for a warning, they may be of a module. */
  readonly strangeWords: readonly string[];
  private readonly allowed: ReadonlySet<string> | null;
  private readonly blocked: ReadonlyMap<string, number>;
  private readonly allowedGroups: ReadonlySet<string> | null;
  private readonly blockedGroups: ReadonlyMap<string, number>;
  private readonly notAllowed: number;
  private readonly noGroup: number;

  constructor({ allow = {}, block = {} }: FilterRules, tally: RuleTally, table: CommandTable) {
    const names = (list: readonly string[] = []): string[] => list.map((word) => commandName(word, table));
    const [commands, unwanted] = [names(allow.commands), names(block.commands)];
    const [groups, unwantedGroups] = [(allow.groups ?? []).map(groupName), (block.groups ?? []).map(groupName)];
    this.isActive = commands.length + unwanted.length + groups.length + unwantedGroups.length > 0;
    this.allowed = setOf(commands);
    this.notAllowed = this.allowed === null ? 0 : tally.add('no command of allow', 'drop');
    this.blocked = new Map(unwanted.map((name) => [name, tally.add(`block command ${shown(name)}`, 'drop')]));
    this.allowedGroups = setOf(groups);
    this.noGroup = this.allowedGroups === null ? 0 : tally.add('no group of allow', 'drop');
    this.blockedGroups = new Map(unwantedGroups.map((group) => [group, tally.add(`block group ${group}`, 'drop')]));
    const known = new Set([UNKNOWN_GROUP, ...VALUE_WORDS.map(({ group }) => group), ...table.commands.map(({ group }) => group)]);
    const strangeNames = [...commands, ...unwanted].filter((name) => table.named(name) === undefined).map(shown);
    this.strangeWords = [...strangeNames, ...[...groups, ...unwantedGroups].filter((group) => !known.has(group))];
  }

  /** 0, or minus the rule that it does not pass. */
  ofCommand({ name, group }: Pick<Command, 'name' | 'group'>): number {
    const bar = name.indexOf('|');
    const names = bar < 0 ? [name] : [name, name.slice(0, bar)];
    return this.ofNames(names) || this.ofGroup(group);
  }

  /** As ofCommand(), of one that is not in the table. @param words its name, and its first argument, which may be a subcommand */
  ofUnknown(words: readonly string[]): number {
    const [name = '', second] = words.map((word) => word.toLowerCase());
    return this.ofNames(second === undefined ? [name] : [`${name}|${second}`, name]) || this.ofGroup(UNKNOWN_GROUP);
  }

  /** As ofCommand(), of a value in a snapshot. */
  ofKind(kind: ValueKind): number {
    const { maker, group } = VALUE_WORDS[kind];
    return this.ofNames([maker, 'restore']) || this.ofGroup(group);
  }

  private ofNames(names: readonly string[]): number {
    if (this.allowed !== null && !names.some((name) => this.allowed?.has(name))) return -this.notAllowed;
    for (const name of names) {
      const blocked = this.blocked.get(name);
      if (blocked !== undefined) return -blocked;
    }
    return 0;
  }

  private ofGroup(group: string): number {
    if (this.allowedGroups !== null && !this.allowedGroups.has(group)) return -this.noGroup;
    const blocked = this.blockedGroups.get(group);
    return blocked === undefined ? 0 : -blocked;
  }
}

/** `XGROUP-CREATE`, `xgroup create` and `XGROUP|CREATE` are `xgroup|create`; a dash that belongs to a name stays. */
function commandName(word: string, table: CommandTable): string {
  const lower = word.trim().toLowerCase();
  if (table.named(lower) !== undefined) return lower;
  const parted = lower.replace(/[ -]/, '|');
  return table.named(parted.split('|')[0])?.isContainer ? parted : lower;
}

function setOf(list: readonly string[]): ReadonlySet<string> | null {
  return list.length === 0 ? null : new Set(list);
}

function shown(name: string): string {
  return name.replace('|', ' ').toUpperCase();
}
