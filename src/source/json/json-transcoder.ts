/**
 * Turns the objects of an export in JSON (jsonl: behind each other; json: the elements of one array) into the bytes of an RDB file, on the way, so that all
 * that reads snapshots reads them too. An object that is larger than the window is read twice: to measure what its value comes to, and to write it.
 *
 *   jsonl bytes  ->  cursor  ->  JsonObjectReader  ->  DumpEncoder (version 14, which has all types)  ->  chunks()
 *
 * Invariants: what it gives depends on the objects alone, and not on where they were cut or where reading began; memory is that of the window, or of the
 * largest element. `marks` says where each object ends, in both files.
 */
import { GrowingBuffer } from '../../bytes/growing-buffer.ts';
import { quotedKey } from '../../bytes/quoted-key.ts';
import { GodwitError } from '../../errors/errors.ts';
import { DumpEncoder } from '../../rdb/encode/dump-encoder.ts';
import { RdbEntryWriter } from '../../rdb/encode/rdb-entry-writer.ts';
import { DUMP_FOOTER_BYTES } from '../../rdb/restore-footer.ts';
import type { FileCursor } from '../file/file-cursor.ts';
import { JsonFault } from './json-fault.ts';
import { JsonObjectReader } from './json-object-reader.ts';
import { COMMA, CLOSE_LIST, JsonReader, OPEN_LIST } from './json-reader.ts';
import type { BadLine } from '../file/file-source.ts';
import type { LineMarks } from './line-marks.ts';

export type JsonFormat = 'jsonl' | 'json';

export interface JsonTranscoderOptions {
  /** Stands where reading begins. */
  readonly cursor: FileCursor;
  readonly format: JsonFormat;
  readonly marks: LineMarks;
  /** Where that is: nothing before it; or behind an object, with the database of its key. */
  readonly from: { readonly line: number; readonly rdbOffset: number; readonly database: number } | null;
  /** jsonl: takes lines that are no objects, which are left out then. Without it they are errors. */
  readonly onBadLine?: ((line: BadLine) => Promise<void>) | undefined;
}

/** The dialect that all of it is written in. */
const JSON_RDB_VERSION = 14;
const HEADER = 'REDIS0014';
const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;
const BAD_LINE_BYTES_MAX = 64 * 1024;
/** Of an element, or of what of a stream is read whole. */
const ITEM_BYTES_MAX = 1024 * 1024 * 1024;
/** A checksum that is off. */
const NO_SUM = '\0'.repeat(8);

export class JsonTranscoder {
  private readonly cursor: FileCursor;
  private readonly format: JsonFormat;
  private readonly marks: LineMarks;
  private readonly isBegin: boolean;
  private readonly onBadLine: JsonTranscoderOptions['onBadLine'];
  private readonly reader = new JsonReader();
  private readonly object = new JsonObjectReader();
  private readonly encoder = new DumpEncoder({ version: JSON_RDB_VERSION });
  private readonly out = new GrowingBuffer();
  private readonly entries: RdbEntryWriter;
  /** Where the cursor stands. */
  private line: number;
  /** Bytes of RDB before out.bytes[0]. */
  private given: number;
  private objects = 0;
  /** Of the object that is read. */
  private begin = { offset: 0, line: 0 };

  constructor({ cursor, format, marks, from, onBadLine }: JsonTranscoderOptions) {
    this.cursor = cursor;
    this.format = format;
    this.marks = marks;
    this.isBegin = from === null;
    this.onBadLine = onBadLine;
    this.line = from?.line ?? 1;
    this.given = from?.rdbOffset ?? 0;
    this.entries = new RdbEntryWriter(this.out, from?.database ?? 0);
  }

  /** The RDB file, or the rest of it. Each chunk is valid until the next one is asked for. @throws GodwitError JSON_CORRUPT with file, line and offset */
  async *chunks(): AsyncGenerator<Buffer> {
    const { out } = this;
    if (this.isBegin) out.ascii(HEADER);
    while (await this.findObject()) {
      const size = await this.readObject();
      if (size === 'large' || out.length >= CHUNK_BYTES) yield this.give();
      if (size === 'large') yield* this.writeLarge();
      if (size !== 'small') this.cursor.shrink(0);
      this.objects++;
      if (size !== 'none') this.marks.add(this.given + out.length, this.cursor.offset, this.line);
    }
    this.entries.eof();
    out.ascii(NO_SUM);
    yield this.give();
  }

