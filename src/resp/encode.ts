/** Encodes commands as RESP arrays of bulk strings, the only form that servers take from every client. */
import { decimalLength, writeInteger } from '../bytes/ascii-integer.ts';

/** One argument: text goes out as UTF-8, a number in decimal, bytes as they are. */
export type CommandArgument = string | number | Uint8Array;

const CR = 0x0d;
const LF = 0x0a;

/** `*<n>\r\n` and for each argument `$<length>\r\n<bytes>\r\n`. */
export function encodeCommand(args: readonly CommandArgument[]): Buffer {
  const plain = args.map((arg) => (typeof arg === 'number' ? String(arg) : arg));
  const lengths = plain.map((arg) => (typeof arg === 'string' ? Buffer.byteLength(arg) : arg.length));
  let size = 3 + decimalLength(plain.length);
  for (const length of lengths) size += 5 + decimalLength(length) + length;
  const out = Buffer.allocUnsafe(size);
  let at = writeHeader(out, 0, 0x2a, plain.length);
  for (let i = 0; i < plain.length; i++) {
    at = writeHeader(out, at, 0x24, lengths[i]);
    const arg = plain[i];
    if (typeof arg === 'string') out.write(arg, at);
    else out.set(arg, at);
    at += lengths[i];
    out[at++] = CR;
    out[at++] = LF;
  }
  return out;
}

function writeHeader(out: Buffer, at: number, type: number, n: number): number {
  out[at] = type;
  const end = writeInteger(out, at + 1, n);
  out[end] = CR;
  out[end + 1] = LF;
  return end + 2;
}
