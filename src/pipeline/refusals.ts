/**
 * What becomes of error replies of the target: wait and rewind to the mark, write them to the dead-letter file, pass over what a replay explains, or stop.
 * The rest of a batch is carried out in any case, unless its transaction was refused as a whole.
 */
import type { Mark } from '../checkpoint/mark.ts';
import { findCommand } from '../command/built-in-commands.ts';
import { CommandArguments } from '../command/command-arguments.ts';
import { repeatability } from '../command/repeatability.ts';
import type { OnError, OnExisting } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { isNotReadyReply, replyFailure } from '../net/reply-errors.ts';
import { ReplyError } from '../resp/reply.ts';
import type { Batch } from '../model/batch.ts';
import type { BatchBuffer } from '../target/batch-buffer.ts';
import { rowName } from '../target/batch-buffer.ts';
import type { DeadLetter, DeadLetterFile } from '../target/dead-letter.ts';
import type { Parcel } from './parcel.ts';

export interface RefusalPolicy {
  readonly address: string;
  readonly onError: OnError;
  readonly onExisting: OnExisting;
  readonly deadLetters: DeadLetterFile;
  /** Rows that are left out from now on: refused when they were queued, and in the dead-letter file. */
  readonly leftOut: Set<string>;
}

export interface Refusal {
  /** Index in the buffer; -1 = not one of its commands. */
  readonly command: number;
  /** False: refused when it was queued, so nothing of its transaction was carried out. */
  readonly carriedOut: boolean;
  readonly text: string;
}

/** Answers that repeatable commands get when they are applied a second time, over what came after them the first time. */
const REPLAY_ERRORS = /^(?:WRONGTYPE |ERR The ID specified in XADD is equal or smaller)/;

export class Refusals {
  private readonly policy: RefusalPolicy;

  constructor(policy: RefusalPolicy) {
    this.policy = policy;
  }

  /**
   * Of a batch, or transaction, that was carried out. Returns the rows that were passed over because their keys exist.
   * @param replayUntil rows that end up to this offset may have been applied before
   * @throws TARGET_NOT_READY, KEY_EXISTS, TARGET_REFUSED, PERMISSION_DENIED
   */
  async settle(parcel: Parcel, mark: Mark, refusals: readonly Refusal[], replayUntil: number): Promise<number> {
    if (refusals.length === 0) return 0;
    const waits = refusals.find((one) => isNotReadyReply(new ReplyError(one.text)));
    if (waits !== undefined && !parcel.buffer.isTransaction) throw this.notReady(waits.text);
    const { batch, buffer } = parcel;
    const replayed = (one: Refusal): boolean => {
      const row = one.command < 0 ? -1 : buffer.rowOf[one.command];
      return row >= 0 && batch.endOffset[row] <= replayUntil && REPLAY_ERRORS.test(one.text) && isRepeatable(commandBytes(buffer, one.command));
    };
    const existing = this.policy.onExisting === 'skip' ? refusals.filter((one) => one.text.startsWith('BUSYKEY')) : [];
    const real = refusals.filter((one) => !existing.includes(one) && !replayed(one));
    if (real.length === 0) return existing.length;
    const denied = real.find((one) => /^NO(?:PERM|AUTH)\b/.test(one.text));
    if (denied !== undefined && !buffer.isTransaction) throw replyFailure(new ReplyError(denied.text), this.node());
    if (this.policy.onError === 'stop' && !buffer.isTransaction)
      throw this.refused(buffer, real[0], 'What came with it is applied; the next run tries it again');
    await this.policy.deadLetters.write(real.map((one) => letter(parcel, mark, one)));
    if (this.policy.onError === 'stop') throw this.refused(buffer, real[0], `What came with it is applied; the command is in ${this.policy.deadLetters.file}`);
    for (const { command } of real) if (command >= 0 && buffer.rowOf[command] >= 0) this.policy.leftOut.add(rowName(batch, buffer.rowOf[command]));
    return existing.length;
  }

