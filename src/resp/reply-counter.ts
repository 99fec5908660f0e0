/**
 * Counts whole top-level replies without building them: the fast way for bulk sends, where only errors matter. Resumable at any byte.
 *
 * One level of nesting is one number, how many replies are still to come in it. Level 0 is what begin() asked for; each array opens one more.
 *
 *   begin(3)   +OK  *2 +OK -ERR x  :1
 *   level 0    2    2             1->0   (the array counts when its last element came)
 *   level 1             1   0
 *
 * Runs of the lines that servers answer writes with (`+OK`, `+QUEUED`, `:<digit>`) are recognised by comparing bytes, long runs of them
 * by comparing blocks. Other lines are looked through for their end; bulks are jumped over.
 */
import { readInteger } from '../bytes/ascii-integer.ts';
import { PartialLine } from './partial-line.ts';
import { excerpt, malformedReply, REPLY_DEPTH_MAX } from './reply-limits.ts';

const LF = 0x0a;
const CR = 0x0d;
const BLOCK_REPLIES = 64;
const OK_BLOCK = Buffer.from('+OK\r\n'.repeat(BLOCK_REPLIES));
const QUEUED_BLOCK = Buffer.from('+QUEUED\r\n'.repeat(BLOCK_REPLIES));
/** Equal replies in a row after which a block is tried. */
const RUN_BEFORE_BLOCK = 8;

/** What is reported. Indexes count from 0 within what begin() asked for. */
export interface ReplyCounterEvents {
  /** @param nestedIndex index within the top-level array, or -1 for a top-level error */
  onError(index: number, nestedIndex: number, text: string): void;
  /** A null array (or RESP3 null) at the top level: an aborted EXEC. */
  onNull?(index: number): void;
}

export class ReplyCounter {
  private readonly partial = new PartialLine();
  private events: ReplyCounterEvents | undefined;
  private wanted = 0;
  /** Replies to come on the innermost level, and on those around it. */
  private remaining = 0;
  private readonly outer: number[] = [];
  /** Elements of the array on level 1. */
  private arraySize = 0;
  /** Bytes of a bulk and its CRLF that are still to be jumped over. */
  private bulkLeft = 0;

  /** Starts to count `count` replies. The bytes of the replies before must have been used up. */
  begin(count: number, events: ReplyCounterEvents): void {
    this.reset();
    this.wanted = count;
    this.remaining = count;
    this.events = events;
  }

  /** Forgets everything; also stops a scan from within its events. */
  reset(): void {
    this.partial.length = 0;
    this.outer.length = 0;
    this.remaining = 0;
    this.wanted = 0;
    this.bulkLeft = 0;
    this.events = undefined;
  }

  /** Whole top-level replies seen since begin(). */
  get counted(): number {
    return this.wanted - (this.outer.length === 0 ? this.remaining : this.outer[0]);
  }

  /** True when all that begin() asked for have come. */
  get done(): boolean {
    return this.remaining === 0 && this.outer.length === 0;
  }

