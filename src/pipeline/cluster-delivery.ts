/**
 * A delivery to a cluster. Each batch is sorted by slot and goes to all nodes at once. In a slot, what may be applied twice goes plain; from the first command that
 * may not, all that the batch has for the slot goes in one transaction with the slot's mark. After a break the stream is read again from the low mark on, and
 * in each slot everything up to its mark is left out: what was applied once is not applied twice, and what is repeated may be.
 */
import type { Mark } from '../checkpoint/mark.ts';
import type { SlotSurvey } from '../checkpoint/slot-records.ts';
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import type { Batch } from '../model/batch.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import { CROSS_SLOT, RowRouter } from '../route/row-router.ts';
import { splitCommand } from '../route/split-command.ts';
import type { RestoreOptions } from '../target/batch-buffer.ts';
import { rowName } from '../target/batch-buffer.ts';
import type { ClusterFollower } from '../topology/cluster-api.ts';
import { checkArgumentSizes } from './argument-sizes.ts';
import { BatchPool } from './batch-pool.ts';
import type { ClusterBarriers } from './cluster-barriers.ts';
import { ClusterLanes, type ClusterLanesOptions } from './cluster-lanes.ts';
import { sendClusterRows, sendClusterValue } from './cluster-values.ts';
import type { Delivery, SelectedAt, SentPosition, ValueForm } from './delivery.ts';
import type { ValueCursor } from '../rdb/value-cursor.ts';
import { lesserLimit } from './lesser-limit.ts';
import type { LowMarks } from './low-marks.ts';
import type { Refusals } from './refusals.ts';
import { SlotStage } from './slot-stage.ts';
import type { StreamTranslation } from './stream-translation.ts';
import type { AttemptOptions } from './target-side.ts';
import { type Wave, WaveLine } from './wave-line.ts';

const BATCHES = 24;
const BATCH_ROWS = 4_096;
/** The low mark follows what is applied at this distance, and no more than one is under way. */
const MARK_EVERY_MS = 250;

export interface ClusterDeliveryOptions
  extends AttemptOptions, Pick<ClusterLanesOptions, 'lanes' | 'open' | 'onEvent' | 'address' | 'pace' | 'unansweredBytesMax'> {
  readonly topology: ClusterFollower;
  readonly mark: Mark;
  readonly survey: SlotSurvey;
  readonly restore: RestoreOptions;
  readonly translation: StreamTranslation;
  readonly valueBytesMax: number;
  /** Larger values of a snapshot go in several commands; 0 = no matter. */
  readonly wholeBytesMax: number;
  readonly splits: boolean;
  readonly lowMarks: LowMarks;
  readonly newRefusals: () => Refusals;
  /** Judges what cannot be sent to any node. */
  readonly planRefusals: Refusals;
  onClose(): void;
  newBarriers(lanes: ClusterLanes): ClusterBarriers;
  /** To all nodes. @param check throws when this attempt is over. @throws GodwitError */
  writeLowMarks(mark: Mark, check: () => void): Promise<void>;
}

export class ClusterDelivery implements Delivery {
  sentOffset = 0;
  private readonly options: ClusterDeliveryOptions;
  private readonly lanes: ClusterLanes;
  private readonly waves: WaveLine;
  private readonly batches = new BatchPool(BATCHES, BATCH_ROWS);
  private readonly router = new RowRouter();
  private readonly stage = new SlotStage();
  private readonly barriers: ClusterBarriers;
  private readonly refusals: Refusals;
  private batch: Batch | undefined;
  private selectedAt: SelectedAt = () => 0;
  private failure: GodwitError | undefined;
  private marked: SentPosition;
  private markable: SentPosition;
  private marking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly snapshotId: number;

  constructor(options: ClusterDeliveryOptions) {
    this.options = options;
    this.snapshotId = options.mark.snapshotId;
    this.refusals = options.planRefusals;
    this.waves = new WaveLine(options.mark, (position) => this.onApplied(position));
    this.marked = this.waves.applied;
    this.markable = this.waves.applied;
    this.lanes = new ClusterLanes({ ...options, waves: this.waves, batches: this.batches, onFailed: (error) => this.fail(error) });
    this.barriers = options.newBarriers(this.lanes);
  }

