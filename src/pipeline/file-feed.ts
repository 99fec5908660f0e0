/**
 * A file to a Delivery, from wherever its source stands. A target of several nodes tells slot by slot what it has, so offsets have to grow over the whole file: those of a
 * part are counted from where the part before it ended. The mark holds the base with the position, and a mark within a batch is one of the same part.
 *
 *   offset of the mark = base of the part + offset in the part
 *
 * Values of a file that is a snapshot alone are left out when they have expired, as a server does that loads it.
 */
import { Deferred } from '../async/deferred.ts';
import type { Mark } from '../checkpoint/mark.ts';
import { GodwitError } from '../errors/errors.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import type { EndStep, FilePosition, FileSource, FileStep, LargeStep } from '../source/file/file-source.ts';
import { isSnapshotAlone } from '../source/file/is-snapshot-alone.ts';
import { fileFailure } from './file-failure.ts';
import { heldExpiry } from '../target/held-expiry.ts';
import type { Delivery } from './delivery.ts';

export interface FileFeedOptions {
  readonly source: FileSource;
  readonly delivery: Delivery;
  /** True: end at the next place between two batches. */
  stopping(): boolean;
}

type PlacedPosition = FilePosition & { readonly base: number };

/** Where to open the file; null = at its begin. */
export function positionOfMark(mark: Mark): FilePosition | null {
  const position = placedPosition(mark);
  if (position === null || mark.phase === 'full-sync') return position;
  return { ...position, offset: mark.offset - position.base, database: mark.database };
}

export class FileFeed {
  /** Values that were left out because they had expired. */
  expired = 0;
  /** Values that have expired and stay for a while, since what follows may renew them. */
  held = 0;
  private readonly options: FileFeedOptions;
  private waiting: Deferred<FileStep> | undefined;
  private failure: GodwitError | undefined;
  private mark: Mark;
  private part: string | undefined;
  private base: number;
  /** Behind the last row. */
  private reached: number;

  /** @param from where the source stands */
  constructor(options: FileFeedOptions, from: Mark) {
    this.options = options;
    this.mark = from;
    const position = placedPosition(from);
    this.part = position?.part;
    this.base = position?.base ?? 0;
    this.reached = from.phase === 'full-sync' ? from.rdbOffset : from.offset;
  }

  /** Nothing can be sent any more: ends the waiting for bytes. */
  fail(error: GodwitError): void {
    this.failure ??= error;
    this.waiting?.reject(this.failure);
  }

  /** Brings all that is left, and marks it as done. @throws GodwitError; those of the file are not retryable */
  async bring(): Promise<EndStep> {
    const { delivery, stopping } = this.options;
    for (;;) {
      const step = await this.next();
      if (stopping()) throw new GodwitError('CONNECTION_LOST', 'the job is stopped');
      if (step.kind === 'end') {
        if (this.mark.phase === 'full-sync') await this.endSnapshot();
        this.mark = this.behind(this.reached, true);
        delivery.pass(this.mark);
        await delivery.settled();
        return step;
      }
      this.enterPart();
      if (step.kind === 'large') await this.sendLarge(step);
      else if (step.batch.kind[0] === EntryKind.Command) await this.sendCommands(step.batch);
      else await this.sendValues(step.batch);
    }
  }

  private async sendCommands(read: Batch): Promise<void> {
    if (this.mark.phase === 'full-sync') await this.endSnapshot();
    await this.copied(read);
    this.mark = this.behind(this.reached);
    await this.options.delivery.sendCommands(this.mark);
  }

  private async sendValues(read: Batch): Promise<void> {
    const { source, delivery } = this.options;
    const nowMs = Date.now();
    const last = read.endOffset[read.count - 1] + this.base;
    const isFinal = isSnapshotAlone(source);
    if (isFinal) this.dropExpired(read, nowMs);
    else this.countHeld(read, nowMs);
    if (read.count > 0) await this.copied(read);
    this.reached = last;
    this.mark = this.behind(last);
    if (read.count === 0) delivery.pass(this.mark);
    else await delivery.sendValues({ dialect: source.dialect, templates: source.templates, isFinal }, this.mark);
  }

  private async sendLarge({ entry, cursor }: LargeStep): Promise<void> {
    const { source, delivery } = this.options;
    const isFinal = isSnapshotAlone(source);
    const behind = (): Mark => this.behind(entry.valueEnd + this.base);
    if (isFinal && entry.expiryMs >= 0 && entry.expiryMs <= Date.now()) {
      this.expired++;
      this.mark = behind();
      delivery.pass(this.mark);
    } else {
      await delivery.take(1);
      this.mark = await delivery.sendLarge(entry, { dialect: source.dialect, templates: source.templates, isFinal }, cursor, { before: this.mark, behind });
    }
    this.reached = entry.valueEnd + this.base;
  }

  /** The snapshot that the file begins with is applied; or there was none. */
  private async endSnapshot(): Promise<void> {
    const { delivery } = this.options;
    this.mark = { ...this.mark, phase: 'incremental-sync', offset: Math.max(this.base, this.reached), database: 0 };
    await delivery.take(1);
    await delivery.endFullSync(this.mark);
  }

  private async copied(read: Batch): Promise<void> {
    const batch = await this.options.delivery.take(read.count, read.count);
    batch.copyRows(read);
    if (this.base > 0) for (let row = 0; row < batch.count; row++) batch.endOffset[row] += this.base;
    this.reached = batch.endOffset[batch.count - 1];
  }

  /** The file may be slow (a pipe, the web), and a delivery that fails must not wait for it. */
  private async next(): Promise<FileStep> {
    const waiting = new Deferred<FileStep>();
    this.waiting = waiting;
    if (this.failure !== undefined) throw this.failure;
    this.options.source.next().then(waiting.resolve, (error: unknown) => waiting.reject(fileFailure(error)));
    return waiting.promise;
  }

  private enterPart(): void {
    const { part } = this.options.source.position;
    if (part === this.part) return;
    if (this.part !== undefined) this.base = this.reached;
    this.part = part;
  }

  private behind(offset: number, done = false): Mark {
    const { source } = this.options;
    const position: PlacedPosition = { ...source.position, base: this.base };
    const file = { identity: this.mark.file?.identity ?? '', position: JSON.stringify(position), done };
    const { phase } = this.mark;
    return { ...this.mark, file, ...(phase === 'full-sync' ? { rdbOffset: offset } : { offset, database: position.database }) };
  }

  private dropExpired(batch: Batch, nowMs: number): void {
    const before = batch.count;
    batch.keepRows((row) => batch.kind[row] !== EntryKind.RdbValue || batch.expiryMs[row] < 0 || batch.expiryMs[row] > nowMs);
    this.expired += before - batch.count;
  }

  private countHeld({ kind, expiryMs, count }: Batch, nowMs: number): void {
    for (let row = 0; row < count; row++) {
      if (kind[row] === EntryKind.RdbValue && expiryMs[row] >= 0 && heldExpiry(expiryMs[row], nowMs) !== expiryMs[row]) this.held++;
    }
  }
}

function placedPosition({ file }: Mark): PlacedPosition | null {
  return file === undefined || file.position === '' ? null : (JSON.parse(file.position) as PlacedPosition);
}
