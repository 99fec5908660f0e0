/** What is known of a command: shapes without behaviour. One entry per command, and one per subcommand of a container (`xgroup|create`). */

/** Where the first key of a spec stands: at an index, or behind a keyword that is looked for from startFrom on (negative: backwards from the end). */
export type KeyBegin = { readonly kind: 'index'; readonly index: number } | { readonly kind: 'keyword'; readonly keyword: string; readonly startFrom: number };

/**
 * Which arguments from the first key on are keys.
 * - range: up to lastKey (relative to the first; negative from the end, and with a limit n only the first 1/n of the rest), every step-th
 * - count: the number of keys stands at the first key's index + countIndex, the keys begin at + firstKey
 */
export type KeyFind =
  | { readonly kind: 'range'; readonly lastKey: number; readonly step: number; readonly limit: number }
  | { readonly kind: 'count'; readonly countIndex: number; readonly firstKey: number; readonly step: number };

export interface KeySpec {
  readonly begin: KeyBegin;
  readonly find: KeyFind;
  /** A channel (SPUBLISH): routed as a key, but none. */
  readonly isChannel: boolean;
}

export interface Command {
  /** Lower case; `xgroup|create`. */
  readonly name: string;
  /** As COMMAND says: arguments with the name, negative for at least. */
  readonly arity: number;
  readonly writes: boolean;
  readonly readsOnly: boolean;
  /** Has subcommands, which are entries of their own. */
  readonly isContainer: boolean;
  readonly isPubSub: boolean;
  readonly isAdmin: boolean;
  /** May wait for data; never in a replication stream in this form. */
  readonly blocks: boolean;
  /** As COMMAND DOCS says: `string`, `sorted-set`, `module`; empty if the server did not tell. */
  readonly group: string;
  readonly keySpecs: readonly KeySpec[];
  /** The server's specs do not tell all keys (SORT ... STORE): key-indexes.ts knows the built-in ones. */
  readonly keysIncomplete: boolean;
  /** First version that has it, packed with packVersion(); undefined where the product never had it or this is not known. */
  readonly redisSince: number | undefined;
  readonly valkeySince: number | undefined;
}

/** Versions as numbers that can be compared: 7.0.15 is 7,000,015. */
export function packVersion(major: number, minor: number, patch: number): number {
  return major * 1_000_000 + minor * 1_000 + patch;
}
