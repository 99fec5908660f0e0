/**
 * An AOF, in one file or several, with or without a snapshot as preamble. See file-source.ts for how it is used; openFileSource() finds out that it
 * is one.
 *
 *   const source = await AofFileSource.open('data/appendonlydir', { untilMs: Date.parse('2026-01-31T12:00:00Z'), onTruncated: 'error' });
 *
 * Each part is read as a server does: the snapshot it begins with, if it does, then its commands, beginning with database 0. Only the last part may
 * end within a unit. Transactions come whole, in one batch.
 *
 * Invariants: what is decoded before a fault is handed out before it is thrown; memory is bounded by the window, or by the largest unit (a command,
 * or a whole transaction), 1 GiB at most, and a unit that the rest of the file cannot hold is never waited for.
 */
import { AofDecoder } from '../../aof/aof-decoder.ts';
import { GodwitError, toGodwitError } from '../../errors/errors.ts';
import { Batch } from '../../model/batch.ts';
import { FileCursor } from '../file/file-cursor.ts';
import {
  BEGIN,
  type EndStep,
  type FilePosition,
  type FileProgress,
  type FileSource,
  type FileSourceOptions,
  type FileStep,
  type RowsStep,
  type TruncatedTail,
  WINDOW_BYTES,
} from '../file/file-source.ts';
import { type FileIdentity, fileIdentity } from '../file/file-identity.ts';
import type { RdbDecoder } from '../../rdb/rdb-decoder.ts';
import { RdbSection } from '../rdb/rdb-section.ts';
import { type AofPart, openAofParts } from './aof-parts.ts';

const BATCH_COMMANDS = 16_384;
const UNIT_BYTES_MAX = 1024 * 1024 * 1024;
/** Enough to tell REDIS and VALKEY from commands. */
const MAGIC_BYTES = 6;
const NO_AUX: ReadonlyMap<string, string> = new Map();

export class AofFileSource implements FileSource {
  readonly kind = 'aof';
  /** Of the part that is read. */
  private part: AofPart;
  private index: number;
  private readonly parts: readonly AofPart[];
  private readonly options: FileSourceOptions;
  private cursor: FileCursor;
  private preamble: RdbSection | null = null;
  private decoder: AofDecoder | null = null;
  private batch = new Batch(BATCH_COMMANDS);
  /** Found behind rows that were handed out first. */
  private fault: GodwitError | null = null;
  private at: FilePosition;
  private snapshotFacts: Pick<FileSource, 'aux' | 'rdbVersion' | 'dialect' | 'templates'> = {
    aux: new Map(),
    rdbVersion: 0,
    dialect: null,
    templates: undefined,
  };
  /** Of the last preamble. */
  snapshot: RdbDecoder | null = null;

  /** @param place see openAofParts(). @throws GodwitError as openAofParts(); FILE_CHANGED if the part to go on in is gone */
  static async open(place: string, options: FileSourceOptions = {}): Promise<AofFileSource> {
    const parts = await openAofParts(place, options);
    try {
      return new AofFileSource(parts, options);
    } catch (error) {
      await Promise.all(parts.map(({ input }) => input.close()));
      throw error;
    }
  }

  /** Takes over the inputs of the parts. @throws GodwitError FILE_CHANGED */
  constructor(parts: readonly AofPart[], options: FileSourceOptions) {
    this.parts = parts;
    this.options = options;
    this.at = options.from ?? { ...BEGIN, part: parts[0].name };
    this.index = parts.findIndex(({ name }) => name === this.at.part);
    if (this.index < 0) {
      throw new GodwitError('FILE_CHANGED', `the AOF no longer has the part ${this.at.part} that the load was in`, {
        fix: 'The server has rewritten it: load anew, into an empty target.',
      });
    }
    this.part = parts[this.index];
    this.cursor = this.cursorAt(this.at.offset);
  }

  get name(): string {
    return this.part.input.name;
  }

  get position(): FilePosition {
    return this.at;
  }

  get rdbVersion(): number {
    return this.snapshot?.version ?? 0;
  }

