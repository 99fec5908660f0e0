/** The rules of a filter made ready, each kind in its engine, with one tally for all of them. What is asked for is checked here, once. */
import type { CommandTable } from '../command/command-table.ts';
import { GodwitError } from '../errors/errors.ts';
import { CommandRules } from './command-rules.ts';
import { DatabaseRules } from './database-rules.ts';
import { DEFAULT_POLICIES, type FilterRules, type Policies } from './filter-rules.ts';
import { KeyRules } from './key-rules.ts';
import { type RuleEffect, RuleTally } from './rule-tally.ts';
import { TypeRules } from './type-rules.ts';

/** Bounds of what only a snapshot tells, with the numbers of their rules. */
export interface Limits {
  readonly isActive: boolean;
  readonly valueBytesMin: number;
  readonly valueBytesMax: number;
  readonly tooSmall: number;
  readonly tooLarge: number;
  readonly ttlMinMs: number;
  readonly ttlMaxMs: number;
  readonly tooShort: number;
  readonly tooLong: number;
  readonly expiring: 'any' | 'only' | 'none';
  readonly wrongExpiry: number;
}

/** Numbers of the rules that policies count under. */
export type PolicyRules = Readonly<Record<keyof Policies | 'split' | 'unwritten', number>>;

export class CompiledRules {
  readonly tally = new RuleTally();
  readonly keys: KeyRules;
  readonly databases: DatabaseRules;
  readonly types: TypeRules;
  readonly commands: CommandRules;
  readonly limits: Limits;
  readonly policies: Policies;
  readonly policyRules: PolicyRules;

  /** @throws GodwitError CONFIG_INVALID for a rule that cannot be */
  constructor(rules: FilterRules, table: CommandTable) {
    const { tally } = this;
    this.databases = new DatabaseRules(rules, tally);
    this.commands = new CommandRules(rules, tally, table);
    this.types = new TypeRules(rules, tally);
    this.limits = limitsOf(rules, tally);
    this.keys = new KeyRules(rules, tally);
    this.policies = { ...DEFAULT_POLICIES, ...rules.policies };
    this.policyRules = this.addPolicyRules();
  }

  /** False: everything passes. */
  get isActive(): boolean {
    return this.asksForKeys || this.databases.isActive || this.commands.isActive || this.limits.isActive;
  }

  /** True if a command whose keys are not known cannot be decided. */
  get asksForKeys(): boolean {
    return this.keys.isActive || this.types.isActive;
  }

  /**
   * What the rules ask that no command tells: a value that was left out for it can be met again by a command, which would make a part of it at the target. For
   * a warning before a live sync; empty if there is nothing of that.
   */
  get snapshotOnly(): string[] {
    const { limits, types } = this;
    return [
      ...(limits.tooSmall + limits.tooLarge > 0 ? ['size'] : []),
      ...(limits.tooShort + limits.tooLong + limits.wrongExpiry > 0 ? ['time to live'] : []),
      ...(types.asksForModules ? ['type of module'] : []),
    ];
  }

  private addPolicyRules(): PolicyRules {
    const { tally, policies } = this;
    const add = (words: string, effect: RuleEffect): number => tally.add(words, effect);
    return {
      split: add('mixed: split', 'split'),
      unwritten: add('mixed: only keys that do not pass would change', 'drop'),
      onMixed: add('mixed: cannot be split', policies.onMixed),
      onUnknown: add('command not known', policies.onUnknown),
      onFlush: add('flush of keys that do not pass as well', policies.onFlush),
      onKeyless: add('command without keys', policies.onKeyless),
    };
  }
}

function limitsOf(rules: FilterRules, tally: RuleTally): Limits {
  const { valueBytesMin = 0, valueBytesMax = Number.POSITIVE_INFINITY, ttlMinMs = Number.NEGATIVE_INFINITY, ttlMaxMs = Number.POSITIVE_INFINITY } = rules;
  const { expiring = 'any' } = rules;
  if (valueBytesMin > valueBytesMax) throw emptyRange('sizes', valueBytesMin, valueBytesMax);
  if (ttlMinMs > ttlMaxMs) throw emptyRange('times to live', ttlMinMs, ttlMaxMs);
  const add = (isThere: boolean, words: string): number => (isThere ? tally.add(words, 'drop') : 0);
  const limits = {
    valueBytesMin,
    valueBytesMax,
    tooSmall: add(valueBytesMin > 0, `value smaller than ${valueBytesMin} bytes`),
    tooLarge: add(Number.isFinite(valueBytesMax), `value larger than ${valueBytesMax} bytes`),
    ttlMinMs,
    ttlMaxMs,
    tooShort: add(Number.isFinite(ttlMinMs), `lives shorter than ${ttlMinMs} ms`),
    tooLong: add(Number.isFinite(ttlMaxMs), `lives longer than ${ttlMaxMs} ms`),
    expiring,
    wrongExpiry: add(expiring !== 'any', expiring === 'only' ? 'has no expiry' : 'has an expiry'),
  };
  return { isActive: limits.tooSmall + limits.tooLarge + limits.tooShort + limits.tooLong + limits.wrongExpiry > 0, ...limits };
}

function emptyRange(what: string, min: number, max: number): GodwitError {
  return new GodwitError('CONFIG_INVALID', `the filter's ${what} from ${min} to ${max} are none`, { fix: 'Give a minimum that is not above the maximum.' });
}
