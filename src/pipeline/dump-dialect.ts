/** What a payload of DUMP is written in: its version stands behind it. Valkey counts from 80 on where it is no longer what Redis writes. */
import { type Dialect, dialectOf } from '../rdb/dialect.ts';
import { DUMP_FOOTER_BYTES } from '../rdb/restore-footer.ts';

const VALKEY_VERSION_MIN = 80;

/** @param end of the payload. @throws RDB_UNSUPPORTED */
export function dumpDialect(bytes: Uint8Array, end: number): Dialect {
  const version = bytes[end - DUMP_FOOTER_BYTES] + bytes[end - DUMP_FOOTER_BYTES + 1] * 256;
  return dialectOf(version >= VALKEY_VERSION_MIN ? 'VALKEY' : 'REDIS', version);
}
