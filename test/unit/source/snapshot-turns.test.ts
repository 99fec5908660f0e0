import { describe, expect, test } from 'vitest';
import { SnapshotTurns } from '../../../src/source/replica/snapshot-turns.ts';

describe('the snapshots of one host', () => {
  test('are made one after the other, in the order of asking; other hosts wait for nothing', async () => {
    const turns = new SnapshotTurns(1);
    const [first, second, third] = [turns.ask('a'), turns.ask('a'), turns.ask('a')];
    expect([first, second, third].map(({ isGranted }) => isGranted)).toEqual([true, false, false]);
    expect(turns.ask('b').isGranted).toBe(true);
    first.end();
    await second.granted;
    expect(third.isGranted).toBe(false);
    second.end();
    second.end();
    expect(third.isGranted).toBe(true);
  });

  test('as many at a time as allowed', () => {
    const turns = new SnapshotTurns(2);
    expect([turns.ask('a'), turns.ask('a'), turns.ask('a')].map(({ isGranted }) => isGranted)).toEqual([true, true, false]);
  });

  test('one that nobody has asked for counts, and does not wait', () => {
    const turns = new SnapshotTurns(1);
    const first = turns.ask('a');
    const taken = turns.take('a');
    const next = turns.ask('a');
    first.end();
    expect([taken.isGranted, next.isGranted]).toEqual([true, false]);
    taken.end();
    expect(next.isGranted).toBe(true);
  });

  test('one that is given up while it waits is passed over', () => {
    const turns = new SnapshotTurns(1);
    const [first, second, third] = [turns.ask('a'), turns.ask('a'), turns.ask('a')];
    second.end();
    first.end();
    expect([second.isGranted, third.isGranted]).toEqual([false, true]);
  });
});
