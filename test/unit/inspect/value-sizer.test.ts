/** Every value of the snapshots of seven servers, by the heads of its blobs and decoded in pieces: both count the same. */
import { describe, expect, test } from 'vitest';
import type { GodwitError } from '../../../src/errors/errors.ts';
import type { Dialect } from '../../../src/rdb/dialect.ts';
import { isInteger64 } from '../../../src/rdb/inspect/integer64.ts';
import { MemoryModel } from '../../../src/rdb/inspect/memory-model.ts';
import { ValueSizer } from '../../../src/rdb/inspect/value-sizer.ts';
import { RdbType } from '../../../src/rdb/opcodes.ts';
import { ValueSkipper } from '../../../src/rdb/value-skipper.ts';
import { ownFiles } from '../../support/rdb/fixture-files.ts';
import { keyRows, type Row, walkWhole } from '../../support/rdb/walk.ts';
import { Seeded } from '../../support/rdb/seeded.ts';

const model = new MemoryModel('redis', 'bundled');

function piecesOf(value: Buffer, random: Seeded): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < value.length;) {
    const size = random.below(2) === 0 ? 1 + random.below(5) : 1 + random.below(value.length);
    pieces.push(value.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** Each piece is overwritten behind the call, as a window is that is used again. */
function measureInPieces(sizer: ValueSizer, row: Row, value: Buffer, random: Seeded): void {
  if (!sizer.beginLarge({ type: row.type, keyLength: row.key.length, hasExpiry: row.expiryMs >= 0 }, value.length)) {
    sizer.feedLarge(value);
    return;
  }
  for (const piece of piecesOf(value, random)) {
    const window = Buffer.from(piece);
    sizer.feedLarge(window);
    window.fill(0xff);
  }
}

/** Others do not come here: RdbDecoder refuses them. */
function endsWhereItDid(type: number, dialect: Dialect, value: Buffer): boolean {
  const skipper = new ValueSkipper();
  try {
    skipper.begin(type, dialect, value.length);
    return skipper.skip(value, 0, value.length) === value.length && skipper.done && skipper.seek === 0;
  } catch {
    return false;
  }
}

describe.each(ownFiles())('$name', ({ bytes: file }) => {
  test('counts alike whole and in pieces', () => {
    const { rows, decoder } = walkWhole(file);
    const dialect = decoder.dialect as Dialect;
    const random = new Seeded(1);
    const [whole, pieces] = [new ValueSizer(model, dialect), new ValueSizer(model, dialect)];
    let compared = 0;
    for (const row of keyRows(rows)) {
      const value = Buffer.from(row.value, 'latin1');
      whole.measure({ type: row.type, keyLength: row.key.length, hasExpiry: row.expiryMs >= 0 }, value, 0, value.length);
      measureInPieces(pieces, row, value, random);
      expect([row.key, pieces.kind, pieces.elements]).toEqual([row.key, whole.kind, whole.elements]);
      // A list that comes in pieces has its nodes estimated, and a compressed blob its size.
      if (row.type !== RdbType.ListQuicklist && row.type !== RdbType.ListQuicklist2) expect(pieces.bytes).toBeLessThanOrEqual(whole.bytes * 1.3 + 64);
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
  });

  test('damage within a value is an error of the format, or is not looked at', () => {
    const { rows, decoder } = walkWhole(file);
    const sizer = new ValueSizer(model, decoder.dialect as Dialect);
    const random = new Seeded(2);
    for (const row of keyRows(rows)) {
      for (let round = 0; round < 5; round++) {
        const value = Buffer.from(row.value, 'latin1');
        value[random.below(value.length)] ^= 1 + random.below(255);
        if (!endsWhereItDid(row.type, decoder.dialect as Dialect, value)) continue;
        try {
          sizer.measure({ type: row.type, keyLength: row.key.length, hasExpiry: false }, value, 0, value.length);
        } catch (error) {
          expect((error as GodwitError).code, row.key).toMatch(/^RDB_(CORRUPT|UNSUPPORTED)$/);
          continue;
        }
        expect([row.key, Number.isFinite(sizer.bytes) && sizer.bytes >= 0 && sizer.elements >= 0]).toEqual([row.key, true]);
      }
    }
  });
});

test.each([
  ['0', true],
  ['-1', true],
  ['9223372036854775807', true],
  ['9223372036854775808', false],
  ['-9223372036854775808', true],
  ['-9223372036854775809', false],
  ['12345678901234567890', false],
  ['007', false],
  ['-0', false],
  ['+1', false],
  ['-', false],
  ['', false],
  ['1e3', false],
])('%j is kept as a number: %s', (text, is) => {
  const bytes = Buffer.from(`9${text}9`);
  expect(isInteger64(bytes, 1, bytes.length - 1)).toBe(is);
});
