/**
 * The entry level of RDB: turns windows of a file into batches. Values are not decoded: a row holds the range of the raw value, ready to be sent
 * on as a DUMP payload.
 *
 *   at = decode(window, batch)     need-more   the entry at `at` is not whole: call again from `at` with a larger window, or with none
 *                                              larger to be had, beginLarge()
 *                                  batch-full  call again from `at` with another batch
 *                                  end         `at` is behind the EOF opcode; the CRC64 follows (the caller's to check)
 *
 * Invariants: nothing at or behind `end` is read; a row is whole or not there; what was consumed is never asked for again; nothing is allocated
 * per entry. Rows are ranges of batch.bytes, which is the window itself or, when a key stands in the file as a number or compressed, a slab
 * with its text (plain-text-slab.ts): always read rows from batch.bytes. Every error is a GodwitError with the offset and, if known, the key.
 */
import { GodwitError } from '../errors/errors.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import type { RdbDecoderState } from './decoder-state.ts';
import { type Dialect, dialectOf, HEADER_BYTES, parseHeader } from './dialect.ts';
import { EntryKey } from './entry-key.ts';
import { EntryPrefix } from './entry-prefix.ts';
import { LargeEntry, type LargeEntryHead, NOTHING_TO_APPLY } from './large-entry.ts';
import { errorIndex, locatedError } from './located-error.ts';
import { OPCODE_MIN, RdbOpcode } from './opcodes.ts';
import { PlainTextSlab } from './plain-text-slab.ts';
import { corruptAt, lengthEnd, NEED_MORE, stringEnd } from './rdb-length.ts';
import { isEncoded } from './rdb-string.ts';
import { type DatabaseSize, isAuxNamed, SnapshotFacts } from './snapshot-facts.ts';
import type { TemplateNames } from './template-names.ts';
import { recordProgram, SINGLE_STRING, unknownType, type ValueProgram, valuePrograms } from './value-program.ts';
import { ValueSkipper } from './value-skipper.ts';

export type DecodeStatus = 'need-more' | 'batch-full' | 'end';

export interface RdbDecoderOptions {
  /** Keys that begin so are passed over, and counted in `hidden`. */
  readonly hiddenKeyPrefix?: Uint8Array;
}

/** Scripts stand in aux fields. Servers wrote them so before functions came (Redis 7.0, version 10); exports still do. */
const SCRIPT_AUX = 'lua';
const EXPIRY_BYTES = 8;
const SHORT_STRING = 0x40;
const NO_KEY = new Uint8Array(0);

export class RdbDecoder {
  status: DecodeStatus = 'need-more';
  /** Null until the header was read. */
  dialect: Dialect | null = null;
  /** Length of the file if it is known, to tell damage from what has not arrived yet; else -1. */
  bytesTotal = -1;
  /** Keys put into batches or begun as large entries; without the hidden ones. */
  keyCount = 0;
  hidden = 0;
  /** Keys with metadata of modules (Redis 8.6), which is left out. */
  keyMetadataLeftOut = 0;
  private readonly hiddenKeyPrefix: Uint8Array | null;
  private readonly facts = new SnapshotFacts();
  private readonly prefix = new EntryPrefix();
  private readonly skipper = new ValueSkipper();
  private readonly text = new PlainTextSlab();
  private readonly key = new EntryKey(this.text);
  private programs: ReadonlyArray<ValueProgram | null> = [];
  private ended = false;
  /** Offset in the file less index in the window. */
  private shift = 0;
  /** Where the entry under way begins, for errors. */
  private at = 0;

  constructor(options: RdbDecoderOptions = {}) {
    this.hiddenKeyPrefix = options.hiddenKeyPrefix ?? null;
    this.skipper.templates = this.facts.templates.fields;
  }

  /** A decoder that goes on in the middle of a file, at the end of an entry. @throws GodwitError RDB_UNSUPPORTED */
  static resumeAt(state: RdbDecoderState, options: RdbDecoderOptions = {}): RdbDecoder {
    const decoder = new RdbDecoder(options);
    decoder.setDialect(dialectOf(state.magic, state.version));
    decoder.facts.database = state.database;
    decoder.facts.templates.restore(state.templates ?? []);
    return decoder;
  }

