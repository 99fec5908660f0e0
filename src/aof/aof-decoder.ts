/**
 * Takes the commands of an AOF apart into units, without building arguments. A unit is one command, or one transaction MULTI..EXEC; only whole
 * units are consumed. SELECT, MULTI and EXEC make no rows, nor do annotations. An RDB preamble is not for this decoder: the reader gives it
 * to RdbDecoder and begins here behind its checksum.
 *
 *   file       = *(annotation | unit)
 *   unit       = command | MULTI *(command | annotation) EXEC
 *   command    = "*" count CRLF count("$" length CRLF bytes CRLF)        count >= 1
 *   annotation = "#" text LF          "#TS:" seconds: what follows ran in this second or later
 *
 *   at = decode(window, batch)     need-more        the unit at `at` is not whole: call again from `at` with more; it reaches `neededOffset` at least.
 *                                                   At the end of the file, tail() says what is left over
 *                                  batch-full       call again from `at` with another batch
 *                                  batch-too-small  the unit at `at` has more rows than an empty batch holds
 *                                  end              what follows is later than untilMs
 *
 * Rows are as those of the replication stream: the range of the whole command, its first argument as the key, and as endOffset the offset behind
 * its *unit*. Source: aof.c: loadSingleAppendOnlyFile.
 */
import { readInteger } from '../bytes/ascii-integer.ts';
import { CommandScanner, MALFORMED, NEED_MORE } from '../bytes/command-scanner.ts';
import { GodwitError } from '../errors/errors.ts';
import { type Batch, EntryKind } from '../model/batch.ts';

export type AofDecodeStatus = 'need-more' | 'batch-full' | 'batch-too-small' | 'end';

/** Where decoding goes on: the end of a unit. Plain JSON. */
export interface AofDecoderState {
  readonly offset: number;
  readonly database: number;
  /** Of the last timestamp before; -1 if there was none. */
  readonly timestampMs: number;
}

export interface AofDecoderOptions {
  /** Begin of the file, database 0 unless told. */
  readonly from?: AofDecoderState;
  /** Unix ms; units behind the first later timestamp are not decoded. -1 or left out: all are. */
  readonly untilMs?: number;
  /** Commands whose first key begins with it are not forwarded. */
  readonly hiddenKeyPrefix?: Uint8Array;
}

/** What an AOF ends with that is no whole unit. */
export interface AofTail {
  readonly offset: number;
  readonly bytes: number;
  readonly unit: 'command' | 'transaction';
}

const HASH = 0x23;
const LF = 0x0a;
const CR = 0x0d;
const ANNOTATION_BYTES_MAX = 1024;
const BATCH_TOO_SMALL = -3;
const TIMESTAMP = Buffer.from('#TS:');
const SELECT = Buffer.from('select');
const MULTI = Buffer.from('multi');
const EXEC = Buffer.from('exec');
const DATABASE_MAX = 0x7fffffff;

export class AofDecoder {
  status: AofDecodeStatus = 'need-more';
  /** Offset behind the last consumed unit or annotation. */
  offset: number;
  /** Selected there. Each file of a multi-part AOF begins with database 0. */
  database: number;
  /** Unix ms of the last timestamp before it; -1 if there was none. */
  timestampMs: number;
  /** After need-more: the unit under way reaches this offset at least. */
  neededOffset = 0;
  /** Commands put into batches. */
  commandCount = 0;
  private readonly untilMs: number;
  private readonly hiddenKeyPrefix: Uint8Array;
  private readonly scanner = new CommandScanner();
  private inTransaction = false;
  /** Offset in the file less index in the window. */
  private shift = 0;

  constructor(options: AofDecoderOptions = {}) {
    this.offset = options.from?.offset ?? 0;
    this.database = options.from?.database ?? 0;
    this.timestampMs = options.from?.timestampMs ?? -1;
    this.untilMs = options.untilMs === undefined || options.untilMs < 0 ? Number.POSITIVE_INFINITY : options.untilMs;
    this.hiddenKeyPrefix = options.hiddenKeyPrefix ?? new Uint8Array(0);
  }

  /**
   * Decodes whole units of bytes[start, end) into rows behind those that the batch has; bytes[start] stands at this.offset.
   * @returns the index behind the last whole unit; see `status` for why it ended there
   * @throws GodwitError AOF_CORRUPT with the offset; what was decoded before it is in the batch, and `offset` behind that
   */
  decode(bytes: Uint8Array, start: number, end: number, batch: Batch): number {
    batch.bytes = bytes;
    this.shift = this.offset - start;
    this.status = 'need-more';
    this.neededOffset = this.offset + 1;
    this.inTransaction = false;
    let at = start;
    while (at < end) {
      if (this.timestampMs > this.untilMs || this.isTooLate(bytes, at, end)) {
        this.status = 'end';
        break;
      }
      const rows = batch.count;
      const next = this.readUnitOrNothing(bytes, at, end, batch);
      if (next < 0) {
        if (next === BATCH_TOO_SMALL) this.status = rows === 0 ? 'batch-too-small' : 'batch-full';
        else this.neededOffset = this.shift + this.scanner.endMin;
        break;
      }
      at = next;
      this.offset = this.shift + at;
      this.commandCount += batch.count - rows;
      for (let row = rows; row < batch.count; row++) batch.endOffset[row] = this.offset;
    }
    return at;
  }

