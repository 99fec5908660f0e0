/**
 * How much of a database a SCAN cursor has behind it. Cursors count with their bits reversed (dict.c: dictScan), so that the lowest bit stands for half of the
 * table, the next for a quarter, whatever the size of the table. Clusters since Redis 7.4 and Valkey 8.0 have a table for each slot, whose number is in the lowest
 * 14 bits (kvstore.c: addDictIndexToCursor); slots come in their order.
 */
const SLOT_BITS = 14n;
const SLOT_MASK = (1n << SLOT_BITS) - 1n;

/** @param slots of the node, ascending, where each has a table of its own. @returns 0 to 1 */
export function cursorShare(cursor: string, slots?: readonly number[]): number {
  const bits = BigInt(cursor);
  if (slots === undefined) return reversedShare(bits);
  if (slots.length === 0 || bits === 0n) return 0;
  const slot = Number(bits & SLOT_MASK);
  let before = 0;
  while (before < slots.length && slots[before] < slot) before++;
  return Math.min(1, (before + reversedShare(bits >> SLOT_BITS)) / slots.length);
}

function reversedShare(cursor: bigint): number {
  let share = 0;
  let part = 0.5;
  for (let rest = cursor; rest > 0n; rest >>= 1n, part /= 2) if ((rest & 1n) === 1n) share += part;
  return share;
}
