/**
 * Takes the replication stream apart into units, without building arguments. A unit is one command, or one source transaction MULTI..EXEC; only
 * whole units are consumed. What belongs to the link alone (PING, REPLCONF, SELECT, MULTI, EXEC, sentinel gossip, vendor heartbeats) makes no row.
 *
 *   unit    = command | MULTI *command EXEC
 *   command = "*" count CRLF count("$" length CRLF bytes CRLF)
 *
 * Each row's endOffset is the offset behind its *unit*: a mark may only stand there.
 */
import { GodwitError } from '../errors/errors.ts';
import { type Batch, EntryKind } from '../model/batch.ts';

const LF = 0x0a;
const CR = 0x0d;
const NEED_MORE = -1;
const BULK_BYTES_MAX = 2 ** 40;
const ARGUMENTS_MAX = 2 ** 31;

type Control = 'none' | 'drop' | 'select' | 'multi' | 'exec';

export class StreamDecoder {
  /** Selected in the stream behind what was consumed. */
  database: number;
  /** Offset behind the last consumed unit, dropped ones included. */
  offset: number;
  /** The last decode() ended because a unit has more rows than the batch had room for. */
  lacksRows = false;
  private readonly hiddenKeyPrefix: Buffer;
  private argumentCount = 0;
  private nameStart = 0;
  private nameEnd = 0;
  private firstStart = 0;
  private firstEnd = 0;

  /** @param hiddenKeyPrefix commands whose first key begins with it are another job's marks and are not forwarded */
  constructor(start: { readonly offset: number; readonly database: number }, hiddenKeyPrefix: string) {
    this.offset = start.offset;
    this.database = start.database;
    this.hiddenKeyPrefix = Buffer.from(hiddenKeyPrefix);
  }

  /**
   * Decodes whole units of bytes[start, end) into rows; bytes[start] stands at this.offset. Returns the index behind the last whole unit.
   * A unit with more rows than an empty batch holds consumes nothing: give a larger batch.
   * @throws STREAM_CORRUPT with the offset
   */
  decode(bytes: Buffer, start: number, end: number, batch: Batch): number {
    batch.bytes = bytes;
    this.lacksRows = false;
    const base = this.offset - start;
    let at = start;
    while (at < end && !batch.full) {
      const rows = batch.count;
      const database = this.database;
      const next = this.decodeUnit(bytes, at, end, batch, base);
      if (next === NEED_MORE) {
        batch.count = rows;
        this.database = database;
        break;
      }
      at = next;
      for (let row = rows; row < batch.count; row++) batch.endOffset[row] = base + at;
      this.offset = base + at;
    }
    return at;
  }

  private decodeUnit(bytes: Buffer, start: number, end: number, batch: Batch, base: number): number {
    let at = start;
    let inTransaction = false;
    for (;;) {
      if (at >= end) return NEED_MORE;
      if (bytes[at] === LF || bytes[at] === CR) {
        at++;
        if (!inTransaction) return at;
        continue;
      }
      const next = this.command(bytes, at, end, base);
      if (next === NEED_MORE) return NEED_MORE;
      const control = this.controlOf(bytes, base + at);
      if (control === 'none') {
        if (batch.full) {
          this.lacksRows = true;
          return NEED_MORE;
        }
        this.addRow(batch, at, next);
      } else if (control === 'multi') inTransaction = true;
      else if (control === 'exec') inTransaction = false;
      at = next;
      if (!inTransaction) return at;
    }
  }

  private addRow(batch: Batch, start: number, end: number): void {
    const row = batch.count++;
    batch.kind[row] = EntryKind.Command;
    batch.start[row] = start;
    batch.end[row] = end;
    batch.keyStart[row] = this.firstStart;
    batch.keyEnd[row] = this.firstEnd;
    batch.database[row] = this.database;
  }

