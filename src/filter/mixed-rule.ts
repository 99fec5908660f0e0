/**
 * Commands of which some keys pass and some do not: what can be done with each, by name. Only what ends exactly as at the source, for the keys that pass, is
 * done; all others are undecidable, and a policy says what happens to them.
 *
 *   each     every key stands for itself: the others are taken out, with what follows them (MSET)
 *   result   only one key changes: if it does not pass, nothing does; if it passes, what it is made of is not there
 *   move     an element, or the whole key, goes from the first key to the second: what leaves can be said, what comes only if the command says it
 */
import type { CommandArguments } from '../command/command-arguments.ts';

/** A word, or the index of an argument. */
export type Word = string | number;

export type MixedRule =
  | {
      readonly kind: 'each';
      /** Index of the argument with the number of keys; 0 = none. */ readonly countAt: number;
      /** From one key to the next. */ readonly step: number;
    }
  | { readonly kind: 'result'; readonly result: 'first' | 'last' }
  | { readonly kind: 'move'; readonly leaves: MovedWords; readonly comes: MovedWords };

/** The command in whose words it is said; null: it cannot be. */
type MovedWords = (args: CommandArguments) => readonly Word[] | null;

const never = (): null => null;
const each = (step: number, countAt = 0): MixedRule => ({ kind: 'each', step, countAt });
const result = (which: 'first' | 'last'): MixedRule => ({ kind: 'result', result: which });
const move = (leaves: MovedWords, comes: MovedWords = never): MixedRule => ({ kind: 'move', leaves, comes });

const poppedSide: MovedWords = (args) => [args.is(3, 'LEFT') ? 'LPOP' : 'RPOP', 1];

export const MIXED_RULES: Readonly<Record<string, MixedRule>> = {
  del: each(1),
  unlink: each(1),
  touch: each(1),
  exists: each(1),
  // In a stream they have done all of it: MSETNX and MSETEX NX are only there when they succeeded.
  mset: each(2),
  msetnx: each(2),
  msetex: each(2, 1),
  'json.mset': each(3),
  'ts.madd': each(3),

  sunionstore: result('first'),
  sinterstore: result('first'),
  sdiffstore: result('first'),
  zunionstore: result('first'),
  zinterstore: result('first'),
  zdiffstore: result('first'),
  zrangestore: result('first'),
  geosearchstore: result('first'),
  pfmerge: result('first'),
  bitop: result('first'),
  copy: result('last'),
  sort: result('last'),
  georadius: result('last'),
  georadiusbymember: result('last'),

  rename: move(() => ['DEL', 1]),
  renamenx: move(() => ['DEL', 1]),
  smove: move(
    () => ['SREM', 1, 3],
    () => ['SADD', 2, 3],
  ),
  rpoplpush: move(() => ['RPOP', 1]),
  brpoplpush: move(() => ['RPOP', 1]),
  lmove: move(poppedSide),
  blmove: move(poppedSide),
};
