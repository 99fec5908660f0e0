/**
 * A delivery whose batches are small while a limit of the rate is set: what is sent at once is what the limit gives for a moment, so that it flows instead of
 * coming in bursts. Without a limit batches pass through as they are. The waiting itself is the senders' (pace.ts). While the job is paused nothing passes.
 */
import type { Mark } from '../checkpoint/mark.ts';
import { Batch } from '../model/batch.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import type { Delivery, SelectedAt, ValueForm } from './delivery.ts';
import type { ValueCursor } from '../rdb/value-cursor.ts';
import type { Pace } from './pace.ts';

/** Weight of the last batch in the average. */
const WEIGHT = 0.2;

export class PacedDelivery implements Delivery {
  private readonly inner: Delivery;
  private readonly pace: Pace;
  private room: Batch | undefined;
  private own: Batch | undefined;
  /** Rows that were given last and not sent: who asks again needs more for one unit. */
  private unsent = 0;
  private rowBytes = 0;
  /** Passed while the job was paused: a mark would have to be written for it. */
  private passed: Mark | undefined;

  constructor(inner: Delivery, pace: Pace) {
    this.inner = inner;
    this.pace = pace;
  }

  get sentOffset(): number {
    return this.inner.sentOffset;
  }

  get isSettled(): boolean {
    return this.inner.isSettled;
  }

  async take(rowsMax: number, rowsMin = 0): Promise<Batch> {
    if (this.pace.gate.isClosed) await this.pace.gate.passage();
    this.own = undefined;
    const least = this.unsent > 0 ? this.unsent * 4 : 1;
    const rows = this.pace.isLimited ? Math.max(rowsMin, Math.min(rowsMax, Math.max(least, this.pace.rowsMax(rowsMax, this.rowBytes)))) : rowsMax;
    this.room = await this.inner.take(rows, rowsMin);
    this.unsent = rows;
    if (rows < this.room.capacity && rows < rowsMax) this.own = new Batch(rows);
    return this.own ?? this.room;
  }

  async sendValues(form: ValueForm, mark: Mark): Promise<void> {
    await this.passGate();
    this.handOver();
    await this.inner.sendValues(form, mark);
  }

  async sendLarge(large: LargeEntry, form: ValueForm, cursor: ValueCursor, marks: { readonly before: Mark; behind(): Mark }): Promise<Mark> {
    await this.passGate();
    this.unsent = 0;
    return this.inner.sendLarge(large, form, cursor, marks);
  }

  async sendCommands(mark: Mark, selectedAt?: SelectedAt): Promise<void> {
    await this.passGate();
    this.handOver();
    await this.inner.sendCommands(mark, selectedAt);
  }

  pass(mark: Mark): void {
    const { gate } = this.pace;
    if (!gate.isClosed) return this.inner.pass(mark);
    const isFirst = this.passed === undefined;
    this.passed = mark;
    if (isFirst) gate.passage().then(() => this.passHeld(), ignore);
  }

  async endFullSync(mark: Mark): Promise<void> {
    await this.passGate();
    await this.inner.endFullSync(mark);
  }

  settled(): Promise<void> {
    return this.inner.settled();
  }

  fail(error: unknown): void {
    this.inner.fail(error);
  }

  close(): void {
    this.passed = undefined;
    this.inner.close();
  }

  private async passGate(): Promise<void> {
    const { gate } = this.pace;
    if (gate.isClosed) await gate.passage();
    this.passHeld();
  }

  private passHeld(): void {
    const { passed } = this;
    this.passed = undefined;
    if (passed !== undefined) this.inner.pass(passed);
  }

  private handOver(): void {
    this.unsent = 0;
    const { own, room } = this;
    const rows = own ?? room;
    if (rows !== undefined && rows.count > 0) {
      const bytes = rows.end[rows.count - 1] - rows.start[0];
      this.rowBytes += WEIGHT * (bytes / rows.count - this.rowBytes);
    }
    if (own !== undefined) room?.copyRows(own);
  }
}

/** The job ends while it is paused: the next run finds the place again. */
function ignore(): void {}
