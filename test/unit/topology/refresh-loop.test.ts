import { expect, test } from 'vitest';
import { Deferred } from '../../../src/async/deferred.ts';
import { RefreshLoop } from '../../../src/topology/refresh-loop.ts';
import { ManualClock } from '../net/manual-clock.ts';

/** A loop whose runs end when the test says so. */
function loopOf(everyMs: number, gapMs: number): { loop: RefreshLoop; clock: ManualClock; runs: Deferred<void>[]; end(): Promise<void> } {
  const clock = new ManualClock();
  const runs: Deferred<void>[] = [];
  const run = (): Promise<void> => {
    runs.push(new Deferred());
    return runs.at(-1)!.promise;
  };
  const end = async (): Promise<void> => {
    runs.at(-1)!.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { loop: new RefreshLoop({ clock, everyMs, gapMs, run }), clock, runs, end };
}

test('it runs every so often, counted from the end of a run', async () => {
  const { loop, clock, runs, end } = loopOf(1_000, 100);
  loop.start();
  clock.advance(999);
  expect(runs.length).toBe(0);
  clock.advance(1);
  clock.advance(5_000);
  expect(runs.length).toBe(1);
  await end();
  clock.advance(999);
  expect(runs.length).toBe(1);
  clock.advance(1);
  expect(runs.length).toBe(2);
});

test('those who ask share a run that begins after they asked, no sooner than the gap', async () => {
  const { loop, clock, runs, end } = loopOf(1_000, 100);
  const first = loop.ask();
  expect(loop.ask()).toBe(first);
  clock.advance(100);
  expect(runs.length).toBe(1);
  const during = loop.ask();
  expect(during).not.toBe(first);
  await end();
  await first;
  clock.advance(99);
  expect(runs.length).toBe(1);
  clock.advance(1);
  expect(runs.length).toBe(2);
  await end();
  await during;
});

test('once stopped nobody waits for ever', async () => {
  const { loop, clock, runs } = loopOf(1_000, 100);
  const asked = loop.ask();
  loop.stop();
  await expect(asked).rejects.toMatchObject({ retryable: false });
  await expect(loop.ask()).rejects.toThrow();
  clock.advance(10_000);
  expect(runs.length).toBe(0);
});
