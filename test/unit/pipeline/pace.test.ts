import { expect, test } from 'vitest';
import { Pace } from '../../../src/pipeline/pace.ts';
import { ManualClock } from '../net/manual-clock.ts';

test('a turn waits until all before it is paid for, and the average holds', async () => {
  const clock = new ManualClock();
  const pacer = new Pace({ commands: 100, bytes: 0 }, clock).of('a:1');
  await pacer.turn(50, 1_000_000);
  expect(Math.round(pacer.waitMs)).toBe(400);
  let done = false;
  const second = pacer.turn(10, 0).then(() => (done = true));
  clock.advance(300);
  await Promise.resolve();
  expect(done).toBe(false);
  clock.advance(100);
  await second;
  expect(pacer.waitMs).toBeGreaterThan(50);
});

test('each node by itself; and other limits count at once', async () => {
  const clock = new ManualClock();
  const pace = new Pace({ commands: 0, bytes: 1000 }, clock);
  await pace.of('a:1').turn(1, 5000);
  expect([pace.of('a:1').waitMs > 4000, pace.of('b:1').waitMs]).toEqual([true, 0]);
  expect(pace.of('a:1')).toBe(pace.of('a:1'));
  pace.set({ commands: 0, bytes: 0 });
  expect([pace.of('a:1').waitMs, pace.isLimited]).toEqual([0, false]);
});

test('what is sent at once is little, but never nothing', () => {
  const clock = new ManualClock();
  const rows = (commands: number, bytes: number, rowBytes = 100): number => new Pace({ commands, bytes }, clock).rowsMax(20_000, rowBytes);
  expect([rows(0, 0), rows(1000, 0), rows(5, 0), rows(0, 1_000_000), rows(0, 1000)]).toEqual([20_000, 50, 1, 500, 1]);
  const window = (commands: number, bytes: number): number => new Pace({ commands, bytes }, clock).windowBytes(500_000, 1000);
  expect([window(0, 0), window(0, 1_000_000), window(100, 0)]).toEqual([500_000, 50_000, 1000]);
});
