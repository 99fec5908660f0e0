/**
 * What goes to one node in one write: commands of many slots, one behind the other, and between them transactions, each of one slot with its mark in it:
 *
 *   parcel = *( command | MULTI +command HSET <record of the slot> m:<pipeline> <mark> EXEC )
 *
 * Every command has one reply, those within a transaction too (`QUEUED`), so a command is found by the index of its reply.
 */
import type { Batch } from '../model/batch.ts';
import { encodeCommand } from '../resp/encode.ts';
import { BatchBuffer, type OtherWords, type RestoreOptions } from '../target/batch-buffer.ts';
import type { Refusal } from './refusals.ts';
import type { Wave } from './wave-line.ts';

const MULTI = encodeCommand(['MULTI']);
const EXEC = encodeCommand(['EXEC']);
const ASKING = encodeCommand(['ASKING']);
/** Refusals that send a command elsewhere, or back for later: it was not carried out. */
const ELSEWHERE = /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN)\b/;

export interface LaneTransaction {
  readonly slot: number;
  /** Indexes of MULTI, of the first command of the slot, and of EXEC. */
  readonly multi: number;
  exec: number;
}

/** Of what goes to every node. */
export const NO_SLOT = 0xffff;

/** A command, or a transaction, that goes elsewhere. */
export interface LaneUnit {
  readonly slot: number;
  readonly transaction: LaneTransaction | undefined;
  /** Commands [first, last] of the parcel, without MULTI, mark and EXEC. */
  readonly first: number;
  readonly last: number;
  /** The reply; undefined: it was carried out, behind one that was not. */
  readonly text: string | undefined;
}

export class LaneParcel {
  readonly buffer: BatchBuffer;
  readonly transactions: LaneTransaction[] = [];
  batch!: Batch;
  wave!: Wave;
  /** May only be sent when everything up to this wave is answered at the same node. */
  needs = 0;
  /** By command. */
  private slots = new Uint16Array(256);

  constructor(bytes: number) {
    this.buffer = new BatchBuffer(bytes);
  }

  begin(batch: Batch, wave: Wave): void {
    this.batch = batch;
    this.wave = wave;
    this.needs = 0;
    this.transactions.length = 0;
    this.buffer.begin('plain');
  }

  addValue(slot: number, row: number, restore: RestoreOptions, nowMs: number): void {
    const first = this.buffer.commands;
    this.buffer.addValue(this.batch, row, restore, nowMs);
    this.ofSlot(first, slot);
  }

  addCommand(slot: number, row: number, other: OtherWords | undefined): void {
    const first = this.buffer.commands;
    this.buffer.addCommand(this.batch, row, other);
    this.ofSlot(first, slot);
  }

  /** The next command is for a slot that is on its way to this node. */
  addAsking(): void {
    this.buffer.add(ASKING);
  }

  /** In database 0, where it ends too: a SELECT within is not carried out if the transaction is refused. */
  beginTransaction(slot: number): void {
    this.buffer.select(0);
    this.transactions.push({ slot, multi: this.buffer.commands, exec: 0 });
    this.buffer.add(MULTI);
  }

  /** @param mark the command that writes the slot's mark */
  endTransaction(mark: Uint8Array): void {
    const transaction = this.transactions[this.transactions.length - 1];
    this.buffer.select(0);
    this.buffer.add(mark);
    transaction.exec = this.buffer.commands;
    this.buffer.add(EXEC);
  }

  end(): void {
    this.buffer.endPlain();
  }

  /** What the reply at `index`, or the one in the array of an EXEC, refuses. */
  refusal(index: number, nested: number, text: string): Refusal {
    const transaction = this.transactionAt(index);
    if (nested >= 0 && transaction !== undefined) return { command: transaction.multi + 1 + nested, carriedOut: true, text, isMarked: true };
    return { command: index, carriedOut: transaction === undefined, text };
  }

