/** Damages a file in the ways that files are damaged, and in those that an attacker would choose. All from one seed. */
import { length } from './rdb-bytes.ts';
import type { Seeded } from './seeded.ts';

export type Mutation = 'bit flips' | 'bytes' | 'truncation' | 'length splice' | 'block swap' | 'block copy' | 'insertion' | 'deletion';

const MUTATIONS: readonly Mutation[] = ['bit flips', 'bytes', 'truncation', 'length splice', 'block swap', 'block copy', 'insertion', 'deletion'];
const LENGTHS = [
  0,
  1,
  0x3f,
  0x40,
  0x3fff,
  0x4000,
  0xffff,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_ffff,
  2 ** 32,
  2 ** 40,
  2 ** 53,
  2n ** 63n,
  2n ** 64n - 1n,
] as const;
/** Begins of lengths, encodings, entries of packed blobs, opcodes. */
const BYTES = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xe0, 0xf0, 0xf1, 0xf4, 0xf5, 0xfd, 0xfe, 0xff] as const;
const CHANGES_MAX = 6;
const BLOCK_MAX = 64;

export interface Mutated {
  readonly bytes: Uint8Array;
  readonly mutation: Mutation;
}

/** Begin and end of what is damaged; the rest is left as it is, but for truncation. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

export function mutate(original: Uint8Array, random: Seeded, { start, end }: Place): Mutated {
  const mutation = MUTATIONS[random.below(MUTATIONS.length)];
  /** A block that does not fit reaches beyond the place, but not beyond the file. */
  const place = (room = 1): number => Math.min(start + random.below(Math.max(1, end - start - room)), original.length - room);
  const bytes = Buffer.from(original);
  const changes = 1 + random.below(CHANGES_MAX);
  switch (mutation) {
    case 'truncation':
      return { mutation, bytes: new Uint8Array(bytes.subarray(0, place())) };
    case 'bit flips':
      for (let i = 0; i < changes; i++) bytes[place()] ^= 1 << random.below(8);
      break;
    case 'bytes':
      for (let i = 0; i < changes; i++) bytes[place()] = random.below(2) === 0 ? random.below(256) : BYTES[random.below(BYTES.length)];
      break;
    case 'length splice': {
      const value = LENGTHS[random.below(LENGTHS.length)];
      const spliced = random.below(2) === 0 ? length(value) : littleEndian(value, [2, 4, 8][random.below(3)]);
      spliced.copy(bytes, place(spliced.length));
      break;
    }
    case 'block swap':
    case 'block copy': {
      const size = 1 + random.below(BLOCK_MAX);
      const [a, b] = [place(size), place(size)];
      const first = Buffer.from(bytes.subarray(a, a + size));
      if (mutation === 'block swap') bytes.copy(bytes, a, b, b + size);
      first.copy(bytes, b);
      break;
    }
    case 'insertion':
    case 'deletion': {
      const at = place(BLOCK_MAX);
      const block = Buffer.from(Array.from({ length: 1 + random.below(BLOCK_MAX) }, () => random.below(256)));
      const [inserted, deleted] = mutation === 'insertion' ? [block, 0] : [Buffer.alloc(0), block.length];
      return { mutation, bytes: new Uint8Array(Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + deleted)])) };
    }
  }
  return { mutation, bytes: new Uint8Array(bytes) };
}

function littleEndian(value: number | bigint, bytes: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return out.subarray(0, bytes);
}
