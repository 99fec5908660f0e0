import { expect, test } from 'vitest';
import { slotTags } from '../../../src/checkpoint/slot-tags.ts';
import { SLOT_COUNT, slotOf } from '../../../src/model/slot.ts';

test('there is a tag for each slot, and it lies there', () => {
  const tags = slotTags();
  expect(tags).toHaveLength(SLOT_COUNT);
  for (const [slot, tag] of tags.entries()) expect(slotOf(Buffer.from(`godwit:job:{${tag}}`))).toBe(slot);
});

test('they are short, and stay the same: runs find what earlier ones wrote', () => {
  const tags = slotTags();
  expect(Math.max(...tags.map(({ length }) => length))).toBeLessThanOrEqual(4);
  expect([tags[0], tags[5_000], tags[16_383]]).toEqual(['1bz', tags[5_000], 'hia']);
});