  get isSettled(): boolean {
    return this.failure === undefined && this.marked.mark === this.waves.applied.mark;
  }

  async take(rowsMax: number, rowsMin?: number): Promise<Batch> {
    this.check();
    if (this.batch !== undefined) this.batches.giveBack(this.batch);
    this.batch = undefined;
    await this.lanes.held.room();
    this.batch = await this.batches.take(rowsMax, rowsMin);
    this.check();
    return this.batch;
  }

  async sendValues(form: ValueForm, mark: Mark): Promise<void> {
    const batch = this.taken();
    const { restore, survey, leftOut, topology, address } = this.options;
    const wave = this.waves.begin(mark);
    this.lanes.hold(batch);
    sendClusterRows({ lanes: this.lanes, restore, known: survey.snapshotKnown, leftOut, databases: topology.databases, address }, batch, form, wave);
    this.lanes.push();
    this.lanes.release(batch);
    this.waves.done(wave);
  }

  async sendLarge(large: LargeEntry, form: ValueForm, cursor: ValueCursor, marks: { readonly before: Mark; behind(): Mark }): Promise<Mark> {
    const { restore, survey, topology, address } = this.options;
    const valueBytesMax = lesserLimit(this.options.valueBytesMax, this.options.wholeBytesMax);
    await this.quiet();
    const context = { lanes: this.lanes, restore, known: survey.snapshotKnown, databases: topology.databases, address, valueBytesMax };
    const outcome = await sendClusterValue(context, large, form, cursor);
    if (outcome === 'nothing') return marks.before;
    const mark = marks.behind();
    const wave = this.waves.begin(mark);
    if (outcome === 'sent') wave.rows++;
    this.waves.done(wave);
    return mark;
  }

  async sendCommands(mark: Mark, selectedAt?: SelectedAt): Promise<void> {
    const batch = this.taken();
    const { translation, valueBytesMax } = this.options;
    if (isStream(mark)) this.sentOffset = mark.offset;
    this.selectedAt = selectedAt ?? ((offset) => batch.database[batch.endOffset.lastIndexOf(offset, batch.count - 1)]);
    this.lanes.hold(batch);
    try {
      if (valueBytesMax > 0 && batch.bytes.length >= valueBytesMax) checkArgumentSizes(batch, valueBytesMax);
      translation.translate(batch, Date.now(), isStream(mark));
      if (translation.unsupported.length > 0) await this.refusals.unsupported(batch, mark, translation.unsupported);
      let from = 0;
      for (;;) {
        const barrier = await this.stageFrom(batch, from, mark);
        const isLast = barrier === batch.count;
        const wave = this.waves.begin(isLast ? mark : this.markBefore(batch, barrier, mark));
        this.emit(batch, wave);
        this.waves.done(wave);
        if (isLast) return;
        await this.passBarrier(batch, barrier, mark);
        from = barrier + 1;
      }
    } finally {
      this.lanes.release(batch);
    }
  }

  pass(mark: Mark): void {
    this.waves.done(this.waves.begin(mark));
  }

  async endFullSync(mark: Mark): Promise<void> {
    await this.quiet();
    this.waves.done(this.waves.begin(mark));
    await this.settled();
  }

  async settled(): Promise<void> {
    await this.quiet();
    while (this.marked !== this.markable) await this.writeMark();
  }

  /** Slots have moved: their new nodes get low marks that name them, also when nothing else is to be marked. */
  markAnew(): void {
    if (this.failure !== undefined) return;
    this.markable = { ...this.markable };
    this.timer ??= setTimeout(() => this.onTimer(), 0);
  }

  fail(caught: unknown): void {
    if (this.failure !== undefined) return;
    const error = toGodwitError(caught);
    this.failure = error;
    clearTimeout(this.timer);
    this.batches.fail(error);
    this.waves.fail(error);
    this.lanes.close(error);
    this.options.onFailed(error);
  }