  /** Of a transaction of which nothing was carried out. Always throws; a retryable error means that it is sent again, without what was left out. */
  async refusedWhole(parcel: Parcel | null, mark: Mark, queued: readonly Refusal[]): Promise<never> {
    const first = queued.find((one) => !one.text.startsWith('EXECABORT')) ?? queued[0];
    const reply = new ReplyError(/^EXECABORT.*because of: (.*)$/.exec(first.text)?.[1] ?? first.text);
    if (isNotReadyReply(reply) || reply.code === 'EXECABORT') throw this.notReady(reply.text);
    if (reply.code === 'NOPERM' || reply.code === 'NOAUTH') throw replyFailure(reply, this.node());
    const bad = parcel === null ? [] : queued.filter((one) => one.command >= 0 && parcel.buffer.rowOf[one.command] >= 0);
    if (parcel === null) throw replyFailure(reply, this.node());
    if (this.policy.onError === 'stop' || bad.length === 0) throw this.refused(parcel.buffer, first, 'Nothing of its transaction is applied');
    await this.policy.deadLetters.write(bad.map((one) => letter(parcel, mark, one)));
    for (const one of bad) this.policy.leftOut.add(rowName(parcel.batch, parcel.buffer.rowOf[one.command]));
    throw new GodwitError('TARGET_NOT_READY', 'commands that the target refused are left out, the rest is sent again');
  }

  /** Rows that cannot be said to this target: as if it had refused them. @throws TARGET_REFUSED unless they go to the dead-letter file */
  async unsupported(batch: Batch, mark: Mark, rows: readonly { readonly row: number; readonly reason: string }[]): Promise<void> {
    const { policy } = this;
    const bytes = (row: number): Buffer => Buffer.from(batch.bytes.subarray(batch.start[row], batch.end[row]));
    if (policy.onError === 'stop') {
      const [name, key] = nameAndKey(bytes(rows[0].row));
      throw new GodwitError('TARGET_REFUSED', `target ${policy.address}: ${rows[0].reason}${key === '' ? '' : ` (key ${JSON.stringify(key)})`}`, {
        details: { command: name, key, offset: mark.offset },
        fix: 'Choose --on-unsupported degrade to do what the target can, or skip to leave it out.',
      });
    }
    await policy.deadLetters.write(
      rows.map(({ row, reason }) => ({ offset: batch.endOffset[row], database: batch.database[row], error: reason, command: bytes(row) })),
    );
    for (const { row } of rows) policy.leftOut.add(rowName(batch, row));
  }

  private notReady(text: string): GodwitError {
    return new GodwitError('TARGET_NOT_READY', `target ${this.policy.address} is not ready: ${text}`, { details: { reply: text } });
  }

  private node(): { role: string; address: string } {
    return { role: 'target data', address: this.policy.address };
  }

  private refused(buffer: BatchBuffer, refusal: Refusal, outcome: string): GodwitError {
    const [name, key] = nameAndKey(commandBytes(buffer, refusal.command));
    const exists = refusal.text.startsWith('BUSYKEY');
    const reply = withoutValues(refusal.text);
    return new GodwitError(
      exists ? 'KEY_EXISTS' : 'TARGET_REFUSED',
      `target ${this.policy.address} refused ${name}${key === '' ? '' : ` of key ${JSON.stringify(key)}`}: ${reply}. ${outcome}`,
      { details: { reply, command: name, key } },
    );
  }
}

function letter({ buffer, batch }: Parcel, mark: Mark, refusal: Refusal): DeadLetter {
  const row = refusal.command < 0 ? -1 : buffer.rowOf[refusal.command];
  const place = row < 0 ? { offset: mark.offset, database: mark.database } : { offset: batch.endOffset[row], database: batch.database[row] };
  return { ...place, error: refusal.text, command: commandBytes(buffer, refusal.command) };
}

/** A transaction can hold rows that went plain before the break, in front of what was never applied. */
function isRepeatable(command: Uint8Array): boolean {
  const args = new CommandArguments();
  return args.read(command, 0, command.length) && repeatability(findCommand(command, 0, command.length), args) === 'repeatable';
}

/** Servers repeat the arguments of a command that they do not know: those are the user's data. */
function withoutValues(reply: string): string {
  return reply.replace(/, with args beginning with: .*$/s, '');
}

function commandBytes(buffer: BatchBuffer, command: number): Buffer {
  if (command < 0 || command >= buffer.commands) return Buffer.alloc(0);
  const start = buffer.starts[command];
  let next = command + 1;
  // Several commands that stand for one row begin at one place.
  while (next < buffer.commands && buffer.starts[next] === start) next++;
  return Buffer.from(buffer.bytes.subarray(start, next < buffer.commands ? buffer.starts[next] : buffer.length));
}

/** For messages: name and first argument of a command in RESP, cut short. */
function nameAndKey(command: Buffer): [string, string] {
  const [, , name = 'a command', , key = ''] = command.toString('latin1', 0, 300).split('\r\n');
  return [name.slice(0, 40), key.slice(0, 100)];
}
