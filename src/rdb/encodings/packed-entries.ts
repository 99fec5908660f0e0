/**
 * What ziplist, listpack, intset and zipmap have in common: one blob of bytes with all elements of a small value behind each other. They are
 * read by a cursor that is opened on blob after blob and used again:
 *
 *   open(bytes, start, end)      the blob is bytes[start, end), no byte more or less
 *   while (next()) bytes[start, end) is the text of the entry, which stays valid for TEXTS_KEPT - 1 calls of next() more
 *
 * Invariants: nothing outside of the blob is read; a blob that is not what its head says (bytes, entries, offsets) is refused at the latest by
 * the next() that would give false, so that a blob read to its end is whole; nothing is allocated per entry. Errors are RDB_CORRUPT with the
 * index in `bytes` as details.at.
 */
import { INTEGER64_CHARS_MAX, writeInteger, writeInteger64 } from '../../bytes/ascii-integer.ts';

/** Texts of numbers that are valid at the same time: field, value, expiry, and one to spare. */
const TEXTS_KEPT = 4;

export interface PackedEntries {
  /** As the head says; -1 where it cannot say. */
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** The entry stands as a number: its value is high * 2^32 + low. */
  readonly isInteger: boolean;
  readonly high: number;
  readonly low: number;
  open(bytes: Uint8Array, start: number, end: number): void;
  next(): boolean;
}

/** Where the texts of numbers are written, by turns. */
export class IntegerTexts {
  readonly bytes = new Uint8Array(TEXTS_KEPT * INTEGER64_CHARS_MAX);
  start = 0;
  end = 0;
  private turn = 0;

  /** @param value safe integer */
  write(value: number): void {
    this.advance();
    this.end = writeInteger(this.bytes, this.start, value);
  }

  write64(high: number, low: number): void {
    this.advance();
    this.end = writeInteger64(this.bytes, this.start, high, low);
  }

  private advance(): void {
    this.turn = (this.turn + 1) % TEXTS_KEPT;
    this.start = this.turn * INTEGER64_CHARS_MAX;
  }
}
