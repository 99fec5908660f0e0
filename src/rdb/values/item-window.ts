/**
 * The bytes that value readers go over: bytes[.., end), of which items are taken whole or not at all. Where an item is not whole, the window
 * remembers up to which index bytes are needed, so that whoever reads the file can bring them at one go.
 *
 * Invariants: nothing at or behind `end` is read; what would go beyond `limit`, the end of the file, is damage and not waited for.
 */
import { corruptAt, lengthEnd, NEED_MORE, sizeAt, stringEnd } from '../rdb-length.ts';

export class ItemWindow {
  bytes: Uint8Array = new Uint8Array(0);
  end = 0;
  /** Index up to which bytes are needed to go on; at most `end` if that is not known. */
  needed = 0;
  private limit = 0;

  /** @param limit index where the file ends; infinite if that is not known */
  open(bytes: Uint8Array, end: number, limit: number): void {
    this.bytes = bytes;
    this.end = Math.min(end, limit);
    this.limit = limit;
    this.needed = 0;
  }

  /** Where the string at `at` ends, if it is whole; else NEED_MORE. @throws GodwitError RDB_CORRUPT */
  stringEnd(at: number): number {
    const next = stringEnd(this.bytes, at, this.end);
    return next >= 0 && next <= this.end ? next : this.wait(at, next);
  }

  /** As stringEnd, for a length. */
  lengthEnd(at: number): number {
    const next = lengthEnd(this.bytes, at, this.end);
    return next >= 0 ? next : this.wait(at, next);
  }

  /** As stringEnd, for what has a fixed number of bytes. */
  fixedEnd(at: number, size: number): number {
    return at + size <= this.end ? at + size : this.wait(at, at + size);
  }

  /** As stringEnd, for an item whose end `next` was found in this window (NEED_MORE, or behind it, included). */
  endOf(at: number, next: number): number {
    return next >= 0 && next <= this.end ? next : this.wait(at, next);
  }

  /** The count at `at`: every item takes a byte at least, so that it is bounded by what is left of the file. @throws GodwitError RDB_CORRUPT */
  countAt(at: number): number {
    const count = sizeAt(this.bytes, at);
    if (count > this.limit - at) throw corruptAt(at, `${count} items do not fit into what is left of the file`);
    return count;
  }

  /** As countAt, for bytes from `at` on that need not be in the window. */
  checkFits(at: number, size: number): void {
    if (size > this.limit - at) throw corruptAt(at, 'a value goes beyond the end of the file');
  }

  private wait(at: number, next: number): number {
    const needed = next < 0 ? this.end + 1 : next;
    this.checkFits(at, needed - at);
    this.needed = Math.max(this.needed, needed);
    return NEED_MORE;
  }
}
