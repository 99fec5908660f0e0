/** Damaged values: the short form of `npm run fuzz`. */
import { expect, test } from 'vitest';
import { FuzzRun } from '../support/rdb/fuzz-case.ts';
import { damage, fuzzFiles } from '../support/rdb/fuzz-files.ts';
import { Seeded } from '../support/rdb/seeded.ts';

const CASES = 1000;

const files = fuzzFiles();

test.each(files)('$name is decoded whole while nothing was done to it', ({ bytes }) => {
  const { file, refused, decoded } = new FuzzRun().run(bytes);
  expect({ file, refused }).toEqual({ file: 'end mark', refused: [] });
  expect(decoded).toBeGreaterThan(10);
});

test(`${CASES} damaged snapshots: all values of each are decoded or refused with an offset, at once, whole and in pieces alike`, { timeout: 60_000 }, () => {
  const random = new Seeded();
  const run = new FuzzRun();
  for (let index = 0; index < CASES; index++) {
    const { bytes, mutation } = damage(files[index % files.length], random);
    expect(() => run.run(bytes), `seed ${random.seed}, case ${index}: ${mutation} of ${files[index % files.length].name}`).not.toThrow();
  }
});
