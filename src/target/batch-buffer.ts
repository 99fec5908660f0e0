/**
 * Builds what goes to the target for one batch, in one buffer. There are two forms:
 *
 *   transaction  MULTI  (SELECT db  entry*)*  SELECT 0  <mark>  EXEC  WATCH <mark key>  HGET <mark key> epoch
 *   plain        (SELECT db  entry*)*  SELECT 0                     what may be repeated; its mark follows later (batch-sender.ts)
 *
 * Commands of the stream are copied as byte ranges; values of a snapshot become SET (plain strings) or RESTORE with their raw bytes. The WATCH at
 * the end arms the fence for the next transaction. `starts` knows where each command begins, so that an error reply finds its command.
 */
import { writeInteger } from '../bytes/ascii-integer.ts';
import { Crc64 } from '../bytes/crc64.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import { plainStringStart } from '../rdb/plain-string.ts';
import { DUMP_FOOTER_BYTES, writeDumpFooter } from '../rdb/restore-footer.ts';
import { encodeCommand } from '../resp/encode.ts';
import { RdbOpcode } from '../rdb/opcodes.ts';
import { heldExpiry } from './held-expiry.ts';
import { type ValueConversion, Way } from './value-conversion.ts';

const MULTI = encodeCommand(['MULTI']);
const EXEC = encodeCommand(['EXEC']);
const SET_3 = Buffer.from('*3\r\n$3\r\nSET\r\n');
const SET_5 = Buffer.from('*5\r\n$3\r\nSET\r\n');
const PXAT = Buffer.from('$4\r\nPXAT\r\n');
const RESTORE = Buffer.from('$7\r\nRESTORE\r\n');
const REPLACE = Buffer.from('$7\r\nREPLACE\r\n');
const ABSTTL = Buffer.from('$6\r\nABSTTL\r\n');
const IDLETIME = Buffer.from('$8\r\nIDLETIME\r\n');
const FREQ = Buffer.from('$4\r\nFREQ\r\n');
const FUNCTION_RESTORE = Buffer.from('*4\r\n$8\r\nFUNCTION\r\n$7\r\nRESTORE\r\n');
const SCRIPT_LOAD = Buffer.from('*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n');
/** Room for all that stands around a key and a value. */
const AROUND_BYTES = 320;
/** What the target can do and what the user wants, for values of a snapshot. */
export interface RestoreOptions {
  readonly conversion: ValueConversion;
  replace: boolean;
  /** SET ... PXAT (Redis 6.2 and up). */
  setPxat: boolean;
  /** RESTORE takes ABSTTL, IDLETIME, FREQ (5.0 and up). */
  absttl: boolean;
  /** The target evicts by it. */
  keepIdle: boolean;
  keepFreq: boolean;
}

/** RESP of some commands that stand for one row. */
export interface OtherWords {
  readonly count: number;
  readonly bytes: Uint8Array;
}

export class BatchBuffer {
  bytes: Buffer;
  length = 0;
  /** Commands, those of ours too, without what stands around a transaction. */
  commands = 0;
  /** Rows of the batch among them. */
  rows = 0;
  starts: Uint32Array;
  /** Row of the batch behind each command; -1 for our own. */
  rowOf: Int32Array;
  /** False: the plain form. */
  isTransaction = false;
  private database = 0;
  private readonly crc = new Crc64();

  constructor(bytesInitial: number) {
    this.bytes = Buffer.allocUnsafeSlow(bytesInitial);
    this.starts = new Uint32Array(4096);
    this.rowOf = new Int32Array(4096);
  }

  begin(form: 'transaction' | 'plain'): void {
    this.isTransaction = form === 'transaction';
    this.length = 0;
    this.commands = 0;
    this.rows = 0;
    this.database = 0;
    if (this.isTransaction) this.copy(MULTI, 0, MULTI.length);
  }

