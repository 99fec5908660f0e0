/** The numbers are what MEMORY USAGE said of such keys at Redis 7.0 and Valkey 9.1 with a distribution's jemalloc. */
import { describe, expect, test } from 'vitest';
import { MemoryModel } from '../../../src/rdb/inspect/memory-model.ts';
import { RaxShape } from '../../../src/rdb/inspect/rax-shape.ts';

const redis = new MemoryModel('redis', 'system');
const valkey = new MemoryModel('valkey-9', 'system');

describe('the allocator', () => {
  test.each([
    [1, 8],
    [9, 16],
    [17, 32],
    [40, 48],
    [64, 64],
    [65, 80],
    [129, 160],
    [536, 640],
    [1_006, 1_024],
    [1_025, 1_280],
    [100_006, 114_688],
  ])('gives for %i bytes %i where a distribution built it', (bytes, given) => {
    expect(redis.allocated(bytes)).toBe(given);
  });

  test.each([
    [17, 24],
    [40, 40],
    [65, 80],
  ])('gives for %i bytes %i where Redis brought it along', (bytes, given) => {
    expect(new MemoryModel('redis', 'bundled').allocated(bytes)).toBe(given);
  });
});

describe('a string', () => {
  test.each([
    [2, 1, 64],
    [3, 20, 80],
    [3, 44, 96],
    [3, 45, 112],
    [4, 100, 160],
    [5, 1_000, 1_072],
  ])('with a key of %i bytes and %i bytes takes %i at Redis', (key, length, bytes) => {
    expect(redis.string(key, length, false, false)).toBe(bytes);
  });

  test.each([
    [2, 1, 32],
    [3, 20, 48],
    [3, 44, 64],
    [3, 60, 80],
    [3, 64, 96],
    [11, 100, 128],
    [4, 100, 128],
    [5, 1_000, 1_056],
  ])('with a key of %i bytes and %i bytes takes %i at Valkey', (key, length, bytes) => {
    expect(valkey.string(key, length, false, false)).toBe(bytes);
  });

  test('that is a number takes its object only', () => {
    expect([redis.string(3, 0, true, false), valkey.string(3, 0, true, false)]).toEqual([48, 32]);
  });
});

describe('tables', () => {
  test('of Redis have a power of two of slots, four at least, and an entry for each element', () => {
    expect([redis.table(1), redis.table(4), redis.table(5), redis.table(5_000)]).toEqual([
      56 + 32 + 24,
      56 + 32 + 4 * 24,
      56 + 64 + 5 * 24,
      56 + 65_536 + 120_000,
    ]);
  });

  test('of Valkey have buckets of seven, some of them chained', () => {
    expect([valkey.table(1), valkey.table(7)]).toEqual([136, 136]);
    // At a server 1024 buckets and 129 chained ones.
    expect((valkey.table(5_000) - 72) / 64).toBeCloseTo(1_153, -1.5);
  });

  test('of a database grow with its keys and those that expire; none takes nothing', () => {
    expect(redis.databaseTable(0, 0)).toBe(0);
    expect(redis.databaseTable(1_000, 10)).toBe(8 * 1_024 + 8 * 16 + 240);
  });
});

describe('the radix tree of ids', () => {
  const id = (ms: number, seq = 0): Uint8Array => {
    const bytes = Buffer.alloc(16);
    bytes.writeBigUInt64BE(BigInt(ms));
    bytes.writeBigUInt64BE(BigInt(seq), 8);
    return bytes;
  };
  const shapeOf = (...ids: Uint8Array[]): [number, number, number] => {
    const shape = new RaxShape();
    for (const bytes of ids) shape.add(bytes, 0);
    return [shape.branches, shape.segments, shape.nodes];
  };

  test('has a root when it is empty', () => {
    expect(shapeOf()).toEqual([0, 0, 1]);
  });

  test('is one compressed node and a leaf for one id', () => {
    expect(shapeOf(id(1))).toEqual([0, 1, 2]);
  });

  test('parts where ids part: a begin, a branch, and an end for each', () => {
    expect(shapeOf(id(1), id(2))).toEqual([1, 3, 6]);
    expect(shapeOf(id(1), id(2), id(3))).toEqual([1, 4, 8]);
  });

  test('has no ends where ids part in their last byte', () => {
    expect(shapeOf(id(1, 1), id(1, 2))).toEqual([1, 1, 4]);
  });

  test('parts anew above an older branch', () => {
    // 7 bytes alike in all; behind the branch there 1,x: 7 bytes, branch, no ends; 2,0: 8 bytes.
    expect(shapeOf(id(1, 1), id(1, 2), id(2, 0))).toEqual([2, 3, 8]);
  });
});
