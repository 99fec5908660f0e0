import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Rectangle, treemap } from '../../../src/status/inspect/treemap.ts';

const AREA: Rectangle = { x: 5, y: 7, width: 300, height: 200 };
const areaOf = ({ width, height }: Rectangle): number => width * height;

test('gives each weight its share of the area, within it, without overlap', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 60 }), (unsorted) => {
      const weights = unsorted.toSorted((a, b) => b - a);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const places = treemap(weights, AREA);
      expect(places.length).toBe(weights.length);
      for (const [i, place] of places.entries()) {
        expect(areaOf(place)).toBeCloseTo((weights[i] / total) * areaOf(AREA), 3);
        expect(place.x).toBeGreaterThanOrEqual(AREA.x - 1e-6);
        expect(place.y + place.height).toBeLessThanOrEqual(AREA.y + AREA.height + 1e-6);
        expect(place.x + place.width).toBeLessThanOrEqual(AREA.x + AREA.width + 1e-6);
        for (const other of places.slice(i + 1)) expect(overlap(place, other)).toBeLessThan(1e-3);
      }
    }),
    { numRuns: 50 },
  );
});

test('makes squares of equal weights', () => {
  expect(treemap([1, 1, 1, 1], { x: 0, y: 0, width: 100, height: 100 }).map(({ width, height }) => [width, height])).toEqual(Array(4).fill([50, 50]));
});

test('has nothing for nothing', () => {
  expect(treemap([], AREA)).toEqual([]);
});

function overlap(a: Rectangle, b: Rectangle): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, width) * Math.max(0, height);
}
