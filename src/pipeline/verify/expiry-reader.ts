/** Times of expiry of keys as Unix ms of their server, whichever command it has for that. */
import type { AskedSide } from './asked-side.ts';
import { keyCommand, type KeyCommand } from './key-command.ts';
import type { KeyReplies } from './key-replies.ts';

const EXPIRE_TIME = keyCommand(['PEXPIRETIME']);
const TIME_LEFT = keyCommand(['PTTL']);
const OFFSET_EVERY_MS = 10_000;

export class ExpiryReader {
  readonly column: KeyCommand;
  private readonly side: AskedSide;
  private readonly isExact: boolean;
  private offsetMs = 0;
  private offsetAtMs = Number.NEGATIVE_INFINITY;

  constructor(side: AskedSide) {
    this.side = side;
    this.isExact = side.abilities.expireTime;
    this.column = this.isExact ? EXPIRE_TIME : TIME_LEFT;
  }

  /** Before replies are asked for that are to be read: sees to it that the clock of the server is known. */
  async prepare(): Promise<void> {
    if (this.isExact || Date.now() - this.offsetAtMs < OFFSET_EVERY_MS) return;
    this.offsetAtMs = Date.now();
    this.offsetMs = await this.side.clockOffsetMs();
  }

  /** -1 = none, or no key. Of replies that have just come. */
  read(replies: KeyReplies, key: number, column: number): number {
    const value = replies.number(key, column, -1);
    if (value < 0) return -1;
    return this.isExact ? value : Math.round(Date.now() + this.offsetMs + value);
  }
}
