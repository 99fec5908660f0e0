/**
 * Commands by name. find() goes from the bytes of a RESP command to its entry without allocating and without regard to case: the name is hashed in
 * place (for a container `|` and the subcommand as well) into an open table of at least four places per entry, and compared byte by byte.
 */
import type { Command } from './command.ts';
import { type CommandRow, commandFromRow } from './command-row.ts';

const CR = 0x0d;
const BAR = 0x7c;
const NAME_LENGTH_MAX = 64;
/** FNV's. */
const PRIME = 0x01000193;
/** Lower case of each byte, ASCII only. `|` has none, so that `XGROUP|CREATE` in one argument is no name. */
const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte === BAR ? 0 : byte));

export class CommandTable {
  readonly commands: readonly Command[];
  private readonly names: readonly Uint8Array[];
  /** Index into commands + 1; 0 is empty. */
  private readonly places: Uint16Array;
  private readonly mask: number;
  /** Where the argument that argumentAt() has read begins and ends. */
  private wordStart = 0;
  private wordEnd = 0;

  /** Of two rows with one name the later counts. @throws Error for a row in no known form */
  constructor(rows: readonly CommandRow[]) {
    const byName = new Map(rows.map((row) => [row[0], row]));
    this.commands = [...byName.values()].map(commandFromRow);
    this.names = this.commands.map(({ name }) => Buffer.from(name, 'latin1'));
    let size = 1024;
    while (size < this.commands.length * 4) size *= 2;
    this.places = new Uint16Array(size);
    this.mask = size - 1;
    this.names.forEach((name, index) => this.put(name, index));
  }

  /**
   * The entry of the command in bytes[start, end), a whole RESP array of bulk strings; for a container that of the subcommand if it is known, else
   * its own. undefined: unknown, or no such array.
   */
  find(bytes: Uint8Array, start: number, end: number): Command | undefined {
    let at = start;
    while (at < end && bytes[at] !== CR) at++;
    if (!this.argumentAt(bytes, at + 2, end)) return undefined;
    const { wordStart, wordEnd } = this;
    const found = this.lookUp(bytes, wordStart, wordEnd, 0, 0);
    if (found === undefined || !found.isContainer || !this.argumentAt(bytes, wordEnd + 2, end)) return found;
    return this.lookUp(bytes, wordStart, wordEnd, this.wordStart, this.wordEnd) ?? found;
  }

  /** By name: `set`, `XGROUP|CREATE`. */
  named(name: string): Command | undefined {
    const bytes = Buffer.from(name, 'latin1');
    const bar = bytes.indexOf(BAR);
    return bar < 0 ? this.lookUp(bytes, 0, bytes.length, 0, 0) : this.lookUp(bytes, 0, bar, bar + 1, bytes.length);
  }

  private put(name: Uint8Array, index: number): void {
    const bar = name.indexOf(BAR);
    const code = bar < 0 ? hash(name, 0, name.length, 0) : subHash(name, bar + 1, name.length, hash(name, 0, bar, 0));
    let place = mixed(code) & this.mask;
    while (this.places[place] !== 0) place = (place + 1) & this.mask;
    this.places[place] = index + 1;
  }

  /** With a subcommand (subEnd > 0) the name is `name|subcommand`. */
  private lookUp(bytes: Uint8Array, start: number, end: number, subStart: number, subEnd: number): Command | undefined {
    const length = end - start + (subEnd > 0 ? 1 + subEnd - subStart : 0);
    if (length > NAME_LENGTH_MAX) return undefined;
    let code = hash(bytes, start, end, 0);
    if (subEnd > 0) code = subHash(bytes, subStart, subEnd, code);
    let place = mixed(code) & this.mask;
    for (;;) {
      const index = this.places[place] - 1;
      if (index < 0) return undefined;
      const name = this.names[index];
      if (name.length === length && isSame(name, 0, bytes, start, end) && isSub(name, end - start, bytes, subStart, subEnd)) return this.commands[index];
      place = (place + 1) & this.mask;
    }
  }

  /** Reads `$<length>\r\n<bytes>` at `at`; false if there is none or its bytes are not all there. */
  private argumentAt(bytes: Uint8Array, at: number, end: number): boolean {
    if (at >= end || bytes[at] !== 0x24) return false;
    let length = 0;
    let next = at + 1;
    for (; next < end && bytes[next] !== CR; next++) {
      length = length * 10 + bytes[next] - 0x30;
      if (length > end) return false;
    }
    this.wordStart = next + 2;
    this.wordEnd = this.wordStart + length;
    return length >= 0 && this.wordEnd <= end;
  }
}

function hash(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let code = seed;
  for (let at = start; at < end; at++) code = Math.imul(code ^ LOWER[bytes[at]], PRIME);
  return code;
}

function subHash(bytes: Uint8Array, start: number, end: number, codeOfName: number): number {
  return hash(bytes, start, end, Math.imul(codeOfName ^ BAR, PRIME));
}

const mixed = (code: number): number => code ^ (code >>> 15);

function isSame(name: Uint8Array, nameAt: number, bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (name[nameAt + at - start] !== LOWER[bytes[at]]) return false;
  return true;
}

function isSub(name: Uint8Array, nameAt: number, bytes: Uint8Array, subStart: number, subEnd: number): boolean {
  return subEnd === 0 || (name[nameAt] === BAR && isSame(name, nameAt + 1, bytes, subStart, subEnd));
}
