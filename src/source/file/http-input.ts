/**
 * A file on a web server. Where the server gives parts (Range), a transfer that breaks goes on where it stopped, and any offset can be read;
 * where it does not, the file is read once from its begin, and a break ends it.
 *
 * Invariants: bytes of two versions of the file are never mixed: the rest is asked for with If-Range, and a change is FILE_CHANGED.
 */
import { BackOff } from '../../async/back-off.ts';
import { type Clock, systemClock } from '../../async/clock.ts';
import { GodwitError } from '../../errors/errors.ts';
import { type HttpBody, httpName, openHttpBody } from '../../net/http-body.ts';
import type { ByteInput } from './byte-input.ts';

export interface HttpInputOptions {
  /** The longest silence of the server; 30 s unless told. */
  readonly silenceTimeoutMs?: number;
  /** Attempts in a row without a byte before it is given up; 6 unless told. */
  readonly attemptsMax?: number;
  readonly clock?: Clock;
}

const SILENCE_TIMEOUT_MS = 30_000;
const ATTEMPTS_MAX = 6;
/** What is skipped is read and dropped up to this size. */
const JUMP_BYTES_MIN = 1024 * 1024;
const DELAY_MIN_MS = 100;
const DELAY_MAX_MS = 5_000;

export class HttpInput implements ByteInput {
  readonly name: string;
  readonly bytesTotal: number;
  readonly isSeekable: boolean;
  rawBytes = 0;
  private readonly url: URL;
  private readonly attemptsMax: number;
  private readonly silenceTimeoutMs: number;
  private readonly clock: Clock;
  private readonly validator: string | null;
  private readonly backOff = new BackOff({ delayMinMs: DELAY_MIN_MS, delayMaxMs: DELAY_MAX_MS, random: Math.random });
  private body: HttpBody;
  private iterator: AsyncIterator<Buffer>;
  private chunk: Buffer = Buffer.alloc(0);
  /** Offset of chunk[0]. */
  private offset = 0;

  /** Asks for the file. @throws GodwitError as openHttpBody() */
  static async open(url: URL, options: HttpInputOptions = {}): Promise<HttpInput> {
    return new HttpInput(url, options, await openHttpBody(url, { silenceTimeoutMs: options.silenceTimeoutMs ?? SILENCE_TIMEOUT_MS }));
  }

  private constructor(url: URL, options: HttpInputOptions, body: HttpBody) {
    this.url = url;
    this.name = httpName(url);
    this.attemptsMax = options.attemptsMax ?? ATTEMPTS_MAX;
    this.silenceTimeoutMs = options.silenceTimeoutMs ?? SILENCE_TIMEOUT_MS;
    this.clock = options.clock ?? systemClock;
    this.body = body;
    this.bytesTotal = body.bytesTotal;
    this.isSeekable = body.givesParts;
    this.validator = body.validator;
    this.iterator = body.chunks[Symbol.asyncIterator]();
  }

  get rawBytesTotal(): number {
    return this.bytesTotal;
  }

  get version(): string {
    return this.validator ?? '';
  }

  async peek(count: number): Promise<Buffer> {
    let head: Buffer = Buffer.alloc(0);
    while (head.length < count && (await this.haveBytesAt(head.length))) head = Buffer.concat([head, this.chunk.subarray(head.length - this.offset)]);
    this.chunk = head;
    this.offset = 0;
    return head.subarray(0, count);
  }

  async read(offset: number, into: Buffer, at: number, count: number): Promise<number> {
    if (!(await this.haveBytesAt(offset))) return 0;
    const from = offset - this.offset;
    const got = this.chunk.copy(into, at, from, Math.min(this.chunk.length, from + count));
    this.chunk = this.chunk.subarray(from + got);
    this.offset = offset + got;
    this.rawBytes = Math.max(this.rawBytes, this.offset);
    return got;
  }

  async close(): Promise<void> {
    this.body.close();
  }

