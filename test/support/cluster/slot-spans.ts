/** Slots by spans, and the user that replicas replicate as: turning it off cuts them off while clients notice nothing. */
import { SLOT_COUNT } from '../../../src/model/slot.ts';

/** First and last, both included. */
export type SlotSpan = readonly [first: number, last: number];

/** Flags of every server whose replicas can be cut off. */
export const REPLICATION_USER: readonly string[] = '--user replication on >replication ~* +@all --masteruser replication --masterauth replication'.split(' ');

export function evenSlots(shards: number): SlotSpan[][] {
  const bounds = Array.from({ length: shards + 1 }, (_, i) => Math.round((i * SLOT_COUNT) / shards));
  return Array.from({ length: shards }, (_, i) => [[bounds[i], bounds[i + 1] - 1]]);
}

export function spanCount(spans: readonly SlotSpan[]): number {
  return spans.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

export function slotsOf(spans: readonly SlotSpan[]): number[] {
  return spans.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
}
