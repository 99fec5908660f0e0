/**
 * What a packed blob (listpack, ziplist, intset) says of itself in its first bytes, without unpacking it: its size and how many entries it has. The blob can
 * be compressed. Nothing is checked beyond what is read; nothing is allocated.
 *
 * Facts: the heads as in encodings/.
 */
import { uint16le, uint32le } from '../../bytes/little-endian.ts';
import { lengthAt, lengthEnd } from '../rdb-length.ts';

export type PackedForm = 'listpack' | 'ziplist' | 'intset';

const HEAD_BYTES = 10;
/** A reference of LZF goes on behind the head. */
const SCRATCH_BYTES = HEAD_BYTES + 264;
const COUNT_UNKNOWN = 0xffff;
const LZF = 0xc3;

export class PackedHead {
  /** Unpacked. */
  bytes = 0;
  /** -1: more than the head can say. */
  entries = 0;
  private readonly scratch = new Uint8Array(SCRATCH_BYTES);

  /** @param start of the RDB string that is the blob; it is whole before `end`. @returns false if this cannot be the head of such a blob */
  read(form: PackedForm, bytes: Uint8Array, start: number, end: number): boolean {
    let at = lengthEnd(bytes, bytes[start] === LZF ? start + 1 : start, end);
    let head = bytes;
    if (bytes[start] === LZF) {
      const body = lengthEnd(bytes, at, end);
      this.bytes = lengthAt(bytes, at);
      unpackBegin(this.scratch, bytes, body, end);
      head = this.scratch;
      at = 0;
    } else this.bytes = lengthAt(bytes, start);
    if (this.bytes < 7) return false;
    this.entries = form === 'intset' ? uint32le(head, at + 4) : uint16le(head, form === 'listpack' ? at + 4 : at + 8);
    if (form !== 'intset' && this.entries === COUNT_UNKNOWN) this.entries = -1;
    return this.entries < this.bytes;
  }
}

/** Unpacks HEAD_BYTES at least of the LZF stream bytes[start, end), or all it has. Damage gives wrong bytes, never one outside of `out`. */
function unpackBegin(out: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
  let from = start;
  let to = 0;
  while (to < HEAD_BYTES && from < end) {
    const control = bytes[from++];
    if (control < 32) {
      for (let i = 0; i <= control && from < end; i++) out[to++] = bytes[from++];
      continue;
    }
    let count = (control >> 5) + 2;
    if (count === 9) count += bytes[from++];
    let back = to - ((control & 31) << 8) - bytes[from++] - 1;
    while (count-- > 0) out[to++] = back < 0 ? 0 : out[back++];
  }
}
