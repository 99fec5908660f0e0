import { expect, test } from 'vitest';
import { SLOT_COUNT, slotOf } from '../../../src/model/slot.ts';

const slot = (key: string): number => slotOf(Buffer.from(key, 'latin1'));

test('the check value of CRC16 (XMODEM) gives its slot', () => {
  expect(slot('123456789')).toBe(0x31c3 & (SLOT_COUNT - 1));
});

test('only the first tag that is not empty counts', () => {
  expect(slot('{user1000}.following')).toBe(slot('user1000'));
  expect(slot('a{b}{c}')).toBe(slot('b'));
  expect(slot('foo{{bar}}zap')).toBe(slot('{bar'));
});

test('an empty or unclosed tag makes the whole key count', () => {
  const wholes = ['foo{}{bar}', '{}', 'a{b', 'a}b{', '}{'];
  for (const key of wholes) expect([key, slot(key)]).not.toEqual([key, slot('bar')]);
  expect(slot('foo{}{bar}')).toBe(8363);
  expect(slot('')).toBe(0);
});

test('a range of a larger buffer is hashed in place', () => {
  const bytes = Buffer.from('xx{tag}yy');
  expect(slotOf(bytes, 2, 7)).toBe(slot('tag'));
  expect(slotOf(bytes, 3, 6)).toBe(slot('tag'));
});
