/**
 * The end of a DUMP payload, as RESTORE wants it: 2 bytes of RDB version and 8 bytes of CRC64, both little-endian. The sum covers the type
 * byte, the value and the version; it is taken over the output in place, so that the value is copied once and never again.
 */
import type { Crc64 } from '../bytes/crc64.ts';

export const DUMP_FOOTER_BYTES = 10;

/**
 * For a payload that is whole in the output: out[start, end) holds the type byte and the value behind it.
 * @param rdbVersion version of the RDB that the value comes from (Dialect.version)
 * @returns the position behind the footer. The room is the caller's to provide.
 */
export function writeDumpFooter(crc: Crc64, out: Uint8Array, start: number, end: number, rdbVersion: number): number {
  crc.reset();
  crc.update(out, start, end);
  return endDumpPayload(crc, out, end, rdbVersion);
}

/** For a payload that is sent in pieces: `crc` has gone over the type byte and the whole value already. Writes 10 bytes at `at`. */
export function endDumpPayload(crc: Crc64, out: Uint8Array, at: number, rdbVersion: number): number {
  out[at] = rdbVersion & 255;
  out[at + 1] = rdbVersion >>> 8;
  crc.update(out, at, at + 2);
  crc.writeTo(out, at + 2);
  return at + DUMP_FOOTER_BYTES;
}
