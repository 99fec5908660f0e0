/** Which low marks are believed for which slots; each rule with a case in which data would be lost if it were weaker. */
import { describe, expect, test } from 'vitest';
import type { Mark } from '../../../src/checkpoint/mark.ts';
import {
  historiesField,
  historiesText,
  type LowMark,
  lowMarkField,
  lowMarkText,
  slotMarkField,
  slotMarkText,
  type SlotRecord,
  surveySlots,
} from '../../../src/checkpoint/slot-records.ts';

const LAST = 16_383;
const MARK: Mark = {
  epoch: 1,
  phase: 'incremental-sync',
  replicationId: 'a'.repeat(40),
  offset: 100,
  database: 0,
  snapshotId: 7,
  rdbOffset: 0,
  rdbState: null,
  owned: true,
};

/** Two shards, `A` with the slots below 8,000 and `B` with the others; each has two nodes, and is in its first history. */
class Scene {
  readonly records = new Map<number, Map<string, string>>();
  private readonly moved = new Map<number, string>();
  private readonly histories = new Map([
    ['A', 'A-first'],
    ['B', 'B-first'],
  ]);
  private readonly known = new Map([
    ['a1', 'A'],
    ['a2', 'A'],
    ['b1', 'B'],
    ['b2', 'B'],
  ]);

  low(
    place: number,
    nodes: readonly string[],
    offset: number,
    slots: LowMark['slots'],
    more: Partial<Mark> = {},
    history = `${nodes[0][0].toUpperCase()}-first`,
    gone: LowMark['gone'] = [],
  ): this {
    return this.field(place, lowMarkField(''), lowMarkText({ mark: { ...MARK, ...more, offset }, nodes, history, slots, gone }));
  }

  slotMark(slot: number, offset: number, snapshotId = MARK.snapshotId): this {
    return this.field(slot, slotMarkField(''), slotMarkText(offset, snapshotId));
  }

  seen(place: number, ...histories: [string, string][]): this {
    return this.field(place, historiesField(''), historiesText(histories));
  }

  /** The usual: both shards have marked all of theirs, in their first and last slot. */
  usual(offsetA = 100, offsetB = 100): this {
    for (const place of [0, 7_999]) this.low(place, ['a1', 'a2'], offsetA, [[0, 7_999]]);
    for (const place of [8_000, LAST]) this.low(place, ['b1', 'b2'], offsetB, [[8_000, LAST]]);
    return this.seen(0, ['a1', 'A-first'], ['b1', 'B-first']);
  }

  move(slot: number, to: string): this {
    this.moved.set(slot, to);
    return this;
  }

  /** Another primary, or a process begun anew: something may be lost. */
  hasAnotherHistory(shard: string, history = `${shard}-second`): this {
    this.histories.set(shard, history);
    return this;
  }

  standsAlone(node: string): this {
    this.known.set(node, `${node}-alone`);
    return this;
  }

  forget(node: string): this {
    this.known.delete(node);
    return this;
  }

  survey(): ReturnType<typeof surveySlots> {
    const shardOfSlot = (slot: number): string => this.moved.get(slot) ?? (slot < 8_000 ? 'A' : 'B');
    const records: SlotRecord[] = [...this.records].map(([slot, fields]) => ({ slot, fields }));
    return surveySlots('', records, {
      shardOfSlot,
      shardOfNode: (id) => this.known.get(id),
      historyOfSlot: (slot) => this.histories.get(shardOfSlot(slot)) ?? '',
    });
  }

  private field(slot: number, name: string, text: string): this {
    this.records.set(slot, (this.records.get(slot) ?? new Map<string, string>()).set(name, text));
    return this;
  }
}

describe('where a pipeline begins', () => {
  test('at the least of all low marks, and each slot knows its own', () => {
    const { mark, streamKnown, snapshotKnown, unknown } = new Scene().usual(100, 60).survey();
    expect(mark?.offset).toBe(60);
    expect([streamKnown[5], streamKnown[9_000]]).toEqual([100, 60]);
    expect(snapshotKnown[5]).toBe(Number.POSITIVE_INFINITY);
    expect(unknown).toEqual([]);
  });

  test('nowhere when nothing is known of one slot: it would begin behind what that slot needs', () => {
    const scene = new Scene().low(0, ['a1'], 100, [[0, 7_998]]).low(8_000, ['b1'], 100, [[8_000, LAST]]);
    expect(scene.survey()).toMatchObject({ mark: undefined, unknown: [7_999] });
  });

  test('a slot mark takes its slot further, not the others', () => {
    const { mark, streamKnown } = new Scene().usual().slotMark(77, 150).survey();
    expect(mark?.offset).toBe(100);
    expect([streamKnown[77], streamKnown[78]]).toEqual([150, 100]);
  });

  test('a slot mark of an earlier snapshot says nothing: its offsets are of another history', () => {
    expect(new Scene().usual().slotMark(77, 9_999, 6).survey().streamKnown[77]).toBe(100);
  });

  test('a node that has gone back to before the snapshot takes all back', () => {
    const scene = new Scene()
      .usual()
      .low(8_000, ['b1'], 500, [[8_000, LAST]], { snapshotId: 6 })
      .low(LAST, ['b1'], 500, [[8_000, LAST]], { snapshotId: 6 });
    expect(scene.survey().mark).toMatchObject({ snapshotId: 6, offset: 500 });
  });

  test('of a shard in its full sync, the offset in the snapshot counts, and its slots know nothing of the stream', () => {
    const full = { phase: 'full-sync', rdbOffset: 33 } as const;
    const scene = new Scene()
      .usual()
      .low(0, ['a1'], 5, [[0, 7_999]], full)
      .low(7_999, ['a1'], 5, [[0, 7_999]], full);
    const { mark, streamKnown, snapshotKnown } = scene.survey();
    expect(mark).toMatchObject({ phase: 'full-sync', rdbOffset: 33 });
    expect([snapshotKnown[1], streamKnown[1], snapshotKnown[9_000]]).toEqual([33, 0, Number.POSITIVE_INFINITY]);
  });

  test('of two marks of one shard the further one counts: one place is enough', () => {
    expect(
      new Scene()
        .usual()
        .low(0, ['a1'], 70, [[0, 7_999]])
        .survey().mark?.offset,
    ).toBe(100);
  });
});

