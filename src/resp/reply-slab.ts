/**
 * Many replies in one slab: their bytes side by side, and columns of numbers that say what each of them is. For replies that come by the hundred thousand and are
 * passed on as bytes (DUMP, SCAN), where a value for each would cost more than all else. Arrays are made flat: only what is in them counts.
 *
 *   kind   ReplyKind            start,end   Bulk: its bytes in `bytes`        number   Integer
 *
 * What append() puts there before begin() stays in front. Resumable at any byte; the memory is kept from one use to the next.
 */
import { readInteger } from '../bytes/ascii-integer.ts';
import { PartialLine } from './partial-line.ts';
import { malformedReply } from './reply-limits.ts';

export const ReplyKind = { Null: 0, Bulk: 1, Integer: 2, Status: 3, Error: 4 } as const;

const CR = 0x0d;
const LF = 0x0a;
const BULK = 0x24;
const INTEGER = 0x3a;
/** Ends of short headers are looked for in place. */
const HEADER_CHARS_MAX = 10;

export class ReplySlab {
  bytes: Buffer;
  /** Bytes in use. */
  length = 0;
  /** Items so far. */
  count = 0;
  kind: Uint8Array;
  start: Uint32Array;
  end: Uint32Array;
  number: Float64Array;
  /** Text of status and error replies, by item. */
  readonly texts = new Map<number, string>();
  private remaining = 0;
  private bulkLeft = 0;
  /** Bytes of the CRLF behind a bulk that are still to come. */
  private tail = 0;
  private readonly partial = new PartialLine();

  constructor(bytesInitial: number, itemsInitial: number) {
    this.bytes = Buffer.allocUnsafeSlow(bytesInitial);
    this.kind = new Uint8Array(itemsInitial);
    this.start = new Uint32Array(itemsInitial);
    this.end = new Uint32Array(itemsInitial);
    this.number = new Float64Array(itemsInitial);
  }

  /** Empties it. @param bytesKeptMax a larger memory is let go */
  reset(bytesKeptMax = Number.POSITIVE_INFINITY): void {
    if (this.bytes.length > bytesKeptMax) this.bytes = Buffer.allocUnsafeSlow(bytesKeptMax);
    this.length = 0;
    this.count = 0;
    this.remaining = 0;
    this.bulkLeft = 0;
    this.tail = 0;
    this.partial.length = 0;
    this.texts.clear();
  }

  /** Puts bytes there that are no reply. @returns where they begin */
  append(from: Uint8Array, start: number, end: number): number {
    this.ensure(end - start);
    const at = this.length;
    this.put(from, start, end);
    return at;
  }

  /** So many top-level replies come next. What was read of others since `length` bytes and `items` is forgotten. */
  begin(replies: number, length = this.length, items = this.count): void {
    this.length = length;
    this.count = items;
    this.remaining = replies;
    this.bulkLeft = 0;
    this.tail = 0;
    this.partial.length = 0;
    for (const item of this.texts.keys()) if (item >= items) this.texts.delete(item);
  }

  get done(): boolean {
    return this.remaining === 0;
  }

  /** The text of an error; undefined for what is none. */
  errorOf(item: number): string | undefined {
    return this.kind[item] === ReplyKind.Error ? this.texts.get(item) : undefined;
  }

  text(item: number): string {
    return this.kind[item] === ReplyKind.Bulk
      ? this.bytes.toString('latin1', this.start[item], this.end[item])
      : (this.texts.get(item) ?? String(this.number[item]));
  }

