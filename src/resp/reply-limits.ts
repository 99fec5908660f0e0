/** Bounds on replies, shared by the decoder and the counter; a server that goes beyond them is not what it says it is. */
import { GodwitError } from '../errors/errors.ts';

export const REPLY_DEPTH_MAX = 16;
/** Headers, statuses and errors. */
export const REPLY_LINE_BYTES_MAX = 64 * 1024;

/** A PROTOCOL_ERROR that says what was found in the reply bytes. */
export function malformedReply(what: string): GodwitError {
  return new GodwitError('PROTOCOL_ERROR', `malformed reply: ${what}`);
}

/** Bytes of a reply for a message: printable ASCII stays, the rest is escaped; 48 bytes at most. */
export function excerpt(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < Math.min(end, start + 48); at++) {
    const byte = bytes[at];
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return end - start > 48 ? `${text}...` : text;
}
