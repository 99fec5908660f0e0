/**
 * The arguments of one RESP command as offsets, the name being argument 0. One object is read into again and again, so that nothing is allocated per
 * command. It looks at the bytes in place and is valid as long as they are.
 */
import { readInteger } from '../bytes/ascii-integer.ts';

const CR = 0x0d;

export class CommandArguments {
  bytes: Uint8Array = new Uint8Array(0);
  /** The name counts. */
  count = 0;
  /** Argument i is bytes[offsets[2 i], offsets[2 i + 1]). */
  offsets = new Int32Array(64);

  /** Takes the command in bytes[start, end), a whole RESP array of bulk strings. False, with count 0, if it is none. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.bytes = bytes;
    this.count = 0;
    if (bytes[start] !== 0x2a) return false;
    let at = lineEnd(bytes, start + 1, end);
    const count = readInteger(bytes, start + 1, at);
    if (!(count > 0) || count * 5 > end - start) return false;
    if (this.offsets.length < count * 2) this.offsets = new Int32Array(count * 4);
    at += 2;
    for (let i = 0; i < count; i++) {
      if (at >= end || bytes[at] !== 0x24) return false;
      const digitsEnd = lineEnd(bytes, at + 1, end);
      const length = readInteger(bytes, at + 1, digitsEnd);
      const valueEnd = digitsEnd + 2 + length;
      if (!(length >= 0) || valueEnd + 2 > end) return false;
      this.offsets[2 * i] = digitsEnd + 2;
      this.offsets[2 * i + 1] = valueEnd;
      at = valueEnd + 2;
    }
    this.count = count;
    return true;
  }

  start(index: number): number {
    return this.offsets[2 * index];
  }

  end(index: number): number {
    return this.offsets[2 * index + 1];
  }

  /** Is it this word, in upper case, without regard to case? False beyond the last argument. */
  is(index: number, word: string): boolean {
    if (index >= this.count || index < 0) return false;
    const start = this.start(index);
    if (this.end(index) - start !== word.length) return false;
    for (let i = 0; i < word.length; i++) {
      const byte = this.bytes[start + i];
      if ((byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte) !== word.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Is it one of these words? */
  isAny(index: number, words: readonly string[]): boolean {
    for (const word of words) if (this.is(index, word)) return true;
    return false;
  }

  isEmpty(index: number): boolean {
    return this.start(index) === this.end(index);
  }

  /** NaN if it is not there, or no whole number up to 2^53. */
  integer(index: number): number {
    return index < this.count ? readInteger(this.bytes, this.start(index), this.end(index)) : Number.NaN;
  }

  /** The first index from `from` on, below `to`, at which one of the words stands; -1 if none. */
  find(words: readonly string[], from: number, to = this.count): number {
    for (let i = from; i < to; i++) if (this.isAny(i, words)) return i;
    return -1;
  }

  /** A view of its bytes. */
  value(index: number): Uint8Array {
    return this.bytes.subarray(this.start(index), this.end(index));
  }
}

function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== CR) at++;
  return at;
}