  /** Values of a snapshot. Rows named in `left` are left out (they were refused before and are in the dead-letter file). */
  addValues(batch: Batch, restore: RestoreOptions, nowMs: number, left: ReadonlySet<string>): void {
    for (let row = 0; row < batch.count; row++) {
      if (left.size > 0 && left.has(rowName(batch, row))) continue;
      if (!restore.conversion.skips(batch, row)) this.addValue(batch, row, restore, nowMs);
    }
  }

  /** One value, or function or script, of a snapshot. */
  addValue(batch: Batch, row: number, restore: RestoreOptions, nowMs: number): void {
    this.select(batch.database[row]);
    this.addRdbRow(batch, row, restore, nowMs);
    this.rowOf[this.commands - 1] = row;
    this.rows++;
  }

  /** One command of the stream, as it is or in other words. */
  addCommand(batch: Batch, row: number, other: OtherWords | undefined): void {
    this.select(batch.database[row]);
    if (other === undefined) this.addRange(batch, row, row + 1);
    else {
      this.addOther(other, row);
      this.rows++;
    }
  }

  /** Commands of the stream; some in other words. As to `left`, see addValues. */
  addCommands(batch: Batch, replaced: ReadonlyMap<number, OtherWords>, left: ReadonlySet<string>): void {
    const piecemeal = left.size > 0 || replaced.size > 0;
    for (let row = 0; row < batch.count;) {
      const other = replaced.get(row);
      if (left.size > 0 && left.has(rowName(batch, row))) row++;
      else {
        this.select(batch.database[row]);
        if (other === undefined) row = this.addRange(batch, row, piecemeal ? row + 1 : batch.count);
        else {
          this.addOther(other, row++);
          this.rows++;
        }
      }
    }
  }

  /** Commands that make a part of a value, or the last one, with which the key is there. */
  addPart(part: OtherWords, database: number, isLast: boolean): void {
    this.select(database);
    this.addOther(part, -1);
    if (isLast) this.rows++;
  }

  private addOther({ count, bytes }: OtherWords, row: number): void {
    for (let i = 0; i < count; i++) {
      this.command();
      this.rowOf[this.commands - 1] = row;
    }
    this.copy(bytes, 0, bytes.length);
  }

  /** Commands that stand side by side in the stream are copied as one range. Returns the row behind them. */
  private addRange(batch: Batch, first: number, stop: number): number {
    const { start, end, database } = batch;
    let row = first;
    let behind = start[first];
    while (row < stop && start[row] === behind && database[row] === database[first] && batch.kind[row] === EntryKind.Command) {
      this.command();
      this.starts[this.commands - 1] = this.length + start[row] - start[first];
      this.rowOf[this.commands - 1] = row;
      behind = end[row++];
    }
    this.rows += row - first;
    this.copy(batch.bytes, start[first], behind);
    return row;
  }

  /** Where the bytes of a command end. Several commands that stand for one row begin at one place and count as one. */
  endOf(command: number): number {
    let next = command + 1;
    while (next < this.commands && this.starts[next] === this.starts[command]) next++;
    return next < this.commands ? this.starts[next] : this.length;
  }

  select(database: number): void {
    if (database === this.database) return;
    this.database = database;
    this.add(encodeCommand(['SELECT', database]));
  }

  /** One command of ours. */
  add(command: Uint8Array): void {
    this.command();
    this.copy(command, 0, command.length);
  }

  /** RESTORE of a value whose payload is streamed. Returns where in this buffer the payload goes. */
  addLargeRestore(large: LargeEntry, payloadBytes: number, options: RestoreOptions, nowMs: number): number {
    const { key, idle, freq } = large;
    const expiryMs = heldExpiry(large.expiryMs, nowMs);
    this.select(large.database);
    this.command();
    this.rows++;
    this.ensure(key.length + AROUND_BYTES);
    this.restoreHead(key, 0, key.length, options, expiryMs, idle, freq, nowMs);
    this.header(0x24, payloadBytes);
    const at = this.length;
    this.crlf();
    this.restoreTail(options, expiryMs, idle, freq);
    return at;
  }