describe('a low mark is believed', () => {
  test('after a failover, for what stayed in its shard: both have gone back together', () => {
    expect(new Scene().usual(80).hasAnotherHistory('A').survey().mark?.offset).toBe(80);
  });

  test('when the primary that wrote it is gone for good: another node of its shard tells where it was', () => {
    expect(new Scene().usual().hasAnotherHistory('A').forget('a1').survey().mark?.offset).toBe(100);
  });

  test('when the primary that wrote it stands alone, for it has not yet learned that it is a replica', () => {
    expect(new Scene().usual().hasAnotherHistory('A').standsAlone('a1').survey().mark?.offset).toBe(100);
  });

  test('for slots that stayed when its record moved, as long as their shard is in the history that it was in', () => {
    const scene = new Scene()
      .low(0, ['a1'], 100, [[0, 7_999]])
      .low(8_000, ['b1'], 100, [[8_000, LAST]])
      .seen(0, ['b1', 'B-first'])
      .move(0, 'B');
    expect(scene.survey().mark?.offset).toBe(100);
    // The record is safe with B, and says nothing of what A has lost.
    expect(scene.hasAnotherHistory('A').survey()).toMatchObject({ mark: undefined });
  });

  test('for a slot that moved, when its new shard is in a history that was seen before', () => {
    expect(new Scene().usual().move(77, 'B').survey().mark?.offset).toBe(100);
  });

  test('not for a slot that moved to a shard which has failed over since: its keys may be what was lost', () => {
    expect(new Scene().usual().move(77, 'B').hasAnotherHistory('B').survey()).toMatchObject({ mark: undefined, unknown: [77] });
  });

  test('not even if the record has moved with it: the one may be lost and the other not', () => {
    const scene = new Scene().usual().move(0, 'B').move(1, 'B').hasAnotherHistory('B');
    expect(scene.survey().unknown).toEqual([0, 1]);
  });

  test('again, once the new shard has written one itself that names the slot', () => {
    const scene = new Scene()
      .usual()
      .move(77, 'B')
      .hasAnotherHistory('B')
      .low(8_000, ['b1', 'b2'], 100, [
        [77, 77],
        [8_000, LAST],
      ]);
    expect(scene.survey().mark?.offset).toBe(100);
  });

  test('not for a slot that was elsewhere when it was written, has come back since, and is gone with what its shard has lost', () => {
    const scene = new Scene().usual().low(
      0,
      ['a1', 'a2'],
      100,
      [
        [0, 76],
        [78, 7_999],
      ],
      {},
      'A-first',
      [[77, 77]],
    );
    scene.low(
      7_999,
      ['a1', 'a2'],
      100,
      [
        [0, 76],
        [78, 7_999],
      ],
      {},
      'A-first',
      [[77, 77]],
    );
    expect(scene.survey().mark?.offset).toBe(100);
    expect(scene.hasAnotherHistory('A').survey().unknown).toEqual([77]);
  });

  test('not for a slot at a node that nobody has seen: it may have been begun anew', () => {
    expect(new Scene().usual().move(77, 'C').survey().unknown).toEqual([77]);
  });

  test('not where the history is not told, unless all stayed where it was', () => {
    expect(new Scene().usual().hasAnotherHistory('A', '').hasAnotherHistory('B', '').survey().mark?.offset).toBe(100);
    expect(new Scene().usual().move(77, 'B').hasAnotherHistory('B', '').survey().unknown).toEqual([77]);
  });

  test('not when it cannot be read', () => {
    const scene = new Scene().usual();
    scene.records.get(0)?.set(lowMarkField(''), '{"mark":["v","1"]}');
    expect(() => scene.survey()).toThrow('cannot be used');
  });
});