  /**
   * What is left at the end of a file: bytes[start, end) that decode() has not consumed. Null when nothing of worth is lost: a cut annotation.
   * To be asked after need-more.
   */
  tail(bytes: Uint8Array, start: number, end: number): AofTail | null {
    if (start >= end || bytes[start] === HASH) return null;
    return { offset: this.offset, bytes: end - start, unit: this.inTransaction ? 'transaction' : 'command' };
  }

  /** What the option `from` needs to go on behind the last consumed unit. */
  state(): AofDecoderState {
    return { offset: this.offset, database: this.database, timestampMs: this.timestampMs };
  }

  /** As readUnit(); what is not whole, or damaged, leaves no trace. */
  private readUnitOrNothing(bytes: Uint8Array, start: number, end: number, batch: Batch): number {
    const { database, timestampMs } = this;
    const rows = batch.count;
    let next = MALFORMED;
    try {
      next = this.readUnit(bytes, start, end, batch);
    } finally {
      if (next < 0) {
        batch.count = rows;
        this.database = database;
        this.timestampMs = timestampMs;
      }
    }
    return next;
  }

  /** @returns the index behind the unit or annotation, NEED_MORE or BATCH_TOO_SMALL */
  private readUnit(bytes: Uint8Array, start: number, end: number, batch: Batch): number {
    const { scanner } = this;
    let at = start;
    this.inTransaction = false;
    do {
      const next = bytes[at] === HASH && at < end ? this.readAnnotation(bytes, at, end) : scanner.scan(bytes, at, end);
      if (next === NEED_MORE) return NEED_MORE;
      if (next === MALFORMED) throw this.corrupt(scanner.problemAt, scanner.problem);
      if (bytes[at] !== HASH && !this.takeCommand(bytes, at, next, batch)) return BATCH_TOO_SMALL;
      at = next;
    } while (this.inTransaction);
    return at;
  }

  /** @returns false if the batch has no room for it */
  private takeCommand(bytes: Uint8Array, start: number, end: number, batch: Batch): boolean {
    const { scanner } = this;
    if (scanner.argumentCount === 0) throw this.corrupt(start, 'a command has no name');
    if (scanner.isNamed(bytes, SELECT)) this.select(bytes, start);
    else if (scanner.isNamed(bytes, MULTI)) this.inTransaction = true;
    else if (scanner.isNamed(bytes, EXEC)) this.inTransaction = false;
    else if (!this.isHidden(bytes)) {
      if (batch.full) return false;
      const row = batch.count++;
      batch.kind[row] = EntryKind.Command;
      batch.start[row] = start;
      batch.end[row] = end;
      batch.keyStart[row] = scanner.firstStart;
      batch.keyEnd[row] = scanner.firstEnd;
      batch.database[row] = this.database;
    }
    return true;
  }

  private select(bytes: Uint8Array, at: number): void {
    const database = readInteger(bytes, this.scanner.firstStart, this.scanner.firstEnd);
    if (!(database >= 0 && database <= DATABASE_MAX)) throw this.corrupt(at, 'SELECT without a database');
    this.database = database;
  }

  /** True if a whole timestamp stands at `at` and is later than wanted. */
  private isTooLate(bytes: Uint8Array, at: number, end: number): boolean {
    if (bytes[at] !== HASH || this.untilMs === Number.POSITIVE_INFINITY) return false;
    const lineEnd = this.annotationEnd(bytes, at, end);
    return lineEnd !== NEED_MORE && timestampMsOf(bytes, at, lineEnd) > this.untilMs;
  }

  private readAnnotation(bytes: Uint8Array, at: number, end: number): number {
    const lineEnd = this.annotationEnd(bytes, at, end);
    if (lineEnd === NEED_MORE) return NEED_MORE;
    const timestampMs = timestampMsOf(bytes, at, lineEnd);
    if (timestampMs >= 0) this.timestampMs = timestampMs;
    return lineEnd;
  }

  private annotationEnd(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && bytes[at] !== LF) at++;
    if (at - start > ANNOTATION_BYTES_MAX) throw this.corrupt(start, `an annotation is longer than ${ANNOTATION_BYTES_MAX} bytes`);
    if (at < end) return at + 1;
    this.scanner.endMin = end + 1;
    return NEED_MORE;
  }

  private isHidden(bytes: Uint8Array): boolean {
    const { hiddenKeyPrefix: prefix, scanner } = this;
    if (prefix.length === 0 || scanner.firstEnd - scanner.firstStart < prefix.length) return false;
    for (let i = 0; i < prefix.length; i++) if (bytes[scanner.firstStart + i] !== prefix[i]) return false;
    return true;
  }

  private corrupt(at: number, what: string): GodwitError {
    const offset = this.shift + at;
    return new GodwitError('AOF_CORRUPT', `the AOF is damaged at offset ${offset}: ${what}`, { details: { offset, unitOffset: this.offset } });
  }
}

/** Unix ms of the annotation bytes[start, end), -1 if it is another one. */
function timestampMsOf(bytes: Uint8Array, start: number, end: number): number {
  for (let i = 0; i < TIMESTAMP.length; i++) if (bytes[start + i] !== TIMESTAMP[i]) return -1;
  let stop = end - 1;
  if (bytes[stop - 1] === CR) stop--;
  const seconds = readInteger(bytes, start + TIMESTAMP.length, stop);
  return seconds >= 0 ? seconds * 1000 : -1;
}
