/**
 * An RDB file that servers load: values as they are in the snapshot where the version of the file has their type, else encoded anew (value-conversion.ts
 * decides, as for a server of that version).
 *
 *   file   = magic version *aux *( FUNCTION2 ) *( [ SELECTDB ] [ EXPIRETIME_MS ] [ IDLE ] [ FREQ ] type key value ) EOF crc64
 *
 *   version   loads at                          magic
 *   11        Redis 7.2 and up, Valkey          REDIS0011       no expiry of hash fields
 *   12        Redis 7.4 and up                  REDIS0012
 *   80        Valkey 9.0 and up                 VALKEY080
 *
 * Sizes of databases are not written: they are known only at the end, and servers need them for nothing but room.
 */
import type { OnUnsupported } from '../../config/sync-config.ts';
import { Crc64 } from '../../bytes/crc64.ts';
import type { ServerVersion } from '../../model/server-version.ts';
import { RdbOpcode } from '../../rdb/opcodes.ts';
import { DUMP_FOOTER_BYTES } from '../../rdb/restore-footer.ts';
import { LossReport } from '../loss-report.ts';
import { ValueConversion } from '../value-conversion.ts';
import { ExportBuffer } from './export-buffer.ts';

export type RdbFileVersion = 11 | 12 | 80;

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

const LOADED_BY: Readonly<Record<RdbFileVersion, ServerVersion>> = {
  11: { product: 'redis', text: '7.2', major: 7, minor: 2, patch: 0 },
  12: { product: 'redis', text: '7.4', major: 7, minor: 4, patch: 0 },
  80: { product: 'valkey', text: '9.0', major: 9, minor: 0, patch: 0 },
};
const MAGIC: Readonly<Record<RdbFileVersion, string>> = { 11: 'REDIS0011', 12: 'REDIS0012', 80: 'VALKEY080' };

export class RdbFileWriter {
  readonly buffer = new ExportBuffer();
  readonly conversion: ValueConversion;
  private readonly version: RdbFileVersion;
  private readonly crc = new Crc64();
  /** Of the buffer, in the sum already. */
  private summed = 0;
  private database = -1;

  constructor(version: RdbFileVersion, policy: OnUnsupported, losses = new LossReport()) {
    this.version = version;
    this.conversion = new ValueConversion(LOADED_BY[version], policy, losses);
  }

  /** @param madeS Unix seconds */
  open(madeS: number): void {
    this.buffer.ascii(MAGIC[this.version]);
    const { product, text } = LOADED_BY[this.version];
    this.aux(`${product}-ver`, `${text}.0`);
    this.aux('redis-bits', '64');
    this.aux('ctime', String(madeS));
  }

  close(): void {
    this.buffer.byte(RdbOpcode.Eof);
    this.sum();
    this.buffer.reserve(8);
    this.crc.writeTo(this.buffer.bytes, this.buffer.length);
    this.buffer.length += 8;
  }

  /** Must be called before the buffer is emptied. */
  sum(): void {
    this.crc.update(this.buffer.bytes, this.summed, this.buffer.length);
    this.summed = this.buffer.length;
  }

  /** The buffer was emptied, after sum(). */
  emptied(): void {
    this.buffer.clear();
    this.summed = 0;
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
    this.length(head.end - head.start);
    buffer.raw(head.bytes, head.start, head.end);
  }

  /** A key with a DUMP payload that is whole: payload[0, length), of which type byte and footer are not part of the value. */
  dumped(head: RdbKeyHead, payload: Uint8Array, length: number): void {
    this.key(head, payload[0]);
    this.buffer.raw(payload, 1, length - DUMP_FOOTER_BYTES);
  }

  /** A function library as the snapshot has it. */
  library(bytes: Uint8Array, start: number, end: number): void {
    this.buffer.byte(RdbOpcode.Function2);
    this.buffer.raw(bytes, start, end);
  }

  /** A script of an old snapshot: the text. */
  script(bytes: Uint8Array, start: number, end: number): void {
    this.buffer.byte(RdbOpcode.Aux);
    this.string('lua');
    this.length(end - start);
    this.buffer.raw(bytes, start, end);
  }

  private aux(name: string, value: string): void {
    this.buffer.byte(RdbOpcode.Aux);
    this.string(name);
    this.string(value);
  }

  private string(text: string): void {
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