  /** What resumeAt() needs. @throws GodwitError INTERNAL before the header was read */
  state(): RdbDecoderState {
    if (this.dialect === null) throw new GodwitError('INTERNAL', 'the header of the snapshot was not read yet');
    const { magic, version } = this.dialect;
    return { magic, version, database: this.database, templates: this.facts.templates.state() };
  }

  /** RDB version, as in the footer of a DUMP payload; 0 until the header was read. */
  get version(): number {
    return this.dialect?.version ?? 0;
  }

  /** redis-ver, valkey-ver, repl-stream-db, ...: the short aux fields met so far. */
  get aux(): ReadonlyMap<string, string> {
    return this.facts.aux;
  }

  /** Selected for the next key. */
  get database(): number {
    return this.facts.database;
  }

  /** Sizes of the databases met so far, as announced by the snapshot. */
  get dbSizes(): ReadonlyMap<number, DatabaseSize> {
    return this.facts.databaseSizes;
  }

  /** Field names of the hash templates met so far (Redis 8.10), which the values that refer to them need. */
  get templates(): TemplateNames {
    return this.facts.templates.names;
  }

  /** Aux data of modules that was met, and left out because no command can write it. */
  get moduleAuxLeftOut(): number {
    return this.facts.moduleAuxLeftOut;
  }

  /**
   * Decodes whole entries of bytes[start, end) into an empty batch.
   * @param fileOffset offset in the file of bytes[start]
   * @returns the index behind the last entry consumed; see `status` for why it ended there
   * @throws GodwitError RDB_CORRUPT, RDB_UNSUPPORTED, with offset and key; the batch is empty then
   */
  decode(bytes: Uint8Array, start: number, end: number, fileOffset: number, batch: Batch): number {
    if (batch.count > 0) throw new GodwitError('INTERNAL', 'a batch that is not empty was given to be filled');
    batch.bytes = bytes;
    this.begin(start, fileOffset);
    try {
      const stop = this.decodeEntries(bytes, this.readHeader(bytes, start, end), end, batch);
      this.text.finish(batch, bytes, start, stop);
      return stop;
    } catch (error) {
      batch.reset();
      throw this.located(error, bytes);
    }
  }

  /**
   * Describes the entry at bytes[start], of which the head (what stands before the value) is in the window and the value need not be. It has
   * been fed what was given. Decoding goes on behind it, at its valueEnd.
   * @returns undefined if the head is not whole: more bytes are needed
   * @throws GodwitError as decode()
   */
  beginLarge(bytes: Uint8Array, start: number, end: number, fileOffset: number): LargeEntry | undefined {
    this.begin(start, fileOffset);
    try {
      const entry = this.dialect === null || this.ended ? undefined : this.readLargeHead(bytes, start, end);
      entry?.feed(bytes, start, end, fileOffset);
      return entry;
    } catch (error) {
      throw this.located(error, bytes);
    }
  }

  private begin(start: number, fileOffset: number): void {
    this.shift = fileOffset - start;
    this.at = start;
    this.key.clear(start);
    this.prefix.clear();
    this.text.reset();
  }

  private setDialect(dialect: Dialect): void {
    this.dialect = dialect;
    this.programs = valuePrograms(dialect);
  }

  /** @returns where entries begin, or `start` when the header is not whole. */
  private readHeader(bytes: Uint8Array, start: number, end: number): number {
    if (this.dialect !== null || end - start < HEADER_BYTES) return start;
    this.setDialect(parseHeader(bytes, start));
    return start + HEADER_BYTES;
  }

  /** The hot loop. @returns the index behind the last entry consumed */
  private decodeEntries(bytes: Uint8Array, start: number, end: number, batch: Batch): number {
    const prefix = this.prefix;
    let entryStart = start;
    let pos = start;
    this.status = this.ended ? 'end' : 'need-more';
    if (this.ended || this.dialect === null) return start;
    while (pos < end) {
      const row = batch.count;
      if (row === batch.capacity) {
        this.status = 'batch-full';
        break;
      }
      this.at = pos;
      const type = bytes[pos];
      if (type >= OPCODE_MIN || type === RdbOpcode.RamLru) {
        const next = this.readOpcode(bytes, pos, end, batch);
        if (next < 0) break;
        pos = next;
        if (prefix.present) continue;
        entryStart = next;
        if (!this.ended) continue;
        this.status = 'end';
        break;
      }
      const valueStart = this.key.read(bytes, pos + 1, end);
      if (valueStart < 0) break;
      const valueEnd = this.findValueEnd(type, bytes, valueStart, end);
      if (valueEnd < 0) break;
      pos = valueEnd;
      entryStart = valueEnd;
      if (!this.isHidden(bytes)) this.addValue(batch, row, type, valueStart, valueEnd);
      if (prefix.present) prefix.clear();
    }
    return entryStart;
  }

