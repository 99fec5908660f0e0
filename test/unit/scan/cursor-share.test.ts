import { expect, test } from 'vitest';
import { cursorShare } from '../../../src/source/scan/cursor-share.ts';

test('the lowest bit of a cursor stands for half of the keys', () => {
  expect(cursorShare('0')).toBe(0);
  expect(cursorShare('1')).toBe(0.5);
  expect(cursorShare('2')).toBe(0.25);
  expect(cursorShare('3')).toBe(0.75);
  expect(cursorShare(String(2n ** 20n - 1n))).toBeCloseTo(1, 5);
});

test('a node with a table per slot is as far as its slots', () => {
  const slots = [100, 101, 102, 103];
  expect(cursorShare(String(102n), slots)).toBe(0.5);
  expect(cursorShare(String((1n << 14n) | 102n), slots)).toBe(0.625);
  expect(cursorShare('0', slots)).toBe(0);
});
