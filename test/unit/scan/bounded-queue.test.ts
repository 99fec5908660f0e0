import { expect, test } from 'vitest';
import { BoundedQueue } from '../../../src/async/bounded-queue.ts';

test('holds back what weighs too much, and lets what is heavier than all come alone', async () => {
  const queue = new BoundedQueue<string>(10);
  await queue.reserve(4);
  queue.put('a');
  let isIn = false;
  const heavy = queue.reserve(50).then(() => (isIn = true));
  expect(await queue.take()).toBe('a');
  expect(isIn).toBe(false);
  queue.release(4);
  await heavy;
  expect(queue.weightHeld).toBe(50);
});

test('ends behind what was put there, and fails at once', async () => {
  const queue = new BoundedQueue<string>(10);
  queue.put('last');
  queue.end();
  expect([await queue.take(), await queue.take()]).toEqual(['last', undefined]);
  const other = new BoundedQueue<string>(1);
  await other.reserve(1);
  const [waits, takes] = [other.reserve(1), other.take()];
  waits.catch(() => undefined);
  takes.catch(() => undefined);
  other.fail(new Error('over'));
  await expect(waits).rejects.toThrow('over');
  await expect(takes).rejects.toThrow('over');
});
