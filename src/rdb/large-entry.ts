/**
 * An entry that does not fit into the largest window of its reader: its head is known, its value is measured while it is read, and bodies of
 * large strings are jumped over. Two passes over the file then make one RESTORE: the first to know how long the value is, the second to send it.
 *
 *   entry = decoder.beginLarge(...)
 *   while (!entry.done) read from entry.nextOffset on, and feed() it
 *   decode goes on at entry.valueEnd
 */
import { GodwitError } from '../errors/errors.ts';
import type { EntryKind } from '../model/batch.ts';
import { errorIndex, locatedError } from './located-error.ts';
import type { ValueSkipper } from './value-skipper.ts';

/** Kind of an entry that has nothing to apply (module aux data, a hidden key): it is only stepped over. */
export const NOTHING_TO_APPLY = -1;

export interface LargeEntryHead {
  /** RdbValue, RdbFunction, RdbScript (its value is the string in its RDB form), or NOTHING_TO_APPLY. */
  readonly kind: EntryKind | typeof NOTHING_TO_APPLY;
  /** The RDB type byte, or the opcode. */
  readonly type: number;
  /** A copy; empty for what has no key. */
  readonly key: Uint8Array;
  readonly database: number;
  /** Absolute ms, or -1. */
  readonly expiryMs: number;
  /** Seconds / LFU counter, or -1. */
  readonly idle: number;
  readonly freq: number;
  /** Offset in the file of the value: behind type byte and key. */
  readonly valueStart: number;
}

export class LargeEntry implements LargeEntryHead {
  kind: EntryKind | typeof NOTHING_TO_APPLY;
  readonly type: number;
  readonly key: Uint8Array;
  readonly database: number;
  readonly expiryMs: number;
  readonly idle: number;
  readonly freq: number;
  readonly valueStart: number;
  /** Offset in the file behind the value; -1 until known. */
  valueEnd = -1;
  /** Offset in the file from which feed() wants bytes; it can lie behind all that it was given. */
  nextOffset: number;
  done = false;
  private readonly skipper: ValueSkipper;

  /** @param skipper one of its own, which has begun this value */
  constructor(head: LargeEntryHead, skipper: ValueSkipper) {
    this.kind = head.kind;
    this.type = head.type;
    this.key = head.key;
    this.database = head.database;
    this.expiryMs = head.expiryMs;
    this.idle = head.idle;
    this.freq = head.freq;
    this.valueStart = head.valueStart;
    this.nextOffset = head.valueStart;
    this.skipper = skipper;
  }

  /** It is stepped over: somebody else brings its key. */
  leaveOut(): void {
    this.kind = NOTHING_TO_APPLY;
  }

  /** The same value under another name; its end is known. */
  as({ key, database, expiryMs }: Pick<LargeEntryHead, 'key' | 'database' | 'expiryMs'>): LargeEntry {
    if (!this.done) throw new GodwitError('INTERNAL', 'a large value is renamed before its end is known');
    const { kind, type, idle, freq, valueStart } = this;
    const entry = new LargeEntry({ kind, type, key, database, expiryMs, idle, freq, valueStart }, this.skipper);
    entry.valueEnd = this.valueEnd;
    entry.nextOffset = this.nextOffset;
    entry.done = true;
    return entry;
  }

  /**
   * Goes on with bytes[start, end), which stand at `fileOffset`; bytes before nextOffset are ignored. Give at least ITEM_HEAD_MAX bytes from
   * nextOffset on, or all there are: with less, nextOffset can stay where it is.
   * @throws GodwitError RDB_CORRUPT with offset and key
   */
  feed(bytes: Uint8Array, start: number, end: number, fileOffset: number): void {
    if (this.done) return;
    if (fileOffset > this.nextOffset) {
      throw new GodwitError('INTERNAL', `a large value was given bytes from ${fileOffset} on, but needs them from ${this.nextOffset} on`);
    }
    const pos = start + (this.nextOffset - fileOffset);
    if (pos > end) return;
    try {
      const consumed = this.skipper.skip(bytes, pos, end);
      this.nextOffset += consumed - pos + this.skipper.seek;
    } catch (error) {
      const offset = fileOffset - start + errorIndex(error, pos);
      throw locatedError(error, { offset, key: this.key.length > 0 ? this.key : undefined });
    }
    if (!this.skipper.done) return;
    this.done = true;
    this.valueEnd = this.nextOffset;
  }
}
