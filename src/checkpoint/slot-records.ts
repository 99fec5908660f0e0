/**
 * What a job writes into a cluster to know how far it is. A transaction cannot span slots, so there is a record per slot, a hash `<prefix>:<job>:{<tag>}` that
 * lies in the slot itself, moves with it, and goes back with it when a failover loses the newest writes. Most slots have none. Fields, by pipeline p:
 *
 *   m:p     slot mark: the last unit in this slot that may not be applied twice, in the transaction with it: `<offset> <snapshot>`
 *   f:p     low mark, in two slots of each node: all units up to it are applied, in the slots that it names: JSON
 *   n:p     what the job has noted of the pipeline, in one slot
 *   epoch   who may write, in the same two slots: `<epoch> <run>`
 *
 * A low mark is believed for the slots that it names, as these were on the node that wrote it; it is not for slots that stayed there while the record itself
 * was moved away, unless the server process is still the same: only then is it known that nothing of them was lost since.
 */
import { GodwitError } from '../errors/errors.ts';
import { SLOT_COUNT } from '../model/slot.ts';
import { type Mark, markFields, parseMark } from './mark.ts';

export interface SlotRecord {
  readonly slot: number;
  readonly fields: ReadonlyMap<string, string>;
}

export interface LowMark {
  readonly mark: Mark;
  /** Id and run id of the node that it was written to, and its slots then. */
  readonly nodeId: string;
  readonly runId: string;
  readonly slots: readonly (readonly [first: number, last: number])[];
}

/** Who has which slot now. */
export interface SlotOwners {
  /** Stays the same over a failover. */
  shardOfSlot(slot: number): string | undefined;
  shardOfNode(nodeId: string): string | undefined;
  /** Of the primary that has the slot; '' = not known. */
  runIdOfSlot(slot: number): string;
}

export interface SlotSurvey {
  /** Where to begin: the least of what is known of all slots. undefined: of some slot nothing is known. Its epoch is 0. */
  readonly mark: Mark | undefined;
  /** By slot: units of the stream that end at this offset or before are applied. */
  readonly streamKnown: Float64Array;
  /** By slot: entries of the snapshot up to this offset in it are applied; infinite where all of it is. */
  readonly snapshotKnown: Float64Array;
}

export const EPOCH_FIELD = 'epoch';

export function slotMarkField(pipeline: string): string {
  return `m:${pipeline}`;
}

export function lowMarkField(pipeline: string): string {
  return `f:${pipeline}`;
}

export function noteField(pipeline: string): string {
  return `n:${pipeline}`;
}

/** '' = nothing. */
export function noteOf(pipeline: string, records: readonly SlotRecord[]): string {
  const field = noteField(pipeline);
  return records.find(({ fields }) => fields.has(field))?.fields.get(field) ?? '';
}

/** The low mark that is furthest, believed or not. @throws MARK_INVALID */
export function lastLowMark(pipeline: string, records: readonly SlotRecord[]): Mark | undefined {
  return lowMarksOf(pipeline, records).at(-1);
}

/** Of all nodes, the one that is least far first. @throws MARK_INVALID */
export function lowMarksOf(pipeline: string, records: readonly SlotRecord[]): Mark[] {
  const marks = records.flatMap(({ slot, fields }) => {
    const text = fields.get(lowMarkField(pipeline));
    return text === undefined ? [] : [parseLowMark(`of slot ${slot}`, text).mark];
  });
  return marks.toSorted((a, b) => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0));
}

export function slotMarkText(offset: number, snapshotId: number): string {
  return `${offset} ${snapshotId.toString(36)}`;
}

export function lowMarkText({ mark, nodeId, runId, slots }: LowMark): string {
  return JSON.stringify({ mark: markFields(mark), node: nodeId, run: runId, slots });
}

