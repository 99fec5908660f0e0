import { describe, expect, test } from 'vitest';
import { Series } from '../../../web/feed/series.ts';
import { following } from '../../support/page/page-states.ts';

const T = 1_800_000_000_000;

describe('the series of the charts', () => {
  test('begin with the history and go on with each status; -1 is unknown', () => {
    const series = new Series();
    series.add(T, following({ lagMs: 7 }));
    series.seed({ series: { at: [T - 2000, T - 1000], lagMs: [1, -1], keysPerSecond: [5, 6] } });
    series.add(T + 1000, following({ lagMs: 8 }));
    expect(series.window(['lagMs', 'keysPerSecond'], 60_000)).toEqual({
      at: [T - 2000, T - 1000, T, T + 1000],
      columns: [
        [1, null, 7, 8],
        [5, 6, 0, 0],
      ],
    });
  });

  test('what came twice is one point, and silence is a gap', () => {
    const series = new Series();
    for (const at of [T, T + 100, T - 50, T + 1000, T + 60_000]) series.add(at, following());
    expect(series.window(['lagMs'], 3_600_000)).toEqual({ at: [T, T + 1000, T + 1001, T + 60_000], columns: [[4, 4, null, 4]] });
  });

  test('hold an hour and no more', () => {
    const series = new Series();
    for (let i = 0; i <= 4_000; i++) series.add(T + i * 1000, following());
    expect(series.length).toBe(3_601);
    expect(series.window(['lagMs'], 300_000).at).toHaveLength(301);
  });
});
