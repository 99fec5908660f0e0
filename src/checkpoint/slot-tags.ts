/** One short hash tag for each slot of a cluster: `<name>:{<tag>}` lies in that slot. Always the same tags, so that every run finds what another one wrote. */
import { SLOT_COUNT, slotOf } from '../model/slot.ts';

let tags: readonly string[] | undefined;

/** By slot, 16,384 of them: the first text in the row 0, 1, ... z, 10, ... (base 36) that hashes to it. */
export function slotTags(): readonly string[] {
  tags ??= find();
  return tags;
}

function find(): string[] {
  const found: string[] = Array.from({ length: SLOT_COUNT });
  let missing = SLOT_COUNT;
  for (let n = 0; missing > 0; n++) {
    const tag = n.toString(36);
    const slot = slotOf(Buffer.from(tag));
    if (found[slot] !== undefined) continue;
    found[slot] = tag;
    missing--;
  }
  return found;
}
