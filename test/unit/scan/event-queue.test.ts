import { expect, test } from 'vitest';
import { keyText, type KeyChunk } from '../../../src/source/scan/key-chunk.ts';
import { EventQueue } from '../../../src/source/scan/event-queue.ts';
import { ManualClock } from '../net/manual-clock.ts';

const keysOf = (chunk: KeyChunk | undefined): string[] => (chunk === undefined ? [] : Array.from({ length: chunk.count }, (_, i) => keyText(chunk, i)));

test('a key waits once however often it changes, and comes in the order in which it changed first', () => {
  const queue = new EventQueue(10);
  for (const key of ['b', 'a', 'b', '\u00ff\u0000']) queue.add(0, key);
  expect(queue.length).toBe(3);
  expect(keysOf(queue.take(2))).toEqual(['b', 'a']);
  expect(keysOf(queue.take(2))).toEqual(['\u00ff\u0000']);
  expect(queue.take(2)).toBeUndefined();
});

test('databases come by turns, so that a busy one does not keep the others waiting', () => {
  const queue = new EventQueue(10);
  for (const key of ['a', 'b', 'c']) queue.add(0, key);
  queue.add(12, 'x');
  expect([queue.take(1), queue.take(1), queue.take(1)].map((chunk) => chunk?.database)).toEqual([0, 12, 0]);
});

test('what does not fit is told, and nothing is kept that would hide it', () => {
  const queue = new EventQueue(2);
  expect([queue.add(0, 'a'), queue.add(0, 'b'), queue.add(0, 'a'), queue.add(0, 'c')]).toEqual([true, true, true, false]);
  expect(queue.overflows).toBe(1);
  expect(queue.length).toBe(0);
});

test('a large value that was just read rests, the longer the larger it is, but not at the end', async () => {
  const clock = new ManualClock();
  const queue = new EventQueue(10, clock);
  queue.wasRead(0, 16 * 1024 * 1024, () => 'large');
  queue.add(0, 'large');
  queue.add(0, 'small');
  expect(keysOf(queue.take(9))).toEqual(['small']);
  expect(queue.length).toBe(1);
  let isSome = false;
  const some = queue.some().then(() => (isSome = true));
  clock.advance(1_000);
  await Promise.resolve();
  expect(isSome).toBe(false);
  clock.advance(24);
  await some;
  expect(keysOf(queue.take(9))).toEqual(['large']);
  queue.wasRead(0, 2 ** 30, () => 'large');
  queue.add(0, 'large');
  expect(keysOf(queue.take(9, true))).toEqual(['large']);
});
