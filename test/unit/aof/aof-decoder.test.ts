import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AofDecoder } from '../../../src/aof/aof-decoder.ts';
import { GodwitError } from '../../../src/errors/errors.ts';
import { Batch } from '../../../src/model/batch.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { everyByte, walkAof } from '../../support/files/aof-walk.ts';
import { Seeded } from '../../support/rdb/seeded.ts';

const SET = encodeCommand(['SET', 'k', 'v']);
const SELECT_3 = encodeCommand(['SELECT', 3]);
const SELECT_4 = encodeCommand(['select', 4]);
const MULTI = encodeCommand(['MULTI']);
const EXEC = encodeCommand(['exec']);
const stamp = (seconds: number): Buffer => Buffer.from(`#TS:${seconds}\r\n`);
const join = (...parts: (Buffer | string)[]): Buffer => Buffer.concat(parts.map((part) => Buffer.from(part)));

/** A bit of everything. */
const MIXED = join(SELECT_3, stamp(100), SET, MULTI, SET, stamp(101), SELECT_4, SET, EXEC, '#another annotation\n', stamp(102), SET, MULTI, EXEC, SET);

function refusal(run: () => unknown): GodwitError {
  try {
    run();
  } catch (error) {
    if (error instanceof GodwitError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the AOF decoder', () => {
  test('gives each command as it stands, with key and database, and no row for SELECT, MULTI, EXEC and annotations', () => {
    const value = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const trap = Buffer.from('\r\n*1\r\n$4\r\nEXEC\r\n#TS:9\r\n');
    const big = encodeCommand(['SET', value, trap]);
    const { rows, tail } = walkAof(join(SET, SELECT_3, big, encodeCommand(['FLUSHALL'])));
    expect(rows).toEqual([
      { text: SET.toString(), key: 'k', database: 0, endOffset: SET.length },
      { text: big.toString('latin1'), key: value.toString('latin1'), database: 3, endOffset: SET.length + SELECT_3.length + big.length },
      expect.objectContaining({ text: '*1\r\n$8\r\nFLUSHALL\r\n', key: '', database: 3 }),
    ]);
    expect(tail).toBeNull();
  });

  test('gives all rows of a transaction the offset behind its EXEC', () => {
    const file = join(SET, MULTI, SET, SELECT_3, SET, EXEC, SET);
    const end = file.length - SET.length;
    expect(walkAof(file).rows.map(({ endOffset, database }) => [endOffset, database])).toEqual([
      [SET.length, 0],
      [end, 0],
      [end, 3],
      [file.length, 3],
    ]);
  });

  test('gives the same whole, byte by byte, cut anywhere, and with small batches', () => {
    const whole = walkAof(MIXED);
    const random = new Seeded();
    expect(whole.rows.map(({ database }) => database)).toEqual([3, 3, 4, 4, 4]);
    expect(whole.decoder.timestampMs).toBe(102_000);
    expect(walkAof(MIXED, everyByte(MIXED.length)).rows).toEqual(whole.rows);
    for (let round = 0; round < 100; round++) {
      const cuts = random.cuts(1 + random.below(20), MIXED.length);
      expect(walkAof(MIXED, cuts, { batchCapacity: 1 + random.below(3) }).rows, `seed ${random.seed}`).toEqual(whole.rows);
    }
  });

  test('goes on from the end of any unit in a new decoder', () => {
    const { rows } = walkAof(MIXED);
    const decoder = new AofDecoder();
    const batch = new Batch(2);
    while (decoder.offset < MIXED.length) {
      batch.reset();
      decoder.decode(MIXED.subarray(decoder.offset), 0, MIXED.length - decoder.offset, batch);
      const from = JSON.parse(JSON.stringify(decoder.state())) as ReturnType<typeof decoder.state>;
      expect(walkAof(MIXED, [MIXED.length], { from }).rows).toEqual(rows.filter(({ endOffset }) => endOffset > from.offset));
    }
  });

  test('leaves out the marks of jobs, also within transactions', () => {
    const mark = encodeCommand(['HSET', '__godwit:job', 'offset', '1']);
    const { rows } = walkAof(join(mark, MULTI, SET, mark, EXEC), undefined, { hiddenKeyPrefix: Buffer.from('__godwit') });
    expect(rows.map(({ key }) => key)).toEqual(['k']);
  });

  test('says how far the unit under way reaches, so that nobody has to guess how much to read', () => {
    const decoder = new AofDecoder();
    const batch = new Batch(8);
    const begin = join(SET, '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\nabc');
    expect(decoder.decode(begin, 0, begin.length, batch)).toBe(SET.length);
    expect(decoder.status).toBe('need-more');
    expect(decoder.neededOffset).toBe(begin.length - 3 + 1000 + 2);
  });
});

describe('a point in time', () => {
  test.each([
    [99_999, 0, 'end'],
    [100_000, 3, 'end'],
    [100_999, 3, 'end'],
    [101_000, 3, 'end'],
    [102_000, 5, 'need-more'],
  ])('until %i ms takes %i rows', (untilMs, count, status) => {
    for (const cuts of [[MIXED.length], everyByte(MIXED.length)]) {
      const { rows, decoder } = walkAof(MIXED, cuts, { untilMs });
      expect(rows).toHaveLength(count);
      expect(decoder.status).toBe(status);
    }
  });

  test('does not split a transaction that has a later timestamp within, and takes nothing behind it', () => {
    const { rows, decoder } = walkAof(join(stamp(5), MULTI, SET, stamp(9), SET, EXEC, SET), undefined, { untilMs: 6_000 });
    expect(rows).toHaveLength(2);
    expect(decoder.status).toBe('end');
  });
});

describe('a tail', () => {
  test('is told for every place that a file can end at, with offset, size and unit', () => {
    const { rows } = walkAof(MIXED);
    const ends = new Set([0]);
    for (let length = 1; length <= MIXED.length; length++) {
      const cut = walkAof(MIXED.subarray(0, length));
      expect(cut.rows, `cut at ${length}`).toEqual(rows.filter(({ endOffset }) => endOffset <= length));
      const { offset } = cut.decoder;
      if (offset === length) ends.add(length);
      if (offset === length || MIXED[offset] === 0x23) expect(cut.tail).toBeNull();
      else expect(cut.tail).toMatchObject({ offset, bytes: length - offset });
      expect(ends.has(offset), `stops at an end, cut at ${length}`).toBe(true);
    }
  });

  test('within a transaction is the whole transaction, even where a command of it ends', () => {
    expect(walkAof(join(SET, MULTI, SET)).tail).toEqual({ offset: SET.length, bytes: MULTI.length + SET.length, unit: 'transaction' });
    expect(walkAof(join(SET, '*')).tail).toEqual({ offset: SET.length, bytes: 1, unit: 'command' });
  });
});

describe('damage', () => {
  test.each([
    ['garbage\r\n', 0, /begin with \*/],
    ['\0\0\0\0', 0, /begin with \*/],
    ['\r\n', 0, /begin with \*/],
    ['*0\r\n', 0, /no name/],
    ['*-1\r\n', 1, /not a number/],
    ['*x\r\n', 1, /not a number/],
    ['*1\n$4\r\nPING\r\n', 2, /not a number/],
    ['*1\r\rx', 2, /end its line/],
    ['*1\r\n+4\r\n', 4, /begin with \$/],
    ['*1\r\n$4\r\nPINGxx', 12, /where its length says/],
    ['*1\r\n$99999999999999999999\r\n', 4, /beyond all bounds/],
    ['*99999999999999\r\n', 0, /beyond all bounds/],
    ['*2\r\n$6\r\nSELECT\r\n$1\r\nx\r\n', 0, /SELECT/],
    ['*1\r\n$6\r\nSELECT\r\n', 0, /SELECT/],
    [`#${'x'.repeat(2000)}`, 0, /annotation/],
  ])('%j is AOF_CORRUPT with its offset, behind the rows before it', (text, at, reason) => {
    for (const before of [Buffer.alloc(0), SET, join(SET, MULTI, SET)]) {
      const file = join(before, text);
      const batch = new Batch(8);
      const decoder = new AofDecoder({ from: { offset: 1000, database: 7, timestampMs: -1 } });
      const error = refusal(() => decoder.decode(file, 0, file.length, batch));
      expect(error).toMatchObject({ code: 'AOF_CORRUPT', details: { offset: 1000 + before.length + at } });
      expect(error.message).toMatch(reason);
      expect(batch.count).toBe(before.length > 0 ? 1 : 0);
      expect(decoder.state()).toEqual({ offset: 1000 + (before.length > 0 ? SET.length : 0), database: 7, timestampMs: -1 });
    }
  });

  test('of any byte is AOF_CORRUPT, a tail, or another command, and ends', () => {
    fc.assert(
      fc.property(fc.nat(MIXED.length - 1), fc.nat(255), (at, byte) => {
        const file = Buffer.from(MIXED);
        file[at] = byte;
        try {
          const { decoder, tail } = walkAof(file);
          expect(decoder.offset + (tail?.bytes ?? 0)).toBeLessThanOrEqual(file.length);
        } catch (error) {
          expect(error).toMatchObject({ code: 'AOF_CORRUPT' });
          const { offset } = (error as GodwitError).details;
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(offset).toBeLessThan(file.length);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('any commands of any bytes come out as they went in', () => {
    const argument = fc.uint8Array({ maxLength: 40 });
    const command = fc.tuple(fc.constantFrom('SET', 'ZADD', 'x', 'multix'), argument, argument).map((words) => encodeCommand(words));
    fc.assert(
      fc.property(fc.array(command, { maxLength: 20 }), fc.array(fc.nat(1000), { maxLength: 8 }), (commands, places) => {
        const file = Buffer.concat(commands);
        const cuts = places.filter((place) => place > 0 && place < file.length).toSorted((a, b) => a - b);
        const { rows, tail } = walkAof(file, [...cuts, file.length]);
        expect(rows.map(({ text }) => text)).toEqual(commands.map((bytes) => bytes.toString('latin1')));
        expect(tail).toBeNull();
      }),
    );
  });
});
