/** What a payload of DUMP is written in: its version stands behind it. Valkey counts from 80 on where it is no longer what Redis writes. */
import { dialectOf } from '../rdb/dialect.ts';
import { DUMP_FOOTER_BYTES } from '../rdb/restore-footer.ts';
import type { ValueForm } from './delivery.ts';

const VALKEY_VERSION_MIN = 80;

/** @param end of the payload in bytes. @throws RDB_UNSUPPORTED */
export function dumpForm(bytes: Uint8Array, end: number): ValueForm {
  const version = bytes[end - DUMP_FOOTER_BYTES] + bytes[end - DUMP_FOOTER_BYTES + 1] * 256;
  return { dialect: dialectOf(version >= VALKEY_VERSION_MIN ? 'VALKEY' : 'REDIS', version), templates: undefined };
}
