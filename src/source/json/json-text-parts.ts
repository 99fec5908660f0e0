/**
 * A string, or {"base64": "..."}, in the parts that the window has: runs of plain text as they stand there, escapes and base64 decoded.
 *
 *   parts.begin()
 *   while (!parts.read(reader, take)) bring more, from reader.at on
 *
 * Text is not checked to be UTF-8: its bytes pass as they are. Half of a surrogate pair is refused, for no bytes are meant by it.
 */
import { CLOSE_OBJECT, type JsonReader, OPEN_OBJECT, QUOTE } from './json-reader.ts';

/** @param isLasting bytes[start, end) stay what they are until the window moves */
export type TextReceiver = (bytes: Uint8Array, start: number, end: number, isLasting: boolean) => void;

const BACKSLASH = 0x5c;
const UNICODE = 0x75;
const PADDING = 0x3d;
const QUAD = 4;
const ESCAPE_BYTES = 6;
const DECODED_BYTES = 3 * 16_384;
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [QUOTE, QUOTE],
  [BACKSLASH, BACKSLASH],
  [0x2f, 0x2f],
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
]);
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const SIX_BITS = new Int8Array(256).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) SIX_BITS[ALPHABET.charCodeAt(i)] = i;

type Phase = 'begin' | 'text' | 'base64' | 'close' | 'done';

export class JsonTextParts {
  private phase: Phase = 'begin';
  private padded = false;
  private readonly decoded = new Uint8Array(DECODED_BYTES);

  begin(): void {
    this.phase = 'begin';
    this.padded = false;
  }

  /** @returns true when it was read to its end; else reader.at is where to go on. @throws JsonFault, NEED_MORE where not even its begin is there */
  read(reader: JsonReader, take: TextReceiver): boolean {
    if (this.phase === 'begin') this.open(reader);
    if (this.phase === 'text') this.readText(reader, take);
    else if (this.phase === 'base64') this.readBase64(reader, take);
    if (this.phase === 'close' && reader.skipBlanks() >= 0) {
      reader.expect(CLOSE_OBJECT);
      this.phase = 'done';
    }
    return this.phase === 'done';
  }

  private open(reader: JsonReader): void {
    const byte = reader.peek();
    if (byte !== QUOTE && byte !== OPEN_OBJECT) throw reader.fault('a string or {"base64": "..."} should stand here');
    reader.at++;
    if (byte === OPEN_OBJECT) {
      const at = reader.at;
      if (reader.name() !== 'base64') throw reader.fault('{"base64": "..."} should stand here', at);
      reader.expect(QUOTE);
    }
    this.phase = byte === QUOTE ? 'text' : 'base64';
  }

  private readText(reader: JsonReader, take: TextReceiver): void {
    const { bytes, end } = reader;
    let { at } = reader;
    for (;;) {
      const start = at;
      while (at < end && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH && bytes[at] >= 0x20) at++;
      if (at > start) take(bytes, start, at, true);
      reader.at = at;
      if (at === end) return;
      if (bytes[at] === QUOTE) {
        reader.at = at + 1;
        this.phase = 'done';
        return;
      }
      if (bytes[at] !== BACKSLASH) throw reader.fault('a string has a control character that is not escaped');
      const next = this.readEscape(reader, at, take);
      if (next < 0) return;
      at = next;
    }
  }

  /** @returns behind the escape, or -1 if it is not whole */
  private readEscape(reader: JsonReader, at: number, take: TextReceiver): number {
    const { bytes, end } = reader;
    if (at + 1 >= end) return -1;
    if (bytes[at + 1] !== UNICODE) {
      const byte = ESCAPES.get(bytes[at + 1]);
      if (byte === undefined) throw reader.fault('there is no such escape', at);
      this.decoded[0] = byte;
      take(this.decoded, 0, 1, false);
      return at + 2;
    }
    if (at + ESCAPE_BYTES > end) return -1;
    const unit = hex(reader, at + 2);
    let point = unit;
    let next = at + ESCAPE_BYTES;
    if (unit >= 0xdc00 && unit < 0xe000) throw reader.fault('half of a surrogate pair means no bytes', at);
    if (unit >= 0xd800 && unit < 0xdc00) {
      if (next + ESCAPE_BYTES > end && !reader.isLast) return -1;
      const low = bytes[next] === BACKSLASH && bytes[next + 1] === UNICODE && next + ESCAPE_BYTES <= end ? hex(reader, next + 2) : 0;
      if (low < 0xdc00 || low >= 0xe000) throw reader.fault('half of a surrogate pair means no bytes', at);
      point = 0x10000 + (unit - 0xd800) * 0x400 + (low - 0xdc00);
      next += ESCAPE_BYTES;
    }
    take(this.decoded, 0, writeUtf8(this.decoded, point), false);
    return next;
  }

  private readBase64(reader: JsonReader, take: TextReceiver): void {
    const { bytes, end, isLast } = reader;
    const { decoded } = this;
    let { at } = reader;
    let length = 0;
    while (at < end && bytes[at] !== QUOTE) {
      if (at + QUAD > end && !isLast) break;
      if (length + 3 > decoded.length) {
        take(decoded, 0, length, false);
        length = 0;
      }
      length += this.decodeQuad(reader, at, length);
      at += QUAD;
    }
    if (length > 0) take(decoded, 0, length, false);
    reader.at = at;
    if (at >= end || bytes[at] !== QUOTE) return;
    reader.at = at + 1;
    this.phase = 'close';
  }

  /** @returns how many bytes it gave, to decoded[to, ...) */
  private decodeQuad(reader: JsonReader, at: number, to: number): number {
    const { bytes } = reader;
    if (this.padded) throw reader.fault('base64 goes on behind its padding', at);
    const [a, b] = [SIX_BITS[bytes[at]], SIX_BITS[bytes[at + 1]]];
    const missing = bytes[at + 3] === PADDING ? (bytes[at + 2] === PADDING ? 2 : 1) : 0;
    const c = missing === 2 ? 0 : SIX_BITS[bytes[at + 2]];
    const d = missing > 0 ? 0 : SIX_BITS[bytes[at + 3]];
    if (a < 0 || b < 0 || c < 0 || d < 0 || at + QUAD > reader.end) throw reader.fault('this is no base64', at);
    this.padded = missing > 0;
    this.decoded[to] = (a << 2) | (b >> 4);
    this.decoded[to + 1] = (b << 4) | (c >> 2);
    this.decoded[to + 2] = (c << 6) | d;
    return 3 - missing;
  }
}

/** Four digits. @throws JsonFault */
function hex(reader: JsonReader, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) {
    const digit = Number.parseInt(String.fromCharCode(reader.bytes[i]), 16);
    if (Number.isNaN(digit)) throw reader.fault('there is no such escape', at - 2);
    value = value * 16 + digit;
  }
  return value;
}

function writeUtf8(out: Uint8Array, point: number): number {
  if (point < 0x80) {
    out[0] = point;
    return 1;
  }
  if (point < 0x800) {
    out[0] = 0xc0 | (point >> 6);
    out[1] = 0x80 | (point & 63);
    return 2;
  }
  if (point < 0x10000) {
    out[0] = 0xe0 | (point >> 12);
    out[1] = 0x80 | ((point >> 6) & 63);
    out[2] = 0x80 | (point & 63);
    return 3;
  }
  out[0] = 0xf0 | (point >> 18);
  out[1] = 0x80 | ((point >> 12) & 63);
  out[2] = 0x80 | ((point >> 6) & 63);
  out[3] = 0x80 | (point & 63);
  return 4;
}
