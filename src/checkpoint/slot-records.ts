/**
 * What a job writes into a cluster to know how far it is. A transaction cannot span slots, so there is a record per slot, a hash `<prefix>:<job>:{<tag>}` that
 * lies in the slot itself, moves with it, and goes back with it when a failover loses the newest writes. Most slots have none. Fields, by pipeline p:
 *
 *   m:p     slot mark: the last unit in this slot that may not be applied twice, in the transaction with it: `<offset> <snapshot>`
 *   f:p     low mark, in two slots of each node: all units up to it are applied, in the slots that it names: JSON
 *   h:p     beside it, the histories (replication ids) of all primaries that the pipeline saw when it began, those without slots too: `<node> <history> ...`
 *   n:p     what the job has noted of the pipeline, in one slot
 *   epoch   who may write, in the same two slots: `<epoch> <run>`
 *
 * A low mark is believed for the slots that it names, as they were at the node that wrote it, if nothing of them can have been lost since:
 *
 *   - record and slot are both still in the shard that it was written in: then they have gone back together, if at all
 *   - the slot stayed there and the record moved: if the primary of the shard is still in the history (the replication id) that it was in then
 *   - the slot moved, or was elsewhere already when it was written: if the primary that has it now is in the same history as when this job saw it, before the slot came. A primary that has lost its tail since has
 *     another one. What came to a node that nobody of ours has ever seen is not believed to be whole.
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
  /** Ids of the nodes of the shard that it was written to: its primary first, those that were in it a moment ago last. */
  readonly nodes: readonly string[];
  /** Replication id of the primary then; '' = not known. */
  readonly history: string;
  /** Those of the shard. */
  readonly slots: readonly SlotSpan[];
  /** Those that were of the shard, and are no more: they are somewhere else. */
  readonly gone: readonly SlotSpan[];
}

export type SlotSpan = readonly [first: number, last: number];

/** Who has which slot now. */
export interface SlotOwners {
  /** Stays the same over a failover. */
  shardOfSlot(slot: number): string | undefined;
  shardOfNode(nodeId: string): string | undefined;
  /** Replication id of the primary that has the slot; '' = not known. */
  historyOfSlot(slot: number): string;
}

