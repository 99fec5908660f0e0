/**
 * Decompression of one LZ4 block, with every bound checked: input that lies is refused, never read or written past.
 *
 *   block     = *sequence
 *   sequence  = token *255-length literal* [ distance-low distance-high *255-length ]     ; the last one ends behind its literals
 *   token     = %bLLLLMMMM                                          ; L literals, M + 4 bytes from `distance` back; 15 = more of the length follows
 */
const LENGTH_MORE = 15;
const MATCH_MIN = 4;

/**
 * Decompresses from[start, end) to out[at, ...), where out[0, at) is what came before and may be referred to.
 * @returns the index behind what was written
 * @throws RangeError, whose message completes "the block ..."
 */
export function decompressLz4Block(from: Uint8Array, start: number, end: number, out: Uint8Array, at: number, outEnd: number): number {
  let to = at;
  let next = start;
  while (next < end) {
    const token = from[next++];
    let literals = token >>> 4;
    if (literals === LENGTH_MORE) {
      for (let more = 255; more === 255; literals += more) {
        if (next >= end) throw new RangeError('ends within a length');
        more = from[next++];
      }
    }
    if (next + literals > end) throw new RangeError('ends within its literals');
    if (to + literals > outEnd) throw new RangeError('is longer than the frame allows');
    if (literals < 32) for (const stop = next + literals; next < stop;) out[to++] = from[next++];
    else {
      out.set(from.subarray(next, next + literals), to);
      next += literals;
      to += literals;
    }
    if (next === end) return to;
    if (next + 2 > end) throw new RangeError('ends within a reference');
    const distance = from[next] | (from[next + 1] << 8);
    next += 2;
    let length = token & LENGTH_MORE;
    if (length === LENGTH_MORE) {
      for (let more = 255; more === 255; length += more) {
        if (next >= end) throw new RangeError('ends within a length');
        more = from[next++];
      }
    }
    length += MATCH_MIN;
    if (distance === 0 || distance > to) throw new RangeError('refers to what is before its begin');
    if (to + length > outEnd) throw new RangeError('is longer than the frame allows');
    if (distance >= length && length >= 32) {
      out.copyWithin(to, to - distance, to - distance + length);
      to += length;
    } else for (const stop = to + length; to < stop; to++) out[to] = out[to - distance];
  }
  throw new RangeError('ends without literals');
}
