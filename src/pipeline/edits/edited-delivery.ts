/**
 * A delivery behind the rules of the job: what it is given is filtered, changed and given to the function before it goes on. It stands before all others, for
 * they have to see the names, slots and databases of the target.
 *
 * Invariants: offsets stay those of the source, so that marks stand where they stood. Letters are written down before a mark stands behind their rows. A
 * batch of which nothing is left moves the position on all the same, and in a while the mark.
 */
import { countRead } from './count-read.ts';
import type { CommandTally } from '../../command/command-tally.ts';
import type { Mark } from '../../checkpoint/mark.ts';
import { GodwitError, toGodwitError } from '../../errors/errors.ts';
import type { Batch } from '../../model/batch.ts';
import type { LargeEntry } from '../../rdb/large-entry.ts';
import type { RestoreOptions } from '../../target/batch-buffer.ts';
import type { DeadLetter } from '../../target/dead-letter.ts';
import type { Delivery, SelectedAt, ValueForm } from '../delivery.ts';
import type { ValueCursor } from '../../rdb/value-cursor.ts';
import { findLargeEnd, headOfLarge } from '../large-value.ts';
import type { Edited, Edits } from './edits.ts';
import type { LettersOnce } from './letters-once.ts';

/** Between two marks while nothing passes. */
export const PASSED_MARK_EVERY_MS = 1000;

export interface EditedDeliveryOptions {
  readonly delivery: Delivery;
  readonly edits: Edits;
  readonly restore: RestoreOptions;
  readonly letters: LettersOnce;
  /** What of the stream is read is counted there. */
  readonly tally: CommandTally;
  /** A function fails, or is not given a value: an error, or a letter. */
  readonly onError: 'stop' | 'dead-letter';
}

type Marks = { readonly before: Mark; behind(): Mark };

export class EditedDelivery implements Delivery {
  private readonly options: EditedDeliveryOptions;
  private readonly inner: Delivery;
  private batch: Batch | undefined;
  /** When something went on, or a mark was asked for, last. */
  private markedAtMs = performance.now();

  constructor(options: EditedDeliveryOptions) {
    this.options = options;
    this.inner = options.delivery;
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
    const { edits, restore } = this.options;
    const { batch, letters, failure } = edits.values(this.taken(), form, restore, Date.now());
    await this.writeDown(mark, letters);
    if (failure !== undefined) throw failure.error;
    if (batch.count === 0) return this.passOver(mark);
    await this.handOver(batch);
    if (edits.hasFunction) await this.inner.sendCommands(mark);
    else await this.inner.sendValues(form, mark);
  }

  async sendLarge(large: LargeEntry, form: ValueForm, cursor: ValueCursor, marks: Marks): Promise<Mark> {
    const { edits } = this.options;
    await findLargeEnd(large, cursor);
    const head = edits.moduleNameMatters(large.type) ? await headOfLarge(large, cursor) : undefined;
    const entry = edits.large(large, Date.now(), head);
    if (entry === null) return marks.before;
    return edits.hasFunction ? this.callForLarge(entry, form, cursor, marks) : this.inner.sendLarge(entry, form, cursor, marks);
  }

  async sendCommands(mark: Mark): Promise<void> {
    const given = this.taken();
    if (given.count === 0) return this.inner.sendCommands(mark);
    const selectedAt = databasesOf(given, mark);
    if (mark.phase === 'incremental-sync') countRead(given, this.options.tally);
    const edited = this.options.edits.commands(given, Date.now());
    await this.writeDown(mark, edited.letters);
    if (edited.failure !== undefined) return this.sendUntil(edited.batch, edited.failure.error, mark, selectedAt);
    if (edited.batch.count === 0) return this.passOver(mark);
    await this.handOver(edited.batch);
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

  /** What the rules made of it, where the next delivery looks for it. */
  private async handOver(rows: Batch): Promise<void> {
    this.markedAtMs = performance.now();
    if (rows === this.batch) return;
    let room = this.taken();
    if (room.capacity < rows.count) room = await this.inner.take(rows.count, rows.count);
    room.copyRows(rows);
  }

  private async passOver(mark: Mark): Promise<void> {
    this.inner.pass(mark);
    if (performance.now() - this.markedAtMs < PASSED_MARK_EVERY_MS) return;
    this.markedAtMs = performance.now();
    await this.inner.settled();
  }

  /** What comes before the unit that the function failed for is applied and marked; then the job ends. */
  private async sendUntil(batch: Batch, error: GodwitError, mark: Mark, selectedAt: SelectedAt): Promise<never> {
    if (batch.count > 0) {
      const offset = batch.endOffset[batch.count - 1];
      await this.handOver(batch);
      await this.inner.sendCommands({ ...mark, offset, database: selectedAt(offset) }, selectedAt);
    }
    await this.inner.settled();
    throw error;
  }

  private async callForLarge(large: LargeEntry, form: ValueForm, cursor: ValueCursor, marks: Marks): Promise<Mark> {
    const { edits, restore, onError } = this.options;
    let made: Edited | null;
    try {
      const rows = await edits.rowsOf(restore).ofLarge(large, form, cursor, Date.now());
      made = rows === null ? null : edits.call(rows, true);
    } catch (caught) {
      const error = toGodwitError(caught);
      if (error.code !== 'TRANSFORM_FAILED' || onError === 'stop') throw error;
      await this.writeDown(marks.before, [{ offset: large.valueEnd, database: large.database, error: error.message, command: new Uint8Array(0) }]);
      return marks.before;
    }
    if (made === null) return marks.before;
    const mark = marks.behind();
    await this.writeDown(mark, made.letters);
    if (made.failure !== undefined) throw made.failure.error;
    if (made.batch.count === 0) await this.passOver(mark);
    else {
      await this.handOver(made.batch);
      await this.inner.sendCommands(mark);
    }
    return mark;
  }

  /** Offsets are of the stream behind one snapshot, whatever its history is called: a new primary goes on in those of the old one, or a new snapshot begins. */
  private writeDown(mark: Mark, letters: readonly DeadLetter[]): Promise<void> {
    return this.options.letters.write(`${mark.phase} ${mark.snapshotId}`, letters);
  }

  private taken(): Batch {
    if (this.batch === undefined) throw new GodwitError('INTERNAL', 'no batch was taken');
    return this.batch;
  }
}

/** Which database the source has selected behind a unit: rows have that of the target when they go on. */
function databasesOf({ endOffset, database, count }: Batch, { database: last }: Mark): SelectedAt {
  const offsets: number[] = [];
  const databases: number[] = [];
  for (let row = 0; row < count; row++) {
    if (row + 1 < count && database[row + 1] === database[row]) continue;
    offsets.push(endOffset[row]);
    databases.push(database[row]);
  }
  return (offset) => databases[offsets.findIndex((until) => offset <= until)] ?? last;
}