  /** Reads bytes[from, to) until all replies came or the bytes are used up; returns where it stopped. Throws PROTOCOL_ERROR. */
  scan(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && !this.done) {
      if (this.bulkLeft > 0) {
        at = this.skipBulk(bytes, at, to);
      } else {
        if (this.partial.length === 0) {
          at = this.skipRun(bytes, at, to);
          if (this.remaining === 0) {
            this.closeLevels();
            continue;
          }
          if (at === to) break;
        }
        at = this.partial.readLine(bytes, at, to, this);
      }
    }
    return at;
  }

  /** Takes as many of the usual short replies as follow each other on this level. */
  private skipRun(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    let left = this.remaining;
    let run = 0;
    const last = to - 5;
    while (left > 0 && at <= last) {
      const type = bytes[at];
      if (type === 0x2b) {
        if (bytes[at + 1] === 0x4f && bytes[at + 2] === 0x4b && bytes[at + 3] === CR && bytes[at + 4] === LF) {
          at += 5;
          left--;
          if (++run === RUN_BEFORE_BLOCK) {
            const blocks = equalBlocks(OK_BLOCK, bytes, at, to, left);
            at += blocks * OK_BLOCK.length;
            left -= blocks * BLOCK_REPLIES;
            run = blocks === 0 ? -BLOCK_REPLIES : 0;
          }
        } else if (isQueued(bytes, at, to)) {
          at += 9;
          left--;
          if (++run === RUN_BEFORE_BLOCK) {
            const blocks = equalBlocks(QUEUED_BLOCK, bytes, at, to, left);
            at += blocks * QUEUED_BLOCK.length;
            left -= blocks * BLOCK_REPLIES;
            run = blocks === 0 ? -BLOCK_REPLIES : 0;
          }
        } else break;
      } else if (type === 0x3a && bytes[at + 2] === CR && bytes[at + 3] === LF && bytes[at + 1] >= 0x30) {
        at += 4;
        left--;
      } else break;
    }
    this.remaining = left;
    return at;
  }

  private skipBulk(bytes: Uint8Array, at: number, to: number): number {
    const take = Math.min(this.bulkLeft, to - at);
    const end = at + take;
    this.bulkLeft -= take;
    if (this.bulkLeft === 0) {
      if (bytes[end - 1] !== LF || (take > 1 && bytes[end - 2] !== CR)) throw malformedReply('a bulk is not followed by CR LF');
      this.countOne();
    }
    return end;
  }

  /** For PartialLine. @param end position of the line feed */
  line(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < 2 || bytes[end - 1] !== CR) throw malformedReply(`line "${excerpt(bytes, start, end)}"`);
    switch (bytes[start]) {
      case 0x2b:
      case 0x3a:
        return this.countOne();
      case 0x2d:
        return this.error(bytes, start + 1, end - 1);
      case 0x24:
        return this.bulkHeader(length(bytes, start + 1, end - 1));
      case 0x2a:
        return this.arrayHeader(length(bytes, start + 1, end - 1));
      case 0x5f:
        return this.nullReply();
      default:
        throw malformedReply(`unknown type in "${excerpt(bytes, start, end - 1)}"`);
    }
  }

  private error(bytes: Uint8Array, start: number, end: number): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
    const { events } = this;
    const index = this.counted;
    const nestedIndex = this.nestedIndex();
    this.countOne();
    events?.onError(index, nestedIndex, text);
  }

  private bulkHeader(size: number): void {
    if (size === -1) this.countOne();
    else this.bulkLeft = size + 2;
  }

  private arrayHeader(size: number): void {
    if (size === -1) return this.nullReply();
    if (size === 0) return this.countOne();
    if (this.outer.length === REPLY_DEPTH_MAX) throw malformedReply(`arrays nested deeper than ${REPLY_DEPTH_MAX}`);
    if (this.outer.length === 0) this.arraySize = size;
    this.outer.push(this.remaining);
    this.remaining = size;
  }

  private nullReply(): void {
    const { events } = this;
    const index = this.counted;
    const top = this.outer.length === 0;
    this.countOne();
    if (top) events?.onNull?.(index);
  }

  private countOne(): void {
    this.remaining--;
    this.closeLevels();
  }

  private closeLevels(): void {
    while (this.remaining === 0 && this.outer.length > 0) this.remaining = (this.outer.pop() as number) - 1;
  }

  private nestedIndex(): number {
    if (this.outer.length === 0) return -1;
    return this.arraySize - (this.outer.length === 1 ? this.remaining : this.outer[1]);
  }
}

function isQueued(bytes: Uint8Array, at: number, to: number): boolean {
  return (
    at + 9 <= to &&
    bytes[at + 1] === 0x51 &&
    bytes[at + 2] === 0x55 &&
    bytes[at + 3] === 0x45 &&
    bytes[at + 4] === 0x55 &&
    bytes[at + 5] === 0x45 &&
    bytes[at + 6] === 0x44 &&
    bytes[at + 7] === CR &&
    bytes[at + 8] === LF
  );
}

/** How many copies of `block` follow each other from `at`, within what is wanted. */
function equalBlocks(block: Buffer, bytes: Uint8Array, from: number, to: number, left: number): number {
  const most = Math.min(Math.floor((to - from) / block.length), Math.floor(left / BLOCK_REPLIES));
  let found = 0;
  let at = from;
  while (found < most && block.compare(bytes, at, at + block.length) === 0) {
    found++;
    at += block.length;
  }
  return found;
}

function length(bytes: Uint8Array, start: number, end: number): number {
  const n = readInteger(bytes, start, end);
  if (!(n >= -1)) throw malformedReply(`length "${excerpt(bytes, start, end)}"`);
  return n;
}