  /** @returns the end of a value that is whole in the window, or NEED_MORE */
  private findValueEnd(type: number, bytes: Uint8Array, start: number, end: number): number {
    const program = this.programs[type];
    if (program === SINGLE_STRING) {
      const first = bytes[start];
      const next = first < SHORT_STRING ? start + 1 + first : stringEnd(bytes, start, end);
      if (next <= end) return next;
      this.checkFits(next, 'a value');
      return NEED_MORE;
    }
    if (!program) throw unknownType(this.dialect as Dialect, type);
    return this.skipWhole(program, bytes, start, end);
  }

  private skipWhole(program: ValueProgram, bytes: Uint8Array, start: number, end: number): number {
    const skipper = this.skipper;
    skipper.beginProgram(program, this.bytesLeft(start));
    const next = skipper.skip(bytes, start, end);
    return skipper.done && skipper.seek === 0 ? next : NEED_MORE;
  }

  private addValue(batch: Batch, row: number, type: number, start: number, end: number): void {
    const prefix = this.prefix;
    batch.kind[row] = EntryKind.RdbValue;
    batch.type[row] = type;
    batch.start[row] = start;
    batch.end[row] = end;
    batch.keyStart[row] = this.key.start;
    batch.keyEnd[row] = this.key.end;
    batch.database[row] = this.facts.database;
    batch.expiryMs[row] = prefix.expiryMs;
    batch.idle[row] = prefix.idle;
    batch.freq[row] = prefix.freq;
    batch.endOffset[row] = this.shift + end;
    batch.count = row + 1;
    if (this.key.isText) this.text.assign(batch, row, 'key');
    this.countKey();
  }

  /** A row without a key. */
  private addRecord(batch: Batch, kind: EntryKind, opcode: number, start: number, end: number): void {
    const row = batch.count;
    this.key.clear(start);
    this.prefix.clear();
    this.addValue(batch, row, opcode, start, end);
    batch.kind[row] = kind;
    this.keyCount--;
  }

  private countKey(): void {
    this.keyCount++;
    if (this.prefix.metadata) this.keyMetadataLeftOut++;
  }

  /** @returns the index behind the operands, or NEED_MORE; what belongs to the next key is in `prefix` then, all else is done */
  private readOpcode(bytes: Uint8Array, pos: number, end: number, batch: Batch): number {
    const opcode = bytes[pos];
    const operands = pos + 1;
    if (opcode === RdbOpcode.ExpireTimeMs) {
      if (operands + EXPIRY_BYTES > end) return NEED_MORE;
      this.prefix.setExpiryMs(bytes, operands);
      return operands + EXPIRY_BYTES;
    }
    this.key.clear(pos);
    const next = this.skipWhole(recordProgram(this.dialect as Dialect, opcode), bytes, operands, end);
    if (next < 0) return NEED_MORE;
    if (this.isPrefix(opcode)) {
      this.prefix.apply(opcode, bytes, operands);
      return next;
    }
    this.prefix.clear();
    if (opcode === RdbOpcode.Eof) this.ended = true;
    else if (opcode === RdbOpcode.Function2) this.addRecord(batch, EntryKind.RdbFunction, opcode, operands, next);
    else if (this.isScript(opcode, bytes, operands)) this.addScript(batch, bytes, stringEnd(bytes, operands, end), next);
    else this.facts.apply(opcode, bytes, operands);
    return next;
  }

  private isPrefix(opcode: number): boolean {
    if (opcode === RdbOpcode.KeyMeta) return this.dialect?.magic === 'REDIS';
    if (opcode === RdbOpcode.RamLru || opcode === RdbOpcode.Idle || opcode === RdbOpcode.Freq) return true;
    return opcode === RdbOpcode.ExpireTimeMs || opcode === RdbOpcode.ExpireTime;
  }