  transactionAt(command: number): LaneTransaction | undefined {
    let low = 0;
    let high = this.transactions.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.transactions[middle];
      if (command < found.multi) high = middle - 1;
      else if (command > found.exec) low = middle + 1;
      else return found;
    }
    return undefined;
  }

  /**
   * Units that go elsewhere, in their order: those that were sent there, and what came behind them in the same slot, which must not overtake them.
   * @param isHeld of a slot from which something was sent elsewhere before this parcel
   */
  elsewhere(refusals: readonly Refusal[], isHeld: (slot: number) => boolean): LaneUnit[] {
    const texts = new Map(refusals.filter(({ text }) => ELSEWHERE.test(text)).map(({ command, text }) => [command, text]));
    const now = new Set<number>();
    return this.units().flatMap((unit) => {
      const { slot, transaction, first, last } = unit;
      let text: string | undefined;
      for (let i = first; i <= last && text === undefined; i++) text = texts.get(i);
      // What was carried out with its mark is over; what was without one is sent again, so that it comes behind the others.
      if (text === undefined && (transaction !== undefined || (!now.has(slot) && !isHeld(slot)))) return [];
      now.add(slot);
      return [{ ...unit, text }];
    });
  }

  /** Takes out what must not be sent for now. @param take is told of each unit, in their order, while its bytes are still here */
  withhold(isHeld: (slot: number) => boolean, take: (unit: LaneUnit) => void): void {
    const left = this.units().filter(({ slot }) => isHeld(slot));
    if (left.length === 0) return;
    const gone = new Uint8Array(this.buffer.commands);
    for (const unit of left) {
      take(unit);
      for (let i = unit.first; i <= unit.last; i++) gone[i] = 1;
    }
    this.closeUp(gone);
  }

  /** Commands of slots, in their order; what stands for no row (SELECT) and what is of no slot is left out. */
  private units(): LaneUnit[] {
    const { buffer } = this;
    const units: LaneUnit[] = [];
    for (let at = 0; at < buffer.commands;) {
      const transaction = this.transactionAt(at);
      const first = at;
      const last = transaction === undefined ? this.lastOfRow(at) : transaction.exec;
      at = last + 1;
      const slot = transaction?.slot ?? this.slots[first];
      if (slot !== NO_SLOT && (transaction !== undefined || buffer.rowOf[first] >= 0)) units.push({ slot, transaction, first, last, text: undefined });
    }
    return units;
  }

  private closeUp(gone: Uint8Array): void {
    const { buffer, slots } = this;
    const { starts, rowOf, commands } = buffer;
    const to = new Int32Array(commands);
    let kept = 0;
    let length = 0;
    for (let i = 0; i < commands;) {
      let next = i + 1;
      while (next < commands && starts[next] === starts[i]) next++;
      const [start, end] = [starts[i], next < commands ? starts[next] : buffer.length];
      if (gone[i] === 0) {
        buffer.bytes.copyWithin(length, start, end);
        for (; i < next; i++) {
          to[i] = kept;
          starts[kept] = length;
          rowOf[kept] = rowOf[i];
          slots[kept++] = slots[i];
        }
        length += end - start;
      }
      i = next;
    }
    buffer.commands = kept;
    buffer.length = length;
    const rest = this.transactions.filter(({ multi }) => gone[multi] === 0);
    this.transactions.length = 0;
    for (const { slot, multi, exec } of rest) this.transactions.push({ slot, multi: to[multi], exec: to[exec] });
  }

  private ofSlot(first: number, slot: number): void {
    const { commands } = this.buffer;
    if (this.slots.length < commands) {
      const grown = new Uint16Array(Math.max(commands, this.slots.length * 2));
      grown.set(this.slots);
      this.slots = grown;
    }
    for (let i = first; i < commands; i++) this.slots[i] = slot;
  }

  /** Commands that stand for one row, in one slot. */
  private lastOfRow(first: number): number {
    const { rowOf, commands } = this.buffer;
    let last = first;
    while (last + 1 < commands && rowOf[last + 1] === rowOf[first] && rowOf[first] >= 0 && this.slots[last + 1] === this.slots[first]) last++;
    return last;
  }
}

export function goesElsewhere(text: string): boolean {
  return ELSEWHERE.test(text);
}