  close(): void {
    this.options.onClose();
    clearTimeout(this.timer);
    const closed = new GodwitError('CONNECTION_LOST', 'the delivery is closed');
    this.failure ??= closed;
    this.batches.fail(closed);
    this.lanes.close(closed);
  }

  /** Sorts rows up to the next one that concerns all nodes. @returns its row, or the count of rows */
  private async stageFrom(batch: Batch, from: number, mark: Mark): Promise<number> {
    const { translation, leftOut, survey, topology } = this.options;
    const { stage, router } = this;
    const { endOffset, count } = batch;
    const known = isStream(mark) ? survey.streamKnown : survey.snapshotKnown;
    stage.begin(count);
    for (let row = from; row < count; row++) {
      if (leftOut.size > 0 && leftOut.has(rowName(batch, row))) continue;
      const other = translation.replaced.get(row);
      if (other?.count === 0) continue;
      if (batch.database[row] >= topology.databases) {
        await this.cannot(batch, row, mark, `database ${batch.database[row]} is none of the target: a cluster has ${topology.databases} (see --db-map)`);
        continue;
      }
      const inTransaction = (row > 0 && endOffset[row - 1] === endOffset[row]) || (row + 1 < count && endOffset[row] === endOffset[row + 1]);
      const slot = router.slotOf(batch, row, translation.rowCommands[row]);
      // Slot marks are positions in the stream: what makes a key of a snapshot may come again, as a whole.
      const isMarked = isStream(mark) && (inTransaction || translation.rowRepeatable[row] === 0);
      if (slot >= 0) {
        if (endOffset[row] > known[slot]) stage.put(slot, row, isMarked);
      } else if (slot === CROSS_SLOT) await this.split(batch, row, mark, isMarked, other !== undefined);
      else if (this.barriers.takes(translation.rowCommands[row], isStream(mark))) return row;
      else await this.cannot(batch, row, mark, 'it has no keys that tell its node');
    }
    return count;
  }

  private async split(batch: Batch, row: number, mark: Mark, isMarked: boolean, isRewritten: boolean): Promise<void> {
    const { translation, splits, survey } = this.options;
    const known = isStream(mark) ? survey.streamKnown : survey.snapshotKnown;
    const command = translation.rowCommands[row];
    const parts = !splits || isRewritten || command === undefined ? undefined : splitCommand(command, this.router.args);
    if (parts === undefined) return this.cannot(batch, row, mark, 'its keys lie in several slots of the cluster, and it cannot be split');
    this.barriers.counts.split++;
    for (const { slot, words } of parts) if (batch.endOffset[row] > known[slot]) this.stage.putPart(slot, row, words, isMarked);
  }

  private cannot(batch: Batch, row: number, mark: Mark, reason: string): Promise<void> {
    return this.refusals.unsupported(batch, mark, [{ row, reason }]);
  }

  private emit(batch: Batch, wave: Wave): void {
    const { stage, lanes } = this;
    const { translation, lowMarks } = this.options;
    for (const slot of stage.slots) {
      const isMarked = stage.isMarked(slot);
      const isHeld = lanes.held.has(slot);
      const parcel = isHeld ? undefined : lanes.parcelFor(slot, batch, wave, isMarked);
      if (isMarked) parcel?.beginTransaction(slot);
      let last = 0;
      for (let entry = stage.first(slot); entry >= 0; entry = stage.after(entry)) {
        const row = stage.rowOf(entry);
        const other = stage.wordsOf(entry) ?? translation.replaced.get(row);
        if (parcel !== undefined) parcel.addCommand(slot, row, other);
        // Of a snapshot keys are counted, whatever makes them.
        if (isStream(wave.mark) || row === 0 || batch.endOffset[row - 1] !== batch.endOffset[row]) wave.rows++;
        last = row;
      }
      const mark = isMarked ? lowMarks.slotMark(slot, batch.endOffset[last], this.snapshotId) : undefined;
      if (mark !== undefined) parcel?.endTransaction(mark);
      if (isHeld) this.holdBack(slot, batch, wave, mark);
    }
    lanes.push();
  }

