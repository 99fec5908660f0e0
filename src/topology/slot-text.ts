/** Slots and ports as replies write them. What is out of range is not there: undefined, or 0 for a port. */
import { SLOT_COUNT } from '../model/slot.ts';
import type { SlotRange } from './cluster-node.ts';

export function slotRange(first: number, last: number): SlotRange | undefined {
  const valid = Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last && last < SLOT_COUNT;
  return valid ? { first, last } : undefined;
}

export function portNumber(value: unknown): number {
  const port = Number(value);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : 0;
}

/** A non-negative number; -1 for anything else. */
export function countOf(value: unknown): number {
  const count = value === undefined || value === null || value === '' ? Number.NaN : Number(value);
  return Number.isFinite(count) && count >= 0 ? count : -1;
}

/** A name or address that can be used: `?` and nothing are none. */
export function hostText(value: unknown): string {
  const host = value === null || value === undefined ? '' : String(value);
  return host === '?' ? '' : host.replace(/^\[(.*)\]$/, '$1');
}
