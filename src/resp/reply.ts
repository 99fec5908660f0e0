/**
 * Replies as JavaScript values.
 *
 *   +status   string            -error    ReplyError (a value; whoever awaits a single reply gets it as a rejection)
 *   :integer  number, or bigint beyond 2^53 - 1      $bulk  Buffer, its own memory      *array  Reply[]
 *   $-1, *-1, and RESP3's _     null
 */
export type Reply = string | number | bigint | Buffer | null | Reply[] | ReplyError;

/** An error reply. The first word is the code that servers agree on (`WRONGTYPE`, `LOADING`, `NOPERM`; plain `ERR` for the rest). */
export class ReplyError extends Error {
  /** The whole line, without the leading `-`. */
  readonly text: string;
  readonly code: string;
  /** Name of the command that was refused, where it is known. Never its arguments, they may be secrets. */
  command: string | undefined;

  constructor(text: string, command?: string) {
    super(text);
    this.name = 'ReplyError';
    this.text = text;
    this.code = text.split(' ', 1)[0];
    this.command = command;
  }
}
