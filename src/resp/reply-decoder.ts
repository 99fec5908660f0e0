/**
 * Decodes RESP2 replies into values; the way for the few replies that are looked at (the many are counted, reply-counter.ts).
 * Resumable: replies may be cut anywhere by the ends of chunks. Bounded in depth, line and bulk length.
 *
 *   reply  = "+" line | "-" line | ":" digits CRLF | "_" CRLF
 *          | "$" length CRLF bytes CRLF | "$-1" CRLF
 *          | "*" count CRLF *reply      | "*-1" CRLF
 */
import { readInteger } from '../bytes/ascii-integer.ts';
import { PartialLine } from './partial-line.ts';
import { type Reply, ReplyError } from './reply.ts';
import { excerpt, malformedReply, REPLY_DEPTH_MAX } from './reply-limits.ts';

const LF = 0x0a;
const CR = 0x0d;

interface OpenArray {
  readonly items: Reply[];
  remaining: number;
}

export interface ReplyDecoderOptions {
  /** Longest bulk string that is accepted; default 512 MiB. */
  readonly bulkBytesMax?: number;
}

export class ReplyDecoder {
  private readonly bulkBytesMax: number;
  private readonly partial = new PartialLine();
  private readonly open: OpenArray[] = [];
  private bulk: Buffer | undefined;
  private bulkAt = 0;
  /** Bytes of the CRLF behind a bulk that are still to come. */
  private tail = 0;
  private value: Reply | undefined;

  constructor(options: ReplyDecoderOptions = {}) {
    this.bulkBytesMax = options.bulkBytesMax ?? 512 * 1024 * 1024;
  }

  /** True when a whole reply is there for take(). */
  get complete(): boolean {
    return this.value !== undefined;
  }

  /** Takes the whole reply out; the decoder is ready for the next. Only when `complete`. */
  take(): Reply {
    const value = this.value;
    if (value === undefined) throw malformedReply('taken before it was complete');
    this.value = undefined;
    return value;
  }

  /** Forgets a half-read reply. */
  reset(): void {
    this.partial.length = 0;
    this.open.length = 0;
    this.bulk = undefined;
    this.tail = 0;
    this.value = undefined;
  }

  /**
   * Reads bytes[from, to) until one reply is complete or the bytes are used up; returns the position where it stopped.
   * Nothing of `bytes` is kept. Throws PROTOCOL_ERROR.
   */
  decode(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && this.value === undefined) {
      if (this.bulk !== undefined) at = this.fillBulk(this.bulk, bytes, at, to);
      else at = this.partial.readLine(bytes, at, to, this);
    }
    return at;
  }

  /** All replies that the chunk completes. */
  decodeAll(chunk: Uint8Array): Reply[] {
    const replies: Reply[] = [];
    let at = 0;
    while (at < chunk.length) {
      at = this.decode(chunk, at, chunk.length);
      if (this.complete) replies.push(this.take());
    }
    return replies;
  }

  /** For PartialLine. @param end position of the line feed */
  line(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < 2 || bytes[end - 1] !== CR) throw malformedReply(`line "${excerpt(bytes, start, end)}"`);
    const from = start + 1;
    const to = end - 1;
    switch (bytes[start]) {
      case 0x2b:
        return this.put(text(bytes, from, to));
      case 0x2d:
        return this.put(new ReplyError(text(bytes, from, to)));
      case 0x3a:
        return this.put(integer(bytes, from, to));
      case 0x24:
        return this.bulkHeader(length(bytes, from, to));
      case 0x2a:
        return this.arrayHeader(length(bytes, from, to));
      case 0x5f:
        return this.put(null);
      default:
        throw malformedReply(`unknown type in "${excerpt(bytes, start, to)}"`);
    }
  }

  private bulkHeader(size: number): void {
    if (size === -1) return this.put(null);
    if (size > this.bulkBytesMax) throw malformedReply(`a bulk of ${size} bytes, over the limit of ${this.bulkBytesMax}`);
    this.bulk = Buffer.allocUnsafe(size);
    this.bulkAt = 0;
    this.tail = 2;
  }

  private arrayHeader(size: number): void {
    if (size === -1) return this.put(null);
    if (size === 0) return this.put([]);
    if (this.open.length === REPLY_DEPTH_MAX) throw malformedReply(`arrays nested deeper than ${REPLY_DEPTH_MAX}`);
    this.open.push({ items: [], remaining: size });
  }

  private fillBulk(bulk: Buffer, bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    const take = Math.min(bulk.length - this.bulkAt, to - at);
    if (take > 0) {
      bulk.set(bytes.subarray(at, at + take), this.bulkAt);
      this.bulkAt += take;
      at += take;
    }
    while (this.bulkAt === bulk.length && this.tail > 0 && at < to) {
      if (bytes[at] !== (this.tail === 2 ? CR : LF)) throw malformedReply('a bulk is not followed by CR LF');
      this.tail--;
      at++;
    }
    if (this.bulkAt === bulk.length && this.tail === 0) {
      this.bulk = undefined;
      this.put(bulk);
    }
    return at;
  }

  private put(value: Reply): void {
    let done = value;
    for (;;) {
      const outer = this.open.at(-1);
      if (outer === undefined) {
        this.value = done;
        return;
      }
      outer.items.push(done);
      if (--outer.remaining > 0) return;
      this.open.pop();
      done = outer.items;
    }
  }
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
}

function integer(bytes: Uint8Array, start: number, end: number): number | bigint {
  const n = readInteger(bytes, start, end);
  if (!Number.isNaN(n)) return n;
  const digits = text(bytes, start, end);
  if (!/^[+-]?\d{1,20}$/.test(digits)) throw malformedReply(`integer "${excerpt(bytes, start, end)}"`);
  return BigInt(digits.replace('+', ''));
}

function length(bytes: Uint8Array, start: number, end: number): number {
  const n = readInteger(bytes, start, end);
  if (!(n >= -1)) throw malformedReply(`length "${excerpt(bytes, start, end)}"`);
  return n;
}