  get aux(): ReadonlyMap<string, string> {
    return this.snapshot?.aux ?? NO_AUX;
  }

  /** Parts before the one that a load was resumed in count as read. */
  get progress(): FileProgress {
    const totals = this.parts.map(({ input }) => input.rawBytesTotal);
    const before = totals.slice(0, this.index).reduce((sum, bytes) => sum + bytes, 0);
    return { bytes: before + this.part.input.rawBytes, bytesTotal: totals.includes(-1) ? -1 : totals.reduce((sum, bytes) => sum + bytes, 0) };
  }

  get dialect(): FileSource['dialect'] {
    return this.snapshotFacts.dialect;
  }

  get templates(): FileSource['templates'] {
    return this.snapshotFacts.templates;
  }

  identity(): Promise<FileIdentity> {
    return fileIdentity(this.parts, false);
  }

  async next(): Promise<FileStep> {
    if (this.fault !== null) throw this.fault;
    for (;;) {
      if (this.preamble === null && this.decoder === null) await this.beginPart();
      const step = this.preamble === null ? await this.nextCommands() : await this.nextOfPreamble(this.preamble);
      if (step !== null) return step;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.parts.map(({ input }) => input.close()));
  }

  private cursorAt(offset: number): FileCursor {
    return new FileCursor(this.part.input, offset, this.options.windowBytes ?? WINDOW_BYTES);
  }

  /** Looks at what the part begins with; resumed, the position knows. */
  private async beginPart(): Promise<void> {
    const { at, cursor } = this;
    const isSnapshot = at.rdb !== null || (at.offset === 0 && (await this.beginsWithSnapshot()));
    if (isSnapshot) this.preamble = new RdbSection(cursor, { resumeAt: at.rdb, hiddenKeyPrefix: this.options.hiddenKeyPrefix });
    else this.beginCommands(at.offset, at.database);
  }

  private async beginsWithSnapshot(): Promise<boolean> {
    const { cursor } = this;
    await cursor.ensure(Math.min(MAGIC_BYTES, cursor.window.length));
    return /^(REDIS|VALKEY)/.test(cursor.window.toString('latin1', cursor.start, Math.min(cursor.end, cursor.start + MAGIC_BYTES)));
  }

  private beginCommands(offset: number, database: number): void {
    const { untilMs, hiddenKeyPrefix } = this.options;
    this.preamble = null;
    this.decoder = new AofDecoder({
      from: { offset, database, timestampMs: this.at.timestampMs },
      ...(untilMs === undefined ? {} : { untilMs }),
      ...(hiddenKeyPrefix === undefined ? {} : { hiddenKeyPrefix }),
    });
  }

  private async nextOfPreamble(preamble: RdbSection): Promise<FileStep | null> {
    const step = await preamble.next();
    const { aux, version, dialect, templates } = preamble.decoder;
    this.snapshotFacts = { aux, rdbVersion: version, dialect, templates };
    this.snapshot = preamble.decoder;
    this.checkTime(preamble);
    if (step === null) {
      this.at = { ...this.at, offset: this.cursor.offset, rdb: null, database: 0 };
      this.beginCommands(this.cursor.offset, 0);
    } else if (preamble.state !== null) this.at = { ...this.at, ...preamble.state };
    return step;
  }

  /** A snapshot that is younger than the time that was asked for cannot be undone. */
  private checkTime({ decoder }: RdbSection): void {
    const { untilMs } = this.options;
    const madeMs = Number(decoder.aux.get('ctime') ?? -1) * 1000;
    if (untilMs === undefined || untilMs < 0 || madeMs <= untilMs) return;
    throw new GodwitError(
      'AOF_TOO_LATE',
      `${this.name} begins with a snapshot of ${new Date(madeMs).toISOString()}, later than ${new Date(untilMs).toISOString()}`,
      {
        details: { file: this.name, snapshotMs: madeMs, untilMs },
      },
    );
  }

