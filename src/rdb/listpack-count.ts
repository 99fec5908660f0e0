/**
 * How many entries a listpack has that stands as an RDB string, from its first bytes alone: it need not be whole in the window, and may be compressed.
 *
 *   listpack = bytes32 count16 ...                                  ; little endian; count 65535 = not told
 */
import { uint16le } from '../bytes/little-endian.ts';
import { corruptAt, lengthEnd, NEED_MORE, stringEnd } from './rdb-length.ts';

/** Bytes of the string from its begin that tell the count at the latest: two lengths, and each byte of the head as a literal of its own. */
export const LISTPACK_COUNT_BYTES = 1 + 9 + 9 + 12;

const HEAD_BYTES = 6;
const COUNT_AT = 4;
const COUNT_UNKNOWN = 0xffff;
const LZF = 0xc3;
const ENCODED = 0xc0;
const NOT_TOLD = -2;

/** @returns the count; NEED_MORE; -2 if the listpack does not tell it. @throws GodwitError RDB_CORRUPT if no listpack can begin so */
export function listpackCountAt(bytes: Uint8Array, pos: number, end: number): number {
  const stop = stringEnd(bytes, pos, end);
  if (stop < 0) return NEED_MORE;
  if (bytes[pos] >= ENCODED && bytes[pos] !== LZF) throw corruptAt(pos, 'a number stands where field names should');
  const isPacked = bytes[pos] === LZF;
  const body = isPacked ? lengthEnd(bytes, lengthEnd(bytes, pos + 1, end), end) : lengthEnd(bytes, pos, end);
  const known = Math.min(end, stop);
  const count = isPacked ? countInLzf(bytes, body, known) : known - body < HEAD_BYTES ? NEED_MORE : uint16le(bytes, body + COUNT_AT);
  if (count === NEED_MORE && stop <= end) throw corruptAt(pos, 'field names end within their head');
  return count === COUNT_UNKNOWN ? NOT_TOLD : count;
}

/** Unpacks the head; the stream has to begin with a literal. */
function countInLzf(bytes: Uint8Array, start: number, end: number): number {
  const head = new Uint8Array(HEAD_BYTES);
  let from = start;
  let to = 0;
  while (to < HEAD_BYTES) {
    if (from >= end) return NEED_MORE;
    const control = bytes[from++];
    if (control < 32) {
      for (let i = 0; i <= control && to < HEAD_BYTES; i++) {
        if (from >= end) return NEED_MORE;
        head[to++] = bytes[from++];
      }
      continue;
    }
    const isLong = control >> 5 === 7;
    if (from + (isLong ? 2 : 1) > end) return NEED_MORE;
    let count = (control >> 5) + 2 + (isLong ? bytes[from++] : 0);
    let back = to - ((control & 31) << 8) - bytes[from++] - 1;
    if (back < 0) throw corruptAt(from, 'a compressed string refers to what is before its begin');
    while (count-- > 0 && to < HEAD_BYTES) head[to++] = head[back++];
  }
  return uint16le(head, COUNT_AT);
}
