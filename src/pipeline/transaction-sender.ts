/**
 * Sends transactions to a standalone target, one in flight at a time: were a second one under way, it could be applied after the first was refused, and
 * its mark would hide the gap. The next one is built meanwhile. Each ends with WATCH and a look at the epoch, so that the following one is fenced.
 */
import { Deferred } from '../async/deferred.ts';
import { type Mark, markFields } from '../checkpoint/mark.ts';
import type { OnError, OnExisting } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Batch } from '../model/batch.ts';
import type { Connection } from '../net/connection.ts';
import { PendingCall, type ReplyCollector } from '../net/reply-collector.ts';
import { isNotReadyReply, replyFailure } from '../net/reply-errors.ts';
import { encodeCommand } from '../resp/encode.ts';
import { ReplyError } from '../resp/reply.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import { rowName, type TransactionBuffer } from '../target/transaction-buffer.ts';

export interface SenderOptions {
  readonly connection: Connection;
  /** The connection that the mark was read on: on a later one, the target may be another, or have lost its tail. */
  readonly generation: number;
  readonly markKey: string;
  readonly address: string;
  readonly onError: OnError;
  readonly onExisting: OnExisting;
  readonly deadLetters: DeadLetterFile;
  /** Rows that are left out from now on: refused when they were queued, and in the dead-letter file. */
  readonly leftOut: Set<string>;
  fenced(epoch: number): GodwitError;
  /** A transaction was applied together with its mark. */
  onApplied(mark: Mark, rows: number, skipped: number): void;
}

interface Refusal {
  readonly command: number;
  /** In EXEC: it was carried out as a transaction, this command failed in it. */
  readonly inExec: boolean;
  readonly text: string;
}

export class TransactionSender {
  private readonly options: SenderOptions;
  private readonly watch: Buffer;
  private inFlight: Promise<void> = Promise.resolve();

  constructor(options: SenderOptions) {
    this.options = options;
    this.watch = Buffer.concat([encodeCommand(['WATCH', options.markKey]), encodeCommand(['HGET', options.markKey, 'epoch'])]);
  }

  /** See SenderOptions. */
  get leftOut(): ReadonlySet<string> {
    return this.options.leftOut;
  }

  /** Resolves when the transaction before is answered; rejects with what became of it. */
  settled(): Promise<void> {
    return this.inFlight;
  }

  /** Closes the transaction in the buffer with its mark and sends it when the one before is answered. */
  async send(buffer: TransactionBuffer, mark: Mark, batch: Batch | null): Promise<void> {
    buffer.end(encodeCommand(['HMSET', this.options.markKey, ...markFields(mark)]), this.watch);
    await this.inFlight;
    this.checkGeneration();
    const answer = this.expect(buffer, mark, batch);
    this.inFlight = answer.promise;
    this.inFlight.catch(() => {});
    this.options.connection.send([buffer.bytes.subarray(0, buffer.length)], answer.expect);
  }

  /** As send(), with a payload between the parts of the buffer: `at` is where it goes. */
  async sendLarge(buffer: TransactionBuffer, mark: Mark, at: number, pieces: AsyncIterable<Buffer>): Promise<void> {
    const { connection } = this.options;
    buffer.end(encodeCommand(['HMSET', this.options.markKey, ...markFields(mark)]), this.watch);
    await this.inFlight;
    this.checkGeneration();
    const answer = this.expect(buffer, mark, null);
    this.inFlight = answer.promise;
    this.inFlight.catch(() => {});
    connection.beginPayload();
    connection.send([buffer.bytes.subarray(0, at)], answer.expect);
    for await (const piece of pieces) {
      if (!connection.send([piece], [])) await connection.drained();
    }
    connection.send([buffer.bytes.subarray(at, buffer.length)], []);
    connection.endPayload();
    await this.inFlight;
  }

  private checkGeneration(): void {
    const { connection, generation, address } = this.options;
    if (connection.generation !== generation) throw new GodwitError('CONNECTION_LOST', `target ${address} was connected anew; its mark is read again`);
  }

  private expect(buffer: TransactionBuffer, mark: Mark, batch: Batch | null): { promise: Promise<void>; expect: (ReplyCollector | PendingCall)[] } {
    const deferred = new Deferred<void>();
    const refusals: Refusal[] = [];
    let aborted = false;
    const { commands, rows } = buffer;
    const collector: ReplyCollector = {
      count: commands + 3,
      onError: (index, nested, text) => {
        if (nested >= 0) refusals.push({ command: nested, inExec: true, text });
        else if (index > 0 && index <= commands) refusals.push({ command: index - 1, inExec: false, text });
        else refusals.push({ command: -1, inExec: false, text });
      },
      onNull: () => void (aborted = true),
      onDone: () => {},
      onLost: (error) => deferred.reject(error),
    };
    const epoch = new PendingCall(
      (reply) => {
        this.judge({ buffer, batch, mark, rows, refusals, aborted, epoch: reply instanceof ReplyError ? Number.NaN : Number(String(reply)) }).then(
          deferred.resolve,
          deferred.reject,
        );
      },
      (error) => deferred.reject(error),
    );
    return { promise: deferred.promise, expect: [collector, epoch] };
  }