  private give(): Buffer {
    const { out } = this;
    this.given += out.length;
    const chunk = out.bytes.subarray(0, out.length);
    out.clear();
    return chunk;
  }

  /** Goes to the begin of the next object. @returns false at the end of the file */
  private async findObject(): Promise<boolean> {
    const { cursor } = this;
    let isFirst = this.isBegin && this.objects === 0;
    let needsComma = !isFirst;
    for (;;) {
      const byte = await this.nextByte();
      if (this.format === 'jsonl') return byte >= 0;
      if (byte === OPEN_LIST && isFirst) isFirst = false;
      else if (byte === COMMA && needsComma) needsComma = false;
      else if (byte === CLOSE_LIST && !isFirst && (needsComma || this.objects === 0)) return this.endArray();
      else if (byte >= 0 && !isFirst && !needsComma) return true;
      else throw this.fault(byte < 0 ? 'the file ends within its array' : `${isFirst ? '"["' : '"," or "]"'} should stand here`, cursor.offset);
      this.consume(cursor.start + 1);
    }
  }

  /** @returns false, as findObject() */
  private async endArray(): Promise<false> {
    this.consume(this.cursor.start + 1);
    if ((await this.nextByte()) >= 0) throw this.fault('something follows behind the end of the array', this.cursor.offset);
    return false;
  }

  /** Steps over blanks. @returns the byte that the cursor stands at; -1 at the end of the file */
  private async nextByte(): Promise<number> {
    const { cursor, reader } = this;
    do {
      reader.open(cursor.window, cursor.start, cursor.end, false);
      const byte = reader.skipBlanks();
      this.consume(reader.at);
      if (byte >= 0) return byte;
    } while (await cursor.more());
    return -1;
  }

  /** Reads the object that the cursor stands at: `small` is written then, `large` is measured. A line that is no object is left out if that is allowed. */
  private async readObject(): Promise<'small' | 'large' | 'none'> {
    this.begin = { offset: this.cursor.offset, line: this.line };
    try {
      if (await this.readSmall()) return 'small';
      await this.measureLarge();
      return 'large';
    } catch (error) {
      if (!(error instanceof GodwitError) || error.code !== 'JSON_CORRUPT' || this.onBadLine === undefined || this.format === 'json') throw error;
      await this.onBadLine({ ...this.begin, error, text: await this.skipLine() });
      return 'none';
    }
  }

  /** The object that the cursor stands at, if it fits into the window. @returns false if it does not */
  private async readSmall(): Promise<boolean> {
    const { cursor, reader, object } = this;
    for (let isLast = false; ;) {
      object.begin(this.encoder, true);
      reader.open(cursor.window, cursor.start, cursor.end, isLast);
      if (this.step()) break;
      if (isLast) throw this.fault('the file ends within an object', cursor.offset);
      if (cursor.full) return false;
      isLast = !(await cursor.more());
    }
    const { bytes, length } = this.encoder;
    if (object.type === 'value') this.entries.dumped(this.head(), bytes, length);
    else this.addCode();
    this.consume(reader.at);
    return true;
  }

  private addCode(): void {
    const { type, code } = this.object;
    if (type === 'function') this.entries.libraryCode(code.bytes, code.start, code.end);
    else this.entries.script(code.bytes, code.start, code.end);
  }

  /** The first of two passes over the object. */
  private async measureLarge(): Promise<void> {
    await this.cursor.hold();
    this.encoder.measureNext();
    for await (const _ of this.pass());
  }

