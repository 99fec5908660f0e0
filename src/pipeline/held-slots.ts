/**
 * Slots from which a node has sent something elsewhere (MOVED, ASK), or back for later (TRYAGAIN, CLUSTERDOWN). What comes for such a slot is held; once nothing
 * of it is under way any more it is sent again, in order and one unit at a time, to wherever the slot is now. When all of it has arrived the slot is open again,
 * at its new node. Other slots go on meanwhile.
 *
 *   open -- refused --> held, draining -- all answered --> held, sending (MOVED, ASK followed; TRYAGAIN: later) -- nothing left --> open
 */
import { Deferred } from '../async/deferred.ts';
import { Batch } from '../model/batch.ts';
import type { ClusterFollower } from '../topology/cluster-api.ts';
import type { ClusterNode } from '../topology/cluster-node.ts';
import { parseRedirect } from '../topology/parse-redirect.ts';
import type { Lane } from './lane.ts';
import { goesElsewhere, LaneParcel } from './lane-parcel.ts';
import type { Refusals } from './refusals.ts';
import type { Wave } from './wave-line.ts';

const RETRY_MS = 20;
const TOLD_AFTER_MS = 5_000;
const TOLD_EVERY_MS = 30_000;
const UNIT_BYTES = 4 * 1024;
/** In held units, beyond which nothing more is read. */
const BYTES_MAX = 16 * 1024 * 1024;

/** One command (or several that stand for one row). */
export interface HeldCommand {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly endOffset: number;
  readonly database: number;
}

export interface HeldUnit {
  readonly wave: Wave;
  readonly commands: readonly HeldCommand[];
  /** The command that writes the slot's mark; undefined: it goes without a transaction. */
  readonly mark: Uint8Array | undefined;
}

interface HeldSlot {
  readonly units: HeldUnit[];
  readonly sinceMs: number;
  /** Units up to here were carried out before they came here: they are sent over what came behind them. */
  replayUntil: number;
  /** Of this slot alone: what its replay explains says nothing of others. */
  readonly refusals: Refusals;
  /** Where the last MOVED pointed. */
  node: ClusterNode | undefined;
}

export interface HeldSlotsOptions {
  readonly topology: ClusterFollower;
  /** True: nothing of the slot is under way to any node. */
  isQuiet(slot: number): boolean;
  laneOf(slot: number): Lane;
  /** Of a node that had none before, too. @throws TARGET_NOT_READY, also when the node stands in for the one that the slot was at: a failover */
  laneAt(node: ClusterNode, slot: number): Promise<Lane>;
  /** All that was held is applied: the slot is open again, at this node. */
  onOpened(slot: number, lane: Lane): void;
  /** @param replayUntil units of the slot up to there may have been applied before */
  newRefusals(replayUntil: () => number): Refusals;
  /** A unit is answered, and judged. */
  onSent(wave: Wave): void;
  onFailed(error: unknown): void;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string, details?: Record<string, unknown>): void;
}

export class HeldSlots {
  /** In all held units. */
  bytes = 0;
  private readonly options: HeldSlotsOptions;
  private readonly slots = new Map<number, HeldSlot>();
  private readonly parcel = new LaneParcel(UNIT_BYTES);
  private running = false;
  private closed = false;
  private toldAtMs = 0;
  private waiting: Deferred<void> | undefined;

  constructor(options: HeldSlotsOptions) {
    this.options = options;
  }

  get count(): number {
    return this.slots.size;
  }

  has(slot: number): boolean {
    return this.slots.size > 0 && this.slots.has(slot);
  }

  /**
   * Takes a unit, whose bytes are its own. Units of one wave come in their order; those of an earlier wave may come later, for their answers were still out.
   * @param answer it was sent: with the reply that sent it elsewhere; without one it was carried out, though something before it was not. undefined: not sent
   */
  add(slot: number, unit: HeldUnit, answer?: { readonly text: string | undefined }): void {
    const held = this.slots.get(slot) ?? this.hold(slot);
    const { commands } = unit;
    if (answer !== undefined && answer.text === undefined) held.replayUntil = Math.max(held.replayUntil, commands[commands.length - 1]?.endOffset ?? 0);
    let at = held.units.length;
    while (at > 0 && held.units[at - 1].wave.seq > unit.wave.seq) at--;
    held.units.splice(at, 0, unit);
    for (const { bytes } of commands) this.bytes += bytes.length;
    if (answer?.text !== undefined) this.redirect(held, this.options.laneOf(slot), answer.text);
    if (this.running) return;
    this.running = true;
    void this.run().catch((error: unknown) => this.options.onFailed(error));
  }

  /** Something was refused that a later unit of its slot may explain. */
  get inDoubt(): boolean {
    for (const { refusals } of this.slots.values()) if (refusals.inDoubt) return true;
    return false;
  }

  /** Resolves when more may be held. */
  room(): Promise<void> {
    if (this.bytes <= BYTES_MAX) return Promise.resolve();
    this.waiting ??= new Deferred();
    return this.waiting.promise;
  }

  close(error: Error): void {
    this.closed = true;
    this.waiting?.reject(error);
  }

