import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeepaliveWheel } from '../../../src/net/keepalive-wheel.ts';
import { ManualClock } from './manual-clock.ts';

const NEVER = Number.POSITIVE_INFINITY;

test('every deadline is met, never early, at most a tick late, whatever is armed, moved and disarmed', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          entry: fc.nat(9),
          inMs: fc.oneof(fc.nat(200), fc.nat(90_000)),
          act: fc.constantFrom('arm', 'arm', 'arm', 'earlier', 'disarm'),
          passMs: fc.nat(3000),
        }),
        { maxLength: 60 },
      ),
      (acts) => {
        const clock = new ManualClock();
        const wheel = new KeepaliveWheel(clock);
        const deadlines = new Map<number, number>();
        const entries = Array.from({ length: 10 }, (_, i) => ({
          onDue(nowMs: number) {
            const deadlineMs = deadlines.get(i);
            expect(deadlineMs).toBeDefined();
            expect(nowMs).toBeGreaterThanOrEqual(deadlineMs as number);
            expect(nowMs).toBeLessThanOrEqual((deadlineMs as number) + 26);
            deadlines.delete(i);
            return NEVER;
          },
        }));
        for (const { entry, inMs, act, passMs } of acts) {
          const atMs = clock.nowMs() + inMs;
          if (act === 'disarm') {
            wheel.disarm(entries[entry]);
            deadlines.delete(entry);
          } else if (act === 'arm') {
            wheel.arm(entries[entry], atMs);
            deadlines.set(entry, atMs);
          } else {
            wheel.armNoLaterThan(entries[entry], atMs);
            deadlines.set(entry, Math.min(atMs, deadlines.get(entry) ?? NEVER));
          }
          expect(clock.waiting).toBeLessThanOrEqual(1);
          clock.advance(passMs);
        }
        clock.advance(100_000);
        expect(deadlines.size).toBe(0);
        expect(clock.waiting).toBe(0);
      },
    ),
  );
});

test('an entry goes on with the deadline that it returns, and one timer serves all', () => {
  const clock = new ManualClock();
  const wheel = new KeepaliveWheel(clock);
  const runs = Array<number>(100).fill(0);
  const entries = runs.map((_, i) => ({ onDue: (nowMs: number) => (++runs[i], nowMs + 1000) }));
  for (const entry of entries) wheel.arm(entry, clock.nowMs() + 1000);
  expect(clock.waiting).toBe(1);
  clock.advance(10_500);
  expect(new Set(runs)).toEqual(new Set([10]));
  expect(clock.started).toBeLessThan(20);
  for (const entry of entries) wheel.disarm(entry);
  expect(clock.waiting).toBe(0);
});

test('one that is due may disarm another that is due', () => {
  const clock = new ManualClock();
  const wheel = new KeepaliveWheel(clock);
  let ran = 0;
  const second = { onDue: () => (ran++, NEVER) };
  wheel.arm({ onDue: () => (wheel.disarm(second), NEVER) }, clock.nowMs() + 50);
  wheel.arm(second, clock.nowMs() + 50);
  clock.advance(1000);
  expect(ran).toBe(0);
});

test('an entry that is armed while it runs gets the earlier deadline', () => {
  const clock = new ManualClock();
  const wheel = new KeepaliveWheel(clock);
  let ran = 0;
  const entry = {
    onDue(nowMs: number) {
      wheel.armNoLaterThan(entry, nowMs + 15_000);
      ran++;
      return nowMs + 400;
    },
  };
  wheel.arm(entry, clock.nowMs());
  clock.advance(4300);
  expect(ran).toBeGreaterThanOrEqual(10);
});

test('does not run an entry twice for rounds that were missed', () => {
  const clock = new ManualClock();
  const wheel = new KeepaliveWheel(clock);
  let ran = 0;
  wheel.arm({ onDue: (nowMs) => (ran++, nowMs + 500) }, clock.nowMs() + 500);
  clock.stall(120_000);
  clock.advance(0);
  expect(ran).toBe(1);
});
