/** What a module of a user is written against: `import type { Transform } from 'godwit'`. */

/** One argument of a command: text becomes UTF-8, whole numbers their digits. */
export type CommandArgument = string | number | bigint | Uint8Array;

/** A command to be applied. */
export interface OutputCommand {
  /** The name and its arguments. */
  readonly args: readonly CommandArgument[];
  /** The database of the entry if it is left out. */
  readonly db?: number;
}

/** A command of the source. What its views show is valid until the transform returns: what is kept is to be copied. */
export interface TransformEntry {
  /** May be changed. */
  db: number;
  /** In upper case; `XGROUP-CREATE` for subcommands. */
  readonly command: string;
  /** As the server's documentation has it, in upper case: `STRING`, `SORTED_SET`; `unknown` for commands that Godwit does not know. */
  readonly group: string;
  /** The name and its arguments; may be changed, also in length. */
  args: CommandArgument[];
  /** Of the command as it came. */
  readonly keys: readonly Buffer[];
  /** Where the keys are in `args`; the name is 0. */
  readonly keyIndexes: readonly number[];
  /** Hash slots of the keys. */
  readonly slots: readonly number[];
}

/** The entry: as it came, with what was changed in `db` and `args`. Commands: these instead. `null` or an empty list: nothing, the entry is dropped. */
export type TransformResult = TransformEntry | OutputCommand | readonly OutputCommand[] | null;

/** A module exports it as `transform`: called for each entry, in order. */
export type Transform = (entry: TransformEntry) => TransformResult;

/** A module exports it as `transformBatch` instead: called for some entries at a time, and returns one result for each of them, in their order. */
export type TransformBatch = (entries: readonly TransformEntry[]) => readonly TransformResult[];

export interface TransformModule {
  readonly transform?: Transform;
  readonly transformBatch?: TransformBatch;
  /** True: values of a snapshot come as the commands that make them (HSET ...), not as RESTORE with a payload. */
  readonly expand?: boolean;
}