  private hold(slot: number): HeldSlot {
    const refusals = this.options.newRefusals(() => held.replayUntil);
    const held: HeldSlot = { units: [], sinceMs: performance.now(), replayUntil: 0, refusals, node: undefined };
    this.slots.set(slot, held);
    return held;
  }

  private async run(): Promise<void> {
    try {
      while (this.slots.size > 0 && !this.closed) {
        await this.options.topology.refresh();
        let moved = false;
        for (const [slot, held] of this.slots) {
          if (this.closed) return;
          if (!this.options.isQuiet(slot)) continue;
          if (await this.send(slot, held)) moved = true;
        }
        this.tell();
        if (!moved && this.slots.size > 0) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    } finally {
      this.running = false;
    }
  }

  /** @returns something was applied */
  private async send(slot: number, held: HeldSlot): Promise<boolean> {
    let moved = false;
    let lane: Lane | undefined;
    while (held.units.length > 0 && !this.closed) {
      const node = held.node ?? this.options.topology.map.primaryOfSlot(slot);
      if (node === undefined) return moved;
      lane = await this.options.laneAt(node, slot);
      if (this.closed) return moved;
      const [unit] = held.units;
      if (!(await this.sendUnit(slot, held, lane, unit))) return moved;
      moved = true;
      held.units.shift();
      for (const { bytes } of unit.commands) this.bytes -= bytes.length;
      if (this.bytes <= BYTES_MAX) this.waiting?.resolve();
      if (this.bytes <= BYTES_MAX) this.waiting = undefined;
    }
    if (this.closed || lane === undefined) return moved;
    await held.refusals.passed(Number.POSITIVE_INFINITY);
    if (held.units.length > 0) return moved;
    this.slots.delete(slot);
    this.options.onOpened(slot, lane);
    return true;
  }

  private async sendUnit(slot: number, held: HeldSlot, lane: Lane, unit: HeldUnit): Promise<boolean> {
    const text = await this.exchange(slot, held, lane, unit, false);
    if (text === undefined) return true;
    const asked = this.redirect(held, lane, text);
    if (asked === undefined) return false;
    const other = await this.options.laneAt(asked, slot);
    if (this.closed) return false;
    const again = await this.exchange(slot, held, other, unit, true);
    if (again !== undefined) this.redirect(held, other, again);
    return again === undefined;
  }

  /** @returns the reply that sends it elsewhere; undefined: it is judged */
  private async exchange(slot: number, { refusals: policy }: HeldSlot, lane: Lane, unit: HeldUnit, asking: boolean): Promise<string | undefined> {
    const { parcel } = this;
    const { wave, commands, mark } = unit;
    // The wave ends behind it.
    const behind = { ...wave.mark, offset: commands[commands.length - 1]?.endOffset ?? wave.mark.offset };
    parcel.begin(batchOf(commands), wave);
    if (mark !== undefined) {
      if (asking) parcel.addAsking();
      parcel.beginTransaction(slot);
    }
    for (const [row, command] of commands.entries()) {
      parcel.buffer.select(command.database);
      if (asking && mark === undefined) parcel.addAsking();
      parcel.addCommand(slot, row, command);
    }
    if (mark !== undefined) {
      parcel.endTransaction(mark);
      await policy.beforeTransaction(parcel, behind);
    }
    const refusals = await lane.sendAlone(parcel);
    const elsewhere = refusals.find(({ text }) => goesElsewhere(text));
    if (elsewhere !== undefined) return elsewhere.text;
    const queued = refusals.filter(({ carriedOut }) => !carriedOut);
    if (queued.length > 0) await policy.refusedWhole(parcel, wave.mark, queued);
    wave.skipped += await policy.settle(parcel, behind, refusals);
    this.options.onSent(wave);
    return undefined;
  }

  /** @returns the node to ask now, if that is what the reply says */
  private redirect(held: HeldSlot, lane: Lane, text: string): ClusterNode | undefined {
    const redirect = parseRedirect(text);
    if (redirect === undefined) {
      // TRYAGAIN, CLUSTERDOWN: where it is now is asked anew.
      held.node = undefined;
      return undefined;
    }
    const { node } = this.options.topology.redirected(redirect, lane.node);
    if (redirect.kind === 'ask') return node;
    held.node = node;
    return undefined;
  }

  private tell(): void {
    const now = performance.now();
    const long = [...this.slots].filter(([, { sinceMs }]) => now - sinceMs > TOLD_AFTER_MS).map(([slot]) => slot);
    if (long.length === 0 || now - this.toldAtMs < TOLD_EVERY_MS) return;
    this.toldAtMs = now;
    const some = long.slice(0, 10).join(', ');
    const what = `${long.length} ${long.length === 1 ? 'slot' : 'slots'} of the target (${some}${long.length > 10 ? ', ...' : ''})`;
    this.options.onEvent('warn', 'slots.held', `${what} cannot be written for more than 5 s: the slot is being moved, or its node is away. The others go on`, {
      slots: some,
      count: long.length,
    });
  }
}

function batchOf(commands: readonly HeldCommand[]): Batch {
  const batch = new Batch(commands.length);
  for (const [row, { endOffset, database }] of commands.entries()) {
    batch.endOffset[row] = endOffset;
    batch.database[row] = database;
    batch.count++;
  }
  return batch;
}
