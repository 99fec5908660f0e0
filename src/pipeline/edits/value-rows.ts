/**
 * Values of a snapshot as commands, for a function. What makes one key is one unit: its rows have the offset of the entry, and begin with what gives the key
 * anew (SET, RESTORE ... REPLACE, or UNLINK before the commands of the value), so that a unit can be applied again as a whole.
 *
 *   as they go to the target   SET key value [PXAT ms], RESTORE key ...
 *   expanded                   SET key value [PXAT ms]; UNLINK key, HSET key field value ..., PEXPIREAT key ms. RESTORE for what no commands make (modules)
 */
import { CommandScanner } from '../../bytes/command-scanner.ts';
import { GodwitError } from '../../errors/errors.ts';
import { Batch, EntryKind } from '../../model/batch.ts';
import { ValueKind } from '../../model/value-kind.ts';
import type { Dialect } from '../../rdb/dialect.ts';
import { kindOfType } from '../../rdb/kind-of-type.ts';
import { type LargeEntry } from '../../rdb/large-entry.ts';
import { ValueDecoder } from '../../rdb/values/value-decoder.ts';
import { BatchBuffer, type RestoreOptions } from '../../target/batch-buffer.ts';
import type { ValueCommands } from '../../target/value-commands.ts';
import type { ValueForm } from '../delivery.ts';
import type { ValueCursor } from '../../rdb/value-cursor.ts';
import { LargeValue } from '../large-value.ts';

const BUFFER_BYTES = 256 * 1024;
const BUFFER_KEPT_BYTES_MAX = 16 * 1024 * 1024;
/** Memory holds it several times. */
const LARGE_BYTES_MAX = 64 * 1024 * 1024;

export class ValueRows {
  readonly restore: RestoreOptions;
  private readonly expands: boolean;
  private readonly decoder = new ValueDecoder();
  private readonly scanner = new CommandScanner();
  private buffer = new BatchBuffer(BUFFER_BYTES);
  private rows = new Batch(1024);
  private commands: ValueCommands | undefined;

  constructor(restore: RestoreOptions, expands: boolean) {
    this.restore = restore;
    this.expands = expands && restore.conversion.canSayInCommands;
  }

  /** Of a batch; what the target cannot be given is left out or an error, as for values. Valid until the next call. @throws VALUE_NOT_REPRESENTABLE */
  ofBatch(batch: Batch, form: ValueForm, nowMs: number): Batch {
    this.begin(form);
    const { conversion } = this.restore;
    if (!this.expands) conversion.check(batch);
    for (let row = 0; row < batch.count; row++) {
      if (this.isExpanded(batch.kind[row], batch.type[row])) this.expand(batch, row, form, nowMs);
      else if (!conversion.skips(batch, row)) {
        if (this.expands) conversion.checkRow(batch, row);
        const first = this.buffer.commands;
        this.buffer.addValue(batch, row, this.restore, nowMs);
        this.addRows(first, batch.database[row], batch.endOffset[row]);
      }
    }
    return this.end();
  }

  /**
   * Of a value that is larger than the window and whose end is known.
   * @returns null: it is left out. @throws VALUE_TOO_LARGE for what a function cannot be given, VALUE_NOT_REPRESENTABLE
   */
  async ofLarge(large: LargeEntry, form: ValueForm, cursor: ValueCursor, nowMs: number): Promise<Batch | null> {
    this.begin(form);
    const { conversion } = this.restore;
    const value = new LargeValue(large, conversion, form.dialect as Dialect, cursor);
    await value.findEnd();
    if (large.valueEnd - large.valueStart > LARGE_BYTES_MAX) throw tooLarge(large);
    if (this.isExpanded(large.kind, large.type)) {
      const commands = this.commandsOf();
      commands.start(large.key, large.expiryMs, nowMs);
      for await (const _ of value.decodeInto(commands));
      this.addCommands(commands, large.database, large.valueEnd);
      return this.end();
    }
    if (conversion.skipsLarge(large)) return null;
    await value.measure();
    const { buffer } = this;
    const pieces: Buffer[] = [];
    for await (const piece of value.payload()) pieces.push(Buffer.from(piece));
    buffer.addWholeRestore(large, Buffer.concat(pieces), this.restore, nowMs);
    this.addRows(0, large.database, large.valueEnd);
    return this.end();
  }

