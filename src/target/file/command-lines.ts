/**
 * Whole commands in RESP, one a line, as redis-cli reads them: words with a blank between, in "..." with escapes where they are more than plain ASCII.
 * Source of the quoting: sds.c: sdscatrepr, which sdssplitargs reads back.
 */
import { readInteger } from '../../bytes/ascii-integer.ts';
import { GodwitError } from '../../errors/errors.ts';
import type { GrowingBuffer } from '../../bytes/growing-buffer.ts';

const CR = 0x0d;
const LINE_FEED = 0x0a;
const BLANK = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;
const HEX = '0123456789abcdef';
const ESCAPE_BYTES_MAX = 4;
const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x07, '\\a'],
  [0x08, '\\b'],
]);

/** @param bytes bytes[start, end) are whole commands */
export function writeCommandLines(out: GrowingBuffer, bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end;) {
    const count = header(bytes, at, end);
    at = lineEnd(bytes, at, end);
    for (let i = 0; i < count; i++) {
      const size = header(bytes, at, end);
      at = lineEnd(bytes, at, end);
      if (i > 0) out.byte(BLANK);
      writeWord(out, bytes, at, at + size);
      at += size + 2;
    }
    out.byte(LINE_FEED);
  }
}

/** The number behind `*` or `$`. */
function header(bytes: Uint8Array, at: number, end: number): number {
  let stop = at + 1;
  while (stop < end && bytes[stop] !== CR) stop++;
  const count = readInteger(bytes, at + 1, stop);
  if (!(count >= 0)) throw new GodwitError('INTERNAL', 'a command that is no RESP was to be written as a line');
  return count;
}

function lineEnd(bytes: Uint8Array, at: number, end: number): number {
  let stop = at;
  while (stop < end && bytes[stop] !== LINE_FEED) stop++;
  return stop + 1;
}

function writeWord(out: GrowingBuffer, bytes: Uint8Array, start: number, end: number): void {
  if (isPlain(bytes, start, end)) {
    out.raw(bytes, start, end);
    return;
  }
  out.reserve((end - start) * ESCAPE_BYTES_MAX + 2);
  out.byte(QUOTE);
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte === QUOTE || byte === BACKSLASH) out.byte(BACKSLASH);
    if (byte >= BLANK && byte < DELETE) out.byte(byte);
    else out.ascii(ESCAPES.get(byte) ?? `\\x${HEX[byte >>> 4]}${HEX[byte & 15]}`);
  }
  out.byte(QUOTE);
}

/** Letters, digits and what has no meaning between blanks. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte <= BLANK || byte >= DELETE || byte === QUOTE || byte === BACKSLASH || byte === 0x27 || byte === 0x23) return false;
  }
  return end > start;
}
