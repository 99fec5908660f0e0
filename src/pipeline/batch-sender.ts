/**
 * Sends batches to a standalone target, in one of two forms, and writes the mark that says how far they are applied.
 *
 *   transaction   what may not be applied twice: MULTI ... mark EXEC. Alone in flight: were something before it still under way, its mark could hide
 *                 a gap, and what came behind could be applied though it was refused.
 *   plain         what may be applied again, in order: pipelined, several in flight. The mark follows once the replies have come, in a transaction of
 *                 its own, between two batches. After a break the batches behind the mark are sent again.
 *
 * Each transaction ends with WATCH and a look at the epoch, so that the following one is fenced. Plain batches are fenced by the take-over, which ends the
 * connections of the owner before (mark-store.ts); without the right to do that, there are no plain batches.
 */
import { Deferred } from '../async/deferred.ts';
import { type Mark, markFields } from '../checkpoint/mark.ts';
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import type { Connection } from '../net/connection.ts';
import { PendingCall, type ReplyCollector } from '../net/reply-collector.ts';
import { encodeCommand } from '../resp/encode.ts';
import { ReplyError } from '../resp/reply.ts';
import type { DeliveryEvents, SentPosition } from './delivery.ts';
import type { Pacer } from './pace.ts';
import type { Parcel } from './parcel.ts';
import { ParcelPool } from './parcel.ts';
import type { Refusal, Refusals } from './refusals.ts';
import { UNMARKED_BYTES_MAX } from './replay-doubts.ts';

const PARCELS = 4;
const PARCEL_BYTES = 640 * 1024;
/** The mark follows what is applied at this distance at most, in time and in bytes sent. */
const MARK_AFTER_MS = 50;
const MARK_AFTER_BYTES = 128 * 1024;

/** MULTI, the mark, EXEC, WATCH and HGET. */
const AROUND_COMMANDS = 5;

const MULTI = encodeCommand(['MULTI']);
const EXEC = encodeCommand(['EXEC']);

export interface SenderOptions extends DeliveryEvents {
  readonly connection: Connection;
  readonly markKey: string;
  readonly refusals: Refusals;
  readonly pacer: Pacer;
  /** Under way without an answer at most, unless one parcel is larger; 0 = as the pool of parcels gives. */
  readonly unansweredBytesMax: number;
  fenced(epoch: number): GodwitError;
}

interface TransactionAnswer {
  readonly refusals: Refusal[];
  readonly aborted: boolean;
  readonly epoch: number;
}

export class BatchSender {
  /** Offset behind the last unit of the stream that was sent. */
  sentOffset = 0;
  private readonly options: SenderOptions;
  private readonly watch: Buffer;
  private readonly pool = new ParcelPool(PARCELS, PARCEL_BYTES);
  /** All that was sent so far is answered and judged. */
  private tail: Promise<void> = Promise.resolve();
  private failure: GodwitError | undefined;
  private applied: SentPosition;
  /** Where the mark may go: it stays behind while something that is applied is in doubt. */
  private markable: SentPosition;
  private marked: SentPosition;
  private unmarkedBytes = 0;
  private marking: Promise<void> | undefined;
  private markTimer: NodeJS.Timeout | undefined;
  /** A transaction with rows is under way: nothing else may be, a mark least of all. */
  private alone = false;

  /** @param from the mark that the target holds and that is being watched */
  constructor(options: SenderOptions, from: Mark) {
    this.options = options;
    this.applied = { mark: from, rows: 0, skipped: 0 };
    this.markable = this.applied;
    this.marked = this.applied;
    this.watch = Buffer.concat([encodeCommand(['WATCH', options.markKey]), encodeCommand(['HGET', options.markKey, 'epoch'])]);
  }

  /** A parcel to build the next batch in, instead of one that was not sent. Waits for one while too many are in flight. */
  async take(rowsMax: number, instead?: Parcel): Promise<Parcel> {
    this.check();
    if (instead !== undefined) this.giveBack(instead);
    const parcel = await this.pool.take(rowsMax);
    this.check();
    return parcel;
  }

  /** It is not sent. */
  giveBack(parcel: Parcel): void {
    this.pool.giveBack(parcel);
  }

