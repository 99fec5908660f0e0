/**
 * Sorts the commands of a batch by slot, each slot's in the order of the stream. Nothing is copied and nothing allocated per command: lists are chained through
 * columns of numbers. An entry is a row of the batch, or a part of one whose keys lie in several slots.
 */
import type { RewrittenCommands } from '../command/rewrite/rewritten.ts';
import { SLOT_COUNT } from '../model/slot.ts';

interface StagedPart {
  readonly row: number;
  readonly words: RewrittenCommands;
}

export class SlotStage {
  /** Slots that have entries, in the order of their first. */
  readonly slots: number[] = [];
  private readonly head = new Int32Array(SLOT_COUNT);
  private readonly tail = new Int32Array(SLOT_COUNT);
  private readonly stamps = new Uint32Array(SLOT_COUNT);
  private readonly marked = new Uint8Array(SLOT_COUNT);
  private readonly parts: StagedPart[] = [];
  private next = new Int32Array(4_096);
  private rows = 0;
  private stamp = 0;

  /** @param rows of the batch */
  begin(rows: number): void {
    this.slots.length = 0;
    this.parts.length = 0;
    this.rows = rows;
    this.stamp++;
    if (this.next.length < rows) this.next = new Int32Array(rows * 2);
  }

  /** @param marked it may not be applied twice, or must stay together with others: the whole slot goes in a transaction with its mark */
  put(slot: number, row: number, marked: boolean): void {
    this.link(slot, row, marked);
  }

  putPart(slot: number, row: number, words: RewrittenCommands, marked: boolean): void {
    const entry = this.rows + this.parts.length;
    this.parts.push({ row, words });
    if (entry >= this.next.length) {
      const grown = new Int32Array(this.next.length * 2);
      grown.set(this.next);
      this.next = grown;
    }
    this.link(slot, entry, marked);
  }

  isMarked(slot: number): boolean {
    return this.marked[slot] !== 0;
  }

  /** The first entry of a slot; next() leads on, to -1. */
  first(slot: number): number {
    return this.head[slot];
  }

  after(entry: number): number {
    return this.next[entry];
  }

  rowOf(entry: number): number {
    return entry < this.rows ? entry : this.parts[entry - this.rows].row;
  }

  /** What it says if it is a part of a row only. */
  wordsOf(entry: number): RewrittenCommands | undefined {
    return entry < this.rows ? undefined : this.parts[entry - this.rows].words;
  }

  private link(slot: number, entry: number, marked: boolean): void {
    this.next[entry] = -1;
    if (this.stamps[slot] === this.stamp) {
      this.next[this.tail[slot]] = entry;
      if (marked) this.marked[slot] = 1;
    } else {
      this.stamps[slot] = this.stamp;
      this.head[slot] = entry;
      this.marked[slot] = marked ? 1 : 0;
      this.slots.push(slot);
    }
    this.tail[slot] = entry;
  }
}
