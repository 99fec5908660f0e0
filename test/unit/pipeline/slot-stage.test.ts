import { expect, test } from 'vitest';
import { commands } from '../../../src/command/rewrite/rewritten.ts';
import { SlotStage } from '../../../src/pipeline/slot-stage.ts';

function entries(stage: SlotStage, slot: number): (number | string)[] {
  const found: (number | string)[] = [];
  for (let entry = stage.first(slot); entry >= 0; entry = stage.after(entry)) {
    const words = stage.wordsOf(entry);
    found.push(words === undefined ? stage.rowOf(entry) : `${stage.rowOf(entry)}: ${Buffer.from(words.bytes).toString().split('\r\n').at(-2)}`);
  }
  return found;
}

test('sorts rows by slot, each slot in the order of the stream', () => {
  const stage = new SlotStage();
  stage.begin(6);
  for (const [row, slot] of [7, 3, 7, 16_383, 3, 7].entries()) stage.put(slot, row, false);
  expect(stage.slots).toEqual([7, 3, 16_383]);
  expect([7, 3, 16_383].map((slot) => entries(stage, slot))).toEqual([[0, 2, 5], [1, 4], [3]]);
});

test('puts parts of a row into their slots, between whole rows', () => {
  const stage = new SlotStage();
  stage.begin(3);
  stage.put(1, 0, false);
  stage.putPart(1, 1, commands(['DEL', 'one']), false);
  stage.putPart(2, 1, commands(['DEL', 'two']), false);
  stage.put(1, 2, false);
  expect([entries(stage, 1), entries(stage, 2)]).toEqual([[0, '1: one', 2], ['1: two']]);
});

test('a slot with one entry that may not be applied twice is marked as a whole, before or behind it', () => {
  const stage = new SlotStage();
  stage.begin(4);
  stage.put(1, 0, false);
  stage.put(1, 1, true);
  stage.put(2, 2, true);
  stage.put(2, 3, false);
  expect([stage.isMarked(1), stage.isMarked(2)]).toEqual([true, true]);
});

test('forgets the batch before: its slots, its marks, its parts', () => {
  const stage = new SlotStage();
  stage.begin(1);
  stage.put(1, 0, true);
  stage.putPart(2, 0, commands(['DEL', 'x']), true);
  stage.begin(2);
  stage.put(1, 0, false);
  stage.put(2, 1, false);
  expect(stage.slots).toEqual([1, 2]);
  expect([stage.isMarked(1), stage.isMarked(2)]).toEqual([false, false]);
  expect([entries(stage, 1), entries(stage, 2)]).toEqual([[0], [1]]);
});

test('takes more rows and more parts than it has begun with', () => {
  const stage = new SlotStage();
  const rows = 30_000;
  stage.begin(rows);
  for (let row = 0; row < rows; row++) stage.putPart(row % 3, row, commands(['DEL', 'x']), false);
  for (let row = 0; row < rows; row++) stage.put(3, row, false);
  expect(entries(stage, 3)).toHaveLength(rows);
  expect(entries(stage, 1)).toHaveLength(rows / 3);
});
