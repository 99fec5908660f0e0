/**
 * Brings a file to the target, batch by batch, from wherever its source stands. It knows nothing of breaks: any failure is thrown, and load-pipeline.ts begins
 * anew at the mark.
 *
 * Values of a file that is a snapshot alone are left out when they have expired, as a server does that loads it. In front of commands they are held for a while,
 * and so are keys that a command lets expire: what follows may renew them, or delete them. At the end of the file those that are still held are removed.
 */
import { Deferred } from '../async/deferred.ts';
import type { Mark } from '../checkpoint/mark.ts';
import { commands } from '../command/rewrite/rewritten.ts';
import { GodwitError } from '../errors/errors.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import type { Connection } from '../net/connection.ts';
import type { EndStep, FileSource, FileStep, LargeStep } from '../source/file/file-source.ts';
import { isSnapshotAlone } from '../source/file/is-snapshot-alone.ts';
import { fileFailure } from './file-failure.ts';
import { heldExpiry, withoutHold } from '../target/held-expiry.ts';
import { checkArgumentSizes } from './argument-sizes.ts';
import type { BatchSender } from './batch-sender.ts';
import { PASSED_MARK_EVERY_MS } from './edits/edited-delivery.ts';
import type { FileEdits } from './edits/file-edits.ts';
import { lesserLimit } from './lesser-limit.ts';
import type { HeldKeys } from './held-keys.ts';
import type { Parcel } from './parcel.ts';
import type { PauseGate } from './pause-gate.ts';
import type { Refusals } from './refusals.ts';
import { unitCount } from './unit-count.ts';
import type { StreamTranslation } from './stream-translation.ts';
import { ValueSender, type ValueSenderOptions } from './value-sender.ts';

const ROWS_MAX = 16_384;

export interface FileApplierOptions extends ValueSenderOptions {
  readonly source: FileSource;
  readonly sender: BatchSender;
  /** Rows of the part that is read. */
  readonly leftOut: Set<string>;
  /** What passes, and what is made of it; null = everything, as it is. */
  readonly edits: FileEdits | null;
  /** Larger values of a snapshot go in several commands; 0 = no matter. */
  readonly wholeBytesMax: number;
  readonly translation: StreamTranslation;
  readonly refusals: Refusals;
  /** Of all attempts of the run. */
  readonly held: HeldKeys;
  readonly connection: Connection;
  /** Closed while the job is paused. */
  readonly gate: PauseGate;
  /** True: end at the next place between two batches. */
  stopping(): boolean;
}

export class FileApplier {
  /** Values that were left out because they had expired. */
  expired = 0;
  private readonly options: FileApplierOptions;
  private readonly values: ValueSender;
  private waiting: Deferred<FileStep> | undefined;
  private failure: GodwitError | undefined;
  private part: string;
  /** When something went on, or a mark was asked for, last. */
  private markedAtMs = performance.now();

  constructor(options: FileApplierOptions) {
    this.options = options;
    this.values = new ValueSender({ ...options, valueBytesMax: lesserLimit(options.valueBytesMax, options.wholeBytesMax) });
    this.part = options.source.position.part;
  }

  /** Nothing can be sent any more: ends the waiting for bytes. */
  fail(error: GodwitError): void {
    this.failure ??= error;
    this.waiting?.reject(this.failure);
  }

  /** Applies all that is left of the file, and marks it as done. @throws GodwitError; those of the file are not retryable */
  async apply(from: Mark): Promise<EndStep> {
    const { sender, source, gate, stopping } = this.options;
    let mark = from;
    for (;;) {
      const step = await this.next();
      if (gate.isClosed) await gate.passage();
      if (stopping()) throw new GodwitError('CONNECTION_LOST', 'the job is stopped');
      if (step.kind === 'end') {
        if (this.options.held.count > 0) await this.releaseHeld(mark);
        mark = this.markBehind(mark, mark.phase, true);
        const parcel = await sender.take(1);
        parcel.buffer.begin('transaction');
        await sender.send(parcel, mark);
        await sender.settled();
        return step;
      }
      await this.enterPart();
      if (step.kind === 'large') mark = await this.sendLarge(step, mark);
      else if (step.batch.kind[0] === EntryKind.Command) {
        mark = this.markBehind(mark, 'incremental-sync');
        const batch = (await this.options.edits?.commands(step.batch, source, Date.now())) ?? step.batch;
        await this.sendCommands(batch, mark);
      } else mark = await this.sendValues(step.batch, mark, source);
    }
  }

  /** Of the file, or (by the phase of the mark) what a function made of values. */
  private async sendCommands(batch: Batch, mark: Mark): Promise<void> {
    const { sender, translation, refusals, valueBytesMax, leftOut } = this.options;
    if (batch.count === 0) return this.passOver(mark);
    this.markedAtMs = performance.now();
    const parcel = await this.takeFor(batch);
    if (valueBytesMax > 0) checkArgumentSizes(parcel.batch, valueBytesMax);
    translation.translate(parcel.batch, Date.now(), mark.phase === 'incremental-sync');
    this.rememberHeld(parcel.batch);
    if (translation.unsupported.length > 0) await refusals.unsupported(parcel.batch, mark, translation.unsupported);
    parcel.buffer.begin('transaction');
    parcel.buffer.addCommands(parcel.batch, translation.replaced, leftOut);
    if (mark.phase === 'full-sync') parcel.buffer.rows = unitCount(batch);
    await sender.send(parcel, mark);
  }

