/** Damaged snapshots: each is decoded to an end or refused with an error of ours, at once, from the bytes given and no others. */
import { describe, expect, test } from 'vitest';
import { GodwitError } from '../../src/errors/errors.ts';
import { Batch } from '../../src/model/batch.ts';
import { RdbDecoder } from '../../src/rdb/rdb-decoder.ts';
import { ownFile, ownFiles } from '../support/rdb/fixture-files.ts';
import { file, entry, string } from '../support/rdb/rdb-bytes.ts';
import { SAMPLE_TEMPLATES, everyString, valueSamples } from '../support/rdb/value-samples.ts';
import { Seeded } from '../support/rdb/seeded.ts';
import { rowsOf } from '../support/rdb/walk.ts';

const MARGIN = 64;
const FLIPS = 20_000;
/** A slow one is a hang in the making: undamaged, these files take less than one. */
const MS_MAX = 500;

/** What comes of decoding the file to its end: rows and `end`, or the code of the error. All that is asked of it is checked here. */
function outcome(bytes: Uint8Array, poison: number): string {
  const window = new Uint8Array(bytes.length + 2 * MARGIN).fill(poison);
  window.set(bytes, MARGIN);
  const decoder = new RdbDecoder();
  const batch = new Batch(4096);
  const started = performance.now();
  let result: string;
  try {
    const stop = decoder.decode(window, MARGIN, MARGIN + bytes.length, 0, batch);
    expect(stop).toBeLessThanOrEqual(MARGIN + bytes.length);
    result = `${decoder.status} ${stop} ${batch.count}`;
    const row = batch.count - 1;
    if (row >= 0) result += JSON.stringify(rowsOf(batch)[row].key);
    if (decoder.status === 'need-more') result += large(decoder, window, stop, MARGIN + bytes.length);
  } catch (error) {
    result = codeOf(error);
  }
  expect(performance.now() - started).toBeLessThan(MS_MAX);
  return result;
}

function large(decoder: RdbDecoder, window: Uint8Array, start: number, end: number): string {
  try {
    const begun = decoder.beginLarge(window, start, end, start - MARGIN);
    return begun ? ` large ${begun.done} ${begun.nextOffset}` : ' no head';
  } catch (error) {
    return ` ${codeOf(error)}`;
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof GodwitError)) throw error;
  expect(['RDB_CORRUPT', 'RDB_UNSUPPORTED']).toContain(error.code);
  expect(error.details['offset'], error.message).toBeTypeOf('number');
  return `${error.code} ${error.details['offset']}`;
}

function sameWhateverIsAround(bytes: Uint8Array, hint: string): string {
  const result = outcome(bytes, 0xff);
  expect(outcome(bytes, 0x01), hint).toBe(result);
  return result;
}

/** Every type in one small file. */
function manyTypes(header: string): Uint8Array {
  const samples = valueSamples(everyString()).filter(({ dialect }) => (dialect.magic === 'VALKEY') === header.startsWith('VALKEY'));
  const templates = [...SAMPLE_TEMPLATES].map(([id]) => Buffer.concat([Buffer.of(242, id, 3), string('a'), string('b'), string('c')]));
  const entries = samples.map(({ type, value }, index) => entry(type, `key${index}`, value.length < 1000 ? value : Buffer.from([0])));
  return file(header, ...(header.startsWith('VALKEY') ? [] : templates), ...entries.filter((bytes) => bytes.length > 8));
}

const small = [
  { name: 'every type of Redis', bytes: manyTypes('REDIS0015') },
  { name: 'every type of Valkey', bytes: manyTypes('VALKEY080') },
];

describe.each(small)('$name', ({ bytes }) => {
  test('cut short at any byte it waits for more, and reads nothing that is not there', () => {
    expect(outcome(bytes, 0)).toMatch(/^end/);
    for (let end = 0; end < bytes.length - 8; end++) expect(sameWhateverIsAround(bytes.slice(0, end), `cut at ${end}`)).toMatch(/^need-more/);
  });

  test('with any byte changed to any of a dozen others it is decoded or refused', () => {
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 1, 0x3f, 0x40, 0x80, 0x81, 0xc0, 0xc3, 0xc4, 0xf5, 0xfe, 0xff]) {
        const damaged = bytes.slice();
        damaged[at] = value;
        sameWhateverIsAround(damaged, `byte ${at} is ${value}`);
      }
    }
  });
});

test('cut short anywhere, a real snapshot waits for more', () => {
  const random = new Seeded();
  for (const { bytes } of ownFiles()) {
    for (let round = 0; round < 50; round++) {
      const end = random.below(bytes.length - 8);
      expect(sameWhateverIsAround(bytes.slice(0, end), `seed ${random.seed}`)).toMatch(/^need-more/);
    }
  }
});

test(`${FLIPS} random changes of real snapshots are decoded or refused`, { timeout: 60_000 }, () => {
  const random = new Seeded();
  const files = ['redis-6.2.16', 'redis-7.0.15', 'redis-8.0.6', 'valkey-9.1.2'].map(ownFile);
  for (let round = 0; round < FLIPS; round++) {
    const damaged = files[round % files.length].slice();
    const changes = 1 + random.below(4);
    for (let change = 0; change < changes; change++) damaged[random.below(damaged.length)] = random.below(256);
    sameWhateverIsAround(damaged, `seed ${random.seed}, round ${round}`);
  }
});
