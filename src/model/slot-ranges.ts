/** Slots as text: `0-5460 5462`, ascending. */
import { SLOT_COUNT } from './slot.ts';

interface Range {
  readonly first: number;
  readonly last: number;
}

export function slotsText(ranges: readonly Range[]): string {
  return ranges.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(' ');
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