  /** The second one. The cursor stands behind the object then. */
  private async *writeLarge(): AsyncGenerator<Buffer> {
    const { cursor, object, encoder, out } = this;
    if (object.type !== 'value') {
      encoder.wholeNext();
      this.addCode();
      cursor.release();
      return;
    }
    const plan = encoder.plan();
    this.goBack();
    // Type byte and footer of the payload are not part of a value in a file.
    let left = plan.bytes - DUMP_FOOTER_BYTES;
    this.entries.key(this.head(), plan.type);
    let skip = 1;
    encoder.piecesNext(plan, (bytes, start, end) => {
      const stop = Math.min(end, start + left);
      left -= stop - start;
      if (stop > start + skip) out.raw(bytes, start + skip, stop);
      skip = 0;
    });
    for await (const _ of this.pass()) if (out.length >= CHUNK_BYTES) yield this.give();
    cursor.release();
  }

  /** To the begin of the object. */
  private goBack(): void {
    this.cursor.seek(this.begin.offset);
    this.line = this.begin.line;
  }

  /** @returns what the line has, as much of it as is kept */
  private async skipLine(): Promise<Buffer> {
    const { cursor, encoder } = this;
    encoder.wholeNext();
    this.goBack();
    let text = Buffer.alloc(0);
    for (;;) {
      const at = cursor.window.indexOf(NEWLINE, cursor.start);
      const stop = at >= 0 && at < cursor.end ? at : cursor.end;
      text = Buffer.concat([text, cursor.window.subarray(cursor.start, Math.min(stop, cursor.start + BAD_LINE_BYTES_MAX - text.length))]);
      this.consume(stop);
      if (stop < cursor.end || stop === at || !(await cursor.more())) break;
    }
    cursor.release();
    return text;
  }

  /** Reads the object from its begin to its end; yields where more is brought in. */
  private async *pass(): AsyncGenerator<undefined> {
    const { cursor, reader, object } = this;
    object.begin(this.encoder, false);
    for (let isLast = false; ;) {
      reader.open(cursor.window, cursor.start, cursor.end, isLast);
      const done = this.step();
      this.consume(reader.at);
      if (done) return;
      if (isLast) throw this.fault('the file ends within an object', cursor.offset);
      yield undefined;
      if (cursor.full && cursor.start === 0) this.grow();
      isLast = !(await cursor.more());
    }
  }

  private grow(): void {
    const { cursor } = this;
    if (cursor.window.length < ITEM_BYTES_MAX) cursor.grow();
    else throw new GodwitError('VALUE_TOO_LARGE', `an element in line ${this.line} of ${cursor.input.name} (offset ${cursor.offset}) is larger than 1 GiB`);
  }

  /** One attempt at the object. @throws GodwitError JSON_CORRUPT */
  private step(): boolean {
    const { object, reader, cursor } = this;
    try {
      return object.read(reader);
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error;
      throw this.fault(error.message, cursor.offset + error.at - cursor.start, error);
    }
  }

  private head(): { readonly bytes: Uint8Array; start: number; end: number; database: number; expiryMs: number; idle: number; freq: number } {
    const { key, database, expiryMs, idle, freq } = this.object;
    return { bytes: key, start: 0, end: key.length, database, expiryMs, idle, freq };
  }

  /** Lines are counted as they are left behind. */
  private consume(to: number): void {
    const { cursor } = this;
    for (let at = cursor.window.indexOf(NEWLINE, cursor.start); at >= 0 && at < to; at = cursor.window.indexOf(NEWLINE, at + 1)) this.line++;
    cursor.consume(to);
  }

  private fault(message: string, offset: number, cause?: unknown): GodwitError {
    const { cursor, object } = this;
    const file = cursor.input.name;
    const line = this.line + newlines(cursor, offset);
    const named = object.key.length > 0 ? { key: quotedKey(object.key) } : {};
    const ofKey = object.key.length > 0 ? ` (key ${quotedKey(object.key)})` : '';
    return new GodwitError('JSON_CORRUPT', `${file}, line ${line}, offset ${offset}${ofKey}: ${message}`, { cause, details: { file, line, offset, ...named } });
  }
}

/** Between where the cursor stands and an offset in its window. */
function newlines({ window, start, offset: from }: FileCursor, offset: number): number {
  let count = 0;
  for (let at = window.indexOf(NEWLINE, start); at >= 0 && at < start + offset - from; at = window.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
