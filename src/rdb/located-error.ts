/** Puts the place into an error: the byte in the file, and the key whose value it is in. */
import { GodwitError } from '../errors/errors.ts';

const KEY_CHARS_MAX = 100;

/** Where something went wrong. */
export interface ErrorPlace {
  /** Offset in the file. */
  readonly offset: number;
  /** The key, if one is known. */
  readonly key?: Uint8Array | undefined;
}

/** The same error with offset and key in message and details. What has a place already, and what is no GodwitError, stays as it is. */
export function locatedError(error: unknown, place: ErrorPlace): unknown {
  if (!(error instanceof GodwitError) || error.details['offset'] !== undefined) return error;
  const { at: _at, ...details } = error.details;
  const key = place.key === undefined ? undefined : printableKey(place.key);
  const where = key === undefined ? `(offset ${place.offset})` : `(key "${key}", offset ${place.offset})`;
  return new GodwitError(error.code, `${error.message} ${where}`, {
    cause: error.cause,
    fix: error.fix,
    details: { ...details, offset: place.offset, ...(key === undefined ? {} : { key }) },
  });
}

/** The index in the window that the error was found at, or `otherwise`. */
export function errorIndex(error: unknown, otherwise: number): number {
  const at = error instanceof GodwitError ? error.details['at'] : undefined;
  return typeof at === 'number' ? at : otherwise;
}

/** An error of the format at this index of the window. Any other stays as it is. */
export function placedError(error: unknown, at: number): unknown {
  if (!(error instanceof GodwitError) || error.code !== 'RDB_CORRUPT') return error;
  return new GodwitError(error.code, error.message, { cause: error.cause, fix: error.fix, details: { ...error.details, at } });
}

/** A key for people: what is not printable ASCII as \xNN, cut at 100 characters. */
function printableKey(key: Uint8Array): string {
  let text = '';
  for (const byte of key) {
    if (text.length >= KEY_CHARS_MAX) return `${text.slice(0, KEY_CHARS_MAX)}...`;
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}
