/** A value as its bytes: of a DUMP payload, or of a snapshot. */
import { GodwitError } from '../../errors/errors.ts';
import { type Dialect, dialectOf } from '../dialect.ts';
import { DUMP_FOOTER_BYTES } from '../restore-footer.ts';
import { NO_TEMPLATES, type TemplateNames } from '../template-names.ts';
import type { ValueDecoder } from '../values/value-decoder.ts';
import type { ValueVisitor } from '../values/value-visitor.ts';
import { RdbType } from '../opcodes.ts';

export interface ValueBytes {
  readonly type: number;
  readonly dialect: Dialect;
  /** bytes[start, end) is the value behind its type byte. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly templates?: TemplateNames;
}

/** The first version of Valkey's own; below it, what both vendors write is alike. */
const VALKEY_VERSION_MIN = 80;
const dialects = new Map<number, Dialect>();

/** @param bytes bytes[start, end) is a whole DUMP payload. @throws GodwitError RDB_UNSUPPORTED for a version that is newer than known */
export function dumpedValue(bytes: Uint8Array, start: number, end: number): ValueBytes {
  if (end - start <= DUMP_FOOTER_BYTES) throw new GodwitError('RDB_CORRUPT', 'a DUMP payload is too short');
  const footer = end - DUMP_FOOTER_BYTES;
  const version = bytes[footer] | (bytes[footer + 1] << 8);
  let dialect = dialects.get(version);
  if (dialect === undefined) {
    dialect = dialectOf(version >= VALKEY_VERSION_MIN ? 'VALKEY' : 'REDIS', version);
    dialects.set(version, dialect);
  }
  return { type: bytes[start], dialect, bytes, start: start + 1, end: footer };
}

/** The same bytes under types that mean the same: then the values are equal, whatever they hold. */
export function haveSameBytes(a: ValueBytes, b: ValueBytes): boolean {
  if (a.type !== b.type || a.end - a.start !== b.end - b.start) return false;
  if (a.type > RdbType.StreamListpacks3 && a.dialect.magic !== b.dialect.magic) return false;
  return sameRanges(a.bytes, a.start, b.bytes, b.start, a.end - a.start);
}

function sameRanges(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean {
  if (length > 256) return Buffer.compare(a.subarray(aStart, aStart + length), b.subarray(bStart, bStart + length)) === 0;
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** Decodes a value that is whole. @throws GodwitError RDB_CORRUPT, RDB_UNSUPPORTED */
export function decodeValue(decoder: ValueDecoder, value: ValueBytes, visitor: ValueVisitor): void {
  const { type, dialect, bytes, start, end, templates = NO_TEMPLATES } = value;
  decoder.begin(type, dialect, visitor, end - start, templates);
  decoder.feed(bytes, start, end);
  if (!decoder.done) throw new GodwitError('RDB_CORRUPT', 'the value goes beyond its end');
}
