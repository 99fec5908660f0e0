/**
 * All lanes of one pipeline to a cluster: which slot goes where, what may be in flight together, and what becomes of the answers.
 *
 * Invariants, by slot: everything goes to one node at a time. A transaction (its mark says that all before it is applied) waits until everything sent before it
 * is answered, and nothing is sent behind one that is not. What a node sends elsewhere is held with all that follows it (held-slots.ts).
 */
import { GodwitError } from '../errors/errors.ts';
import type { Batch } from '../model/batch.ts';
import { endpointName } from '../model/endpoint.ts';
import { SLOT_COUNT } from '../model/slot.ts';
import type { Connection } from '../net/connection.ts';
import type { ClusterFollower } from '../topology/cluster-api.ts';
import type { ClusterNode } from '../topology/cluster-node.ts';
import type { BatchPool } from './batch-pool.ts';
import { failedOver } from './cluster-failure.ts';
import { type HeldCommand, HeldSlots, type HeldUnit } from './held-slots.ts';
import { Lane } from './lane.ts';
import type { Pace } from './pace.ts';
import { LaneParcel, type LaneUnit } from './lane-parcel.ts';
import type { Refusal, Refusals } from './refusals.ts';
import type { Wave, WaveLine } from './wave-line.ts';

const PARCEL_BYTES = 64 * 1024;
/** A parcel that has grown beyond this is not kept. */
const PARCEL_BYTES_KEPT_MAX = 2 * 1024 * 1024;

export interface OpenLane {
  readonly node: ClusterNode;
  readonly connection: Connection;
  readonly generation: number;
}

export interface ClusterLanesOptions {
  readonly address: string;
  readonly topology: ClusterFollower;
  readonly waves: WaveLine;
  readonly batches: BatchPool;
  readonly pace: Pace;
  /** Of each node; see Lane. */
  readonly unansweredBytesMax: number;
  readonly lanes: readonly OpenLane[];
  /** @param replayUntil units up to there may have been applied before, beside those of which that is known anyway */
  newRefusals(replayUntil?: () => number): Refusals;
  /** To a node that has got slots meanwhile. @throws TARGET_NOT_READY, FENCED */
  open(node: ClusterNode): Promise<OpenLane>;
  onFailed(error: unknown): void;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string, details?: Record<string, unknown>): void;
}

export class ClusterLanes {
  readonly held: HeldSlots;
  private readonly options: ClusterLanesOptions;
  private readonly lanes = new Map<string, Lane>();
  private readonly bySlot: Lane[] = Array.from({ length: SLOT_COUNT });
  /** The last wave that has something of the slot, and the last that has it in a transaction. */
  private readonly touched = new Uint32Array(SLOT_COUNT);
  private readonly marked = new Uint32Array(SLOT_COUNT);
  private readonly filling = new Map<Lane, LaneParcel>();
  private readonly spare: LaneParcel[] = [];
  private readonly users = new Map<Batch, number>();
  private closed = false;