  /** The node of the slot is not known for now. */
  private holdBack(slot: number, batch: Batch, wave: Wave, mark: Buffer | undefined): void {
    const { stage, lanes } = this;
    const commands = [];
    for (let entry = stage.first(slot); entry >= 0; entry = stage.after(entry)) {
      const row = stage.rowOf(entry);
      const other = stage.wordsOf(entry) ?? this.options.translation.replaced.get(row);
      const bytes = Buffer.from(other?.bytes ?? batch.bytes.subarray(batch.start[row], batch.end[row]));
      commands.push({ count: other?.count ?? 1, bytes, endOffset: batch.endOffset[row], database: batch.database[row] });
    }
    wave.pending++;
    lanes.held.add(slot, { wave, commands, mark });
  }

  private async passBarrier(batch: Batch, row: number, mark: Mark): Promise<void> {
    const before = this.markBefore(batch, row, mark);
    const isWhole =
      (row + 1 === batch.count || batch.endOffset[row + 1] !== batch.endOffset[row]) && (row === 0 || batch.endOffset[row - 1] !== batch.endOffset[row]);
    await this.settled();
    const behind = isWhole && isStream(mark) ? this.markAt(batch.endOffset[row], mark) : before;
    await this.barriers.pass(batch, row, behind);
    const wave = this.waves.begin(behind);
    wave.rows++;
    this.waves.done(wave);
    await this.settled();
  }

  /** The position behind the last unit that ended before this row. */
  private markBefore(batch: Batch, row: number, mark: Mark): Mark {
    let at = row - 1;
    while (at >= 0 && batch.endOffset[at] === batch.endOffset[row]) at--;
    // Within a batch of a snapshot no decoder can be set to a place: all of it comes again.
    return at < 0 || !isStream(mark) ? this.waves.lastMark : this.markAt(batch.endOffset[at], mark);
  }

  private markAt(offset: number, mark: Mark): Mark {
    return { ...mark, offset, database: this.selectedAt(offset) };
  }

  private async quiet(): Promise<void> {
    this.check();
    await this.waves.quiet();
    this.check();
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  private onApplied(position: SentPosition): void {
    if (this.failure !== undefined) return;
    if (this.lanes.inDoubt) void this.lanes.passed(position.mark.offset).catch((error: unknown) => this.fail(error));
    else this.markable = position;
    this.options.onApplied(position);
    if (this.markable !== this.marked) this.timer ??= setTimeout(() => this.onTimer(), MARK_EVERY_MS);
  }

  private onTimer(): void {
    this.timer = undefined;
    void this.writeMark().catch(() => {});
  }

  /** One at a time. A failure that waiting can cure is left to the next time. */
  private writeMark(): Promise<void> {
    this.marking ??= this.sendMark().finally(() => {
      this.marking = undefined;
      if (this.failure === undefined && this.marked !== this.markable) this.timer ??= setTimeout(() => this.onTimer(), MARK_EVERY_MS);
    });
    return this.marking;
  }

  private async sendMark(): Promise<void> {
    this.check();
    const position = this.markable;
    try {
      await this.options.writeLowMarks(position.mark, () => this.check());
    } catch (error) {
      // A slot that has just moved, a node that is full: what is marked later will do.
      if (!(error instanceof GodwitError && error.code === 'TARGET_NOT_READY')) this.fail(error);
      throw error;
    }
    this.marked = position;
    this.options.onMarked(position);
  }

  private taken(): Batch {
    const { batch } = this;
    if (batch === undefined) throw new GodwitError('INTERNAL', 'no batch was taken');
    this.batch = undefined;
    return batch;
  }
}

/** Else commands stand for values of a snapshot, and offsets are those in it. */
function isStream({ phase }: Mark): boolean {
  return phase === 'incremental-sync';
}
