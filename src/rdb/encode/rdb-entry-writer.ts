/**
 * Writes what stands around the values of an RDB file: head, aux fields, and of each key database, expiry, use, type and name.
 *
 *   file   = magic version *aux *( FUNCTION2 ) *( [ SELECTDB ] [ EXPIRETIME_MS ] [ IDLE ] [ FREQ ] type key value ) EOF crc64
 */
import type { GrowingBuffer } from '../../bytes/growing-buffer.ts';
import { RdbOpcode } from '../opcodes.ts';
import { DUMP_FOOTER_BYTES } from '../restore-footer.ts';

/** What stands before a value, but for its type. */
export interface RdbKeyHead {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly database: number;
  /** Unix ms; -1 = none. */
  readonly expiryMs: number;
  /** Seconds / LFU counter; -1 = none. */
  readonly idle: number;
  readonly freq: number;
}

export class RdbEntryWriter {
  readonly buffer: GrowingBuffer;
  private database: number;

  /** @param database that is selected; -1 = none yet */
  constructor(buffer: GrowingBuffer, database = -1) {
    this.buffer = buffer;
    this.database = database;
  }

  aux(name: string, value: string): void {
    this.buffer.byte(RdbOpcode.Aux);
    this.text(name);
    this.text(value);
  }

  /** Type byte and key; the raw value goes into the buffer behind it. */
  key(head: RdbKeyHead, type: number): void {
    const { buffer } = this;
    if (head.database !== this.database) {
      this.database = head.database;
      buffer.byte(RdbOpcode.SelectDb);
      this.length(head.database);
    }
    if (head.expiryMs >= 0) {
      buffer.byte(RdbOpcode.ExpireTimeMs);
      this.uint64le(head.expiryMs);
    }
    if (head.idle >= 0) {
      buffer.byte(RdbOpcode.Idle);
      this.length(head.idle);
    }
    if (head.freq >= 0) {
      buffer.byte(RdbOpcode.Freq);
      buffer.byte(head.freq);
    }
    buffer.byte(type);
    this.string(head.bytes, head.start, head.end);
  }

  /** A key with a DUMP payload that is whole: payload[0, length), of which type byte and footer are not part of the value. */
  dumped(head: RdbKeyHead, payload: Uint8Array, length: number): void {
    this.key(head, payload[0]);
    this.buffer.raw(payload, 1, length - DUMP_FOOTER_BYTES);
  }

  /** A function library, as an RDB string. */
  library(bytes: Uint8Array, start: number, end: number): void {
    this.buffer.byte(RdbOpcode.Function2);
    this.buffer.raw(bytes, start, end);
  }

  /** A function library: its code. */
  libraryCode(bytes: Uint8Array, start: number, end: number): void {
    this.buffer.byte(RdbOpcode.Function2);
    this.string(bytes, start, end);
  }

  /** A script of an old snapshot: the text. */
  script(bytes: Uint8Array, start: number, end: number): void {
    this.buffer.byte(RdbOpcode.Aux);
    this.text('lua');
    this.string(bytes, start, end);
  }

  eof(): void {
    this.buffer.byte(RdbOpcode.Eof);
  }

  private string(bytes: Uint8Array, start: number, end: number): void {
    this.length(end - start);
    this.buffer.raw(bytes, start, end);
  }

  private text(text: string): void {
    this.length(text.length);
    this.buffer.ascii(text);
  }

  private length(n: number): void {
    const { buffer } = this;
    if (n < 64) {
      buffer.byte(n);
      return;
    }
    if (n < 16_384) {
      buffer.byte(0x40 | (n >>> 8));
      buffer.byte(n & 255);
      return;
    }
    const isLong = n >= 2 ** 32;
    buffer.byte(isLong ? 0x81 : 0x80);
    if (isLong) this.uint32be(Math.floor(n / 2 ** 32));
    this.uint32be(n % 2 ** 32);
  }

  private uint32be(n: number): void {
    this.buffer.reserve(4);
    this.buffer.length = this.buffer.bytes.writeUInt32BE(n, this.buffer.length);
  }

  private uint64le(n: number): void {
    this.buffer.reserve(8);
    this.buffer.length = this.buffer.bytes.writeBigUInt64LE(BigInt(n), this.buffer.length);
  }
}
