/**
 * A delivery to a target that the pipeline shares with others of its job: what empties a whole server or database must not reach it. FLUSHALL and FLUSHDB become
 * the removal of the keys that are this pipeline's own; where these cannot be told, and for SWAPDB, the job stops.
 *
 * Of a cluster only keys of slots that are this pipeline's go on: what a shard has of the others (slots on their way to it or from it, and the deletion of keys
 * that have left it) is brought by another pipeline, or once more when the slots have come to stay (job/slot-moves.ts).
 *
 * Invariants: everything before the emptying is answered and marked when it begins, and the mark stands before it until what comes behind is applied: emptying
 * again does no harm, and nothing else is done twice. In a source transaction what comes before it would be emptied too: it is left out.
 */
import { findCommand } from '../command/built-in-commands.ts';
import type { Command } from '../command/command.ts';
import { CommandArguments } from '../command/command-arguments.ts';
import { keyIndexes } from '../command/key-indexes.ts';
import type { Mark } from '../checkpoint/mark.ts';
import { GodwitError } from '../errors/errors.ts';
import { Batch, EntryKind } from '../model/batch.ts';
import type { KeyShare } from '../model/key-share.ts';
import { slotOf } from '../model/slot.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import type { Delivery, SelectedAt, ValueForm } from './delivery.ts';
import type { ValueCursor } from '../rdb/value-cursor.ts';
import type { TargetSide } from './target-side.ts';

export interface SharedDeliveryOptions {
  readonly delivery: Delivery;
  readonly target: TargetSide;
  /** Which was read when the attempt began; its position moves on with what is sent. */
  readonly from: Mark;
  readonly share: KeyShare;
}

const EMPTYING = new Set(['flushall', 'flushdb', 'swapdb']);

export class SharedDelivery implements Delivery {
  private readonly options: SharedDeliveryOptions;
  private readonly inner: Delivery;
  private readonly args = new CommandArguments();
  private readonly keys: number[] = [];
  private readonly keyFirst = new Map<Command, boolean>();
  private batch: Batch | undefined;
  /** Behind the last unit that was handed on. */
  sent: Mark;

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
    const { share } = this.options;
    const { batch } = this;
    if (share.kind === 'slots' && batch !== undefined) {
      batch.keepRows((row) => batch.keyEnd[row] === batch.keyStart[row] || share.owns(slotOf(batch.bytes, batch.keyStart[row], batch.keyEnd[row])));
    }
    if (batch?.count === 0) return this.pass(mark);
    await this.inner.sendValues(form, mark);
    this.sent = mark;
  }

  async sendLarge(large: LargeEntry, form: ValueForm, cursor: ValueCursor, marks: { readonly before: Mark; behind(): Mark }): Promise<Mark> {
    const { share } = this.options;
    if (share.kind === 'slots' && large.key.length > 0 && !share.owns(slotOf(large.key))) large.leaveOut();
    this.sent = await this.inner.sendLarge(large, form, cursor, marks);
    return this.sent;
  }

  async sendCommands(mark: Mark, selectedAt?: SelectedAt): Promise<void> {
    const { batch } = this;
    if (batch === undefined) throw new Error('no batch was taken');
    const { share } = this.options;
    const rows = batch.count;
    if (share.kind === 'slots') batch.keepRows((row) => this.isOwn(batch, row, share.owns));
    if (batch.count === 0 && rows > 0) return this.pass(mark);
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

  /** In a cluster all keys of a command are in one slot. What has no key is for all. */
  private isOwn({ bytes, start, end, keyStart, keyEnd }: Batch, row: number, owns: (slot: number) => boolean): boolean {
    if (keyEnd[row] === keyStart[row]) return true;
    const command = findCommand(bytes, start[row], end[row]);
    if (command === undefined || this.beginsWithKey(command)) return owns(slotOf(bytes, keyStart[row], keyEnd[row]));
    if (!this.args.read(bytes, start[row], end[row])) return false;
    const [first] = keyIndexes(command, this.args, this.keys);
    return first === undefined || owns(slotOf(bytes, this.args.start(first), this.args.end(first)));
  }

  /** Its first argument is always a key. */
  private beginsWithKey(command: Command): boolean {
    const known = this.keyFirst.get(command);
    if (known !== undefined) return known;
    const [spec] = command.keySpecs;
    const answer = spec !== undefined && !spec.isChannel && spec.begin.kind === 'index' && spec.begin.index === 1 && spec.find.kind === 'range';
    this.keyFirst.set(command, answer && command.name !== 'migrate');
    return answer && command.name !== 'migrate';
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
