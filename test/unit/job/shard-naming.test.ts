import { describe, expect, test } from 'vitest';
import type { KnownPipeline } from '../../../src/checkpoint/job-marks.ts';
import { nameShards } from '../../../src/job/shard-naming.ts';
import { parseSlots, textOfSlots } from '../../../src/model/slot-ranges.ts';

const [OLD, NEW, OTHER] = ['a', 'b', 'c'].map((digit) => digit.repeat(40));

function known(replicationId: string, note: string): KnownPipeline {
  const none = { phase: 'incremental-sync', offset: 1, database: 0, snapshotId: 1, rdbOffset: 0, rdbState: null, owned: true } as const;
  return { mark: { ...none, epoch: 3, replicationId }, note };
}

describe('the name of a pipeline', () => {
  test('is the id of its shard while the target knows none', () => {
    expect(nameShards([{ id: 'one', note: '0-16383', histories: [OLD] }], new Map())).toEqual(['one']);
  });

  test('stays with the id, whatever history and slots have become', () => {
    const before = new Map([
      ['one', known(OLD, '0-100')],
      ['two', known(NEW, '101-200')],
    ]);
    const places = [
      { id: 'one', note: '101-200', histories: [NEW] },
      { id: 'two', note: '0-100', histories: [OLD] },
    ];
    expect(nameShards(places, before)).toEqual(['one', 'two']);
  });

  test('is found by the history of the shard, the one before a failover too, when the ids are new', () => {
    const before = new Map([
      ['one', known(OLD, '0-100')],
      ['two', known(OTHER, '101-200')],
    ]);
    const places = [
      { id: 'three', note: '101-200', histories: [OTHER] },
      { id: 'four', note: '0-100', histories: [NEW, OLD] },
    ];
    expect(nameShards(places, before)).toEqual(['two', 'one']);
  });

  test('is found by the slots when ids and histories are new, each one once', () => {
    const before = new Map([
      ['one', known(OLD, '0-100')],
      ['two', known(OLD, '101-200')],
    ]);
    const places = [
      { id: 'three', note: '90-200', histories: [NEW] },
      { id: 'four', note: '0-89', histories: [OTHER] },
    ];
    expect(nameShards(places, before)).toEqual(['two', 'one']);
  });

  test('of a shard that nothing is known of is not one that another one has', () => {
    const before = new Map([['one', known(OLD, '0-100')]]);
    const places = [
      { id: 'two', note: '0-100', histories: [OLD] },
      { id: 'one', note: '500', histories: [NEW] },
    ];
    expect(nameShards(places, before)).toEqual([expect.not.stringMatching(/^one$/), 'one']);
    expect(
      nameShards(
        [
          { id: 'two', note: '', histories: [OLD] },
          { id: 'three', note: '9000', histories: [] },
        ],
        before,
      ),
    ).toEqual(['one', 'three']);
  });
});

test('slots are noted in ranges and read again', () => {
  const slots = new Uint8Array(16_384);
  for (const slot of [0, 1, 2, 77, 16_382, 16_383]) slots[slot] = 1;
  expect(textOfSlots(slots)).toBe('0-2 77 16382-16383');
  expect([...(parseSlots('0-2 77 16382-16383') ?? [])]).toEqual([0, 1, 2, 77, 16_382, 16_383]);
  expect(parseSlots('')).toEqual(new Set());
  expect(parseSlots('127.0.0.1:6379')).toBeUndefined();
  expect(parseSlots('16384')).toBeUndefined();
});
