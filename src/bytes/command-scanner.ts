/**
 * Finds where a command in RESP ends, and where its name and first argument are; builds nothing. What stands in argument bodies is never looked at.
 *
 *   command = "*" count CRLF count("$" length CRLF bytes CRLF)
 *
 * Invariants: reads nothing at or behind `end`; what is wrong is only noted (problem, problemAt): the caller knows which error it makes.
 */
export const NEED_MORE = -1;
export const MALFORMED = -2;

const CR = 0x0d;
const LF = 0x0a;
const STAR = 0x2a;
const DOLLAR = 0x24;
const BULK_BYTES_MAX = 2 ** 40;
const ARGUMENTS_MAX = 2 ** 31;
/** `$0\r\n\r\n` */
const ARGUMENT_BYTES_MIN = 6;

export class CommandScanner {
  argumentCount = 0;
  /** [start, end) of the name, and of the first argument behind it (0, 0 when there is none). */
  nameStart = 0;
  nameEnd = 0;
  firstStart = 0;
  firstEnd = 0;
  /** After NEED_MORE: the command reaches up to this index at least. */
  endMin = 0;
  /** After MALFORMED: what is wrong, and at which index. */
  problem = '';
  problemAt = 0;
  private number = 0;

  /** @returns the index behind the command at `start`, NEED_MORE, or MALFORMED */
  scan(bytes: Uint8Array, start: number, end: number): number {
    this.firstStart = 0;
    this.firstEnd = 0;
    this.endMin = end + 1;
    if (start >= end) return NEED_MORE;
    if (bytes[start] !== STAR) return this.malformed(start, 'a command does not begin with *');
    let at = this.header(bytes, start, end, ARGUMENTS_MAX);
    if (at < 0) return at;
    const count = this.number;
    this.argumentCount = count;
    for (let i = 0; i < count; i++) {
      if (at >= end) return this.cutAt(at, count - i);
      if (bytes[at] !== DOLLAR) return this.malformed(at, 'an argument does not begin with $');
      const text = this.header(bytes, at, end, BULK_BYTES_MAX);
      if (text === NEED_MORE) return this.cutAt(at, count - i);
      if (text < 0) return text;
      const textEnd = text + this.number;
      if (textEnd + 2 > end) return this.cutAt(textEnd + 2, count - i - 1);
      if (bytes[textEnd] !== CR || bytes[textEnd + 1] !== LF) return this.malformed(textEnd, 'an argument does not end where its length says');
      if (i === 0) {
        this.nameStart = text;
        this.nameEnd = textEnd;
      } else if (i === 1) {
        this.firstStart = text;
        this.firstEnd = textEnd;
      }
      at = textEnd + 2;
    }
    return at;
  }

  /** True if the name is this one, in any case. @param name lower case ASCII letters */
  isNamed(bytes: Uint8Array, name: Uint8Array): boolean {
    if (this.nameEnd - this.nameStart !== name.length) return false;
    for (let i = 0; i < name.length; i++) if ((bytes[this.nameStart + i] | 0x20) !== name[i]) return false;
    return true;
  }

  /** Reads `<type><digits>CRLF`; the number goes to this.number. */
  private header(bytes: Uint8Array, start: number, end: number, max: number): number {
    let at = start + 1;
    let n = 0;
    for (;;) {
      if (at >= end) return NEED_MORE;
      const digit = bytes[at] - 0x30;
      if (digit < 0 || digit > 9) break;
      n = n * 10 + digit;
      if (n > max) return this.malformed(start, 'a length is beyond all bounds');
      at++;
    }
    if (bytes[at] !== CR || at === start + 1) return this.malformed(at, 'a length is not a number');
    if (at + 1 >= end) return NEED_MORE;
    if (bytes[at + 1] !== LF) return this.malformed(at, 'a length does not end its line');
    this.number = n;
    return at + 2;
  }

  private cutAt(at: number, argumentsLeft: number): number {
    this.endMin = Math.max(this.endMin, at + argumentsLeft * ARGUMENT_BYTES_MIN);
    return NEED_MORE;
  }

  private malformed(at: number, problem: string): number {
    this.problem = problem;
    this.problemAt = at;
    return MALFORMED;
  }
}
