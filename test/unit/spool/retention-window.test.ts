import { expect, test } from 'vitest';
import { RetentionWindow } from '../../../src/source/replica/spool/retention-window.ts';

test('keeps by age or by bytes, whichever holds less', () => {
  const window = new RetentionWindow({ ms: 1000, bytes: 500 }, 0);
  window.acknowledge(100, 0);
  expect(window.floor).toBe(0);
  window.acknowledge(300, 999);
  expect(window.floor).toBe(0);
  window.acknowledge(400, 1000);
  expect(window.floor).toBe(100);
  window.acknowledge(1000, 1001);
  expect(window.floor).toBe(500);
});

test('an age of zero keeps nothing, and no limits keep all', () => {
  const none = new RetentionWindow({ ms: 0, bytes: 500 }, 7);
  none.acknowledge(100, 5);
  expect(none.floor).toBe(100);
  const all = new RetentionWindow({ ms: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }, 7);
  for (let time = 1000; time < 1e6; time += 1000) all.acknowledge(time, time);
  expect(all.floor).toBe(7);
});

test('after a step back the age counts anew, and the floor never lies above what is acknowledged', () => {
  const window = new RetentionWindow({ ms: 1000, bytes: 1e9 }, 0);
  for (let time = 0; time <= 2000; time += 100) window.acknowledge(time * 10, time);
  expect(window.floor).toBe(10_000);
  window.acknowledge(12_000, 2010);
  window.acknowledge(12_500, 3500);
  expect(window.floor).toBe(12_000);
  window.acknowledge(11_000, 3600);
  expect(window.floor).toBe(11_000);
});
