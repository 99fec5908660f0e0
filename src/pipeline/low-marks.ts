/**
 * Writes the low mark of a pipeline to every node of a cluster, a few times a second, behind the replies.
 *
 * Invariant: at every moment each slot is named by the low mark of a node that is believed for it (slot-records.ts). Where slots have moved, the nodes that have
 * got them are written first, and still name what they named before; only then the nodes that have lost them.
 */
import {
  historiesField,
  historiesText,
  type LowMark,
  lowMarkField,
  lowMarkText,
  type NodeHistory,
  slotMarkField,
  slotMarkText,
  type SlotRecord,
  slotsNamed,
  writersOf,
} from '../checkpoint/slot-records.ts';
import type { SlotMarkStore } from '../checkpoint/slot-mark-store.ts';
import type { Mark } from '../checkpoint/mark.ts';
import { SLOT_COUNT } from '../model/slot.ts';
import type { OpenConnection } from '../net/connection-options.ts';
import { encodeCommand } from '../resp/encode.ts';
import { type Reply, ReplyError } from '../resp/reply.ts';
import type { ClusterMap, ClusterShard } from '../topology/cluster-map.ts';

const MEMBERS_MAX = 12;

export interface LowMarksOptions {
  readonly store: SlotMarkStore;
  readonly pipeline: string;
  readonly epoch: number;
}

/** A primary that owns slots. */
export interface MarkedNode {
  readonly shard: ClusterShard;
  readonly connection: OpenConnection;
  /** Its replication id; '' = not known. */
  readonly history: string;
}

/** The slots of a shard that hold its low mark: two, so that moving one of them leaves the other. */
export function markedSlots({ slots }: Pick<ClusterShard, 'slots'>): number[] {
  if (slots.length === 0) return [];
  const [first, last] = [slots[0].first, slots[slots.length - 1].last];
  return first === last ? [first] : [first, last];
}

export class LowMarks {
  private readonly options: LowMarksOptions;
  private readonly field: string;
  private readonly slotField: string;
  /** By id of a node: the slots that its low mark names. */
  private readonly named = new Map<string, Uint8Array>();
  /** By id of a shard: nodes that are or were in it. One that has just lost its slots to its replica is in none for a moment. */
  private readonly members = new Map<string, string[]>();
  private histories = '';
  /** By slot of a record: the histories that it holds. */
  private readonly historiesAt = new Map<number, string>();

  constructor(options: LowMarksOptions) {
    this.options = options;
    this.field = lowMarkField(options.pipeline);
    this.slotField = slotMarkField(options.pipeline);
  }

  /** The command that writes a slot mark, for the end of a transaction. */
  slotMark(slot: number, offset: number, snapshotId: number): Buffer {
    return encodeCommand(['HSET', this.options.store.keyOf(slot), this.slotField, slotMarkText(offset, snapshotId)]);
  }

  /** What the nodes have now. @param histories of all primaries that are known, those without slots too */
  found(records: readonly SlotRecord[], map: ClusterMap, histories: readonly NodeHistory[]): void {
    this.named.clear();
    this.historiesAt.clear();
    this.seen(histories);
    const bySlot = new Map(records.map((record) => [record.slot, record]));
    for (const shard of map.owningShards) {
      const places = markedSlots(shard).flatMap((slot) => bySlot.get(slot) ?? []);
      this.named.set(shard.primary.id, slotsNamed(this.options.pipeline, places));
      this.remember(shard, writersOf(this.options.pipeline, places));
    }
  }

  seen(histories: readonly NodeHistory[]): void {
    this.histories = historiesText(histories);
  }

