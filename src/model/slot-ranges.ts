/** Slots as text: `0-5460 5462`, ascending. */
import { SLOT_COUNT } from './slot.ts';

/** @param slots not 0 for each that is meant, by slot */
export function textOfSlots(slots: Uint8Array): string {
  const words: string[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (slots[slot] === 0) continue;
    const first = slot;
    while (slot + 1 < SLOT_COUNT && slots[slot + 1] !== 0) slot++;
    words.push(first === slot ? String(first) : `${first}-${slot}`);
  }
  return words.join(' ');
}

/** Undefined when it is no such text; '' is one without slots. */
export function parseSlots(text: string): Set<number> | undefined {
  const slots = new Set<number>();
  for (const word of text.split(' ').filter((one) => one !== '')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(word);
    if (match === null) return undefined;
    const last = Number(match[2] ?? match[1]);
    if (last >= SLOT_COUNT) return undefined;
    for (let slot = Number(match[1]); slot <= last; slot++) slots.add(slot);
  }
  return slots;
}
