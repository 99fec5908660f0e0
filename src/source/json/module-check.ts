/**
 * Whether what a module has written is a value that ends where its bytes do: in a snapshot nothing but itself says so, and everything behind it would be misread.
 * Bytes come in parts, cut anywhere.
 */
import { dialectOf } from '../../rdb/dialect.ts';
import { RdbType } from '../../rdb/opcodes.ts';
import { ValueSkipper } from '../../rdb/value-skipper.ts';

const DIALECT = dialectOf('REDIS', 14);

export class ModuleCheck {
  private readonly skipper = new ValueSkipper();
  /** The begin of an item. */
  private rest: Uint8Array = new Uint8Array(0);
  /** Bytes still to come that need no look. */
  private jump = 0;
  private isWrong = false;

  begin(): void {
    this.skipper.begin(RdbType.Module2, DIALECT);
    this.rest = new Uint8Array(0);
    this.jump = 0;
    this.isWrong = false;
  }

  feed(bytes: Uint8Array, start: number, end: number): void {
    const from = start + Math.min(this.jump, end - start);
    this.jump -= from - start;
    if (from === end || this.isWrong) return;
    // Something follows the end of the value.
    if (this.skipper.done) this.isWrong = true;
    else this.skip(Buffer.concat([this.rest, bytes.subarray(from, end)]));
  }

  /** @returns whether all of it was one value */
  end(): boolean {
    return !this.isWrong && this.skipper.done && this.jump === 0 && this.rest.length === 0;
  }

  private skip(bytes: Uint8Array): void {
    try {
      const at = this.skipper.skip(bytes, 0, bytes.length);
      this.jump = this.skipper.seek;
      this.rest = bytes.subarray(at);
      if (this.skipper.done && this.rest.length > 0) this.isWrong = true;
    } catch {
      this.isWrong = true;
    }
  }
}