  /** @returns null when the part was read and another one follows */
  private async nextCommands(): Promise<RowsStep | EndStep | null> {
    const { cursor, batch } = this;
    const decoder = this.decoder as AofDecoder;
    for (;;) {
      batch.reset();
      this.decodeWindow(decoder, cursor, batch);
      if (batch.count > 0) return { kind: 'rows', batch };
      if (this.fault !== null) throw this.fault;
      if (decoder.status === 'end') return this.end(null);
      if (decoder.status === 'batch-too-small') {
        this.batch = new Batch(batch.capacity * 4);
        return this.nextCommands();
      }
      if (!(await this.bringMore(decoder, cursor))) return this.endPart(decoder, cursor);
    }
  }

  private decodeWindow(decoder: AofDecoder, cursor: FileCursor, batch: Batch): void {
    try {
      cursor.consume(decoder.decode(cursor.window, cursor.start, cursor.end, batch));
    } catch (error) {
      this.fault = this.located(error);
    }
    this.at = { ...this.at, ...decoder.state(), rdb: null };
  }

  /** @returns false if what is there is all there will be of the unit under way */
  private async bringMore(decoder: AofDecoder, cursor: FileCursor): Promise<boolean> {
    const { bytesTotal } = this.part.input;
    const unitBytes = decoder.neededOffset - cursor.offset;
    const isBeyond = bytesTotal >= 0 && decoder.neededOffset > bytesTotal;
    if (!isBeyond && unitBytes > UNIT_BYTES_MAX) {
      throw new GodwitError('VALUE_TOO_LARGE', `the command or transaction at offset ${cursor.offset} of ${this.name} is larger than 1 GiB`);
    }
    cursor.shrink(unitBytes);
    if (isBeyond) return false;
    // A length that nothing confirms takes no memory: the window grows as bytes come.
    const wanted = bytesTotal >= 0 ? unitBytes : Math.min(unitBytes, cursor.window.length * 2);
    return cursor.ensure(wanted);
  }

  private async endPart(decoder: AofDecoder, cursor: FileCursor): Promise<EndStep | null> {
    // What came last can have shown more of the unit under way.
    this.decodeWindow(decoder, cursor, this.batch);
    if (this.fault !== null) throw this.fault;
    const found = decoder.tail(cursor.window, cursor.start, cursor.end);
    const isLast = this.index === this.parts.length - 1;
    // More can be left than what is in the window.
    const bytes = found === null ? 0 : Math.max(found.bytes, this.part.input.bytesTotal - found.offset);
    const tail = found === null ? null : { ...found, bytes, name: this.name };
    if (tail !== null && (!isLast || this.options.onTruncated === 'error')) throw truncated(tail, isLast);
    if (isLast) return this.end(tail);
    this.index++;
    this.part = this.parts[this.index];
    this.cursor = this.cursorAt(0);
    this.decoder = null;
    this.at = { ...BEGIN, part: this.part.name, timestampMs: this.at.timestampMs };
    return null;
  }

  private end(tail: TruncatedTail | null): EndStep {
    const { untilMs } = this.options;
    const reached = this.decoder?.status === 'end' ? 'reached' : this.at.timestampMs < 0 ? 'no-timestamps' : 'not-reached';
    return { kind: 'end', tail, until: untilMs === undefined || untilMs < 0 ? null : reached, trailingBytes: 0 };
  }

  private located(error: unknown): GodwitError {
    const { code, message, details } = toGodwitError(error);
    return new GodwitError(code, `${this.name}: ${message}`, { cause: error, details: { ...details, file: this.name } });
  }
}

function truncated(tail: TruncatedTail, isLast: boolean): GodwitError {
  const message = `${tail.name} ends within a ${tail.unit}: ${tail.bytes} bytes from offset ${tail.offset} on are not whole`;
  const details = { file: tail.name, offset: tail.offset, bytes: tail.bytes };
  if (isLast) return new GodwitError('AOF_TRUNCATED', message, { details });
  return new GodwitError('AOF_TRUNCATED', `${message}, and more files follow`, {
    fix: 'Only the last file of an AOF may be cut: get this one whole.',
    details,
  });
}
