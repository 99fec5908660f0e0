/**
 * What Valkey 9.2 puts in front of a snapshot that it compresses as a whole (`rdbcompression lz4`); compression_stream.h has it:
 *
 *   envelope = "VCS" version codec reserved kind                    ; one byte each: 1; 1 LZ4, 2 Zstandard (a branch has it); 0; 1 an RDB file
 */
import { GodwitError } from '../../errors/errors.ts';

export const ENVELOPE_BYTES = 7;

const MAGIC = 'VCS';
/** Of the branches before it became what it is; no release has it. */
const DRAFT_MAGIC = 'VKCS';
const VERSION = 1;
const LZ4 = 1;
const CODEC_NAMES: Readonly<Record<number, string>> = { 1: 'LZ4', 2: 'Zstandard' };
const KIND_RDB = 1;

/** @returns true: one LZ4 frame follows; false: there is no envelope. @throws GodwitError RDB_UNSUPPORTED for one that cannot be opened */
export function hasLz4Envelope(name: string, head: Uint8Array): boolean {
  const text = String.fromCharCode(...head.subarray(0, 4));
  if (text === DRAFT_MAGIC) throw refused(name, `begins with ${DRAFT_MAGIC}, the envelope of a development version of Valkey 9.2`, {});
  if (!text.startsWith(MAGIC)) return false;
  if (head.length < ENVELOPE_BYTES) throw new GodwitError('FILE_DAMAGED', `${name} ends within the envelope of a compressed snapshot`);
  const [version, codec, reserved, kind] = head.subarray(MAGIC.length, ENVELOPE_BYTES);
  if (version === VERSION && codec === LZ4 && reserved === 0 && kind === KIND_RDB) return true;
  const packing = CODEC_NAMES[codec] ?? `codec ${codec}`;
  throw refused(name, `is compressed as a whole with ${packing} (envelope version ${version}, kind ${kind})`, { version, codec, kind });
}

function refused(name: string, what: string, details: Readonly<Record<string, number>>): GodwitError {
  return new GodwitError('RDB_UNSUPPORTED', `${name} ${what}, which Godwit does not unpack`, {
    fix: 'At the source: CONFIG SET rdbcompression yes (or lz4), then BGSAVE, and take that file.',
    details: { file: name, ...details },
  });
}
