/**
 * Bytes as JSON: UTF-8 text as a string, anything else as {"base64": "..."}. Text is escaped byte by byte: only `"`, `\` and what is below 0x20 need it, and
 * none of these is part of a longer UTF-8 sequence, so that long text can be cut anywhere.
 */
import { isUtf8 } from 'node:buffer';
import type { GrowingBuffer } from '../../bytes/growing-buffer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ASCII_END = 0x80;
const ESCAPE_BYTES_MAX = 6;
const HEX = '0123456789abcdef';
const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
]);
const TRIPLE = 3;
/** 1 for ASCII that stands for itself. */
const PLAIN = new Uint8Array(256).map((_, byte) => (byte >= 0x20 && byte < ASCII_END && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0));

/** Whether bytes[start, end) are text: ASCII is told without a call. */
export function isText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] >= 0x80) return isUtf8(bytes.subarray(i, end));
  return true;
}

/** A whole JSON value. In one pass: text it is until a byte says otherwise, and what was written of it is taken back then. */
export function writeJson(out: GrowingBuffer, bytes: Uint8Array, start: number, end: number): void {
  out.reserve((end - start) * ESCAPE_BYTES_MAX + 2);
  const into = out.bytes;
  let at = out.length;
  let isKnownText = false;
  into[at++] = QUOTE;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (PLAIN[byte] === 1) into[at++] = byte;
    else if (byte < ASCII_END) at = escape(into, at, byte);
    else {
      if (!isKnownText && !isUtf8(bytes.subarray(i, end))) {
        writeBase64(out, bytes, start, end);
        return;
      }
      isKnownText = true;
      into[at++] = byte;
    }
  }
  into[at++] = QUOTE;
  out.length = at;
}

function writeBase64(out: GrowingBuffer, bytes: Uint8Array, start: number, end: number): void {
  out.ascii('{"base64":"');
  out.base64(bytes, start, end);
  out.ascii('"}');
}

/** Text without its quotes. */
function writeEscaped(out: GrowingBuffer, bytes: Uint8Array, start: number, end: number): void {
  out.reserve((end - start) * ESCAPE_BYTES_MAX);
  const into = out.bytes;
  let at = out.length;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte >= ASCII_END || PLAIN[byte] === 1) into[at++] = byte;
    else at = escape(into, at, byte);
  }
  out.length = at;
}

function escape(into: Buffer, at: number, byte: number): number {
  if (byte === QUOTE || byte === BACKSLASH) {
    into[at] = BACKSLASH;
    into[at + 1] = byte;
    return at + 2;
  }
  const text = SHORT_ESCAPES.get(byte) ?? `\\u00${HEX[byte >>> 4]}${HEX[byte & 15]}`;
  return at + into.write(text, at, 'latin1');
}

/** A string that comes in parts, with its quotes. The next part of base64 waits for whole groups of three bytes. */
export class TextParts {
  private readonly rest = new Uint8Array(TRIPLE);
  private restBytes = 0;
  private isText = true;

  begin(out: GrowingBuffer, isText: boolean): void {
    this.isText = isText;
    this.restBytes = 0;
    out.ascii(isText ? '"' : '{"base64":"');
  }

  /** Base64 alone; it ends with endBare(). */
  beginBare(): void {
    this.isText = false;
    this.restBytes = 0;
  }

  add(out: GrowingBuffer, bytes: Uint8Array, start: number, end: number): void {
    if (this.isText) {
      writeEscaped(out, bytes, start, end);
      return;
    }
    let at = start;
    while (this.restBytes > 0 && this.restBytes < TRIPLE && at < end) this.rest[this.restBytes++] = bytes[at++];
    if (this.restBytes === TRIPLE) this.flush(out);
    if (this.restBytes > 0) return;
    const whole = at + Math.floor((end - at) / TRIPLE) * TRIPLE;
    out.base64(bytes, at, whole);
    for (let i = whole; i < end; i++) this.rest[this.restBytes++] = bytes[i];
  }

  end(out: GrowingBuffer): void {
    this.flush(out);
    out.ascii(this.isText ? '"' : '"}');
  }

  endBare(out: GrowingBuffer): void {
    this.flush(out);
  }

  private flush(out: GrowingBuffer): void {
    out.base64(this.rest, 0, this.restBytes);
    this.restBytes = 0;
  }
}
