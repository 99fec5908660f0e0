import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Mark } from '../../../src/checkpoint/mark.ts';
import { type Wave, WaveLine } from '../../../src/pipeline/wave-line.ts';

const mark = (offset: number): Mark => ({
  epoch: 1,
  phase: 'incremental-sync',
  replicationId: 'r',
  offset,
  database: 0,
  snapshotId: 1,
  rdbOffset: 0,
  rdbState: null,
  owned: true,
});

test('the position passes no wave that is not whole, in whatever order the answers come', () => {
  const parts = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(parts, fc.infiniteStream(fc.nat(1_000)), (counts, order) => {
      const applied: number[] = [];
      const line = new WaveLine(mark(0), (position) => applied.push(position.mark.offset));
      const open: Wave[] = [];
      const waves = counts.map((count, i) => {
        const wave = line.begin(mark(i + 1));
        wave.pending += count;
        for (let k = 0; k < count; k++) open.push(wave);
        line.done(wave);
        return wave;
      });
      while (open.length > 0) {
        const [wave] = open.splice((order.next().value ?? 0) % open.length, 1);
        line.done(wave);
        const first = waves.findIndex(({ pending }) => pending > 0);
        expect(line.applied.mark.offset).toBe(first < 0 ? counts.length : first);
      }
      expect(applied).toEqual(applied.toSorted((a, b) => a - b));
      expect(line.isQuiet).toBe(true);
    }),
  );
});

test('counts the rows of whole waves alone', () => {
  const line = new WaveLine(mark(0), () => {});
  const [first, second] = [line.begin(mark(1)), line.begin(mark(2))];
  [first.rows, second.rows, second.skipped] = [3, 4, 1];
  line.done(second);
  expect(line.applied).toMatchObject({ rows: 0, skipped: 0 });
  line.done(first);
  expect(line.applied).toMatchObject({ mark: { offset: 2 }, rows: 7, skipped: 1 });
});

test('tells who waits when all is whole, or that it has failed', async () => {
  const line = new WaveLine(mark(0), () => {});
  await line.quiet();
  const wave = line.begin(mark(1));
  expect(line.lastMark.offset).toBe(1);
  const waiting = line.quiet();
  line.done(wave);
  await waiting;
  line.begin(mark(2));
  const failing = line.quiet();
  line.fail(new Error('lost'));
  await expect(failing).rejects.toThrow('lost');
});
