/**
 * An RDB file that servers load: values as they are in the snapshot where the version of the file has their type, else encoded anew (value-conversion.ts
 * decides, as for a server of that version).
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
import { RdbEntryWriter, type RdbKeyHead } from '../../rdb/encode/rdb-entry-writer.ts';
import { LossReport } from '../loss-report.ts';
import { ValueConversion } from '../value-conversion.ts';
import { GrowingBuffer } from '../../bytes/growing-buffer.ts';

export type RdbFileVersion = 11 | 12 | 80;

const LOADED_BY: Readonly<Record<RdbFileVersion, ServerVersion>> = {
  11: { product: 'redis', text: '7.2', major: 7, minor: 2, patch: 0 },
  12: { product: 'redis', text: '7.4', major: 7, minor: 4, patch: 0 },
  80: { product: 'valkey', text: '9.0', major: 9, minor: 0, patch: 0 },
};
const MAGIC: Readonly<Record<RdbFileVersion, string>> = { 11: 'REDIS0011', 12: 'REDIS0012', 80: 'VALKEY080' };

export class RdbFileWriter {
  readonly buffer = new GrowingBuffer();
  readonly conversion: ValueConversion;
  private readonly version: RdbFileVersion;
  private readonly entries = new RdbEntryWriter(this.buffer);
  private readonly crc = new Crc64();
  /** Of the buffer, in the sum already. */
  private summed = 0;

  constructor(version: RdbFileVersion, policy: OnUnsupported, losses = new LossReport()) {
    this.version = version;
    this.conversion = new ValueConversion(LOADED_BY[version], policy, losses);
  }

  /** @param madeS Unix seconds */
  open(madeS: number): void {
    this.buffer.ascii(MAGIC[this.version]);
    const { product, text } = LOADED_BY[this.version];
    this.entries.aux(`${product}-ver`, `${text}.0`);
    this.entries.aux('redis-bits', '64');
    this.entries.aux('ctime', String(madeS));
  }

  close(): void {
    this.entries.eof();
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
    this.entries.key(head, type);
  }

  /** A key with a DUMP payload that is whole: payload[0, length), of which type byte and footer are not part of the value. */
  dumped(head: RdbKeyHead, payload: Uint8Array, length: number): void {
    this.entries.dumped(head, payload, length);
  }

  /** A function library as the snapshot has it. */
  library(bytes: Uint8Array, start: number, end: number): void {
    this.entries.library(bytes, start, end);
  }

  /** A script of an old snapshot: the text. */
  script(bytes: Uint8Array, start: number, end: number): void {
    this.entries.script(bytes, start, end);
  }
}
