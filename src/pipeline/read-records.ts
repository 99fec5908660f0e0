/** Reads all records of a job at a cluster. Slots that move while they are read are looked for again, by the map of then. */
import type { SlotMarkStore } from '../checkpoint/slot-mark-store.ts';
import type { SlotRecord } from '../checkpoint/slot-records.ts';
import { GodwitError } from '../errors/errors.ts';
import { SLOT_COUNT } from '../model/slot.ts';
import type { OpenConnection } from '../net/connection-options.ts';
import type { ClusterShard } from '../topology/cluster-map.ts';
import type { ClusterNode } from '../topology/cluster-node.ts';

const LOOKS_MAX = 20;

export interface RecordReader {
  /** At each owner of slots, by the map of now. */
  each(work: (connection: OpenConnection, shard: ClusterShard) => Promise<SlotRecord[]>): Promise<SlotRecord[][]>;
  /** The node that an ASK names. */
  follow(ask: string, from: ClusterNode): Promise<OpenConnection>;
  /** Takes a new map. */
  lookAgain(): Promise<void>;
}

/** @throws TARGET_NOT_READY */
export async function readRecords(store: SlotMarkStore, address: string, reader: RecordReader): Promise<SlotRecord[]> {
  const records: SlotRecord[] = [];
  const due = new Uint8Array(SLOT_COUNT).fill(1);
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const moved: number[] = [];
    const found = await reader.each((connection, shard) =>
      store.read(connection, dueSlots(shard, due), { follow: (text) => reader.follow(text, shard.primary), onMoved: (slot) => moved.push(slot) }),
    );
    records.push(...found.flat());
    if (moved.length === 0) return records;
    due.fill(0);
    for (const slot of moved) due[slot] = 1;
    await reader.lookAgain();
  }
  throw new GodwitError('TARGET_NOT_READY', `slots of target ${address} keep moving`);
}

function dueSlots({ slots }: ClusterShard, due: Uint8Array): number[] {
  const found: number[] = [];
  for (const { first, last } of slots) for (let slot = first; slot <= last; slot++) if (due[slot] === 1) found.push(slot);
  return found;
}
