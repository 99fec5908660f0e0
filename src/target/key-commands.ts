/**
 * The commands that make one key, so that no reader ever sees a part of it. While they fit into one transaction they name the key itself; when they
 * do not, all of them are turned over to a temporary key, go out in pieces as they come, and the transaction at the end only renames it:
 *
 *   fits       MULTI  UNLINK key  <commands on key>  PEXPIREAT key  EXEC
 *   does not   UNLINK tmp  <commands on tmp> ...     MULTI  PEXPIREAT tmp  RENAME tmp key  EXEC
 *
 * A value that must not replace another is always built under the temporary name and renamed with RENAMENX. A build that was cut off leaves its
 * temporary key behind; the next build of the same key begins by removing it.
 */
import { ArgumentBuffer, bulkBytes } from './argument-buffer.ts';
import { temporaryKey } from './temporary-key.ts';

/** Stands for the key in the words of a command. */
export const KEY = Symbol('key');

export type Word = string | number | Uint8Array | typeof KEY;

/** Gets whole commands that build the temporary key; bytes[start, end) are valid during the call only. */
export type BuildReceiver = (bytes: Uint8Array, start: number, end: number, commands: number) => void;

export interface KeyCommandsOptions {
  /** Of what goes out at once: the transaction, or a piece of the build. A single command can be longer. */
  readonly transactionBytesMax: number;
  /** Writes MULTI and EXEC; false leaves that to the transaction that the commands are put into. */
  readonly ownTransaction: boolean;
  readonly replace: boolean;
  /** UNLINK, Redis 4.0. */
  readonly canUnlink: boolean;
  readonly build: BuildReceiver;
}

const NO_ARGUMENTS = new ArgumentBuffer();

export class KeyCommands {
  private readonly options: KeyCommandsOptions;
  private readonly out = new ArgumentBuffer();
  /** Where the key stands in `out` as an argument. */
  private readonly keyAt: number[] = [];
  private key: Uint8Array = new Uint8Array(0);
  /** The key that commands name at present. */
  private named: Uint8Array = this.key;
  private queued = 0;
  private sent = 0;

  constructor(options: KeyCommandsOptions) {
    this.options = options;
  }

  /** The transaction, after end(): bytes[0, length). */
  get bytes(): Uint8Array {
    return this.out.bytes;
  }

  get length(): number {
    return this.out.length;
  }

  /** Commands in it; MULTI and EXEC not counted. */
  get commands(): number {
    return this.queued;
  }

  /** Commands that went to `build` before. */
  get built(): number {
    return this.sent;
  }

  begin(key: Uint8Array): void {
    this.key = key;
    this.named = this.options.replace ? key : temporaryKey(key);
    this.sent = 0;
    this.openTransaction();
    this.remove();
  }

  /** Adds a command: the words, then the arguments, which are cleared. */
  add(words: readonly Word[], args: ArgumentBuffer = NO_ARGUMENTS): void {
    if (this.out.length + args.length > this.options.transactionBytesMax && this.queued > 0) this.makeRoom();
    this.append(words, args);
  }

  /** @param expiryMs of the key, -1 = none */
  end(expiryMs: number): void {
    const isTemporary = this.named !== this.key;
    if (this.sent > 0) {
      this.sendBuild();
      this.openTransaction();
    }
    if (expiryMs >= 0) this.append(['PEXPIREAT', KEY, expiryMs]);
    if (isTemporary) {
      this.append([this.options.replace ? 'RENAME' : 'RENAMENX', KEY, this.key]);
      if (!this.options.replace) this.remove();
    }
    if (!this.options.ownTransaction) return;
    this.out.addCommandHead(1);
    this.out.addText('EXEC');
  }

  private append(words: readonly Word[], args: ArgumentBuffer = NO_ARGUMENTS): void {
    const { out } = this;
    out.addCommandHead(words.length + args.count);
    for (const word of words) {
      if (word === KEY) {
        this.keyAt.push(out.length);
        out.add(this.named, 0, this.named.length);
      } else if (typeof word === 'object') out.add(word, 0, word.length);
      else out.addText(String(word));
    }
    out.addRaw(args.bytes, 0, args.length);
    this.queued++;
    args.clear();
  }

  private remove(): void {
    this.append([this.options.canUnlink ? 'UNLINK' : 'DEL', KEY]);
  }

  private openTransaction(): void {
    this.out.clear();
    this.keyAt.length = 0;
    this.queued = 0;
    if (!this.options.ownTransaction) return;
    this.out.addCommandHead(1);
    this.out.addText('MULTI');
  }

  /** The transaction is full: what it has builds the temporary key instead. */
  private makeRoom(): void {
    if (this.sent === 0) this.turnOver();
    this.sendBuild();
  }

  private sendBuild(): void {
    if (this.queued > 0) this.options.build(this.out.bytes, 0, this.out.length, this.queued);
    this.sent += this.queued;
    this.out.clear();
    this.keyAt.length = 0;
    this.queued = 0;
  }

  /** Writes the commands anew, without MULTI, with the temporary key in place of the key. */
  private turnOver(): void {
    const { out } = this;
    const old = Buffer.from(out.bytes.subarray(0, out.length));
    const oldBytes = bulkBytes(this.named.length);
    this.named = temporaryKey(this.key);
    out.clear();
    let at = this.options.ownTransaction ? MULTI_BYTES : 0;
    for (const keyAt of this.keyAt) {
      out.addRaw(old, at, keyAt);
      out.add(this.named, 0, this.named.length);
      at = keyAt + oldBytes;
    }
    out.addRaw(old, at, old.length);
  }
}

/** `*1\r\n$5\r\nMULTI\r\n` */
const MULTI_BYTES = 15;