  /**
   * To one node, in one of its two places at least. What `flush` says is carried out in the same moment.
   * @throws ReplyError of what was refused, MOVED too
   */
  async writeTo(node: MarkedNode, mark: Mark, flush: readonly string[][] = []): Promise<void> {
    const { shard, connection } = node;
    const { histories } = this;
    const slots = this.slotsFor(shard);
    if (flush.length > 0) for (const slot of markedSlots(shard)) this.historiesAt.delete(slot);
    const [first, ...others] = this.commands(node, mark, slots);
    if (first === undefined) return;
    const whole = flush.length > 0 ? [['MULTI'], ...flush, first, ['EXEC']] : [];
    const replies = await connection.callAll(flush.length > 0 ? [...whole, ...others] : [first, ...others]);
    const decisive = replies.slice(0, whole.length || replies.length).flatMap((reply): Reply[] => (Array.isArray(reply) ? reply : [reply]));
    const refused = decisive.filter((reply) => reply instanceof ReplyError);
    if (refused.length > 0 && (flush.length > 0 || refused.length === decisive.length)) throw refused[0];
    this.named.set(shard.primary.id, slots);
    if (refused.length === 0) for (const slot of markedSlots(shard)) this.historiesAt.set(slot, histories);
  }

  /** To all owners of slots; all are asked even if one of them refuses. @param check throws when nothing may be written any more. @throws the first failure */
  async write(nodes: readonly MarkedNode[], mark: Mark, flush: readonly string[][] = [], check: () => void = () => {}): Promise<void> {
    const gaining = nodes.filter(({ shard }) => this.gains(shard));
    await all(gaining.map((node) => this.writeTo(node, mark, flush)));
    check();
    await all(nodes.filter((node) => !gaining.includes(node)).map((node) => this.writeTo(node, mark, flush)));
  }

  /** It owns slots that its low mark does not name. */
  private gains({ primary, slots }: ClusterShard): boolean {
    const named = this.named.get(primary.id);
    if (named === undefined) return true;
    return slots.some(({ first, last }) => named.subarray(first, last + 1).includes(0));
  }

  private slotsFor(shard: ClusterShard): Uint8Array {
    const before = this.gains(shard) ? this.named.get(shard.primary.id) : undefined;
    const slots = before === undefined ? new Uint8Array(SLOT_COUNT) : Uint8Array.from(before);
    for (const { first, last } of shard.slots) slots.fill(1, first, last + 1);
    return slots;
  }

  /** The present ones first. */
  private remember({ id, primary, replicas }: ClusterShard, others: readonly string[] = []): string[] {
    const present = [primary, ...replicas].map((node) => node.id);
    const members = [...new Set([...present, ...(this.members.get(id) ?? []), ...others])].slice(0, MEMBERS_MAX);
    this.members.set(id, members);
    return members;
  }

  private commands({ shard, history }: MarkedNode, mark: Mark, slots: Uint8Array): string[][] {
    const { store, epoch, pipeline } = this.options;
    const own = new Uint8Array(SLOT_COUNT);
    for (const { first, last } of shard.slots) own.fill(1, first, last + 1);
    const gone = slots.map((named, slot) => (named === 1 && own[slot] === 0 ? 1 : 0));
    const low: LowMark = { mark: { ...mark, epoch }, nodes: this.remember(shard), history, slots: spans(own), gone: spans(gone) };
    const text = lowMarkText(low);
    const places = markedSlots(shard);
    return store.epochCommands(places, epoch).map((command, i) => {
      const isKnown = this.histories === '' || this.historiesAt.get(places[i]) === this.histories;
      return [...command, this.field, text, ...(isKnown ? [] : [historiesField(pipeline), this.histories])];
    });
  }
}

/** @throws the first failure, when all have ended */
async function all(work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) if (outcome.status === 'rejected') throw outcome.reason;
}

function spans(slots: Uint8Array): [number, number][] {
  const found: [number, number][] = [];
  for (let first = slots.indexOf(1); first >= 0;) {
    const end = slots.indexOf(0, first);
    found.push([first, (end < 0 ? SLOT_COUNT : end) - 1]);
    first = end < 0 ? -1 : slots.indexOf(1, end);
  }
  return found;
}
