/**
 * The kernel of src/bytes/crc64.ts in AssemblyScript: `npm run build:kernels` makes src/bytes/crc64-kernel.ts of it.
 *
 * Memory: the sum at 0, the tables from 1,024 on, the input from `inputAt` on. A table has 256 entries of 8 bytes: what one byte contributes after it has moved
 * on by some places. Four words of a step of 32 bytes are summed apart ("braids", as in zlib's crc32), so that the processor works on all four at once, and are
 * put together in the last step. The polynomial is that of src/bytes/crc64.ts, reflected.
 */
const SUM: usize = 0;
const SLICES: usize = 1024;
const TABLE: usize = 2048;
const BRAIDS: usize = SLICES + 8 * TABLE;
const POLYNOMIAL: u64 = 0x95ac9329ac4bc9b5;
const BRAID_BYTES: i32 = 32;
const WORD_BYTES: i32 = 8;

export const inputAt: usize = BRAIDS + 8 * TABLE;

// @ts-ignore: a decorator of AssemblyScript
@inline
function entry(table: usize, n: u64): u64 {
  return load<u64>(table + ((<usize>n & 255) << 3));
}

/** Eight bytes on from a sum that holds them already. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function fold(tables: usize, x: u64): u64 {
  return (
    entry(tables + 7 * TABLE, x) ^
    entry(tables + 6 * TABLE, x >> 8) ^
    entry(tables + 5 * TABLE, x >> 16) ^
    entry(tables + 4 * TABLE, x >> 24) ^
    entry(tables + 3 * TABLE, x >> 32) ^
    entry(tables + 2 * TABLE, x >> 40) ^
    entry(tables + TABLE, x >> 48) ^
    entry(tables, x >> 56)
  );
}

/** Fills the tables, once. */
export function prepare(): void {
  for (let n: usize = 0; n < 256; n++) {
    let sum: u64 = n;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >> 1) ^ POLYNOMIAL : sum >> 1;
    store<u64>(SLICES + (n << 3), sum);
  }
  for (let k: usize = 1; k < 8; k++) {
    for (let n: usize = 0; n < 256; n++) {
      const before = load<u64>(SLICES + (k - 1) * TABLE + (n << 3));
      store<u64>(SLICES + k * TABLE + (n << 3), (before >> 8) ^ entry(SLICES, before));
    }
  }
  for (let k: usize = 0; k < 8; k++) {
    for (let n: usize = 0; n < 256; n++) {
      let sum = load<u64>(SLICES + k * TABLE + (n << 3));
      for (let i = 0; i < BRAID_BYTES - WORD_BYTES; i++) sum = (sum >> 8) ^ entry(SLICES, sum);
      store<u64>(BRAIDS + k * TABLE + (n << 3), sum);
    }
  }
}

/** Goes on with the sum over bytes [from, to) of the memory. */
export function update(from: usize, to: usize): void {
  let sum = load<u64>(SUM);
  if (to - from >= 2 * BRAID_BYTES) {
    let a = sum;
    let b: u64 = 0;
    let c: u64 = 0;
    let d: u64 = 0;
    const last = to - 2 * BRAID_BYTES;
    while (from <= last) {
      a = fold(BRAIDS, a ^ load<u64>(from));
      b = fold(BRAIDS, b ^ load<u64>(from, 8));
      c = fold(BRAIDS, c ^ load<u64>(from, 16));
      d = fold(BRAIDS, d ^ load<u64>(from, 24));
      from += BRAID_BYTES;
    }
    sum = fold(SLICES, a ^ load<u64>(from));
    sum = fold(SLICES, sum ^ b ^ load<u64>(from, 8));
    sum = fold(SLICES, sum ^ c ^ load<u64>(from, 16));
    sum = fold(SLICES, sum ^ d ^ load<u64>(from, 24));
    from += BRAID_BYTES;
  }
  for (; from + WORD_BYTES <= to; from += WORD_BYTES) sum = fold(SLICES, sum ^ load<u64>(from));
  for (; from < to; from++) sum = (sum >> 8) ^ entry(SLICES, sum ^ load<u8>(from));
  store<u64>(SUM, sum);
}
