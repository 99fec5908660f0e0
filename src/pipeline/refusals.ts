/**
 * What becomes of error replies of the target: wait and rewind to the mark, write them to the dead-letter file, pass over what a replay explains, or stop.
 * The rest of a batch is carried out in any case, unless its transaction was refused as a whole.
 */
import type { Mark } from '../checkpoint/mark.ts';
import type { OnError, OnExisting } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { isNotReadyReply, replyFailure } from '../net/reply-errors.ts';
import { ReplyError } from '../resp/reply.ts';
import type { Batch } from '../model/batch.ts';
import type { BatchBuffer } from '../target/batch-buffer.ts';
import { rowName } from '../target/batch-buffer.ts';
import type { DeadLetter, DeadLetterFile } from '../target/dead-letter.ts';
import type { Parcel } from './parcel.ts';
import { ReplayDoubts } from './replay-doubts.ts';

/** A batch and what it was sent as. */
export type SentBatch = Pick<Parcel, 'batch' | 'buffer'>;

export interface RefusalPolicy {
  readonly address: string;
  readonly onError: OnError;
  readonly onExisting: OnExisting;
  readonly deadLetters: DeadLetterFile;
  /** Rows that are left out from now on: refused when they were queued, and in the dead-letter file. */
  readonly leftOut: Set<string>;
  /** Rows of the stream up to this offset may have been applied before. */
  replayUntil(): number;
}

export interface Refusal {
  /** Index in the buffer; -1 = not one of its commands. */
  readonly command: number;
  /** False: refused when it was queued, so nothing of its transaction was carried out. */
  readonly carriedOut: boolean;
  readonly text: string;
  /** It came in a transaction with its mark, though its batch as a whole is none. */
  readonly isMarked?: boolean;
}

/** Answers that repeatable commands get when they are applied a second time: itself the reason, or what came after them the first time. */
const APPLIED_BEFORE = /^ERR The ID specified in XADD is equal or smaller/;
const OTHER_TYPE = /^WRONGTYPE /;

/** A refusal with all that is needed when its batch is gone. */
interface Refused {
  readonly letter: DeadLetter;
  /** undefined: it stands for no row. */
  readonly row: string | undefined;
  /** The mark stands behind it: no later run meets it again. */
  markPassed: boolean;
}

export class Refusals {
  private readonly policy: RefusalPolicy;
  private readonly doubts = new ReplayDoubts<Refused>();

  constructor(policy: RefusalPolicy) {
    this.policy = policy;
  }

  /** True while it is not known whether something that is applied no more was refused: the mark may not pass it. */
  get inDoubt(): boolean {
    return this.doubts.isOpen;
  }

  /**
   * Of a batch, or transaction, that was carried out. Returns the rows that were passed over because their keys exist.
   * @throws TARGET_NOT_READY, KEY_EXISTS, TARGET_REFUSED, PERMISSION_DENIED
   */
  async settle(parcel: SentBatch, mark: Mark, refusals: readonly Refusal[]): Promise<number> {
    if (refusals.length === 0 && !this.doubts.isOpen) return 0;
    const { batch, buffer } = parcel;
    // What was refused within a transaction is behind its mark: waiting brings it no second time.
    const waits = refusals.find((one) => one.isMarked !== true && isNotReadyReply(new ReplyError(one.text)));
    if (waits !== undefined && !buffer.isTransaction) throw this.notReady(waits.text);
    const replayUntil = this.policy.replayUntil();
    const existing = this.policy.onExisting === 'skip' ? refusals.filter((one) => one.text.startsWith('BUSYKEY')) : [];
    const real: Refused[] = [];
    const doubtful = new Map<number, Refused>();
    for (const one of refusals) {
      if (existing.includes(one)) continue;
      const row = one.command < 0 ? -1 : buffer.rowOf[one.command];
      const isReplayed = row >= 0 && batch.endOffset[row] <= replayUntil && (mark.phase === 'incremental-sync' || !buffer.isTransaction);
      if (isReplayed && APPLIED_BEFORE.test(one.text)) continue;
      if (isReplayed && OTHER_TYPE.test(one.text)) doubtful.set(row, refusedRow(parcel, mark, one));
      else real.push(refusedRow(parcel, mark, one));
    }
    real.unshift(...this.doubts.look(parcel, mark.offset, doubtful, replayUntil));
    await this.judge(real);
    return existing.length;
  }

  /** What is about to be sent was not applied before, or only its first rows: what they do not explain was refused. @throws TARGET_REFUSED */
  async beforeTransaction(parcel: SentBatch, mark: Mark): Promise<void> {
    if (!this.doubts.isOpen) return;
    await this.judge(this.doubts.look(parcel, mark.offset, new Map(), this.policy.replayUntil()));
    for (const one of this.doubts.refused) one.markPassed = true;
  }

  /** The stream is applied up to here. @throws TARGET_REFUSED */
  async passed(offset: number): Promise<void> {
    if (this.doubts.isOpen) await this.judge(this.doubts.passed(offset, this.policy.replayUntil()));
  }

