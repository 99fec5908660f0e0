/**
 * Keys that are brought anew within a stream that goes on, at the one place where that is right. A value that was read at the source belongs to an offset of its
 * stream (offset-reader.ts); put in before the commands up to it are applied, these would be applied on top of it and count twice; put in after later ones, it would
 * take those back. So who applies the stream
 *
 *   1. stands still between two units, at offset A, and asks the source for values: they belong to an offset X, and X >= A, for the source is never behind
 *   2. applies the stream up to X and not a byte further
 *   3. sends the values as if the stream had them there, as commands that give keys anew, and goes on behind X
 *
 * What a break leaves of that is what it leaves of any command at X: it was applied, or it was not, and then whoever asked is told `failed` and asks again.
 */
import { Deferred } from '../../async/deferred.ts';
import type { Mark } from '../../checkpoint/mark.ts';
import { GodwitError } from '../../errors/errors.ts';
import type { RestoreOptions } from '../../target/batch-buffer.ts';
import type { Delivery } from '../delivery.ts';
import type { Edits } from '../edits/edits.ts';
import type { KeyToMend, MendOutcome, SourceValue } from './key-to-mend.ts';
import { MendRows } from './mend-rows.ts';
import type { OffsetReader, ReadAtOffset } from './offset-reader.ts';

/** Of one stop: as the source holds the values, and a value that is larger is not brought. */
const STOP_BYTES = 4 * 1024 * 1024;
const STOP_KEYS = 64;
const VALUE_BYTES_MAX = 64 * 1024 * 1024;
/** The stream is not held up for longer. */
const READ_WITHIN_MS = 3_000;

/** Where values are sent. */
export interface MendTarget {
  /** Behind the job's rules. */
  readonly delivery: Delivery;
  readonly edits: Edits | null;
  readonly restore: RestoreOptions;
  readonly valueBytesMax: number;
  /** Who applies the stream looks again, also when there is nothing to apply. */
  wake(): void;
}

interface Parcel {
  readonly keys: readonly KeyToMend[];
  readonly done: Deferred<MendOutcome[]>;
}

export class MendLine {
  private readonly reader: OffsetReader;
  private readonly waiting: Parcel[] = [];
  private target: MendTarget | undefined;
  private rows: MendRows | undefined;
  private parcel: Parcel | undefined;
  private read: ReadAtOffset[] = [];
  private outcomes = new Map<SourceValue | KeyToMend, MendOutcome>();

  constructor(reader: OffsetReader) {
    this.reader = reader;
  }

  /** Brings keys anew. One answer for each, in their order; never rejects. */
  async mend(keys: readonly KeyToMend[]): Promise<MendOutcome[]> {
    const outcomes: MendOutcome[] = [];
    for (let from = 0; from < keys.length;) {
      if (this.target === undefined) return [...outcomes, ...keys.slice(from).map((): MendOutcome => 'failed')];
      const some = keys.slice(from, from + STOP_KEYS);
      const sizes = await this.reader.sizes(some).catch(() => some.map(() => 0));
      const count = fitting(sizes);
      if (sizes[0] > VALUE_BYTES_MAX) outcomes.push('too-large');
      else outcomes.push(...(await this.mendSome(some.slice(0, count))));
      from += count;
    }
    return outcomes;
  }

  /** An attempt to apply the stream begins: keys are brought as long as it lasts. */
  begin(target: MendTarget): void {
    this.target = target;
    this.rows = new MendRows(target.restore, target.edits);
    if (this.isAsked) target.wake();
  }

  /** It has ended. What was under way may or may not have arrived. */
  end(): void {
    this.target = undefined;
    this.giveUp();
  }

  /** The stream is to stand still. */
  get isAsked(): boolean {
    return this.parcel === undefined && this.waiting.length > 0;
  }

  /** The stream is to be applied up to here and no further; Infinity = no matter. */
  get nextOffset(): number {
    return this.read[0]?.offset ?? Number.POSITIVE_INFINITY;
  }

  /** The stream stands still at this offset of this history: reads values at the source. Never rejects. */
  async readAt(replicationId: string, offset: number): Promise<void> {
    const parcel = this.waiting.shift();
    if (parcel === undefined) return;
    this.parcel = parcel;
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new GodwitError('SOURCE_NOT_READY', 'the source does not give values in time')), READ_WITHIN_MS);
      });
      const read = await Promise.race([this.reader.read(parcel.keys), late]);
      // Another history, or a server that is behind: its offsets say nothing of this stream.
      if (read.every((one) => one.replicationId === replicationId && one.offset >= offset)) this.read = read;
      else this.giveUp();
    } catch {
      this.giveUp();
    } finally {
      clearTimeout(timer);
    }
  }

  /** The stream is applied up to nextOffset, all of it sent: the values go next. @param mark of that place. @throws what the delivery throws */
  async bring(mark: Mark): Promise<void> {
    const group = this.read.shift();
    const { target, rows, parcel } = this;
    if (group === undefined || target === undefined || rows === undefined || parcel === undefined) return;
    for (const value of group.values) {
      const { batch, outcome } = rows.of(value, group.offset, target.valueBytesMax);
      this.outcomes.set(keyOf(parcel, value), outcome);
      if (batch.count === 0) continue;
      const room = await target.delivery.take(batch.count, batch.count);
      room.copyRows(batch);
      await target.delivery.sendCommands(mark, () => mark.database);
    }
    if (this.read.length > 0) return;
    await target.delivery.settled();
    this.parcel = undefined;
    const outcomes = parcel.keys.map((key) => this.outcomes.get(key) ?? 'failed');
    this.outcomes = new Map();
    parcel.done.resolve(outcomes);
  }

  /** Nothing of what was read is put in any more: the place that it belongs to is none between two units, or will not come. */
  giveUp(): void {
    const { parcel } = this;
    this.read = [];
    this.parcel = undefined;
    this.outcomes = new Map();
    parcel?.done.resolve(parcel.keys.map(() => 'failed'));
  }

  /** No attempt comes any more. */
  close(): void {
    this.end();
    for (const { keys, done } of this.waiting.splice(0)) done.resolve(keys.map(() => 'failed'));
  }

  private mendSome(keys: readonly KeyToMend[]): Promise<MendOutcome[]> {
    const { target } = this;
    if (target === undefined) return Promise.resolve(keys.map(() => 'failed'));
    const done = new Deferred<MendOutcome[]>();
    this.waiting.push({ keys, done });
    target.wake();
    return done.promise;
  }
}

/** How many of the first ones are read at once. */
function fitting(sizes: readonly number[]): number {
  let bytes = 0;
  const count = sizes.findIndex((size) => (bytes += size) > STOP_BYTES);
  return count < 0 ? sizes.length : Math.max(1, count);
}

function keyOf({ keys }: Parcel, { database, key }: SourceValue): KeyToMend | SourceValue {
  return keys.find((one) => one.key === key && one.database === database) as KeyToMend;
}
