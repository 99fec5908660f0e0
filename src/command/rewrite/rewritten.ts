/** What becomes of a command of the stream on its way to a target. */
import { decimalLength, writeInteger } from '../../bytes/ascii-integer.ts';

export interface RewrittenCommands {
  readonly kind: 'commands';
  readonly count: number;
  readonly bytes: Uint8Array;
}

export type Rewritten =
  /** The target takes the bytes as they are. */
  | { readonly kind: 'passthrough' }
  /** RESP of `count` commands that together do the same, to be sent in one MULTI; none if nothing is to be done. */
  | RewrittenCommands
  /** The target cannot be made to do the same; the reason completes "NAME cannot be applied: ". */
  | { readonly kind: 'unsupported'; readonly reason: string; readonly instead?: RewrittenCommands };

/** ASCII text, a safe integer, or bytes as they are. */
export type RewrittenArgument = string | number | Uint8Array;

export const PASSTHROUGH: Rewritten = { kind: 'passthrough' };

/** @param instead does what the target can do of it, where the loss is allowed */
export function unsupported(reason: string, instead?: RewrittenCommands): Rewritten {
  return { kind: 'unsupported', reason, ...(instead === undefined ? {} : { instead }) };
}

/** The commands as RESP arrays of bulk strings, one behind the other. */
export function commands(...list: readonly (readonly RewrittenArgument[])[]): RewrittenCommands {
  let size = 0;
  for (const args of list) {
    size += 3 + decimalLength(args.length);
    for (const arg of args) size += 5 + decimalLength(lengthOf(arg)) + lengthOf(arg);
  }
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const args of list) {
    at = writeHeader(bytes, at, 0x2a, args.length);
    for (const arg of args) {
      at = writeHeader(bytes, at, 0x24, lengthOf(arg));
      if (typeof arg === 'string') at += bytes.write(arg, at, 'latin1');
      else if (typeof arg === 'number') at = writeInteger(bytes, at, arg);
      else {
        bytes.set(arg, at);
        at += arg.length;
      }
      at = writeLineEnd(bytes, at);
    }
  }
  return { kind: 'commands', count: list.length, bytes };
}

function lengthOf(arg: RewrittenArgument): number {
  return typeof arg === 'number' ? decimalLength(arg) : arg.length;
}

function writeHeader(bytes: Buffer, at: number, type: number, n: number): number {
  bytes[at] = type;
  return writeLineEnd(bytes, writeInteger(bytes, at + 1, n));
}

function writeLineEnd(bytes: Buffer, at: number): number {
  bytes[at] = 0x0d;
  bytes[at + 1] = 0x0a;
  return at + 2;
}