  /** As addLargeRestore(), with the payload. */
  addWholeRestore(large: LargeEntry, payload: Uint8Array, options: RestoreOptions, nowMs: number): void {
    const at = this.addLargeRestore(large, payload.length, options, nowMs);
    const behind = Buffer.from(this.bytes.subarray(at, this.length));
    this.length = at;
    this.copy(payload, 0, payload.length);
    this.copy(behind, 0, behind.length);
  }

  endPlain(): void {
    this.select(0);
  }

  endTransaction(mark: Uint8Array, watch: Uint8Array): void {
    this.select(0);
    this.add(mark);
    this.copy(EXEC, 0, EXEC.length);
    this.copy(watch, 0, watch.length);
  }

  private command(): void {
    if (this.commands === this.starts.length) {
      const grown = new Uint32Array(this.starts.length * 2);
      grown.set(this.starts);
      this.starts = grown;
      const rows = new Int32Array(grown.length);
      rows.set(this.rowOf);
      this.rowOf = rows;
    }
    this.rowOf[this.commands] = -1;
    this.starts[this.commands++] = this.length;
  }

  private ensure(room: number): void {
    if (this.length + room <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + room));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  private copy(from: Uint8Array, start: number, end: number): void {
    this.ensure(end - start);
    this.put(from, start, end);
  }

  private put(from: Uint8Array, start: number, end: number): void {
    const { bytes } = this;
    let at = this.length;
    if (end - start < 48) for (let i = start; i < end; i++) bytes[at++] = from[i];
    else {
      bytes.set(start === 0 && end === from.length ? from : from.subarray(start, end), at);
      at += end - start;
    }
    this.length = at;
  }

  private header(type: number, n: number): void {
    const { bytes } = this;
    bytes[this.length] = type;
    const at = writeInteger(bytes, this.length + 1, n);
    bytes[at] = 0x0d;
    bytes[at + 1] = 0x0a;
    this.length = at + 2;
  }

  private bulk(from: Uint8Array, start: number, end: number): void {
    this.header(0x24, end - start);
    this.put(from, start, end);
    this.crlf();
  }

  private crlf(): void {
    this.bytes[this.length++] = 0x0d;
    this.bytes[this.length++] = 0x0a;
  }

  private number(n: number): void {
    const text = String(n);
    this.header(0x24, text.length);
    this.length = writeInteger(this.bytes, this.length, n);
    this.crlf();
  }

  private addRdbRow(batch: Batch, row: number, options: RestoreOptions, nowMs: number): void {
    const { bytes } = batch;
    const start = batch.start[row];
    const end = batch.end[row];
    this.command();
    this.ensure(end - start + batch.keyEnd[row] - batch.keyStart[row] + AROUND_BYTES);
    if (batch.kind[row] === EntryKind.RdbScript) {
      this.put(SCRIPT_LOAD, 0, SCRIPT_LOAD.length);
      this.bulk(bytes, start, end);
      return;
    }
    if (batch.kind[row] === EntryKind.RdbFunction) {
      this.put(FUNCTION_RESTORE, 0, FUNCTION_RESTORE.length);
      this.payload(bytes, RdbOpcode.Function2, start, end, options.conversion.version(RdbOpcode.Function2));
      this.put(REPLACE, 0, REPLACE.length);
      return;
    }
    const expiryMs = heldExpiry(batch.expiryMs[row], nowMs);
    const isSettable = batch.type[row] === 0 && options.replace && (expiryMs < 0 || options.setPxat) && !keepsUse(options, batch.idle[row], batch.freq[row]);
    const plain = isSettable ? plainStringStart(bytes, start, end) : -1;
    if (plain >= 0) this.set(batch, row, plain, expiryMs);
    else this.restore(batch, row, options, expiryMs, nowMs);
  }