  /** Nothing of a step is left: the position moves on all the same, and in a while the mark. */
  private async passOver(mark: Mark): Promise<void> {
    const { sender } = this.options;
    sender.pass(mark);
    if (performance.now() - this.markedAtMs < PASSED_MARK_EVERY_MS) return;
    this.markedAtMs = performance.now();
    await sender.settled();
  }

  private async sendValues(read: Batch, before: Mark, source: FileSource): Promise<Mark> {
    const { edits } = this.options;
    const nowMs = Date.now();
    const mark = this.markBehind(before, 'full-sync');
    if (isSnapshotAlone(source)) this.dropExpired(read, nowMs);
    const batch = (await edits?.values(read, source, this.clock(nowMs))) ?? read;
    if (edits?.hasFunction === true) await this.sendCommands(batch, mark);
    else if (batch.count === 0) await this.passOver(mark);
    else {
      this.markedAtMs = performance.now();
      const parcel = await this.takeFor(batch);
      this.values.from(source.dialect, source.templates);
      if (!isSnapshotAlone(source)) this.rememberHeldValues(batch, nowMs);
      await this.values.sendRows(parcel, mark, this.clock(nowMs));
    }
    return mark;
  }

  private async sendLarge(step: LargeStep, before: Mark): Promise<Mark> {
    const { sender, source, edits } = this.options;
    let { entry } = step;
    const nowMs = Date.now();
    const behind = (): Mark => this.markBehind(before, 'full-sync');
    if (isSnapshotAlone(source) && entry.expiryMs >= 0 && entry.expiryMs <= nowMs) {
      this.expired++;
      sender.pass(behind());
      return behind();
    }
    if (edits !== null) {
      const edited = await edits.large(step, source, this.clock(nowMs));
      if (edited.kind === 'commands') await this.sendCommands(edited.batch, behind());
      if (edited.kind === 'nothing') await this.passOver(behind());
      if (edited.kind !== 'value') return behind();
      ({ entry } = edited);
    }
    this.values.from(source.dialect, source.templates);
    if (!isSnapshotAlone(source)) this.rememberOne(entry.database, entry.key, entry.expiryMs, nowMs);
    return this.values.sendLarge(entry, step.cursor, await sender.take(ROWS_MAX), { before, behind }, this.clock(nowMs));
  }

  private rememberHeldValues(batch: Batch, nowMs: number): void {
    for (let row = 0; row < batch.count; row++) {
      if (batch.kind[row] !== EntryKind.RdbValue || batch.expiryMs[row] < 0) continue;
      this.rememberOne(batch.database[row], batch.bytes.subarray(batch.keyStart[row], batch.keyEnd[row]), batch.expiryMs[row], nowMs);
    }
  }

  private rememberOne(database: number, key: Uint8Array, expiryMs: number, nowMs: number): void {
    const heldMs = heldExpiry(expiryMs, nowMs);
    if (heldMs !== expiryMs) this.options.held.add(database, key, expiryMs, heldMs);
  }

  /** Keys of commands that were translated. */
  private rememberHeld(batch: Batch): void {
    for (const { row, expiryMs, heldMs } of this.options.translation.held) {
      this.options.held.add(batch.database[row], batch.bytes.subarray(batch.keyStart[row], batch.keyEnd[row]), expiryMs, heldMs);
    }
  }

  private async releaseHeld(mark: Mark): Promise<void> {
    const { sender, held, connection } = this.options;
    await sender.settled();
    await held.release(connection, async (database, keys) => {
      const parcel = await sender.take(1);
      parcel.buffer.begin('transaction');
      parcel.buffer.addPart(commands(['DEL', ...keys]), database, false);
      await sender.send(parcel, mark);
      await sender.settled();
    });
  }

  private async takeFor(batch: Batch): Promise<Parcel> {
    const parcel = await this.options.sender.take(batch.count);
    parcel.batch.copyRows(batch);
    return parcel;
  }

  /** The file may be slow (a pipe, the web), and a sender that fails must not wait for it. */
  private async next(): Promise<FileStep> {
    const waiting = new Deferred<FileStep>();
    this.waiting = waiting;
    if (this.failure !== undefined) throw this.failure;
    this.options.source.next().then(waiting.resolve, (error: unknown) => waiting.reject(fileFailure(error)));
    return waiting.promise;
  }

  /** Rows are told apart by their offsets in one part. */
  private async enterPart(): Promise<void> {
    const { source, sender, leftOut } = this.options;
    const { part } = source.position;
    if (part === this.part) return;
    this.part = part;
    await sender.settled();
    leftOut.clear();
  }

  private markBehind(before: Mark, phase: Mark['phase'], done = false): Mark {
    const identity = before.file?.identity ?? '';
    return { ...before, phase, file: { identity, position: JSON.stringify(this.options.source.position), done } };
  }

  private clock(nowMs: number): number {
    return isSnapshotAlone(this.options.source) ? withoutHold(nowMs) : nowMs;
  }

  private dropExpired(batch: Batch, nowMs: number): void {
    const before = batch.count;
    batch.keepRows((row) => batch.kind[row] !== EntryKind.RdbValue || batch.expiryMs[row] < 0 || batch.expiryMs[row] > nowMs);
    this.expired += before - batch.count;
  }
}
