/** What is told to be lost is lost: not what a value of the kind might have, nor what the target works out by itself. */
import { describe, expect, test } from 'vitest';
import { LostDetails } from '../../../src/rdb/encode/lost-details.ts';
import { LOSSES } from '../../../src/rdb/encode/representable.ts';
import type { StreamFacts } from '../../../src/rdb/values/value-visitor.ts';

const id = (ms: number): Uint8Array => {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(ms, 4);
  return bytes;
};
const facts = (over: Partial<StreamFacts> = {}): StreamFacts => ({
  length: 3,
  lastId: id(3),
  firstId: id(1),
  maxDeletedId: id(0),
  entriesAdded: 3,
  activeTimes: true,
  groups: 1,
  idempotence: null,
  ...over,
});

function lostBy(kept: { counters?: boolean; active?: boolean; fields?: boolean }, use: (lost: LostDetails) => void): string[] {
  const lost = new LostDetails({ fieldExpiry: kept.fields ?? false, streamCounters: kept.counters ?? false, activeTime: kept.active ?? false });
  lost.begin();
  use(lost);
  return lost.texts;
}

const group = (entriesRead: number, lastId: Uint8Array) => ({ name: id(0), lastId, entriesRead, pending: 0, consumers: 0 });

describe('to a server without counters of streams', () => {
  test.each([
    ['a stream as it was added to', facts(), []],
    ['of which entries were deleted', facts({ entriesAdded: 4 }), [LOSSES.streamCounters]],
    ['whose highest deleted id is known', facts({ maxDeletedId: id(2) }), [LOSSES.streamCounters]],
    ['that never had counters', facts({ entriesAdded: -1, maxDeletedId: null, firstId: null }), []],
  ])('%s', (_, stream, expected) => {
    expect(lostBy({}, (lost) => lost.stream(stream))).toEqual(expected);
    expect(lostBy({ counters: true }, (lost) => lost.stream(stream))).toEqual([]);
  });

  test.each([
    ['has read nothing', 0, id(0), []],
    ['stands at the first entry', 1, id(1), []],
    ['stands at the last', 3, id(3), []],
    ['does not know', -1, id(2), []],
    ['stands between', 2, id(2), [LOSSES.streamCounters]],
    ['was set to another number', 2, id(3), [LOSSES.streamCounters]],
  ])('a group that %s', (_, entriesRead, lastId, expected) => {
    const use = (lost: LostDetails): void => {
      lost.stream(facts());
      lost.group(group(entriesRead, lastId));
    };
    expect(lostBy({}, use)).toEqual(expected);
  });
});

test('consumers lose the time when they were active only where it is another than when they were seen', () => {
  const consumer = (activeMs: number) => (lost: LostDetails) => {
    lost.stream(facts());
    lost.consumer({ name: id(0), seenMs: 1000, activeMs, pending: 0 });
  };
  expect(lostBy({ counters: true }, consumer(1000))).toEqual([]);
  expect(lostBy({ counters: true }, consumer(-1))).toEqual([LOSSES.activeTime]);
  expect(lostBy({ counters: true, active: true }, consumer(-1))).toEqual([]);
});

test('a hash loses what its fields have, not what its type could', () => {
  expect(lostBy({}, (lost) => lost.field(-1))).toEqual([]);
  expect(lostBy({}, (lost) => lost.field(5))).toEqual([LOSSES.fieldExpiry]);
});

test('idempotence is lost once somebody uses it', () => {
  expect(lostBy({}, (lost) => lost.idempotence({ durationS: 100, maxEntries: 100, producers: 0 }))).toEqual([]);
  expect(lostBy({}, (lost) => lost.idempotence({ durationS: 60, maxEntries: 100, producers: 0 }))).toEqual([LOSSES.idempotence]);
  expect(lostBy({}, (lost) => lost.producer())).toEqual([LOSSES.idempotence]);
});

test('a form that has producers, and what was given back, loses neither', () => {
  const lostWith = (idempotence: boolean): string[] => {
    const lost = new LostDetails({ fieldExpiry: true, streamCounters: true, activeTime: true, idempotence });
    lost.begin();
    lost.returned();
    lost.idempotence({ durationS: 60, maxEntries: 100, producers: 1 });
    lost.producer();
    return lost.texts;
  };
  expect(lostWith(true)).toEqual([]);
  expect(lostWith(false)).toEqual([LOSSES.idempotence, LOSSES.returned]);
});