export interface SlotSurvey {
  /** Where to begin: the least of what is known of all slots. undefined: of some slot nothing is known. Its epoch is 0. */
  readonly mark: Mark | undefined;
  /** Slots of which nothing is known. */
  readonly unknown: readonly number[];
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

export function historiesField(pipeline: string): string {
  return `h:${pipeline}`;
}

export type NodeHistory = readonly [nodeId: string, history: string];

export function historiesText(histories: readonly NodeHistory[]): string {
  return histories
    .filter(([, history]) => history !== '')
    .map((pair) => pair.join(' '))
    .join(' ');
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

export function lowMarkText({ mark, nodes, history, slots, gone }: LowMark): string {
  return JSON.stringify({ mark: markFields(mark), nodes, history, slots, ...(gone.length > 0 && { gone }) });
}

/** @throws MARK_INVALID */
function parseLowMark(key: string, text: string): LowMark {
  try {
    const { mark: list, nodes, history, slots, gone = [] } = JSON.parse(text) as Omit<LowMark, 'mark' | 'gone'> & { mark: string[]; gone?: SlotSpan[] };
    const fields = new Map<string, string>();
    for (let i = 0; i + 1 < list.length; i += 2) fields.set(list[i], list[i + 1]);
    const mark = parseMark(key, fields);
    if (
      mark === undefined ||
      !nodes.every((id) => typeof id === 'string') ||
      ![...slots, ...gone].every(([first, last]) => first >= 0 && last >= first && last < SLOT_COUNT)
    )
      throw new Error('not in the known form');
    return { mark, nodes, history, slots, gone };
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
  const unknown = [...best.keys()].filter((slot) => best[slot] === undefined);
  if (unknown.length > 0) return { mark: undefined, unknown, streamKnown, snapshotKnown };
  let least: Mark | undefined;
  for (const mark of best) if (mark !== undefined && (least === undefined || isBefore(mark, least))) least = mark;
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
  return { mark: least === undefined ? undefined : { ...least, epoch: 0 }, unknown, streamKnown, snapshotKnown };
}

/** By slot, 1 = a low mark of these records names it. @throws MARK_INVALID */
export function slotsNamed(pipeline: string, records: readonly SlotRecord[]): Uint8Array {
  const named = new Uint8Array(SLOT_COUNT);
  for (const { low } of placedMarks(pipeline, records)) for (const [first, last] of [...low.slots, ...low.gone]) named.fill(1, first, last + 1);
  return named;
}

/** Ids of the nodes that are named in the low marks of these records. @throws MARK_INVALID */
export function writersOf(pipeline: string, records: readonly SlotRecord[]): string[] {
  return placedMarks(pipeline, records).flatMap(({ low }) => low.nodes);
}

interface PlacedMark {
  readonly place: number;
  readonly low: LowMark;
}

function placedMarks(pipeline: string, records: readonly SlotRecord[]): PlacedMark[] {
  return records.flatMap(({ slot, fields }) => {
    const text = fields.get(lowMarkField(pipeline));
    return text === undefined ? [] : [{ place: slot, low: parseLowMark(`of slot ${slot}`, text) }];
  });
}

function bestLowMarks(pipeline: string, records: readonly SlotRecord[], owners: SlotOwners): (Mark | undefined)[] {
  const best: (Mark | undefined)[] = Array.from({ length: SLOT_COUNT });
  const placed = placedMarks(pipeline, records);
  const owning = new Set(Array.from({ length: SLOT_COUNT }, (_, slot) => owners.shardOfSlot(slot)));
  const writers = new Map(placed.map(({ low }) => [low, writerOf(low, owners, owning)] as const));
  const seen = seenHistories(pipeline, records, owners);
  for (const { place, low } of placed) {
    const writer = writers.get(low);
    const isPlaceMoved = writer === undefined || owners.shardOfSlot(place) !== writer;
    const believe = (slot: number, isGone: boolean): boolean => {
      const shard = owners.shardOfSlot(slot);
      const hasStayed = !isGone && shard !== undefined && shard === writer;
      if (hasStayed && !isPlaceMoved) return true;
      const now = owners.historyOfSlot(slot);
      return now !== '' && (hasStayed ? now === low.history : seen.has(`${shard} ${now}`));
    };
    for (const [spans, isGone] of [[low.slots, false] as const, [low.gone, true] as const]) {
      for (const [first, last] of spans) {
        for (let slot = first; slot <= last; slot++) {
          const known = best[slot];
          if ((known === undefined || isBefore(known, low.mark)) && believe(slot, isGone)) best[slot] = low.mark;
        }
      }
    }
  }
  return best;
}

/** `<shard> <history>` of all primaries that the pipeline has ever seen. */
function seenHistories(pipeline: string, records: readonly SlotRecord[], owners: SlotOwners): Set<string> {
  const seen = new Set<string>();
  for (const { fields } of records) {
    const words = (fields.get(historiesField(pipeline)) ?? '').split(' ');
    for (let i = 0; i + 1 < words.length; i += 2) seen.add(`${owners.shardOfNode(words[i]) ?? ''} ${words[i + 1]}`);
  }
  return seen;
}

/**
 * The shard that it was written in, as it is now; undefined: none of its nodes is in a shard with slots any more. A primary that has just lost its slots to
 * its replica stands alone for a moment, before it becomes a replica.
 */
function writerOf({ nodes }: LowMark, owners: SlotOwners, owning: ReadonlySet<string | undefined>): string | undefined {
  for (const id of nodes) {
    const shard = owners.shardOfNode(id);
    if (shard !== undefined && owning.has(shard)) return shard;
  }
  return undefined;
}

/** In the order of a job: snapshot after snapshot, each with its stream behind it. */
function isBefore(a: Mark, b: Mark): boolean {
  if (a.snapshotId !== b.snapshotId) return a.snapshotId < b.snapshotId;
  if (a.phase !== b.phase) return a.phase === 'full-sync';
  return a.phase === 'full-sync' ? a.rdbOffset < b.rdbOffset : a.offset < b.offset;
}