  /** Of a transaction of which nothing was carried out. Always throws; a retryable error means that it is sent again, without what was left out. */
  async refusedWhole(parcel: SentBatch | null, mark: Mark, queued: readonly Refusal[]): Promise<never> {
    const first = queued.find((one) => !one.text.startsWith('EXECABORT')) ?? queued[0];
    const reply = new ReplyError(/^EXECABORT.*because of: (.*)$/.exec(first.text)?.[1] ?? first.text);
    if (isNotReadyReply(reply) || reply.code === 'EXECABORT') throw this.notReady(reply.text);
    if (reply.code === 'NOPERM' || reply.code === 'NOAUTH') throw replyFailure(reply, this.node());
    const bad = parcel === null ? [] : queued.filter((one) => one.command >= 0 && parcel.buffer.rowOf[one.command] >= 0);
    if (parcel === null) throw replyFailure(reply, this.node());
    if (this.policy.onError === 'stop' || bad.length === 0) {
      throw this.refused(refusedRow(parcel, mark, { ...first, text: reply.text }), 'Nothing of its transaction is applied');
    }
    await this.leaveOut(bad.map((one) => refusedRow(parcel, mark, one)));
    throw new GodwitError('TARGET_NOT_READY', 'commands that the target refused are left out, the rest is sent again');
  }

  /** Rows that cannot be said to this target: as if it had refused them. @throws TARGET_REFUSED unless they go to the dead-letter file */
  async unsupported(batch: Batch, mark: Mark, rows: readonly { readonly row: number; readonly reason: string }[]): Promise<void> {
    const { address, onError, deadLetters, leftOut } = this.policy;
    const bytes = (row: number): Buffer => Buffer.from(batch.bytes.subarray(batch.start[row], batch.end[row]));
    const news = rows.filter(({ row }) => !leftOut.has(rowName(batch, row)));
    if (news.length === 0) return;
    if (onError === 'stop') {
      const [name, key] = nameAndKey(bytes(news[0].row));
      const what = `${name}${key === '' ? '' : ` of key ${JSON.stringify(key)}`} cannot be applied: ${news[0].reason}`;
      throw new GodwitError('TARGET_REFUSED', `target ${address}: ${what}. Nothing of its transaction is applied`, {
        details: { command: name, key, offset: mark.offset },
        fix: 'Choose --on-unsupported degrade to do what the target can, skip to leave it out, or --on-error dead-letter to write it down.',
      });
    }
    await deadLetters.write(
      news.map(({ row, reason }) => ({ offset: batch.endOffset[row], database: batch.database[row], error: reason, command: bytes(row) })),
    );
    for (const { row } of news) leftOut.add(rowName(batch, row));
  }

  private async judge(real: readonly Refused[]): Promise<void> {
    if (real.length === 0) return;
    const { onError, deadLetters } = this.policy;
    const denied = real.find(({ letter, markPassed }) => !markPassed && /^NO(?:PERM|AUTH)\b/.test(letter.error));
    if (denied !== undefined) throw replyFailure(new ReplyError(denied.letter.error), this.node());
    const [first] = real;
    await this.leaveOut(onError === 'stop' ? real.filter(({ markPassed }) => markPassed) : real);
    if (onError !== 'stop') return;
    throw this.refused(first, first.markPassed ? `What came with it is applied; the command is in ${deadLetters.file}` : 'The next run tries it again');
  }

  private async leaveOut(refused: readonly Refused[]): Promise<void> {
    if (refused.length > 0) await this.policy.deadLetters.write(refused.map(({ letter }) => letter));
    for (const { row } of refused) if (row !== undefined) this.policy.leftOut.add(row);
  }

  private notReady(text: string): GodwitError {
    return new GodwitError('TARGET_NOT_READY', `target ${this.policy.address} is not ready: ${text}`, { details: { reply: text } });
  }

  private node(): { role: string; address: string } {
    return { role: 'target data', address: this.policy.address };
  }

  private refused({ letter }: Refused, outcome: string): GodwitError {
    const [name, key] = nameAndKey(letter.command);
    const exists = letter.error.startsWith('BUSYKEY');
    const reply = withoutValues(letter.error);
    return new GodwitError(
      exists ? 'KEY_EXISTS' : 'TARGET_REFUSED',
      `target ${this.policy.address} refused ${name}${key === '' ? '' : ` of key ${JSON.stringify(key)}`}: ${reply}. ${outcome}`,
      { details: { reply, command: name, key } },
    );
  }
}

function refusedRow({ buffer, batch }: SentBatch, mark: Mark, refusal: Refusal): Refused {
  const row = refusal.command < 0 ? -1 : buffer.rowOf[refusal.command];
  const place = row < 0 ? { offset: mark.offset, database: mark.database } : { offset: batch.endOffset[row], database: batch.database[row] };
  const letter = { ...place, error: refusal.text, command: commandBytes(buffer, refusal.command) };
  return { letter, row: row < 0 ? undefined : rowName(batch, row), markPassed: buffer.isTransaction || refusal.isMarked === true };
}

/** Servers repeat the arguments of a command that they do not know: those are the user's data. */
function withoutValues(reply: string): string {
  return reply.replace(/, with args beginning with: .*$/s, '');
}

function commandBytes(buffer: BatchBuffer, command: number): Buffer {
  if (command < 0 || command >= buffer.commands) return Buffer.alloc(0);
  return Buffer.from(buffer.bytes.subarray(buffer.starts[command], buffer.endOf(command)));
}

/** For messages: name and first argument of a command in RESP, cut short. */
function nameAndKey(command: Uint8Array): [string, string] {
  const [, , name = 'a command', , key = ''] = Buffer.from(command.buffer, command.byteOffset, command.length).toString('latin1', 0, 300).split('\r\n');
  return [name.slice(0, 40), key.slice(0, 100)];
}
