/** Commands that touch another database than the selected one, under rules on databases. */
import type { CommandArguments } from '../command/command-arguments.ts';
import type { DatabaseRules } from './database-rules.ts';

/**
 * go-on: both sides pass, other rules decide. drop: nothing that passes changes. leave: the first key leaves what passes. undecided: a policy decides. each:
 * it is said anew for every database that passes.
 */
export type AcrossAnswer = 'go-on' | 'drop' | 'leave' | 'undecided' | 'each';

type AcrossRule = (args: CommandArguments, database: number, rules: DatabaseRules) => AcrossAnswer;

const passes = (rules: DatabaseRules, database: number): boolean => rules.check(database) === 0;

const move: AcrossRule = (args, database, rules) => {
  const to = args.integer(2);
  if (passes(rules, database)) return passes(rules, to) ? 'go-on' : 'leave';
  return passes(rules, to) ? 'undecided' : 'drop';
};

const copy: AcrossRule = (args, database, rules) => {
  const at = args.find(['DB'], 3);
  const to = at < 0 ? database : args.integer(at + 1);
  if (!passes(rules, to)) return 'drop';
  return passes(rules, database) ? 'go-on' : 'undecided';
};

const swap: AcrossRule = (args, _, rules) => {
  const [one, other] = [passes(rules, args.integer(1)), passes(rules, args.integer(2))];
  return one && other ? 'go-on' : one || other ? 'undecided' : 'drop';
};

const flushAll: AcrossRule = (_args, _database, rules) => (rules.passing === null ? 'undecided' : 'each');

export const ACROSS_RULES: Readonly<Record<string, AcrossRule>> = { move, copy, swapdb: swap, flushall: flushAll };
