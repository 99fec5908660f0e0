/**
 * A delivery to a target that the pipeline shares with others of its job: what empties a whole server or database must not reach it. FLUSHALL and FLUSHDB become
 * the removal of the keys that are this pipeline's own; where these cannot be told, and for SWAPDB, the job stops.
 *
 * Invariants: everything before the emptying is answered and marked when it begins, and the mark stands before it until what comes behind is applied: emptying
 * again does no harm, and nothing else is done twice. In a source transaction what comes before it would be emptied too: it is left out.
 */
import { findCommand } from '../command/built-in-commands.ts';
import type { Mark } from '../checkpoint/mark.ts';
import { GodwitError } from '../errors/errors.ts';
import { Batch, EntryKind } from '../model/batch.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import type { Delivery, SelectedAt, ValueForm } from './delivery.ts';
import type { ValueCursor } from './large-value.ts';
import type { TargetSide } from './target-side.ts';

export interface SharedDeliveryOptions {
  readonly delivery: Delivery;
  readonly target: TargetSide;
  /** Which was read when the attempt began; its position moves on with what is sent. */
  readonly from: Mark;
  /** Resolves when the rows may be sent: those whose keys another pipeline had until now wait for it. */
  readonly whenOwned?: (batch: Batch, mark: Mark) => Promise<void>;
}

const EMPTYING = new Set(['flushall', 'flushdb', 'swapdb']);

export class SharedDelivery implements Delivery {
  private readonly options: SharedDeliveryOptions;
  private readonly inner: Delivery;
  private batch: Batch | undefined;
  /** Behind the last unit that was handed on. */
  private sent: Mark;

  constructor(options: SharedDeliveryOptions) {
    this.options = options;
    this.inner = options.delivery;
    this.sent = options.from;
  }

  get sentOffset(): number {
    return this.inner.sentOffset;
  }

  get isSettled(): boolean {
    return this.inner.isSettled;
  }

  async take(rowsMax: number, rowsMin?: number): Promise<Batch> {
    this.batch = await this.inner.take(rowsMax, rowsMin);
    return this.batch;
  }

  async sendValues(form: ValueForm, mark: Mark): Promise<void> {
    if (this.batch !== undefined) await this.options.whenOwned?.(this.batch, mark);
    await this.inner.sendValues(form, mark);
  }

  sendLarge(large: LargeEntry, form: ValueForm, cursor: ValueCursor, marks: { readonly before: Mark; behind(): Mark }): Promise<Mark> {
    return this.inner.sendLarge(large, form, cursor, marks);
  }

  async sendCommands(mark: Mark, selectedAt?: SelectedAt): Promise<void> {
    const { batch } = this;
    if (batch === undefined) throw new Error('no batch was taken');
    await this.options.whenOwned?.(batch, mark);
    const row = this.firstEmptying(batch);
    if (row < 0) return this.handOn(mark, selectedAt);
    await this.sendAround(batch, row, mark, selectedAt);
  }

  pass(mark: Mark): void {
    this.sent = mark;
    this.inner.pass(mark);
  }

  async endFullSync(mark: Mark): Promise<void> {
    await this.inner.endFullSync(mark);
    this.sent = mark;
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

  private async handOn(mark: Mark, selectedAt?: SelectedAt): Promise<void> {
    await this.inner.sendCommands(mark, selectedAt);
    this.sent = mark;
  }

  /** @param row of the first command that empties */
  private async sendAround(batch: Batch, row: number, mark: Mark, selectedAt?: SelectedAt): Promise<void> {
    if (mark.phase === 'full-sync') {
      throw new GodwitError(
        'SHARED_FLUSH',
        `the function makes ${this.read(batch, row).toUpperCase()} of a value, and the target is shared with other sources`,
      );
    }
    const rest = new Batch(batch.count);
    const emptying = this.read(batch, row);
    const database = batch.database[row];
    const unitEnd = batch.endOffset[row];
    let before = row;
    while (before > 0 && batch.endOffset[before - 1] === unitEnd) before--;
    rest.copyRows(batch);
    rest.keepRows((one) => one > row);
    batch.count = before;
    if (before > 0) {
      const offset = batch.endOffset[before - 1];
      await this.handOn({ ...mark, offset, database: selectedAt?.(offset) ?? batch.database[before - 1] }, selectedAt);
    }
    await this.inner.settled();
    await this.empty(emptying, database, this.sent);
    const next = await this.take(Math.max(rest.count, 1), rest.count);
    next.copyRows(rest);
    await this.sendCommands(mark, selectedAt);
  }

  private async empty(name: string, database: number, mark: Mark): Promise<void> {
    const { target } = this.options;
    if (name === 'swapdb' || target.clear === undefined) {
      throw new GodwitError('SHARED_FLUSH', `one of the sources has sent ${name.toUpperCase()}, which concerns the keys of the others at the target too`);
    }
    await target.clear(mark, name === 'flushall' ? undefined : database);
  }

  private firstEmptying(batch: Batch): number {
    for (let row = 0; row < batch.count; row++) if (batch.kind[row] === EntryKind.Command && this.read(batch, row) !== '') return row;
    return -1;
  }

  /** The name of a command that empties; '' for all others. */
  private read({ bytes, start, end }: Batch, row: number): string {
    const name = findCommand(bytes, start[row], end[row])?.name ?? '';
    return EMPTYING.has(name) ? name : '';
  }
}