  private isScript(opcode: number, bytes: Uint8Array, operands: number): boolean {
    if (opcode !== RdbOpcode.Aux) return false;
    return isAuxNamed(bytes, operands, SCRIPT_AUX);
  }

  /** The row holds the text of the script. */
  private addScript(batch: Batch, bytes: Uint8Array, at: number, end: number): void {
    const row = batch.count;
    const encoded = isEncoded(bytes, at);
    if (encoded) this.text.add(bytes, at);
    this.addRecord(batch, EntryKind.RdbScript, RdbOpcode.Aux, encoded ? at : lengthEnd(bytes, at, end), end);
    if (encoded) this.text.assign(batch, row, 'value');
  }

  private isHidden(bytes: Uint8Array): boolean {
    if (this.hiddenKeyPrefix === null || !this.key.beginsWith(bytes, this.hiddenKeyPrefix)) return false;
    this.hidden++;
    return true;
  }

  private readLargeHead(bytes: Uint8Array, start: number, end: number): LargeEntry | undefined {
    let pos = start;
    while (pos < end) {
      this.at = pos;
      const type = bytes[pos];
      if (type < OPCODE_MIN && type !== RdbOpcode.RamLru) return this.largeValue(bytes, pos, end);
      if (!this.isPrefix(type)) return this.largeRecord(bytes, pos, end);
      const next = this.skipWhole(recordProgram(this.dialect as Dialect, type), bytes, pos + 1, end);
      if (next < 0) return undefined;
      this.prefix.apply(type, bytes, pos + 1);
      pos = next;
    }
    return undefined;
  }

  private largeValue(bytes: Uint8Array, pos: number, end: number): LargeEntry | undefined {
    const start = this.key.read(bytes, pos + 1, end);
    if (start < 0) return undefined;
    const type = bytes[pos];
    const program = this.programs[type];
    if (!program) throw unknownType(this.dialect as Dialect, type);
    const key = new Uint8Array(this.key.view(bytes));
    const hidden = this.isHidden(bytes);
    if (!hidden) this.countKey();
    const kind = hidden ? NOTHING_TO_APPLY : EntryKind.RdbValue;
    return this.large({ kind, type, key, valueStart: this.shift + start }, program);
  }

  /** Opcodes with operands that have no bound. All others fit into any window, but for hash templates: their names are kept, so that they have to be whole. */
  private largeRecord(bytes: Uint8Array, pos: number, end: number): LargeEntry | undefined {
    const type = bytes[pos];
    const program = recordProgram(this.dialect as Dialect, type);
    const head = { kind: NOTHING_TO_APPLY, type, key: NO_KEY, valueStart: this.shift + pos + 1 } as const;
    if (type === RdbOpcode.Function2) return this.large({ ...head, kind: EntryKind.RdbFunction }, program);
    if (type === RdbOpcode.ModuleAux || type === RdbOpcode.KeyMeta) return this.large(head, program);
    if (type !== RdbOpcode.Aux) return undefined;
    const value = stringEnd(bytes, pos + 1, end);
    if (value < 0 || value >= end) return undefined;
    if (!this.isScript(type, bytes, pos + 1)) return this.large(head, program);
    return this.large({ ...head, kind: EntryKind.RdbScript, valueStart: this.shift + value }, SINGLE_STRING);
  }

  private large(head: Pick<LargeEntryHead, 'kind' | 'type' | 'key' | 'valueStart'>, program: ValueProgram): LargeEntry {
    const { expiryMs, idle, freq } = this.prefix;
    const skipper = new ValueSkipper();
    skipper.templates = this.facts.templates.fields;
    skipper.beginProgram(program, this.bytesLeft(head.valueStart - this.shift));
    return new LargeEntry({ ...head, database: this.database, expiryMs, idle, freq }, skipper);
  }

  private bytesLeft(at: number): number {
    return this.bytesTotal < 0 ? Number.POSITIVE_INFINITY : this.bytesTotal - this.shift - at;
  }

  private checkFits(end: number, what: string): void {
    if (this.bytesLeft(end) < 0) throw corruptAt(this.at, `${what} goes beyond the end of the file`);
  }

  private located(error: unknown, bytes: Uint8Array): unknown {
    const offset = this.shift + errorIndex(error, this.at);
    return locatedError(error, { offset, key: this.key.end > this.key.start ? this.key.view(bytes) : undefined });
  }
}