  /** Reads on until a chunk holds the byte at `offset`. False at the end of the file. */
  private async haveBytesAt(offset: number): Promise<boolean> {
    if (this.isElsewhere(offset)) await this.reopen(offset, null);
    while (offset >= this.offset + this.chunk.length) {
      const next = this.offset + this.chunk.length;
      try {
        const { value, done } = await this.nextOfBody();
        this.offset = next;
        this.chunk = done === true ? Buffer.alloc(0) : value;
        if (done !== true) this.backOff.succeeded();
        else if (this.bytesTotal < 0 || next >= this.bytesTotal) return false;
        else throw new Error('the server ended the transfer too early');
      } catch (error) {
        this.offset = next;
        this.chunk = Buffer.alloc(0);
        await this.reopen(next, error);
      }
    }
    return true;
  }

  /** Silence is counted only while bytes are waited for: a reader that takes its time is no fault of the server. */
  private async nextOfBody(): Promise<IteratorResult<Buffer>> {
    const { body, clock, silenceTimeoutMs } = this;
    const timer = clock.startTimer(silenceTimeoutMs, () => body.close(new Error(`nothing came for ${silenceTimeoutMs} ms`)));
    try {
      return await this.iterator.next();
    } finally {
      timer.cancel();
    }
  }

  /** Before what the connection brings, or so far behind it that asking is quicker than reading. */
  private isElsewhere(offset: number): boolean {
    return offset < this.offset || (this.isSeekable && offset > this.offset + this.chunk.length + JUMP_BYTES_MIN);
  }

  /** Goes on at `offset` in another connection. @param broken why the one there was has ended; null if it is only left */
  private async reopen(offset: number, broken: unknown): Promise<void> {
    if (!this.isSeekable) throw this.cannotGoOn(offset, broken);
    this.body.close();
    for (let cause = broken; ;) {
      if (cause !== null) {
        if (this.backOff.attempts >= this.attemptsMax) throw this.givenUp(offset, cause);
        await pause(this.clock, this.backOff.nextDelayMs());
      }
      try {
        await this.ask(offset);
        return;
      } catch (failure) {
        if (!(failure instanceof GodwitError && failure.retryable)) throw failure;
        cause = failure;
      }
    }
  }

  private async ask(offset: number): Promise<void> {
    const { validator, url, silenceTimeoutMs } = this;
    const body = await openHttpBody(url, { from: offset, validator, silenceTimeoutMs });
    this.body = body;
    this.iterator = body.chunks[Symbol.asyncIterator]();
    this.chunk = Buffer.alloc(0);
    this.offset = body.from;
    const isAnother = body.from !== offset || (validator !== null && body.validator !== null && validator !== body.validator);
    if (isAnother || (this.bytesTotal >= 0 && body.bytesTotal !== this.bytesTotal)) {
      body.close();
      throw new GodwitError('FILE_CHANGED', `${this.name} has changed at the server while it was read (at offset ${offset})`);
    }
  }

  private cannotGoOn(offset: number, broken: unknown): GodwitError {
    if (broken === null) return new GodwitError('INTERNAL', `${this.name} can be read forward only: ${offset} was asked for at ${this.offset}`);
    return new GodwitError('CONNECTION_LOST', `the transfer of ${this.name} broke at offset ${offset}: ${(broken as Error).message}`, {
      cause: broken,
      retryable: false,
      fix: 'The server gives no parts of files (Range), so that it cannot be continued: fetch the file first, and load it from disk.',
    });
  }

  private givenUp(offset: number, cause: unknown): GodwitError {
    const { attempts } = this.backOff;
    return new GodwitError(
      'CONNECTION_LOST',
      `the transfer of ${this.name} broke at offset ${offset}, and ${attempts} attempts to go on failed: ${(cause as Error).message}`,
      {
        cause,
        fix: 'Look at the network and the web server; a load that was stopped goes on where it was.',
      },
    );
  }
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.startTimer(delayMs, resolve));
}