  private begin({ dialect, templates }: ValueForm): void {
    const { conversion } = this.restore;
    if (dialect !== null) conversion.begin(dialect);
    conversion.templates = templates;
    if (this.buffer.bytes.length > BUFFER_KEPT_BYTES_MAX) this.buffer = new BatchBuffer(BUFFER_BYTES);
    this.buffer.begin('plain');
    this.rows.reset();
  }

  /** Plain strings are one command in both forms. */
  private isExpanded(kind: number, type: number): boolean {
    const valueKind = kindOfType(type);
    return this.expands && kind === EntryKind.RdbValue && valueKind !== ValueKind.String && valueKind <= ValueKind.Stream;
  }

  private expand(batch: Batch, row: number, { dialect, templates }: ValueForm, nowMs: number): void {
    const { bytes, start, end, type, keyStart, keyEnd } = batch;
    const commands = this.commandsOf();
    try {
      commands.start(bytes.subarray(keyStart[row], keyEnd[row]), batch.expiryMs[row], nowMs);
      this.decoder.begin(type[row], dialect as Dialect, commands, end[row] - start[row], templates);
      this.decoder.feed(bytes, start[row], end[row]);
    } catch (error) {
      if (!this.restore.conversion.mayLeaveOut(error)) throw error;
      return;
    }
    if (!this.decoder.done) throw new GodwitError('RDB_CORRUPT', 'a value goes beyond its end');
    this.addCommands(commands, batch.database[row], batch.endOffset[row]);
  }

  private commandsOf(): ValueCommands {
    this.commands ??= this.restore.conversion.wholeCommands();
    return this.commands;
  }

  private addCommands({ transaction }: ValueCommands, database: number, endOffset: number): void {
    const { buffer, scanner } = this;
    const first = buffer.commands;
    const { bytes, length } = transaction;
    for (let at = 0; at < length;) {
      const next = scanner.scan(bytes, at, length);
      if (next <= at) throw new GodwitError('INTERNAL', 'a value was made into what is no command');
      buffer.add(bytes.subarray(at, next));
      at = next;
    }
    this.addRows(first, database, endOffset);
  }

  /** Of the buffer's commands from `first` on. What selects databases is no row. */
  private addRows(first: number, database: number, endOffset: number): void {
    const { buffer } = this;
    if (this.rows.count + buffer.commands - first > this.rows.capacity) this.grow(buffer.commands - first);
    const { rows } = this;
    for (let command = first; command < buffer.commands; command++) {
      const [start, end] = [buffer.starts[command], buffer.endOf(command)];
      if (isSelect(buffer.bytes, start)) continue;
      const row = rows.count++;
      rows.kind[row] = EntryKind.Command;
      rows.start[row] = start;
      rows.end[row] = end;
      rows.database[row] = database;
      rows.endOffset[row] = endOffset;
    }
  }

  private grow(more: number): void {
    const grown = new Batch((this.rows.count + more) * 2);
    grown.copyRows(this.rows);
    this.rows = grown;
  }

  private end(): Batch {
    this.rows.bytes = this.buffer.bytes;
    return this.rows;
  }
}

const SELECT = Buffer.from('*2\r\n$6\r\nSELECT');

function isSelect(bytes: Buffer, start: number): boolean {
  return bytes[start + 1] === 0x32 && bytes.compare(SELECT, 0, SELECT.length, start, start + SELECT.length) === 0;
}

function tooLarge({ key, valueStart, valueEnd }: LargeEntry): GodwitError {
  const bytes = valueEnd - valueStart;
  const name = JSON.stringify(Buffer.from(key).toString('latin1').slice(0, 100));
  return new GodwitError('TRANSFORM_FAILED', `the value of key ${name} takes ${bytes} bytes, and a function is given ${LARGE_BYTES_MAX} at most`, {
    details: { bytes, bytesMax: LARGE_BYTES_MAX },
  });
}