/** @throws MARK_INVALID */
function parseLowMark(key: string, text: string): LowMark {
  try {
    const { mark: list, node, run, slots } = JSON.parse(text) as { mark: string[]; node: string; run: string; slots: [number, number][] };
    const fields = new Map<string, string>();
    for (let i = 0; i + 1 < list.length; i += 2) fields.set(list[i], list[i + 1]);
    const mark = parseMark(key, fields);
    if (mark === undefined || !slots.every(([first, last]) => first >= 0 && last >= first && last < SLOT_COUNT)) throw new Error('not in the known form');
    return { mark, nodeId: node, runId: run, slots };
  } catch (error) {
    if (error instanceof GodwitError) throw error;
    throw new GodwitError('MARK_INVALID', `the mark ${key} at the target cannot be used: its low mark is not in the known form`, { details: { key } });
  }
}

/** The highest epoch of all records; 0 for none. */
export function highestEpoch(records: readonly SlotRecord[]): number {
  return records.reduce((highest, record) => Math.max(highest, epochOf(record)), 0);
}

export function epochOf({ fields }: SlotRecord): number {
  return Number.parseInt(fields.get(EPOCH_FIELD) ?? '0', 10) || 0;
}

/** Names of all pipelines that have a low mark. */
export function pipelinesOf(records: readonly SlotRecord[]): Set<string> {
  return new Set(records.flatMap(({ fields }) => [...fields.keys()].filter((name) => name.startsWith('f:')).map((name) => name.slice(2))));
}

/** Puts together how far each slot is for one pipeline. @throws MARK_INVALID */
export function surveySlots(pipeline: string, records: readonly SlotRecord[], owners: SlotOwners): SlotSurvey {
  const best = bestLowMarks(pipeline, records, owners);
  const streamKnown = new Float64Array(SLOT_COUNT);
  const snapshotKnown = new Float64Array(SLOT_COUNT);
  let least: Mark | undefined;
  for (const mark of best) {
    if (mark === undefined) return { mark: undefined, streamKnown, snapshotKnown };
    if (least === undefined || isBefore(mark, least)) least = mark;
  }
  for (const [slot, mark] of best.entries()) {
    if (mark === undefined || mark.snapshotId !== least?.snapshotId) continue;
    const isIncremental = mark.phase === 'incremental-sync';
    snapshotKnown[slot] = isIncremental ? Number.POSITIVE_INFINITY : mark.rdbOffset;
    streamKnown[slot] = isIncremental ? mark.offset : 0;
  }
  for (const { slot, fields } of records) {
    const [offset, snapshot] = (fields.get(slotMarkField(pipeline)) ?? '').split(' ');
    // Of an earlier snapshot: offsets of another history.
    if (snapshot === undefined || Number.parseInt(snapshot, 36) !== least?.snapshotId) continue;
    streamKnown[slot] = Math.max(streamKnown[slot], Number(offset) || 0);
    if (Number(offset) > 0) snapshotKnown[slot] = Number.POSITIVE_INFINITY;
  }
  return { mark: least === undefined ? undefined : { ...least, epoch: 0 }, streamKnown, snapshotKnown };
}

function bestLowMarks(pipeline: string, records: readonly SlotRecord[], owners: SlotOwners): (Mark | undefined)[] {
  const best: (Mark | undefined)[] = Array.from({ length: SLOT_COUNT });
  for (const { slot: place, fields } of records) {
    const text = fields.get(lowMarkField(pipeline));
    if (text === undefined) continue;
    const low = parseLowMark(`of slot ${place}`, text);
    const placeShard = owners.shardOfSlot(place);
    const writer = owners.shardOfNode(low.nodeId);
    for (const [first, last] of low.slots) {
      for (let slot = first; slot <= last; slot++) {
        const shard = owners.shardOfSlot(slot);
        const hasStayed = shard !== placeShard && shard === writer;
        if (hasStayed && (low.runId === '' || owners.runIdOfSlot(slot) !== low.runId)) continue;
        const known = best[slot];
        if (known === undefined || isBefore(known, low.mark)) best[slot] = low.mark;
      }
    }
  }
  return best;
}

/** In the order of a job: snapshot after snapshot, each with its stream behind it. */
function isBefore(a: Mark, b: Mark): boolean {
  if (a.snapshotId !== b.snapshotId) return a.snapshotId < b.snapshotId;
  if (a.phase !== b.phase) return a.phase === 'full-sync';
  return a.phase === 'full-sync' ? a.rdbOffset < b.rdbOffset : a.offset < b.offset;
}