  /** Finds the end of the command at `at`; notes where its name and first argument are. */
  private command(bytes: Buffer, start: number, end: number, base: number): number {
    if (bytes[start] !== 0x2a) throw this.corrupt(base + start, 'a command does not begin with *');
    let at = this.header(bytes, start, end, ARGUMENTS_MAX, base);
    if (at === NEED_MORE) return NEED_MORE;
    const count = this.number;
    this.argumentCount = count;
    this.firstStart = 0;
    this.firstEnd = 0;
    for (let i = 0; i < count; i++) {
      if (at >= end) return NEED_MORE;
      if (bytes[at] !== 0x24) throw this.corrupt(base + at, 'an argument does not begin with $');
      const text = this.header(bytes, at, end, BULK_BYTES_MAX, base);
      if (text === NEED_MORE) return NEED_MORE;
      const textEnd = text + this.number;
      if (textEnd + 2 > end) return NEED_MORE;
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

  private number = 0;

  /** Reads `<type><digits>CRLF`; the number goes to this.number. */
  private header(bytes: Buffer, start: number, end: number, max: number, base: number): number {
    let at = start + 1;
    let n = 0;
    for (;;) {
      if (at + 1 >= end) return NEED_MORE;
      const byte = bytes[at];
      if (byte === CR) break;
      if (byte < 0x30 || byte > 0x39) throw this.corrupt(base + at, 'a length is not a number');
      n = n * 10 + byte - 0x30;
      if (n > max) throw this.corrupt(base + at, 'a length is beyond all bounds');
      at++;
    }
    if (bytes[at + 1] !== LF || at === start + 1) throw this.corrupt(base + at, 'a length does not end its line');
    this.number = n;
    return at + 2;
  }

  private controlOf(bytes: Buffer, offset: number): Control {
    const length = this.nameEnd - this.nameStart;
    if (this.hiddenKeyPrefix.length > 0 && this.startsWith(bytes, this.hiddenKeyPrefix)) return 'drop';
    if (length < 4 || length > 9) return this.argumentCount === 0 ? 'drop' : 'none';
    const first = bytes[this.nameStart] | 0x20;
    // p, r, s, m, e, o, c, t
    if (first !== 0x70 && first !== 0x72 && first !== 0x73 && first !== 0x6d && first !== 0x65 && first !== 0x6f && first !== 0x63 && first !== 0x74)
      return 'none';
    if (length === 4 && first === 0x73) return 'none';
    return this.controlByName(bytes, offset);
  }

  private controlByName(bytes: Buffer, offset: number): Control {
    const name = bytes.toString('latin1', this.nameStart, this.nameEnd).toUpperCase();
    const first = (): string => bytes.toString('latin1', this.firstStart, Math.min(this.firstEnd, this.firstStart + 64));
    switch (name) {
      case 'PING':
      case 'REPLCONF':
      case 'OPINFO':
      case 'TRIMSLOTS':
        return 'drop';
      case 'SELECT':
        this.database = Number(first());
        if (!Number.isInteger(this.database)) throw this.corrupt(offset, 'SELECT without a database');
        return 'select';
      case 'MULTI':
        return 'multi';
      case 'EXEC':
        return 'exec';
      case 'PUBLISH':
        return first() === '__sentinel__:hello' ? 'drop' : 'none';
      case 'CLUSTER':
        return first().toUpperCase() === 'SYNCSLOTS' ? 'drop' : 'none';
      default:
        return 'none';
    }
  }

  private startsWith(bytes: Buffer, prefix: Buffer): boolean {
    if (this.firstEnd - this.firstStart < prefix.length) return false;
    for (let i = 0; i < prefix.length; i++) if (bytes[this.firstStart + i] !== prefix[i]) return false;
    return true;
  }

  private corrupt(offset: number, what: string): GodwitError {
    return new GodwitError('STREAM_CORRUPT', `the replication stream is damaged at offset ${offset}: ${what}`, { details: { offset } });
  }
}
