/** What the pipeline knows of a transform, whichever language it is in: rows of commands in, commands out, all of it synchronous. */
import type { TransformOutput } from './transform-output.ts';

/** Commands as RESP arrays in one slab. A `Batch` whose rows are commands is one, and so is the output of another transform. */
export interface CommandRows {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly start: ArrayLike<number>;
  readonly end: ArrayLike<number>;
  readonly database: ArrayLike<number>;
}

/** Why a row made nothing. */
export interface TransformFailure {
  readonly row: number;
  /** For a person: where in the function or module, and what. */
  readonly message: string;
  /** Of the script, from 1; undefined where none is known. */
  readonly line: number | undefined;
  /** Of the function in the script; undefined outside of one. */
  readonly functionName: string | undefined;
}

export interface TransformEngine {
  /**
   * Runs the rows from `from` on and adds what they become to the output; a row that makes no command is dropped. A row that fails adds nothing and is
   * returned, and the run ends there: the caller stops the job, or writes the row down and goes on behind it.
   * @returns undefined when all rows are through
   */
  run(rows: CommandRows, from: number, output: TransformOutput): TransformFailure | undefined;
}

/** Whether the transform is to be given values of a snapshot as logical commands (HSET ...) instead of RESTORE, and why: for `explain`. */
export interface Expansion {
  readonly wanted: boolean;
  readonly because: string;
}
