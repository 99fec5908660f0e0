import { expect, test } from 'vitest';
import { BackOff } from '../../../src/async/back-off.ts';
import { TypedEmitter } from '../../../src/async/typed-emitter.ts';

test('delays grow to the most and stay between the least and their ceiling', () => {
  const most = new BackOff({ delayMinMs: 100, delayMaxMs: 10_000, random: () => 1 });
  expect(Array.from({ length: 9 }, () => most.nextDelayMs())).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  const least = new BackOff({ delayMinMs: 100, delayMaxMs: 10_000, random: () => 0 });
  expect(Array.from({ length: 9 }, () => least.nextDelayMs())).toEqual(Array(9).fill(100));
});

test('begins anew after a success, and never overflows', () => {
  const backOff = new BackOff({ delayMinMs: 100, delayMaxMs: 10_000, random: () => 0.5 });
  for (let i = 0; i < 5000; i++) backOff.nextDelayMs();
  expect(backOff.nextDelayMs()).toBe(5050);
  expect(backOff.attempts).toBe(5001);
  backOff.succeeded();
  expect(backOff.nextDelayMs()).toBe(100);
});

test('a listener that throws stops nobody else, and can be taken away', () => {
  const thrown: unknown[] = [];
  const emitter = new TypedEmitter<{ tick: number }>((error) => thrown.push(error));
  const seen: number[] = [];
  emitter.on('tick', () => {
    throw new Error('mine');
  });
  const off = emitter.on('tick', (n) => seen.push(n));
  emitter.emit('tick', 1);
  off();
  emitter.emit('tick', 2);
  expect(seen).toEqual([1]);
  expect(thrown).toHaveLength(2);
});
