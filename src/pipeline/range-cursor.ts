/**
 * A string that is read from the source in ranges, shown as the value that it is in a snapshot: a length in front, and its bytes. The last range is given out only
 * when it is known that the string has not changed meanwhile.
 */
import { GodwitError } from '../errors/errors.ts';
import type { HugeString } from '../source/scan/huge-string.ts';
import type { ValueCursor } from '../rdb/value-cursor.ts';

const RANGE_BYTES = 1024 * 1024;
const WINDOW_BYTES = 2 * RANGE_BYTES;
/** %x81 uint64be */
const HEAD_BYTES = 9;

export class RangeCursor implements ValueCursor {
  readonly window = Buffer.allocUnsafeSlow(WINDOW_BYTES + HEAD_BYTES);
  readonly full = false;
  start = 0;
  end = 0;
  offset: number;
  private readonly string: HugeString;
  private readonly base: number;
  private readonly head = Buffer.alloc(HEAD_BYTES);

  /** @param base offset that the first byte of the value stands for */
  constructor(string: HugeString, base: number) {
    this.string = string;
    this.base = base;
    this.offset = base;
    this.head[0] = 0x81;
    this.head.writeBigUInt64BE(BigInt(string.length), 1);
  }

  get valueBytes(): number {
    return HEAD_BYTES + this.string.length;
  }

  seek(offset: number): void {
    this.start = 0;
    this.end = 0;
    this.offset = offset;
  }

  consume(to: number): void {
    this.offset += to - this.start;
    this.start = to;
  }

  grow(): void {
    // Nothing of a string has to be in the window as a whole.
  }

  /** @throws CONNECTION_LOST when it has changed: it is begun anew */
  async more(): Promise<boolean> {
    const at = this.offset - this.base + this.end - this.start;
    if (at >= this.valueBytes) return false;
    this.window.copyWithin(0, this.start, this.end);
    this.end -= this.start;
    this.start = 0;
    if (at < HEAD_BYTES) {
      this.end += this.head.copy(this.window, this.end, at);
      return true;
    }
    const from = at - HEAD_BYTES;
    const to = Math.min(this.string.length, from + RANGE_BYTES, from + this.window.length - this.end);
    const bytes = await this.string.read(from, to);
    if (bytes === undefined || (to === this.string.length && !(await this.string.isUnchanged()))) {
      throw new GodwitError('CONNECTION_LOST', 'a large string has changed while it was read; it is read again');
    }
    this.end += bytes.copy(this.window, this.end);
    return true;
  }
}