  /** Sends what take() gave and the caller has filled; `mark` is the position behind it. Resolves when it is on its way. */
  async send(parcel: Parcel, mark: Mark): Promise<void> {
    const { buffer } = parcel;
    await this.options.pacer.turn(buffer.commands + (buffer.isTransaction ? AROUND_COMMANDS : 0), buffer.length);
    this.check();
    if (buffer.isTransaction) {
      const { answer, expect } = await this.beginTransaction(parcel, mark);
      this.options.connection.send([buffer.bytes.subarray(0, buffer.length)], expect);
      return this.follow(this.judge(answer, parcel, mark));
    }
    if (this.alone) await this.quiet();
    if (mark.offset - this.marked.mark.offset > UNMARKED_BYTES_MAX) await this.settled();
    const { unansweredBytesMax, connection } = this.options;
    if (unansweredBytesMax > 0 && connection.unansweredBytes + buffer.length > unansweredBytesMax) await this.quiet();
    this.check();
    buffer.endPlain();
    if (mark.phase === 'incremental-sync') this.sentOffset = mark.offset;
    const answer = this.sendPlain(parcel);
    const before = this.tail;
    this.follow(this.settlePlain(before, answer, parcel, mark));
  }

  /** Units that hold nothing to apply are passed: the position moves on, its mark comes with a later one. */
  pass(mark: Mark): void {
    const before = this.tail;
    const passed = async (): Promise<void> => {
      await before;
      await this.options.refusals.passed(mark.offset);
      this.advance(mark, 0, 0);
    };
    this.follow(passed());
  }

  /** As send(), with a payload between the parts of the buffer, which is a transaction: `at` is where it goes. Resolves when it is answered. */
  async sendLarge(parcel: Parcel, mark: Mark, at: number, pieces: AsyncIterable<Buffer>): Promise<void> {
    const { connection } = this.options;
    const { buffer } = parcel;
    const { answer, expect } = await this.beginTransaction(parcel, mark);
    this.follow(this.judge(answer, parcel, mark));
    const { generation } = connection;
    // On a connection that was made meanwhile, the rest of the value would be taken for commands.
    const same = (): Connection => {
      this.check();
      if (connection.generation !== generation) throw new GodwitError('CONNECTION_LOST', 'the target was connected anew within a value');
      return connection;
    };
    try {
      connection.beginPayload();
      connection.send([buffer.bytes.subarray(0, at)], expect);
      for await (const piece of pieces) {
        await this.options.pacer.turn(0, piece.length);
        if (!same().send([piece], [])) await connection.drained();
      }
      same().send([buffer.bytes.subarray(at, buffer.length)], []);
      connection.endPayload();
    } catch (error) {
      // Half a command is with the target: whatever came next would be taken for the rest of it.
      if (connection.generation === generation)
        connection.disconnect(new GodwitError('CONNECTION_LOST', `a value was cut short: ${toGodwitError(error).message}`));
      throw error;
    }
    await this.quiet();
  }

  /** Resolves when everything is answered and the target's mark says so. */
  async settled(): Promise<void> {
    await this.quiet();
    while (this.marked !== this.markable) await this.writeMark();
  }

  /** All that was applied is marked. */
  get isSettled(): boolean {
    return this.failure === undefined && this.marked === this.applied;
  }

  /** Ends the timer; nothing is sent any more. */
  close(): void {
    clearTimeout(this.markTimer);
    this.failure ??= new GodwitError('CONNECTION_LOST', 'the sender is closed');
  }

