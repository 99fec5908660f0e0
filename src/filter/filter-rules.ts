/**
 * What can be asked of a filter, as plain data. docs/filters.md explains it. Lists that are empty or not there ask for nothing.
 *
 * Patterns of keys are one question: a key passes if it fits any pattern of `allow`, or `allow` has none, and none of `block`. Databases, slots, types,
 * commands and groups are a question each, with the same answer: in `allow` if that has any, and not in `block`. All questions must be passed.
 */
export interface KeyPatterns {
  readonly keys?: readonly Uint8Array[];
  readonly prefixes?: readonly Uint8Array[];
  readonly suffixes?: readonly Uint8Array[];
  /** As KEYS and SCAN take them. */
  readonly globs?: readonly Uint8Array[];
  /** Syntax of Go and RE2, found anywhere in the key unless anchored; linear in the length of the key. */
  readonly regexes?: readonly string[];
}

/** Both ends belong to it. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
}

export interface RuleSide extends KeyPatterns {
  readonly databases?: readonly number[];
  readonly slots?: readonly SlotRange[];
  /** Words of TYPE, `module` for all modules, or the name of a module's type (`ReJSON-RL`). */
  readonly types?: readonly string[];
  /** In any case; `XGROUP` for all of its subcommands, or `XGROUP-CREATE`, `XGROUP|CREATE`, `xgroup create` for one. */
  readonly commands?: readonly string[];
  /** `string`, `sorted_set`, `generic`...; `unknown` for commands that are not in the table. */
  readonly groups?: readonly string[];
}

/** pass: let it through as it is; drop: leave it out; dead-letter: leave it out and hand it over to be kept; stop: an error. */
export type Policy = 'pass' | 'drop' | 'dead-letter' | 'stop';

export interface Policies {
  /** A command of which some keys pass and some do not, and that cannot be split. */
  readonly onMixed: Policy;
  /** A command that is not in the table while rules ask for keys, slots or types. */
  readonly onUnknown: Policy;
  /** FLUSHALL, FLUSHDB, SWAPDB, CLUSTER FLUSHSLOT while rules ask for keys, slots or types: they touch keys that do not pass as well. */
  readonly onFlush: Policy;
  /** Any other command without a key (PUBLISH, FUNCTION LOAD) while rules ask for keys, slots or types. */
  readonly onKeyless: Policy;
}

export interface FilterRules {
  readonly allow?: RuleSide;
  readonly block?: RuleSide;
  /** Of the value as it stands in the snapshot or a RESTORE; snapshot only otherwise. */
  readonly valueBytesMin?: number;
  readonly valueBytesMax?: number;
  /** What is left to live, snapshot only. A key without expiry lives longer than any ttlMinMs and any ttlMaxMs. */
  readonly ttlMinMs?: number;
  readonly ttlMaxMs?: number;
  /** Whether keys with and without an expiry are wanted; both unless told. */
  readonly expiring?: 'any' | 'only' | 'none';
  readonly policies?: Partial<Policies>;
}

export const DEFAULT_POLICIES: Policies = { onMixed: 'stop', onUnknown: 'stop', onFlush: 'stop', onKeyless: 'pass' };

/** What RedisShake does in the same places. */
export const SHAKE_POLICIES: Policies = { onMixed: 'drop', onUnknown: 'pass', onFlush: 'pass', onKeyless: 'pass' };