  private async judge(answer: {
    buffer: TransactionBuffer;
    batch: Batch | null;
    mark: Mark;
    rows: number;
    refusals: Refusal[];
    aborted: boolean;
    epoch: number;
  }): Promise<void> {
    const { mark, refusals, epoch } = answer;
    const queued = refusals.filter((one) => !one.inExec);
    if (epoch > mark.epoch) throw this.options.fenced(epoch);
    if (queued.length > 0) return this.refusedWhenQueued(answer, queued);
    if (answer.aborted || epoch !== mark.epoch) {
      throw new GodwitError('TARGET_NOT_READY', `the mark ${this.options.markKey} at the target was changed by somebody else; it is read again`);
    }
    const existing = this.options.onExisting === 'skip' ? refusals.filter((one) => one.text.startsWith('BUSYKEY')) : [];
    this.options.onApplied(mark, answer.rows, existing.length);
    const real = refusals.filter((one) => !existing.includes(one));
    if (real.length === 0) return;
    await this.options.deadLetters.write(real.map((one) => this.letter(answer, one)));
    if (this.options.onError === 'dead-letter') return;
    throw this.refused(answer.buffer, real[0], 'The rest of its transaction is applied; the command is in the dead-letter file');
  }

  /** Nothing of the transaction was applied. */
  private async refusedWhenQueued(answer: { buffer: TransactionBuffer; batch: Batch | null; mark: Mark }, queued: Refusal[]): Promise<void> {
    const first = queued.find((one) => !one.text.startsWith('EXECABORT')) ?? queued[0];
    const reply = new ReplyError(/^EXECABORT.*because of: (.*)$/.exec(first.text)?.[1] ?? first.text);
    const node = { role: 'target data', address: this.options.address };
    if (isNotReadyReply(reply) || reply.code === 'EXECABORT') {
      throw new GodwitError('TARGET_NOT_READY', `target ${node.address} is not ready: ${reply.text}`, { details: { reply: reply.text } });
    }
    if (reply.code === 'NOPERM' || reply.code === 'NOAUTH') throw replyFailure(reply, node);
    const { batch, buffer } = answer;
    const bad = queued.filter((one) => one.command >= 0 && buffer.rowOf[one.command] >= 0);
    if (this.options.onError === 'stop' || batch === null || bad.length === 0) throw this.refused(buffer, first, 'Nothing of its transaction is applied');
    await this.options.deadLetters.write(bad.map((one) => this.letter(answer, one)));
    for (const one of bad) this.options.leftOut.add(rowName(batch, buffer.rowOf[one.command]));
    throw new GodwitError('TARGET_NOT_READY', 'commands that the target refused are left out, the rest is sent again');
  }

  private letter(answer: { buffer: TransactionBuffer; mark: Mark }, refusal: Refusal): Parameters<DeadLetterFile['write']>[0][number] {
    const { buffer, mark } = answer;
    return { offset: mark.offset, database: mark.database, error: refusal.text, command: commandBytes(buffer, refusal.command) };
  }

  private refused(buffer: TransactionBuffer, refusal: Refusal, outcome: string): GodwitError {
    const [name, key] = nameAndKey(commandBytes(buffer, refusal.command));
    const exists = refusal.text.startsWith('BUSYKEY');
    return new GodwitError(
      exists ? 'KEY_EXISTS' : 'TARGET_REFUSED',
      `target ${this.options.address} refused ${name}${key === '' ? '' : ` of key ${JSON.stringify(key)}`}: ${refusal.text}. ${outcome}`,
      { details: { reply: refusal.text, command: name, key } },
    );
  }
}

function commandBytes(buffer: TransactionBuffer, command: number): Buffer {
  if (command < 0 || command >= buffer.commands) return Buffer.alloc(0);
  const end = command + 1 < buffer.commands ? buffer.starts[command + 1] : buffer.length;
  return Buffer.from(buffer.bytes.subarray(buffer.starts[command], end));
}

/** For messages: name and first argument of a command in RESP, cut short. */
function nameAndKey(command: Buffer): [string, string] {
  const [, , name = 'a command', , key = ''] = command.toString('latin1', 0, 300).split('\r\n');
  return [name.slice(0, 40), key.slice(0, 100)];
}
