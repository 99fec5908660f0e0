/** Keys side by side: ranges of one slab of bytes. Valid as long as whoever made the slab says. */
export interface KeyRows {
  readonly bytes: Uint8Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  readonly count: number;
}

/** Those of the rows, over the same bytes. */
export function pickRows({ bytes, start, end }: KeyRows, rows: readonly number[]): KeyRows {
  return { bytes, start: Uint32Array.from(rows, (row) => start[row]), end: Uint32Array.from(rows, (row) => end[row]), count: rows.length };
}

/** Copies of keys, in a slab of their own. */
export function rowsOf(keys: readonly Uint8Array[]): KeyRows {
  const start = new Uint32Array(keys.length);
  const end = new Uint32Array(keys.length);
  let length = 0;
  for (const [i, key] of keys.entries()) {
    start[i] = length;
    length += key.length;
    end[i] = length;
  }
  return { bytes: Buffer.concat(keys), start, end, count: keys.length };
}

/** A copy of one key. */
export function keyAt({ bytes, start, end }: KeyRows, row: number): Buffer {
  return Buffer.from(bytes.subarray(start[row], end[row]));
}
