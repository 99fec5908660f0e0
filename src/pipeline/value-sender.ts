/**
 * Sends values of a snapshot, wherever it is read from: rows of a batch, and single values that are larger than the reader's window, which go as one RESTORE
 * in pieces, or, larger than the target takes in one, as commands.
 */
import type { Mark } from '../checkpoint/mark.ts';
import type { Dialect } from '../rdb/dialect.ts';
import { NOTHING_TO_APPLY, type LargeEntry } from '../rdb/large-entry.ts';
import { RdbType } from '../rdb/opcodes.ts';
import type { TemplateNames } from '../rdb/template-names.ts';
import type { RestoreOptions } from '../target/batch-buffer.ts';
import type { BatchSender } from './batch-sender.ts';
import { encodeCommand } from '../resp/encode.ts';
import { temporaryKey } from '../target/temporary-key.ts';
import type { ValueCursor } from '../rdb/value-cursor.ts';
import { LargeValue, tooLarge } from './large-value.ts';
import type { Parcel } from './parcel.ts';

/** Of a parcel that a part of a value is sent in. */
const PART_ROWS_MAX = 16_384;

export interface ValueSenderOptions {
  readonly sender: BatchSender;
  readonly restore: RestoreOptions;
  /** Rows that were refused before: not sent again. */
  readonly leftOut: ReadonlySet<string>;
  /** What may be applied twice goes without a transaction. */
  readonly plainBatches: boolean;
  /** The largest argument that the target takes; 0 = unknown. */
  readonly valueBytesMax: number;
}

export class ValueSender {
  private readonly options: ValueSenderOptions;
  private dialect: Dialect | null = null;

  constructor(options: ValueSenderOptions) {
    this.options = options;
  }

  /** Values that come next are of this snapshot. */
  from(dialect: Dialect | null, templates: TemplateNames | undefined): void {
    const { conversion } = this.options.restore;
    this.dialect = dialect;
    if (dialect !== null) conversion.begin(dialect);
    conversion.templates = templates;
  }

  /** The rows of the parcel's batch. `mark` is the position behind them. @throws VALUE_NOT_REPRESENTABLE */
  async sendRows(parcel: Parcel, mark: Mark, nowMs: number): Promise<void> {
    const { sender, restore, leftOut, plainBatches } = this.options;
    const { batch, buffer } = parcel;
    restore.conversion.check(batch);
    buffer.begin(plainBatches && restore.replace ? 'plain' : 'transaction');
    buffer.addValues(batch, restore, nowMs, leftOut);
    restore.conversion.losses.flush();
    await sender.send(parcel, mark);
  }

  /**
   * A large value whose bytes `cursor` brings; it stands anywhere in the value afterwards. The parcel is used up.
   * @param marks of the position before it, and of the one behind it, once its end is known
   * @returns the mark that stands behind it in the target
   * @throws VALUE_TOO_LARGE, VALUE_NOT_REPRESENTABLE, RDB_CORRUPT
   */
  async sendLarge(large: LargeEntry, cursor: ValueCursor, parcel: Parcel, marks: { readonly before: Mark; behind(): Mark }, nowMs: number): Promise<Mark> {
    const { sender, restore, valueBytesMax } = this.options;
    const { before } = marks;
    const value = new LargeValue(large, restore.conversion, this.dialect as Dialect, cursor);
    await value.findEnd();
    if (large.kind === NOTHING_TO_APPLY || restore.conversion.skipsLarge(large)) {
      restore.conversion.losses.flush();
      sender.giveBack(parcel);
      return before;
    }
    await value.measure();
    if (restore.conversion.isRefused(large, value.lost)) {
      restore.conversion.losses.flush();
      sender.giveBack(parcel);
      return before;
    }
    const mark = marks.behind();
    restore.conversion.losses.flush();
    if (valueBytesMax > 0 && value.payloadBytes > valueBytesMax) return this.sendInCommands(value, large, parcel, before, mark, nowMs);
    if (value.isEncoded) restore.conversion.counts.encoded++;
    parcel.buffer.begin('transaction');
    const at = parcel.buffer.addLargeRestore(large, value.payloadBytes, restore, nowMs);
    await sender.sendLarge(parcel, mark, at, value.payload());
    return mark;
  }

  /** Larger than the target takes in one: built piece by piece under a temporary name, which may be begun anew, and renamed together with the mark. */
  private async sendInCommands(value: LargeValue, large: LargeEntry, first: Parcel, before: Mark, mark: Mark, nowMs: number): Promise<Mark> {
    const { sender, restore, plainBatches, valueBytesMax } = this.options;
    const { conversion } = restore;
    if (large.type === RdbType.String || !plainBatches || !conversion.canSayInCommands) throw tooLarge(large.key, value.payloadBytes, valueBytesMax);
    let parcel = first;
    let pieces: { readonly count: number; readonly bytes: Buffer }[] = [];
    const values = conversion.commands(restore.replace, (bytes, start, end, count) => pieces.push({ count, bytes: Buffer.from(bytes.subarray(start, end)) }));
    values.start(large.key, large.expiryMs, nowMs);
    for await (const _ of value.decodeInto(values)) {
      for (const piece of pieces) {
        const { buffer } = parcel;
        buffer.begin('plain');
        buffer.addPart(piece, large.database, false);
        await sender.send(parcel, before);
        parcel = await sender.take(PART_ROWS_MAX);
      }
      pieces = [];
    }
    const { transaction } = values;
    // What the payload would have lost is named already.
    const leftOut = conversion.isRefused(
      large,
      values.lost.texts.filter((text) => !value.lost.includes(text)),
    );
    conversion.losses.flush();
    parcel.buffer.begin('transaction');
    if (leftOut) {
      parcel.buffer.addPart({ count: 1, bytes: encodeCommand(['DEL', temporaryKey(large.key)]) }, large.database, false);
      await sender.send(parcel, before);
      return before;
    }
    parcel.buffer.addPart({ count: transaction.commands, bytes: transaction.bytes.subarray(0, transaction.length) }, large.database, true);
    await sender.send(parcel, mark);
    return mark;
  }
}
