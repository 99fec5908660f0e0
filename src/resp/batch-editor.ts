/**
 * Goes over the rows of a batch and keeps, drops, changes and adds some: what filters and transforms are written with.
 *
 *   editor.begin(batch);
 *   for (let row = 0; row < count; row++) {       in the order of the batch, each row once
 *     editor.keep(row)                            as it is
 *     editor.keepValue(row, key)                  a value of a snapshot under another key
 *     editor.command(row, arguments);             a command in its place, or one more; then for each argument
 *       editor.range(start, end)                  bytes of the batch
 *       editor.text(bytes, start, end)            other bytes
 *     editor.firstArgument(row, bytes)            a command with another first argument
 *   }                                             what none of these is called for is dropped
 *   batch = editor.end();
 *
 * Invariants: nothing is allocated while no row is changed, and the batch stays the same object over the same bytes. Else the rows that are left share one new
 * slab: the part of the old one that they refer to, copied once, and behind it what is new. The result is another object only if it has more rows than the
 * batch has room for.
 */
import { decimalLength, writeInteger } from '../bytes/ascii-integer.ts';
import { Batch } from '../model/batch.ts';

/** Positions from here on are those in the new bytes, until end(). Slabs are smaller. */
const NEW = 2 ** 31;
const NEW_BYTES_MIN = 64 * 1024;
const NEW_BYTES_KEPT_MAX = 4 * 1024 * 1024;
/** Copying so much in a loop costs less than a call. */
const LOOP_BYTES_MAX = 96;
const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;

export class BatchEditor {
  private from!: Batch;
  private to!: Batch;
  private count = 0;
  private isChanged = false;
  private fresh = Buffer.alloc(0);
  private freshEnd = 0;
  private row = -1;
  private argumentsLeft = 0;
  private argument = 0;

  begin(batch: Batch): void {
    this.from = batch;
    this.to = batch;
    this.count = 0;
    this.isChanged = false;
    this.freshEnd = 0;
  }

  keep(row: number): void {
    this.addRow(row);
  }

  /** A value of a snapshot; key[start, end) is its new name. */
  keepValue(row: number, key: Uint8Array, start = 0, end = key.length): void {
    const to = this.addRow(row);
    this.isChanged = true;
    this.makeRoom(end - start);
    this.to.keyStart[to] = NEW + this.freshEnd;
    this.put(key, start, end);
    this.to.keyEnd[to] = NEW + this.freshEnd;
  }

  /** Of the row that was added last. */
  setDatabase(database: number): void {
    this.to.database[this.count - 1] = database;
  }

  /** Of the row that was added last. */
  setExpiryMs(expiryMs: number): void {
    this.to.expiryMs[this.count - 1] = expiryMs;
  }

  /**
   * Begins a command of so many arguments, the name among them, in the place of a row or behind what took it. Exactly as many calls of range() and text()
   * follow.
   */
  command(row: number, count: number): void {
    const to = this.addRow(row);
    this.isChanged = true;
    this.row = to;
    this.argumentsLeft = count;
    this.argument = 0;
    this.to.start[to] = NEW + this.freshEnd;
    this.to.keyStart[to] = 0;
    this.to.keyEnd[to] = 0;
    this.header(STAR, count);
  }

  /** The command of a row with another first argument; all that stands around it is copied as it is. The row has a first argument. */
  firstArgument(row: number, bytes: Uint8Array, start = 0, end = bytes.length): void {
    const { from } = this;
    const [rowStart, rowEnd, keyStart, keyEnd] = [from.start[row], from.end[row], from.keyStart[row], from.keyEnd[row]];
    let header = keyStart - 3;
    while (from.bytes[header] !== DOLLAR) header--;
    const to = this.addRow(row);
    this.isChanged = true;
    this.to.start[to] = NEW + this.freshEnd;
    this.makeRoom(header - rowStart);
    this.put(from.bytes, rowStart, header);
    this.header(DOLLAR, end - start);
    this.makeRoom(end - start + rowEnd - keyEnd);
    this.to.keyStart[to] = NEW + this.freshEnd;
    this.put(bytes, start, end);
    this.to.keyEnd[to] = NEW + this.freshEnd;
    this.put(from.bytes, keyEnd, rowEnd);
    this.to.end[to] = NEW + this.freshEnd;
  }

  /** The next argument: bytes of the batch as it was given. */
  range(start: number, end: number): void {
    this.text(this.from.bytes, start, end);
  }