  constructor(options: ClusterLanesOptions) {
    this.options = options;
    for (const open of options.lanes) this.addLane(open);
    const { map } = options.topology;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const lane = this.lanes.get(map.primaryOfSlot(slot)?.id ?? '');
      if (lane !== undefined) this.bySlot[slot] = lane;
    }
    this.held = new HeldSlots({
      topology: options.topology,
      isQuiet: (slot) => this.isQuiet(slot),
      laneOf: (slot) => this.bySlot[slot],
      laneAt: (node, slot) => this.laneAt(node, slot),
      onOpened: (slot, lane) => this.reopen(slot, lane),
      newRefusals: (replayUntil) => options.newRefusals(replayUntil),
      onSent: (wave) => options.waves.done(wave),
      onFailed: (error) => options.onFailed(error),
      onEvent: (level, kind, message, details) => options.onEvent(level, kind, message, details),
    });
  }

  get all(): Iterable<Lane> {
    return this.lanes.values();
  }

  /** Something was refused that a later command of a replay may explain. */
  get inDoubt(): boolean {
    for (const { refusals } of this.lanes.values()) if (refusals.inDoubt) return true;
    return this.held.inDoubt;
  }

  /** Slots that go to this lane. */
  *slotsOf(lane: Lane): Iterable<number> {
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (this.bySlot[slot] === lane) yield slot;
  }

  /** Lanes have no owner of this slot: nobody had it when the attempt began. */
  laneOf(slot: number): Lane {
    const lane = this.bySlot[slot];
    if (lane === undefined) throw new GodwitError('TARGET_NOT_READY', `slot ${slot} of target ${this.options.address} has no owner`);
    return lane;
  }

  /** The batch is in use until release(). */
  hold(batch: Batch): void {
    this.users.set(batch, (this.users.get(batch) ?? 0) + 1);
  }

  release(batch: Batch): void {
    const users = (this.users.get(batch) ?? 0) - 1;
    if (users > 0) this.users.set(batch, users);
    else {
      this.users.delete(batch);
      this.options.batches.giveBack(batch);
    }
  }

  /** The parcel that commands of this slot go into; begun if need be. @param isMarked they go in a transaction with their mark */
  parcelFor(slot: number, batch: Batch, wave: Wave, isMarked: boolean): LaneParcel {
    const lane = this.laneOf(slot);
    const parcel = this.parcelOf(lane, batch, wave);
    parcel.needs = Math.max(parcel.needs, isMarked ? this.touched[slot] : this.marked[slot]);
    this.touched[slot] = wave.seq;
    if (isMarked) this.marked[slot] = wave.seq;
    return parcel;
  }

  parcelOf(lane: Lane, batch: Batch, wave: Wave): LaneParcel {
    let parcel = this.filling.get(lane);
    if (parcel === undefined) {
      parcel = this.spare.pop() ?? new LaneParcel(PARCEL_BYTES);
      parcel.begin(batch, wave);
      this.filling.set(lane, parcel);
      wave.pending++;
      this.hold(batch);
    }
    return parcel;
  }

  /** Sends what was filled. */
  push(): void {
    const filled = [...this.filling];
    this.filling.clear();
    for (const [lane, parcel] of filled) lane.push(parcel);
  }

  /** Replays are over up to this offset. @throws TARGET_REFUSED */
  async passed(offset: number): Promise<void> {
    for (const { refusals } of this.lanes.values()) if (refusals.inDoubt) await refusals.passed(offset);
  }

  close(error: Error): void {
    this.closed = true;
    this.held.close(error);
    for (const lane of this.lanes.values()) lane.close();
  }

  private addLane({ node, connection, generation }: OpenLane): Lane {
    if (this.closed) throw new GodwitError('CONNECTION_LOST', 'this attempt is over');
    const options = {
      node,
      connection,
      refusals: this.options.newRefusals(),
      onSending: (_lane: Lane, parcel: LaneParcel) => this.withhold(parcel),
      pacer: this.options.pace.of(endpointName(connection.endpoint)),
      unansweredBytesMax: this.options.unansweredBytesMax,
      onAnswered: (lane: Lane, parcel: LaneParcel, refusals: readonly Refusal[]) => this.answered(lane, parcel, refusals),
      onFailed: (error: GodwitError) => this.options.onFailed(error),
    };
    const lane = new Lane(options, generation);
    this.lanes.set(node.id, lane);
    return lane;
  }

  private isQuiet(slot: number): boolean {
    const lane = this.laneOf(slot);
    return lane.isQuiet || this.touched[slot] <= lane.answeredSeq;
  }

  private reopen(slot: number, lane: Lane): void {
    this.bySlot[slot] = lane;
    this.touched[slot] = 0;
    this.marked[slot] = 0;
  }

  private async laneAt(node: ClusterNode, slot: number): Promise<Lane> {
    const before = this.laneOf(slot).node;
    const { map } = this.options.topology;
    const isStandIn = node.id !== before.id && map.shardOfNode(node.id)?.id === map.shardOfNode(before.id)?.id;
    if (isStandIn) throw failedOver(this.options.address);
    return this.lanes.get(node.id) ?? this.addLane(await this.options.open(node));
  }

  /** Nothing goes to a node behind the back of what is held of its slot: it could be carried out first. */
  private withhold(parcel: LaneParcel): void {
    if (this.held.count === 0) return;
    const { wave } = parcel;
    parcel.withhold(
      (slot) => this.held.has(slot),
      (unit) => {
        wave.pending++;
        this.held.add(unit.slot, heldUnit(parcel, unit, wave));
      },
    );
  }

  private async answered(lane: Lane, parcel: LaneParcel, refusals: readonly Refusal[]): Promise<void> {
    const { wave, batch } = parcel;
    let rest = refusals;
    if (refusals.length > 0 || this.held.count > 0) {
      const units = parcel.elsewhere(refusals, (slot) => this.held.has(slot));
      for (const unit of units) {
        wave.pending++;
        this.held.add(unit.slot, heldUnit(parcel, unit, wave), { text: unit.text });
      }
      rest = refusals.filter(({ command }) => !units.some(({ first, last }) => command >= first && command <= last));
    }
    await this.judge(lane, parcel, rest);
    if (parcel.buffer.bytes.length <= PARCEL_BYTES_KEPT_MAX) this.spare.push(parcel);
    this.release(batch);
    this.options.waves.done(wave);
  }

  /** Of what was not sent elsewhere. @throws TARGET_NOT_READY, TARGET_REFUSED, PERMISSION_DENIED, KEY_EXISTS */
  private async judge({ refusals }: Lane, parcel: LaneParcel, refused: readonly Refusal[]): Promise<void> {
    const { wave } = parcel;
    if (refused.length === 0 && !refusals.inDoubt) return;
    const queued = refused.filter(({ carriedOut }) => !carriedOut);
    if (queued.length > 0) await refusals.refusedWhole(parcel, wave.mark, queued);
    wave.skipped += await refusals.settle(parcel, wave.mark, refused);
  }
}

/** With bytes of its own. */
function heldUnit({ buffer, batch }: LaneParcel, { transaction, first, last }: LaneUnit, wave: Wave): HeldUnit {
  const commands: HeldCommand[] = [];
  const [from, to] = transaction === undefined ? [first, last] : [transaction.multi + 1, transaction.exec - 2];
  const bytesOf = (command: number): Buffer => Buffer.from(buffer.bytes.subarray(buffer.starts[command], buffer.endOf(command)));
  for (let at = from; at <= to;) {
    const row = buffer.rowOf[at];
    let count = 1;
    while (at + count <= to && buffer.starts[at + count] === buffer.starts[at]) count++;
    if (row >= 0) commands.push({ count, bytes: bytesOf(at), endOffset: batch.endOffset[row], database: batch.database[row] });
    at += count;
  }
  return { wave, commands, mark: transaction === undefined ? undefined : bytesOf(transaction.exec - 1) };
}
