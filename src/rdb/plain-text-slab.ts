/**
 * Plain text for rows whose text does not stand in the file. RDB writes keys like `12345` as numbers and long regular ones compressed; a batch
 * has only ranges of one slab. So such texts are collected while a batch is filled, and at its end, if there are any, the batch gets a slab of
 * its own: a copy of what was decoded, with the texts behind it. Ranges of rows stay true, and whoever reads a batch needs not know.
 *
 *   file window    ....[ decoded entries ]....
 *   slab           [ decoded entries ][ texts ]        index = index in the window - begin of the decoded
 *
 * The slab belongs to the batch and is used again with it, so that nothing is allocated per batch after the first ones.
 */
import { decimalLength, writeInteger } from '../bytes/ascii-integer.ts';
import type { Batch } from '../model/batch.ts';
import { encodedInteger, isEncodedInteger, stringText } from './rdb-string.ts';

export type TextOf = 'key' | 'value';

const TEXT_BYTES_MIN = 4096;
const INTEGER_CHARS_MAX = 11;

export class PlainTextSlab {
  /** The texts; [start, end) of the last one added. */
  texts = new Uint8Array(TEXT_BYTES_MIN);
  start = 0;
  end = 0;
  private readonly rows: number[] = [];
  private readonly columns: TextOf[] = [];
  private readonly slabs = new WeakMap<Batch, Uint8Array>();

  /** Begins anew, for another batch. */
  reset(): void {
    this.rows.length = 0;
    this.columns.length = 0;
    this.start = 0;
    this.end = 0;
  }

  /** Adds the text of the encoded string at `at`, which is whole in the window. @throws GodwitError RDB_CORRUPT */
  add(bytes: Uint8Array, at: number): void {
    this.start = this.end;
    if (isEncodedInteger(bytes, at)) {
      const value = encodedInteger(bytes, at);
      this.reserve(INTEGER_CHARS_MAX);
      writeInteger(this.texts, this.start, value);
      this.end = this.start + decimalLength(value);
      return;
    }
    const text = stringText(bytes, at);
    this.reserve(text.length);
    this.texts.set(text, this.start);
    this.end = this.start + text.length;
  }

  /** The last text is that of this row; its range in the batch is set by finish(). */
  assign(batch: Batch, row: number, column: TextOf): void {
    this.rows.push(row);
    this.columns.push(column);
    (column === 'key' ? batch.keyStart : batch.start)[row] = this.start;
    (column === 'key' ? batch.keyEnd : batch.end)[row] = this.end;
  }

  /** Gives the batch a slab of its own if it has such rows. `bytes[start, end)` is what its rows were decoded from. */
  finish(batch: Batch, bytes: Uint8Array, start: number, end: number): void {
    if (this.rows.length === 0) return;
    const decoded = end - start;
    const slab = this.slabFor(batch, decoded + this.end);
    slab.set(bytes.subarray(start, end));
    slab.set(this.texts.subarray(0, this.end), decoded);
    for (let row = 0; row < batch.count; row++) {
      batch.start[row] -= start;
      batch.end[row] -= start;
      batch.keyStart[row] -= start;
      batch.keyEnd[row] -= start;
    }
    for (let i = 0; i < this.rows.length; i++) {
      const row = this.rows[i];
      const [from, to] = this.columns[i] === 'key' ? [batch.keyStart, batch.keyEnd] : [batch.start, batch.end];
      from[row] += start + decoded;
      to[row] += start + decoded;
    }
    batch.bytes = slab;
  }

  private reserve(bytes: number): void {
    if (this.start + bytes <= this.texts.length) return;
    const larger = new Uint8Array(Math.max(this.texts.length * 2, this.start + bytes));
    larger.set(this.texts.subarray(0, this.start));
    this.texts = larger;
  }

  private slabFor(batch: Batch, bytes: number): Uint8Array {
    const known = this.slabs.get(batch);
    if (known && known.length >= bytes) return known;
    const slab = new Uint8Array(bytes + (bytes >> 2));
    this.slabs.set(batch, slab);
    return slab;
  }
}