  /** The next argument. */
  text(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.header(DOLLAR, end - start);
    this.makeRoom(end - start + 2);
    if (this.argument++ === 1) {
      this.to.keyStart[this.row] = NEW + this.freshEnd;
      this.to.keyEnd[this.row] = NEW + this.freshEnd + end - start;
    }
    this.put(bytes, start, end);
    this.lineEnd();
    if (--this.argumentsLeft === 0) this.to.end[this.row] = NEW + this.freshEnd;
  }

  /** @returns the batch with the rows that are left */
  end(): Batch {
    const { to, from } = this;
    to.count = this.count;
    if (to !== from) to.bytes = from.bytes;
    if (this.isChanged) this.moveToNewSlab(to);
    return to;
  }

  private addRow(row: number): number {
    const { from } = this;
    const at = this.count++;
    // In place as long as it does not write where rows are still to be read: this one was read already by whoever adds to it.
    if (this.to === from && at > row) this.to = this.grown(from, at);
    else if (at >= this.to.capacity) this.to = this.grown(this.to, at);
    const { to } = this;
    if (to !== from || at !== row) copyRow(from, row, to, at);
    return at;
  }

  private grown(rows: Batch, count: number): Batch {
    const grown = new Batch(Math.max(rows.capacity, count) * 2);
    rows.count = rows === this.from ? rows.count : count;
    const { count: before } = rows;
    grown.copyRows(rows);
    rows.count = before;
    return grown;
  }

  private moveToNewSlab(to: Batch): void {
    const { fresh, freshEnd, from } = this;
    const [low, high] = this.keptRange(to);
    const slab = high > low ? Buffer.concat([from.bytes.subarray(low, high), fresh.subarray(0, freshEnd)]) : fresh.subarray(0, freshEnd);
    // The slab is given away; the next one will need about as much.
    if (high <= low) this.fresh = Buffer.allocUnsafeSlow(Math.max(NEW_BYTES_MIN, Math.min(NEW_BYTES_KEPT_MAX, freshEnd + (freshEnd >> 3))));
    const moved = (position: number): number => (position >= NEW ? position - NEW + high - low : position - low);
    for (let row = 0; row < to.count; row++) {
      to.start[row] = moved(to.start[row]);
      to.end[row] = moved(to.end[row]);
      if (to.keyEnd[row] === 0) continue;
      to.keyStart[row] = moved(to.keyStart[row]);
      to.keyEnd[row] = moved(to.keyEnd[row]);
    }
    to.bytes = slab;
  }

  /** What of the old slab is still referred to. A row without a key has 0, 0 there, which refers to nothing. */
  private keptRange({ count, start, end, keyStart, keyEnd }: Batch): readonly [number, number] {
    let [low, high] = [NEW, 0];
    for (let row = 0; row < count; row++) {
      if (start[row] < NEW) {
        low = Math.min(low, start[row]);
        high = Math.max(high, end[row]);
      }
      if (keyEnd[row] > 0 && keyStart[row] < NEW) {
        low = Math.min(low, keyStart[row]);
        high = Math.max(high, keyEnd[row]);
      }
    }
    return high > low ? [low, high] : [0, 0];
  }

  private header(type: number, n: number): void {
    this.makeRoom(decimalLength(n) + 3);
    this.fresh[this.freshEnd] = type;
    this.freshEnd = writeInteger(this.fresh, this.freshEnd + 1, n);
    this.lineEnd();
  }

  private lineEnd(): void {
    this.fresh[this.freshEnd++] = CR;
    this.fresh[this.freshEnd++] = LF;
  }

  private put(bytes: Uint8Array, start: number, end: number): void {
    const { fresh } = this;
    let at = this.freshEnd;
    if (end - start > LOOP_BYTES_MAX) fresh.set(bytes.subarray(start, end), at);
    else for (let i = start; i < end; i++) fresh[at++] = bytes[i];
    this.freshEnd += end - start;
  }

  private makeRoom(bytes: number): void {
    const needed = this.freshEnd + bytes;
    if (needed <= this.fresh.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(NEW_BYTES_MIN, needed, this.fresh.length * 2));
    grown.set(this.fresh.subarray(0, this.freshEnd));
    this.fresh = grown;
  }
}

function copyRow(from: Batch, row: number, to: Batch, at: number): void {
  to.kind[at] = from.kind[row];
  to.type[at] = from.type[row];
  to.start[at] = from.start[row];
  to.end[at] = from.end[row];
  to.keyStart[at] = from.keyStart[row];
  to.keyEnd[at] = from.keyEnd[row];
  to.database[at] = from.database[row];
  to.expiryMs[at] = from.expiryMs[row];
  to.idle[at] = from.idle[row];
  to.freq[at] = from.freq[row];
  to.endOffset[at] = from.endOffset[row];
}
