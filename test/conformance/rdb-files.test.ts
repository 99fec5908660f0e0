/** Snapshots of real servers: each taken apart in every way there is, and what is found compared with what the server said it holds. */
import { describe, expect, test } from 'vitest';
import { Crc64 } from '../../src/bytes/crc64.ts';
import { EntryKind } from '../../src/model/batch.ts';
import { CHECKSUM_VERSION_MIN } from '../../src/rdb/dialect.ts';
import { keysOf, librdbFiles, ownFiles, type RdbFile } from '../support/rdb/fixture-files.ts';
import { Seeded } from '../support/rdb/seeded.ts';
import { keyRows, walkInPieces, walkThroughWindows, walkWhole } from '../support/rdb/walk.ts';

const TYPE_NAMES: Readonly<Record<number, string>> = {
  ...Object.fromEntries([0].map((type) => [type, 'string'])),
  ...Object.fromEntries([1, 10, 14, 18].map((type) => [type, 'list'])),
  ...Object.fromEntries([2, 11, 20].map((type) => [type, 'set'])),
  ...Object.fromEntries([3, 5, 12, 17].map((type) => [type, 'zset'])),
  ...Object.fromEntries([4, 9, 13, 16, 22, 24, 25].map((type) => [type, 'hash'])),
  ...Object.fromEntries([15, 19, 21, 26, 27].map((type) => [type, 'stream'])),
  7: 'vectorset',
};

/** Their content is not to be read: a version of the future, and a sum that is wrong on purpose. */
const FUTURE = 'future_v19';
const WRONG_SUM = 'invalid_chksum_v8';

function isTheSame(file: RdbFile): void {
  const whole = walkWhole(file.bytes);
  const random = new Seeded();
  const everyByte = Array.from({ length: file.bytes.length }, (_, i) => i + 1);
  expect(walkInPieces(file.bytes, everyByte, { poison: 0xff }).rows, 'byte by byte').toEqual(whole.rows);
  for (let round = 0; round < 20; round++) {
    const cuts = random.cuts(1 + random.below(40), file.bytes.length);
    expect(walkInPieces(file.bytes, cuts, { poison: 0xff, knowTotal: true }).rows, `seed ${random.seed}: cut at ${cuts.join(', ')}`).toEqual(whole.rows);
  }
  expect(walkWhole(file.bytes, { batchCapacity: 1, poison: 0xff }).rows, 'one entry a batch').toEqual(whole.rows);
}

describe.each(ownFiles())('$name', (file) => {
  test('has the keys, databases, types and expiries that its server told', () => {
    const found = keyRows(walkWhole(file.bytes).rows).map((row) => ({
      db: row.database,
      key: Buffer.from(row.key, 'latin1').toString('base64'),
      type: TYPE_NAMES[row.type],
      ...(row.expiryMs < 0 ? {} : { expireAtMs: row.expiryMs }),
    }));
    const byKey = (a: { db: number; key: string }, b: { db: number; key: string }): number => a.db - b.db || (a.key < b.key ? -1 : 1);
    const told = keysOf(file.name).map((key) => (key.expireAtMs === null ? { ...key, expireAtMs: expect.any(Number) as number } : key));
    expect(found.toSorted(byKey)).toEqual(told.toSorted(byKey));
  });

  test("has its function, its server's version and a right checksum", () => {
    const { rows, decoder, end } = walkWhole(file.bytes);
    const functions = rows.filter((row) => row.kind === EntryKind.RdbFunction);
    expect(functions).toHaveLength(file.name === 'redis-6.2.16' ? 0 : 1);
    const [product, version] = file.name.split('-');
    expect(decoder.aux.get(`${product}-ver`)).toBe(version);
    const crc = new Crc64();
    crc.update(file.bytes, 0, end);
    expect(end).toBe(file.bytes.length - 8);
    expect(crc.matches(file.bytes, end)).toBe(true);
  });

  test('gives the same rows whole, byte by byte, and cut anywhere', () => isTheSame(file));

  test.each([64, 100, 1000])('gives the same rows through windows of %i bytes', (windowBytes) => {
    const walk = walkThroughWindows(file.bytes, windowBytes, { poison: 0xff, knowTotal: true });
    expect(walk.rows).toEqual(walkWhole(file.bytes).rows);
    expect(walk.decoder.keyCount).toBe(keysOf(file.name).length);
    expect(walk.largeEntries).toBeGreaterThan(5);
  });

  test('goes on from the end of any row in a new decoder', () => {
    const { rows, decoder } = walkWhole(file.bytes);
    for (const [index, row] of rows.entries()) {
      const state = JSON.parse(JSON.stringify({ ...decoder.state(), database: row.database })) as ReturnType<typeof decoder.state>;
      expect(walkWhole(file.bytes, { resumeAt: { state, offset: row.endOffset } }).rows).toEqual(rows.slice(index + 1));
    }
  });
});

const foreign = librdbFiles();

describe.skipIf(foreign.length === 0)(foreign.length === 0 ? 'librdb: its files are absent here' : 'librdb', () => {
  test.each(foreign.filter(({ name }) => name !== FUTURE))('$name gives the same rows whole, cut anywhere, and through small windows', (file) => {
    isTheSame(file);
    expect(walkThroughWindows(file.bytes, 64, { poison: 0xff }).rows).toEqual(walkWhole(file.bytes).rows);
  });

  test.each(foreign.filter(({ name }) => name !== FUTURE && name !== WRONG_SUM))('$name has a right checksum, or none', ({ bytes }) => {
    const { decoder, end } = walkWhole(bytes);
    const crc = new Crc64();
    crc.update(bytes, 0, end);
    const none = bytes.subarray(end, end + 8).every((byte) => byte === 0);
    expect(decoder.version < CHECKSUM_VERSION_MIN || none || crc.matches(bytes, end)).toBe(true);
  });

  test('a version of the future is refused by its number', () => {
    const file = foreign.find(({ name }) => name === FUTURE);
    expect(() => walkWhole(file?.bytes ?? new Uint8Array(0))).toThrow(/REDIS RDB version 99; the newest that is known is 15/);
  });
});
