import { expect, test } from 'vitest';
import { StatusHistory } from '../../../src/status/server/status-history.ts';
import { exampleStatus } from './example-status.ts';

const sample = (i: number) =>
  exampleStatus({ lagBytes: i % 100 === 0 ? 1e9 : 5, lagMs: i, rate: { keysPerSecond: i, commandsPerSecond: 2 * i, bytesPerSecond: 10 } });

test('the last hour is kept, at most 900 points of it are given, and no peak of the lag is lost', () => {
  const history = new StatusHistory();
  expect(history.document()).toEqual({
    intervalMs: 1000,
    series: { at: [], keysPerSecond: [], commandsPerSecond: [], bytesPerSecond: [], lagBytes: [], lagMs: [], spoolBytes: [] },
  });
  for (let i = 0; i < 10; i++) history.add(i * 1000, sample(i));
  const short = history.document();
  expect([short.intervalMs, short.series.at, short.series.keysPerSecond]).toEqual([
    1000,
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => i * 1000),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  ]);
  expect(short.series.spoolBytes[0]).toBe(12_582_912 + 1_048_576);
  for (let i = 10; i < 5000; i++) history.add(i * 1000, sample(i));
  const { intervalMs, series } = history.document();
  expect([intervalMs, series.at.length, series.at.at(-1), series.at[0]]).toEqual([4000, 900, 4_999_000, 1_403_000]);
  expect(series.lagBytes.filter((lag) => lag === 1e9)).toHaveLength(36);
  expect(series.keysPerSecond[0]).toBe(1402);
});