  /** Reads bytes[from, to) until all replies came or the bytes are used up; returns where it stopped. Throws PROTOCOL_ERROR. */
  feed(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && this.remaining > 0) {
      if (this.bulkLeft > 0 || this.tail > 0) at = this.fillBulk(bytes, at, to);
      else {
        const next = this.partial.length === 0 ? this.shortHeader(bytes, at, to) : -1;
        at = next >= 0 ? next : this.partial.readLine(bytes, at, to, this);
      }
    }
    return at;
  }

  /** For PartialLine. @param end position of the line feed */
  line(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < 2 || bytes[end - 1] !== CR) throw malformedReply('a line does not end with CR LF');
    const from = start + 1;
    const to = end - 1;
    switch (bytes[start]) {
      case BULK:
        return this.bulkHeader(wholeNumber(bytes, from, to));
      case INTEGER:
        return this.integer(wholeNumber(bytes, from, to));
      case 0x2a: {
        const size = wholeNumber(bytes, from, to);
        if (size < 0) return this.item(ReplyKind.Null);
        this.remaining += size - 1;
        return;
      }
      case 0x5f:
        return this.item(ReplyKind.Null);
      case 0x2b:
      case 0x2d:
        this.texts.set(this.count, Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString());
        return this.item(bytes[start] === 0x2d ? ReplyKind.Error : ReplyKind.Status);
      default:
        throw malformedReply(`unknown type ${bytes[start]}`);
    }
  }

  /** A bulk or an integer whose first line is whole in the window. @returns the position behind the line; -1 = neither */
  private shortHeader(bytes: Uint8Array, from: number, to: number): number {
    const type = bytes[from];
    if (type !== BULK && type !== INTEGER) return -1;
    const stop = Math.min(to - 1, from + HEADER_CHARS_MAX);
    let at = from + 1;
    let n = 0;
    while (at < stop) {
      const digit = bytes[at] - 0x30;
      if (digit < 0 || digit > 9) break;
      n = n * 10 + digit;
      at++;
    }
    if (at === from + 1 || at >= stop || bytes[at] !== CR || bytes[at + 1] !== LF) return -1;
    if (type === BULK) this.bulkHeader(n);
    else this.integer(n);
    return at + 2;
  }

  private bulkHeader(size: number): void {
    if (size < 0) return this.item(ReplyKind.Null);
    this.ensure(size);
    const at = this.count;
    this.room();
    this.kind[at] = ReplyKind.Bulk;
    this.start[at] = this.length;
    this.end[at] = this.length + size;
    this.bulkLeft = size;
    this.tail = 2;
  }

  private integer(n: number): void {
    const at = this.count;
    this.item(ReplyKind.Integer);
    this.number[at] = n;
  }

  private item(kind: number): void {
    this.room();
    this.kind[this.count++] = kind;
    this.remaining--;
  }

  private fillBulk(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    const take = Math.min(this.bulkLeft, to - at);
    if (take > 0) {
      this.put(bytes, at, at + take);
      this.bulkLeft -= take;
      at += take;
    }
    while (this.bulkLeft === 0 && this.tail > 0 && at < to) {
      if (bytes[at] !== (this.tail === 2 ? CR : LF)) throw malformedReply('a bulk is not followed by CR LF');
      this.tail--;
      at++;
    }
    if (this.bulkLeft === 0 && this.tail === 0) {
      this.count++;
      this.remaining--;
    }
    return at;
  }

  private put(from: Uint8Array, start: number, end: number): void {
    const { bytes } = this;
    let at = this.length;
    if (end - start < 48) for (let i = start; i < end; i++) bytes[at++] = from[i];
    else {
      bytes.set(from.subarray(start, end), at);
      at += end - start;
    }
    this.length = at;
  }

  private ensure(room: number): void {
    const needed = this.length + room;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(room > this.length ? needed : Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  private room(): void {
    const { count } = this;
    if (count < this.kind.length) return;
    const size = Math.max(64, count * 2);
    this.kind = copied(this.kind, new Uint8Array(size));
    this.start = copied(this.start, new Uint32Array(size));
    this.end = copied(this.end, new Uint32Array(size));
    this.number = copied(this.number, new Float64Array(size));
  }
}

function copied<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function wholeNumber(bytes: Uint8Array, start: number, end: number): number {
  const n = readInteger(bytes, start, end);
  if (Number.isNaN(n)) throw malformedReply('a number is expected');
  return n;
}