  private set(batch: Batch, row: number, textStart: number, expiryMs: number): void {
    const head = expiryMs < 0 ? SET_3 : SET_5;
    this.put(head, 0, head.length);
    this.bulk(batch.bytes, batch.keyStart[row], batch.keyEnd[row]);
    this.bulk(batch.bytes, textStart, batch.end[row]);
    if (expiryMs < 0) return;
    this.put(PXAT, 0, PXAT.length);
    this.number(expiryMs);
  }

  private restore(batch: Batch, row: number, options: RestoreOptions, expiryMs: number, nowMs: number): void {
    const idle = batch.idle[row];
    const freq = batch.freq[row];
    this.restoreHead(batch.bytes, batch.keyStart[row], batch.keyEnd[row], options, expiryMs, idle, freq, nowMs);
    const { conversion } = options;
    const type = batch.type[row];
    if (conversion.way(type) === Way.AsIs) this.payload(batch.bytes, type, batch.start[row], batch.end[row], conversion.version(type));
    else this.encodedPayload(conversion.encode(batch, row));
    this.restoreTail(options, expiryMs, idle, freq);
  }

  /** Up to the payload. */
  private restoreHead(
    from: Uint8Array,
    keyStart: number,
    keyEnd: number,
    options: RestoreOptions,
    expiryMs: number,
    idle: number,
    freq: number,
    nowMs: number,
  ): void {
    const absolute = expiryMs >= 0 && options.absttl;
    this.header(
      0x2a,
      4 + (options.replace ? 1 : 0) + (absolute ? 1 : 0) + (keeps(options.keepIdle, options, idle) ? 2 : 0) + (keeps(options.keepFreq, options, freq) ? 2 : 0),
    );
    this.put(RESTORE, 0, RESTORE.length);
    this.bulk(from, keyStart, keyEnd);
    this.number(expiryMs < 0 ? 0 : absolute ? expiryMs : Math.max(1, expiryMs - nowMs));
  }

  private restoreTail(options: RestoreOptions, expiryMs: number, idle: number, freq: number): void {
    if (options.replace) this.put(REPLACE, 0, REPLACE.length);
    if (expiryMs >= 0 && options.absttl) this.put(ABSTTL, 0, ABSTTL.length);
    if (keeps(options.keepIdle, options, idle)) {
      this.put(IDLETIME, 0, IDLETIME.length);
      this.number(idle);
    }
    if (keeps(options.keepFreq, options, freq)) {
      this.put(FREQ, 0, FREQ.length);
      this.number(freq);
    }
  }

  private encodedPayload({ bytes, length }: { readonly bytes: Uint8Array; readonly length: number }): void {
    this.ensure(length + AROUND_BYTES);
    this.bulk(bytes, 0, length);
  }

  /** `$<length> <type byte> <value> <footer>` */
  private payload(from: Uint8Array, type: number, start: number, end: number, rdbVersion: number): void {
    this.header(0x24, 1 + end - start + DUMP_FOOTER_BYTES);
    const payloadStart = this.length;
    this.bytes[this.length++] = type;
    this.put(from, start, end);
    this.length = writeDumpFooter(this.crc, this.bytes, payloadStart, this.length, rdbVersion);
    this.crlf();
  }
}

/** What SET cannot say. */
function keepsUse(options: RestoreOptions, idle: number, freq: number): boolean {
  return keeps(options.keepIdle, options, idle) || keeps(options.keepFreq, options, freq);
}

function keeps(wanted: boolean, options: RestoreOptions, value: number): boolean {
  return wanted && options.absttl && value >= 0;
}

/** Tells a row from all others, however the log was cut into batches: where its unit ends, and which one of it. Units are never split. */
export function rowName({ endOffset }: Batch, row: number): string {
  let first = row;
  while (first > 0 && endOffset[first - 1] === endOffset[row]) first--;
  return `${endOffset[row]}:${row - first}`;
}