  /** Everything sent is answered. */
  private async quiet(): Promise<void> {
    await this.tail;
    this.check();
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  private follow(outcome: Promise<void>): void {
    this.tail = outcome;
    outcome.catch((error: unknown) => this.fail(error));
  }

  /** Nothing is sent any more: the connection that the mark was read on is gone, or something was refused. */
  fail(caught: unknown): void {
    if (this.failure !== undefined) return;
    const error = toGodwitError(caught);
    this.failure = error;
    clearTimeout(this.markTimer);
    this.pool.fail(error);
    this.options.onFailed(error);
  }

  private sendPlain({ buffer }: Parcel): Promise<Refusal[]> {
    const deferred = new Deferred<Refusal[]>();
    const refusals: Refusal[] = [];
    const collector: ReplyCollector = {
      count: buffer.commands,
      onError: (index, _nested, text) => refusals.push({ command: index, carriedOut: true, text }),
      onDone: () => deferred.resolve(refusals),
      onLost: (error) => deferred.reject(error),
    };
    this.options.connection.send([buffer.bytes.subarray(0, buffer.length)], [collector]);
    return deferred.promise;
  }

  private async settlePlain(before: Promise<void>, answer: Promise<Refusal[]>, parcel: Parcel, mark: Mark): Promise<void> {
    const refusals = await answer;
    await before;
    const skipped = await this.options.refusals.settle(parcel, mark, refusals);
    this.advance(mark, parcel.buffer.rows - skipped, skipped);
    this.unmarkedBytes += parcel.buffer.length;
    this.pool.giveBack(parcel);
    this.markSoon();
  }

  private expectTransaction(commands: number): { answer: Promise<TransactionAnswer>; expect: (ReplyCollector | PendingCall)[] } {
    const deferred = new Deferred<TransactionAnswer>();
    const refusals: Refusal[] = [];
    let aborted = false;
    const collector: ReplyCollector = {
      count: commands + 3,
      onError: (index, nested, text) => {
        if (nested >= 0) refusals.push({ command: nested, carriedOut: true, text });
        else refusals.push({ command: index > 0 && index <= commands ? index - 1 : -1, carriedOut: false, text });
      },
      onNull: () => void (aborted = true),
      onDone: () => {},
      onLost: (error) => deferred.reject(error),
    };
    const epoch = new PendingCall(
      (reply) => deferred.resolve({ refusals, aborted, epoch: reply instanceof ReplyError ? Number.NaN : Number(String(reply)) }),
      (error) => deferred.reject(error),
    );
    return { answer: deferred.promise, expect: [collector, epoch] };
  }

  /** A mark that is still on its way speaks of less and comes before. */
  private async beginTransaction(parcel: Parcel, mark: Mark): Promise<{ answer: Promise<TransactionAnswer>; expect: (ReplyCollector | PendingCall)[] }> {
    await this.quiet();
    await this.options.refusals.beforeTransaction(parcel, mark);
    const { buffer } = parcel;
    this.alone = true;
    clearTimeout(this.markTimer);
    this.markTimer = undefined;
    buffer.endTransaction(this.markCommand(mark), this.watch);
    return this.expectTransaction(buffer.commands);
  }

  private async judge(answer: Promise<TransactionAnswer>, parcel: Parcel, mark: Mark): Promise<void> {
    const { refusals } = await this.mustBeCarriedOut(answer, parcel, mark);
    const skipped = await this.options.refusals.settle(parcel, mark, refusals);
    this.advance(mark, parcel.buffer.rows - skipped, skipped);
    this.markable = this.applied;
    this.marked = this.applied;
    this.options.onMarked(this.marked);
    this.alone = false;
    this.pool.giveBack(parcel);
  }

  /** @throws FENCED, TARGET_NOT_READY, or what Refusals makes of it */
  private async mustBeCarriedOut(answer: Promise<TransactionAnswer>, parcel: Parcel | null, mark: Mark): Promise<TransactionAnswer> {
    const answered = await answer;
    const queued = answered.refusals.filter((one) => !one.carriedOut);
    if (answered.epoch > mark.epoch) throw this.options.fenced(answered.epoch);
    if (queued.length > 0) return this.options.refusals.refusedWhole(parcel, mark, queued);
    if (answered.aborted || answered.epoch !== mark.epoch) {
      throw new GodwitError('TARGET_NOT_READY', `the mark ${this.options.markKey} at the target was changed by somebody else; it is read again`);
    }
    return answered;
  }

  private advance(mark: Mark, rows: number, skipped: number): void {
    this.applied = { mark, rows: this.applied.rows + rows, skipped: this.applied.skipped + skipped };
    if (!this.options.refusals.inDoubt) this.markable = this.applied;
    this.options.onApplied(this.applied);
  }

  private markSoon(): void {
    if (this.marking !== undefined || this.alone || this.failure !== undefined) return;
    if (this.unmarkedBytes >= MARK_AFTER_BYTES) {
      clearTimeout(this.markTimer);
      this.markTimer = undefined;
      void this.writeMark().catch(() => {});
    } else this.markTimer ??= setTimeout(() => this.onMarkTimer(), MARK_AFTER_MS);
  }

  private onMarkTimer(): void {
    this.markTimer = undefined;
    if (this.marked === this.markable || this.alone || this.failure !== undefined) return;
    void this.writeMark().catch(() => {});
  }

  /** Writes the mark of what is applied by now; one at a time. */
  private writeMark(): Promise<void> {
    this.marking ??= this.sendMark()
      .catch((error: unknown) => {
        this.fail(error);
        throw toGodwitError(error);
      })
      .finally(() => {
        this.marking = undefined;
        if (this.marked !== this.markable) this.markSoon();
      });
    return this.marking;
  }

  private async sendMark(): Promise<void> {
    this.check();
    const position = this.markable;
    this.unmarkedBytes = 0;
    this.options.pacer.spend(AROUND_COMMANDS, 0);
    const { answer, expect } = this.expectTransaction(1);
    this.options.connection.send([Buffer.concat([MULTI, this.markCommand(position.mark), EXEC, this.watch])], expect);
    const { refusals } = await this.mustBeCarriedOut(answer, null, position.mark);
    if (refusals.length > 0) throw new GodwitError('TARGET_REFUSED', `the mark ${this.options.markKey} cannot be written: ${refusals[0].text}`);
    this.marked = position;
    this.options.onMarked(position);
  }

  private markCommand(mark: Mark): Buffer {
    return encodeCommand(['HMSET', this.options.markKey, ...markFields(mark)]);
  }
}
