/** A delivery to one standalone target: parcels that are filled, translated, and given to the sender in one of its two forms (batch-sender.ts). */
import type { Mark } from '../checkpoint/mark.ts';
import type { Batch } from '../model/batch.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import type { RestoreOptions } from '../target/batch-buffer.ts';
import { holdTime } from '../target/held-expiry.ts';
import { checkArgumentSizes } from './argument-sizes.ts';
import type { BatchSender } from './batch-sender.ts';
import type { Delivery, ValueForm } from './delivery.ts';
import type { ValueCursor } from '../rdb/value-cursor.ts';
import { lesserLimit } from './lesser-limit.ts';
import type { Parcel } from './parcel.ts';
import type { Refusals } from './refusals.ts';
import type { StreamTranslation } from './stream-translation.ts';
import { unitCount } from './unit-count.ts';
import { ValueSender } from './value-sender.ts';

export interface StandaloneDeliveryOptions {
  readonly sender: BatchSender;
  readonly restore: RestoreOptions;
  /** What may be applied twice goes without a transaction. */
  readonly plainBatches: boolean;
  readonly translation: StreamTranslation;
  readonly refusals: Refusals;
  readonly leftOut: ReadonlySet<string>;
  /** Bounds of the target for one value; 0 = unknown. */
  readonly valueBytesMax: number;
  /** Larger values of a snapshot go in several commands; 0 = no matter. */
  readonly wholeBytesMax: number;
  /** Called once, when it ends. */
  onClose(): void;
}

export class StandaloneDelivery implements Delivery {
  private readonly options: StandaloneDeliveryOptions;
  private readonly values: ValueSender;
  private parcel: Parcel | undefined;

  constructor(options: StandaloneDeliveryOptions) {
    this.options = options;
    this.values = new ValueSender({ ...options, valueBytesMax: lesserLimit(options.valueBytesMax, options.wholeBytesMax) });
  }

  get sentOffset(): number {
    return this.options.sender.sentOffset;
  }

  get isSettled(): boolean {
    return this.options.sender.isSettled;
  }

  async take(rowsMax: number): Promise<Batch> {
    const instead = this.parcel;
    this.parcel = undefined;
    this.parcel = await this.options.sender.take(rowsMax, instead);
    return this.parcel.batch;
  }

  sendValues({ dialect, templates, isFinal }: ValueForm, mark: Mark): Promise<void> {
    this.values.from(dialect, templates);
    return this.values.sendRows(this.taken(), mark, holdTime(isFinal));
  }

  sendLarge(
    large: LargeEntry,
    { dialect, templates, isFinal }: ValueForm,
    cursor: ValueCursor,
    marks: { readonly before: Mark; behind(): Mark },
  ): Promise<Mark> {
    this.values.from(dialect, templates);
    return this.values.sendLarge(large, cursor, this.taken(), marks, holdTime(isFinal));
  }

  async sendCommands(mark: Mark): Promise<void> {
    const { sender, translation, leftOut, plainBatches, valueBytesMax, refusals } = this.options;
    const parcel = this.taken();
    const { batch, buffer } = parcel;
    if (valueBytesMax > 0 && batch.bytes.length >= valueBytesMax) checkArgumentSizes(batch, valueBytesMax);
    const isStream = mark.phase === 'incremental-sync';
    const repeatable = translation.translate(batch, Date.now(), isStream);
    if (translation.unsupported.length > 0) await refusals.unsupported(batch, mark, translation.unsupported);
    buffer.begin(batch.count > 0 && plainBatches && repeatable && isStream ? 'plain' : 'transaction');
    buffer.addCommands(batch, translation.replaced, leftOut);
    // Of a snapshot keys are counted, whatever makes them.
    if (!isStream) buffer.rows = unitCount(batch);
    await sender.send(parcel, mark);
  }

  pass(mark: Mark): void {
    this.options.sender.pass(mark);
  }

  async endFullSync(mark: Mark): Promise<void> {
    const parcel = this.taken();
    parcel.buffer.begin('transaction');
    await this.options.sender.send(parcel, mark);
    await this.settled();
  }

  settled(): Promise<void> {
    return this.options.sender.settled();
  }

  fail(error: unknown): void {
    this.options.sender.fail(error);
  }

  close(): void {
    this.options.onClose();
    this.options.sender.close();
  }

  private taken(): Parcel {
    const { parcel } = this;
    if (parcel === undefined) throw new Error('no batch was taken');
    this.parcel = undefined;
    return parcel;
  }
}
