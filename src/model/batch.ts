/**
 * The batch: what flows from decode to target. One byte slab plus columns of numbers, one row per entry. An untouched command or value
 * goes from the source's bytes to the target's socket as a byte range; keys are compared as bytes in place. Nothing is allocated per entry.
 *
 *   bytes      the slab; all ranges are [start, end) indexes into it
 *   kind       EntryKind
 *   start,end  Command: the whole RESP array. RdbValue: the raw value *behind* the type byte. RdbFunction: the library payload as a value.
 *   keyStart,keyEnd   first key (Command: 0,0 when it has none)
 *   type       RdbValue: the RDB type byte
 *   expiryMs   RdbValue: absolute ms, or -1
 *   idle, freq RdbValue: seconds / LFU counter, or -1
 *   database   selected database
 *   endOffset  offset (in the log it was decoded from) behind the entry: where decoding goes on if this entry is applied
 *
 * A batch is filled by a decoder, read by the consumer, and reused with reset(); whoever holds it owns its bytes until then.
 */
export const EntryKind = { Command: 0, RdbValue: 1, RdbFunction: 2, RdbScript: 3 } as const;
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

export class Batch {
  bytes: Uint8Array;
  count = 0;
  readonly capacity: number;
  readonly kind: Uint8Array;
  readonly type: Uint8Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  readonly keyStart: Uint32Array;
  readonly keyEnd: Uint32Array;
  readonly database: Uint32Array;
  readonly expiryMs: Float64Array;
  readonly idle: Float64Array;
  readonly freq: Int16Array;
  readonly endOffset: Float64Array;

  /** @param capacity entries at most */
  constructor(capacity: number, bytes: Uint8Array = new Uint8Array(0)) {
    this.capacity = capacity;
    this.bytes = bytes;
    this.kind = new Uint8Array(capacity);
    this.type = new Uint8Array(capacity);
    this.start = new Uint32Array(capacity);
    this.end = new Uint32Array(capacity);
    this.keyStart = new Uint32Array(capacity);
    this.keyEnd = new Uint32Array(capacity);
    this.database = new Uint32Array(capacity);
    this.expiryMs = new Float64Array(capacity);
    this.idle = new Float64Array(capacity);
    this.freq = new Int16Array(capacity);
    this.endOffset = new Float64Array(capacity);
  }

  get full(): boolean {
    return this.count === this.capacity;
  }

  reset(): void {
    this.count = 0;
  }

  /** Takes out the rows that are not wanted; the others keep their order. */
  keepRows(isWanted: (row: number) => boolean): void {
    const { count } = this;
    const columns = [
      this.kind,
      this.type,
      this.start,
      this.end,
      this.keyStart,
      this.keyEnd,
      this.database,
      this.expiryMs,
      this.idle,
      this.freq,
      this.endOffset,
    ];
    let kept = 0;
    for (let row = 0; row < count; row++) {
      if (!isWanted(row)) continue;
      if (kept !== row) for (const column of columns) column[kept] = column[row];
      kept++;
    }
    this.count = kept;
  }

  /** Makes this one hold the rows of another one, over the same bytes. There must be room for them. */
  copyRows(from: Batch): void {
    const { count } = from;
    this.bytes = from.bytes;
    this.count = count;
    this.kind.set(from.kind.subarray(0, count));
    this.type.set(from.type.subarray(0, count));
    this.start.set(from.start.subarray(0, count));
    this.end.set(from.end.subarray(0, count));
    this.keyStart.set(from.keyStart.subarray(0, count));
    this.keyEnd.set(from.keyEnd.subarray(0, count));
    this.database.set(from.database.subarray(0, count));
    this.expiryMs.set(from.expiryMs.subarray(0, count));
    this.idle.set(from.idle.subarray(0, count));
    this.freq.set(from.freq.subarray(0, count));
    this.endOffset.set(from.endOffset.subarray(0, count));
  }
}
