/**
 * Which RDB this is. Two vendors write different things under the same type bytes, so everything dispatches on (magic, version) and never on
 * the type byte alone:
 *
 *   REDIS0001 .. REDIS0015    Redis, and Valkey 7.2 and 8.x (0011)
 *   VALKEY080, VALKEY081      Valkey 9.0 / 9.1, and 9.2
 */
import { GodwitError } from '../errors/errors.ts';
import { RdbOpcode, RdbType } from './opcodes.ts';

export type RdbMagic = 'REDIS' | 'VALKEY';

export interface Dialect {
  readonly magic: RdbMagic;
  /** As in the file, and as in the footer of a DUMP payload: 1 to 15, 80, 81. */
  readonly version: number;
}

/** Bytes of magic and version together. */
export const HEADER_BYTES = 9;
/** Version from which on the file ends in a CRC64. */
export const CHECKSUM_VERSION_MIN = 5;

/** Of a snapshot that Valkey 9.2 has compressed: files are unpacked before they come here (valkey-envelope.ts). */
const ENVELOPE_MAGIC = 'VCS';

const REDIS_VERSION_MAX = 15;
const VALKEY_VERSION_MIN = 80;
const VALKEY_VERSION_MAX = 81;

/** The first Redis version whose servers write the type; only types that are younger than version 9. */
const REDIS_TYPES_SINCE: ReadonlyMap<number, number> = new Map([
  ...[15, 16, 17, 18, 19, 20, 21].map((type) => [type, 9] as const),
  ...[22, 23, 24, 25].map((type) => [type, 12] as const),
  [RdbType.StreamListpacks4, 13],
  [RdbType.StreamListpacks5, 14],
  [RdbType.Array, 14],
  ...[29, 30, 31, 32].map((type) => [type, 15] as const),
]);

/**
 * Reads the 9 bytes at `at`.
 * @throws GodwitError RDB_CORRUPT if this is no RDB, RDB_UNSUPPORTED for a version that is newer than known.
 */
export function parseHeader(bytes: Uint8Array, at: number): Dialect {
  const text = String.fromCharCode(...bytes.subarray(at, at + HEADER_BYTES));
  const found = /^(?:(REDIS)(\d{4})|(VALKEY)(\d{3}))$/.exec(text);
  if (text.startsWith(ENVELOPE_MAGIC)) {
    throw new GodwitError('RDB_UNSUPPORTED', 'the snapshot is compressed as a whole, which was not asked for (Valkey 9.2)', {
      fix: 'Turn the compression of full syncs off at the source: CONFIG SET rdbcompression yes.',
      details: { offset: 0 },
    });
  }
  if (!found) throw new GodwitError('RDB_CORRUPT', 'this is not an RDB file: it does not begin with REDIS or VALKEY and a version', { details: { offset: 0 } });
  return dialectOf((found[1] ?? found[3]) as RdbMagic, Number(found[2] ?? found[4]));
}

/** @throws GodwitError RDB_UNSUPPORTED if the version is not known. */
export function dialectOf(magic: RdbMagic, version: number): Dialect {
  const known = magic === 'REDIS' ? version >= 1 && version <= REDIS_VERSION_MAX : version >= VALKEY_VERSION_MIN && version <= VALKEY_VERSION_MAX;
  if (!Number.isInteger(version) || !known) {
    const newest = magic === 'REDIS' ? REDIS_VERSION_MAX : VALKEY_VERSION_MAX;
    throw new GodwitError('RDB_UNSUPPORTED', `the snapshot is ${magic} RDB version ${version}; the newest that is known is ${newest}`, {
      fix: 'Update Godwit.',
      details: { magic, version, newest },
    });
  }
  return { magic, version };
}

/** True if servers of this dialect write the type byte. */
export function hasType(dialect: Dialect, type: number): boolean {
  if (type <= RdbType.ListQuicklist) return type !== 8;
  if (dialect.magic === 'VALKEY') {
    return type <= RdbType.StreamListpacks3 || type === RdbType.ValkeyHash2 || (type === RdbType.ValkeyPathHash && dialect.version >= 81);
  }
  return dialect.version >= (REDIS_TYPES_SINCE.get(type) ?? Number.POSITIVE_INFINITY);
}

/** True if servers of this dialect write the opcode. */
export function hasOpcode(dialect: Dialect, opcode: number): boolean {
  if (opcode > RdbOpcode.KeyMeta) return true;
  if (opcode === RdbOpcode.RamLru) return dialect.magic === 'REDIS';
  if (opcode === RdbOpcode.KeyMeta) return dialect.magic === 'VALKEY' || dialect.version >= 13;
  return opcode === RdbOpcode.HashTemplate && (dialect.magic === 'VALKEY' ? dialect.version >= 81 : dialect.version >= 15);
}

/**
 * True if a server takes the value in a DUMP payload. False for the hash templates that refer to the registry of their file: such a value
 * means nothing outside of it and has to be written anew as a plain hash.
 */
export function standsAlone(dialect: Dialect, type: number): boolean {
  return dialect.magic === 'VALKEY' || (type !== RdbType.HashTemplateListpackRef && type !== RdbType.HashTemplateArrayRef);
}
