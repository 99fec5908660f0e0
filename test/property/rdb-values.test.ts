/** Values of every type, made of random strings, cut anywhere: their ends are always found, and always the same. */
import fc from 'fast-check';
import { test } from 'vitest';
import { Batch } from '../../src/model/batch.ts';
import { RdbDecoder } from '../../src/rdb/rdb-decoder.ts';
import { ValueSkipper } from '../../src/rdb/value-skipper.ts';
import { entry, file, integer, lzf, string } from '../support/rdb/rdb-bytes.ts';
import { SAMPLE_TEMPLATES, valueSamples } from '../support/rdb/value-samples.ts';
import { walkInPieces, walkThroughWindows, walkWhole } from '../support/rdb/walk.ts';

const rdbString = fc.oneof(
  fc.string({ maxLength: 80 }).map(string),
  fc.integer({ min: -128, max: 127 }).map((value) => integer(value, 1)),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value) => integer(value, 4)),
  fc.string({ minLength: 1, maxLength: 100 }).map(lzf),
  fc.integer({ min: 100, max: 20_000 }).map((length) => string('z'.repeat(length))),
);
const strings = fc.array(rdbString, { minLength: 1, maxLength: 20 });

function samplesOf(texts: readonly Buffer[]): ReturnType<typeof valueSamples> {
  let next = 0;
  return valueSamples(() => texts[next++ % texts.length]);
}

test('a value ends where it ends, whatever the windows', () => {
  const windows = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(strings, windows, fc.nat(), (texts, sizes, choice) => {
      const samples = samplesOf(texts);
      const { type, dialect, value } = samples[choice % samples.length];
      const skipper = new ValueSkipper();
      skipper.templates = SAMPLE_TEMPLATES;
      skipper.begin(type, dialect, value.length);
      let at = 0;
      for (let round = 0; !skipper.done; round++) {
        const end = Math.min(value.length, at + 40 + sizes[round % sizes.length]);
        at = skipper.skip(value, at, end) + skipper.seek;
      }
      return at === value.length;
    }),
    { numRuns: 2000 },
  );
});

test('a file of such values gives the same rows whole, cut anywhere, and through small windows', () => {
  const keys = fc.array(rdbString, { minLength: 1, maxLength: 8 });
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });
  fc.assert(
    fc.property(strings, keys, cuts, (texts, names, places) => {
      for (const header of ['REDIS0015', 'VALKEY080']) {
        const samples = samplesOf(texts).filter(({ dialect, type }) => (dialect.magic === 'VALKEY') === header.startsWith('VALKEY') && type !== 32);
        const bytes = file(header, ...samples.map((sample, index) => entry(sample.type, names[index % names.length], sample.value)));
        const whole = walkWhole(bytes);
        if (whole.rows.length !== samples.length) return false;
        if (whole.rows.some((row, index) => row.value !== samples[index].value.toString('latin1'))) return false;
        const ends = [...places.map((place) => Math.floor(place * bytes.length)).toSorted((a, b) => a - b), bytes.length];
        const rows = JSON.stringify(whole.rows);
        if (JSON.stringify(walkInPieces(bytes, ends, { poison: 0xff, batchCapacity: 3 }).rows) !== rows) return false;
        if (JSON.stringify(walkThroughWindows(bytes, 64, { poison: 0xff }).rows) !== rows) return false;
      }
      return true;
    }),
    { numRuns: 60 },
  );
});

test('a decoder asks for no byte twice that it has consumed', () => {
  fc.assert(
    fc.property(strings, fc.integer({ min: 1, max: 7 }), (texts, capacity) => {
      const bytes = file('REDIS0011', ...texts.map((text, index) => entry(0, `key${index}`, text)));
      const decoder = new RdbDecoder();
      const batch = new Batch(capacity);
      let at = 0;
      let count = 0;
      while (decoder.status !== 'end') {
        batch.reset();
        const next = decoder.decode(bytes, at, bytes.length, at, batch);
        if (next <= at || (batch.count > 0 && decoder.status === 'batch-full' && batch.endOffset[batch.count - 1] !== next)) return false;
        at = next;
        count += batch.count;
      }
      return count === texts.length && decoder.keyCount === texts.length;
    }),
    { numRuns: 300 },
  );
});
