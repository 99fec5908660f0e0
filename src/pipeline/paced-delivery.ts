/**
 * A delivery whose batches are small while a limit of the rate is set: what is sent at once is what the limit gives for a moment, so that it flows instead of
 * coming in bursts. Without a limit batches pass through as they are. The waiting itself is the senders' (pace.ts).
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
    this.own = undefined;
    const least = this.unsent > 0 ? this.unsent * 4 : 1;
    const rows = this.pace.isLimited ? Math.max(rowsMin, Math.min(rowsMax, Math.max(least, this.pace.rowsMax(rowsMax, this.rowBytes)))) : rowsMax;
    this.room = await this.inner.take(rows, rowsMin);
    this.unsent = rows;
    if (rows < this.room.capacity && rows < rowsMax) this.own = new Batch(rows);
    return this.own ?? this.room;
  }

  async sendValues(form: ValueForm, mark: Mark): Promise<void> {
    this.handOver();
    await this.inner.sendValues(form, mark);
  }

  async sendLarge(large: LargeEntry, form: ValueForm, cursor: ValueCursor, marks: { readonly before: Mark; behind(): Mark }): Promise<Mark> {
    this.unsent = 0;
    return this.inner.sendLarge(large, form, cursor, marks);
  }

  async sendCommands(mark: Mark, selectedAt?: SelectedAt): Promise<void> {
    this.handOver();
    await this.inner.sendCommands(mark, selectedAt);
  }

  pass(mark: Mark): void {
    this.inner.pass(mark);
  }

  endFullSync(mark: Mark): Promise<void> {
    return this.inner.endFullSync(mark);
  }

  settled(): Promise<void> {
    return this.inner.settled();
  }

  fail(error: unknown): void {
    this.inner.fail(error);
  }

  close(): void {
    this.inner.close();
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
