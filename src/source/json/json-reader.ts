/**
 * Reads JSON text from bytes in a window, token by token, where the caller knows what has to come next. Nothing is allocated but for numbers as text.
 *
 *   reader.open(bytes, at, end); reader.expect(BRACKET); const n = reader.integer(); ...      reader.at is where it stands
 *
 * Invariants: nothing at or behind `end` is read; where the window ends before a token does, NEED_MORE is thrown, and the caller goes back to where it
 * began. A number that stands at the very end of the window might go on, and is taken only when isLast says that nothing follows.
 */
import { JsonFault, NEED_MORE } from './json-fault.ts';

export const QUOTE = 0x22;
export const COMMA = 0x2c;
const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

const BACKSLASH = 0x5c;
const NUMBER_BYTES_MAX = 40;
const INTEGER_DIGITS_MAX = 15;
const NAME_BYTES_MAX = 64;
const DEPTH_MAX = 64;

export class JsonReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  /** Nothing follows behind `end`. */
  isLast = false;

  open(bytes: Uint8Array, at: number, end: number, isLast: boolean): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.isLast = isLast;
  }

  /** Steps over blanks. @returns the byte that follows, to which `at` points; -1 at the end of the window */
  skipBlanks(): number {
    const { bytes, end } = this;
    let { at } = this;
    while (at < end && isBlank(bytes[at])) at++;
    this.at = at;
    return at < end ? bytes[at] : -1;
  }

  /** As skipBlanks(), where something must follow. @throws NEED_MORE */
  peek(): number {
    const byte = this.skipBlanks();
    if (byte < 0) throw NEED_MORE;
    return byte;
  }

  /** Steps over the byte if it comes next. @throws NEED_MORE */
  takes(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  /** @throws JsonFault, NEED_MORE */
  expect(byte: number): void {
    const found = this.peek();
    if (found !== byte) throw this.fault(`${shown(byte)} should stand here, and not ${shown(found)}`);
    this.at++;
  }

  /** Between the items of a list or the members of an object. @param items that were read. @returns false: it was closed. @throws JsonFault, NEED_MORE */
  goesOn(items: number, closing: number): boolean {
    if (this.takes(closing)) return false;
    if (items > 0) this.expect(COMMA);
    return true;
  }

  /** The name of a member and the colon behind it. Plain ASCII, as all names are that are known. @throws JsonFault, NEED_MORE */
  name(): string {
    this.expect(QUOTE);
    const { bytes, end } = this;
    const start = this.at;
    let stop = start;
    while (stop < end && bytes[stop] !== QUOTE) {
      if (stop - start > NAME_BYTES_MAX || bytes[stop] === BACKSLASH || bytes[stop] < 0x20) throw this.fault('a name is not known', start);
      stop++;
    }
    if (stop === end) throw NEED_MORE;
    this.at = stop + 1;
    this.expect(COLON);
    return latin1(bytes, start, stop);
  }

  /** A string of plain ASCII. @throws JsonFault, NEED_MORE */
  word(): string {
    this.expect(QUOTE);
    const { bytes, end } = this;
    const start = this.at;
    let stop = start;
    while (stop < end && bytes[stop] !== QUOTE) {
      if (stop - start > NAME_BYTES_MAX || bytes[stop] === BACKSLASH || bytes[stop] < 0x20) throw this.fault('a short word should stand here', start);
      stop++;
    }
    if (stop === end) throw NEED_MORE;
    this.at = stop + 1;
    return latin1(bytes, start, stop);
  }

  /** @throws JsonFault if it is none, or is not finite; NEED_MORE */
  number(): number {
    const { bytes } = this;
    this.peek();
    const start = this.at;
    const stop = this.numberEnd(start);
    let value = 0;
    let i = start;
    for (; i < stop && i - start < INTEGER_DIGITS_MAX && bytes[i] >= 0x30 && bytes[i] <= 0x39; i++) value = value * 10 + bytes[i] - 0x30;
    if (i < stop || i === start || (bytes[start] === 0x30 && stop > start + 1)) {
      const text = latin1(bytes, start, stop);
      if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text)) throw this.fault('a number should stand here', start);
      value = Number(text);
      if (!Number.isFinite(value)) throw this.fault('the number is too large', start);
    }
    this.at = stop;
    return value;
  }

  /** @throws JsonFault if it is no whole number from `min` to 2^53 - 1; NEED_MORE */
  integer(min = 0): number {
    this.peek();
    const start = this.at;
    const value = this.number();
    if (!Number.isSafeInteger(value) || value < min) throw this.fault(`a whole number from ${min} on should stand here`, start);
    return value;
  }

  /** @returns null for null. @throws JsonFault, NEED_MORE */
  integerOrNull(): number | null {
    return this.isWord('null') ? null : this.integer();
  }

  /** @throws JsonFault, NEED_MORE */
  boolean(): boolean {
    if (this.isWord('true')) return true;
    if (this.isWord('false')) return false;
    throw this.fault('true or false should stand here');
  }

  /** Steps over null, true or false if it comes next. @throws JsonFault, NEED_MORE */
  isWord(word: 'null' | 'true' | 'false'): boolean {
    if (this.peek() !== word.charCodeAt(0)) return false;
    const stop = this.at + word.length;
    if (stop > this.end) throw NEED_MORE;
    if (latin1(this.bytes, this.at, stop) !== word) throw this.fault(`${word} should stand here`);
    this.at = stop;
    return true;
  }

  /** Steps over any value, to be read later. @throws JsonFault, NEED_MORE */
  skipValue(): void {
    let depth = 0;
    do {
      const byte = this.peek();
      if (byte === QUOTE) this.skipString();
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
        if (++depth > DEPTH_MAX) throw this.fault('too many brackets within each other');
        this.at++;
      } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
        if (--depth < 0) throw this.fault('a value should stand here');
        this.at++;
      } else if (depth > 0 || (byte !== COMMA && byte !== COLON)) this.skipPlain(byte);
      else throw this.fault('a value should stand here');
    } while (depth > 0);
  }

  /** @param at index in the window; where the reader stands unless told */
  fault(message: string, at = this.at): JsonFault {
    return new JsonFault(message, at);
  }

  private skipString(): void {
    const { bytes, end } = this;
    let at = this.at + 1;
    while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    if (at >= end) throw NEED_MORE;
    this.at = at + 1;
  }

  /** A comma, colon, number or word. */
  private skipPlain(byte: number): void {
    if (byte === COMMA || byte === COLON) {
      this.at++;
      return;
    }
    const { bytes, end } = this;
    const start = this.at;
    let { at } = this;
    while (at < end && isPlain(bytes[at])) at++;
    if (at === end && !this.isLast) throw NEED_MORE;
    if (at === start) throw this.fault('a value should stand here');
    this.at = at;
  }

  private numberEnd(start: number): number {
    const { bytes, end } = this;
    let stop = start;
    while (stop < end && isPlain(bytes[stop])) {
      if (stop - start > NUMBER_BYTES_MAX) throw this.fault('a number should stand here', start);
      stop++;
    }
    if (stop === end && !this.isLast) throw NEED_MORE;
    return stop;
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Part of a number, or of null, true or false. */
function isPlain(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x45;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

function shown(byte: number): string {
  return JSON.stringify(String.fromCharCode(byte));
}
