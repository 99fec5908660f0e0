/**
 * A command that is being said anew: its arguments as they came, with some in other words, taken out or added. One draft is used again and again; ranges of the
 * command stay ranges, and new words stand in one scratch buffer.
 */
import { decimalLength, writeInteger } from '../bytes/ascii-integer.ts';
import type { CommandArguments } from '../command/command-arguments.ts';
import type { BatchEditor } from '../resp/batch-editor.ts';

const SCRATCH_BYTES = 1024;

export class CommandDraft {
  /** Differs from what came. */
  isChanged = false;
  private args!: CommandArguments;
  /** Of each argument: where it stands in the command, or, where isNew, in the scratch. A start of -1: taken out. */
  private starts = new Int32Array(64);
  private ends = new Int32Array(64);
  private isNew = new Uint8Array(64);
  private count = 0;
  private scratch = Buffer.alloc(SCRATCH_BYTES);
  private used = 0;

  /** Begins with the arguments as they are; they stay the caller's, unchanged until emit(). */
  begin(args: CommandArguments): void {
    this.args = args;
    this.isChanged = false;
    this.count = args.count;
    this.used = 0;
    this.makeRows(args.count + 8);
    for (let i = 0; i < args.count; i++) {
      this.starts[i] = args.start(i);
      this.ends[i] = args.end(i);
      this.isNew[i] = 0;
    }
  }

  /** Argument i is these bytes. */
  set(i: number, bytes: Uint8Array, start = 0, end = bytes.length): void {
    const length = end - start;
    this.makeScratch(length);
    this.scratch.set(bytes.subarray(start, end), this.used);
    this.place(i, length);
  }

  /** @param word ASCII */
  setWord(i: number, word: string): void {
    this.makeScratch(word.length);
    this.scratch.write(word, this.used, 'latin1');
    this.place(i, word.length);
  }

  setInteger(i: number, n: number): void {
    this.makeScratch(decimalLength(n));
    writeInteger(this.scratch, this.used, n);
    this.place(i, decimalLength(n));
  }

  /** One more behind all others. @returns its index, for set() */
  add(): number {
    const i = this.count++;
    this.makeRows(this.count);
    return i;
  }

  remove(i: number): void {
    this.starts[i] = -1;
    this.isChanged = true;
  }

  /** In the place of a row. */
  emit(editor: BatchEditor, row: number): void {
    let left = 0;
    for (let i = 0; i < this.count; i++) if (this.starts[i] >= 0) left++;
    editor.command(row, left);
    for (let i = 0; i < this.count; i++) {
      if (this.starts[i] >= 0) this.emitArgument(editor, i);
    }
  }

  /** `PEXPIREAT key ms` for argument i as it is now, behind what was said in the place of the row. */
  emitExpiry(editor: BatchEditor, row: number, i: number, expiryMs: number): void {
    editor.command(row, 3);
    editor.text(PEXPIREAT);
    this.emitArgument(editor, i);
    editor.text(Buffer.from(String(expiryMs)));
  }

  private emitArgument(editor: BatchEditor, i: number): void {
    editor.text(this.isNew[i] === 1 ? this.scratch : this.args.bytes, this.starts[i], this.ends[i]);
  }

  private place(i: number, length: number): void {
    this.starts[i] = this.used;
    this.used += length;
    this.ends[i] = this.used;
    this.isNew[i] = 1;
    this.isChanged = true;
  }

  private makeScratch(bytes: number): void {
    if (this.used + bytes <= this.scratch.length) return;
    const grown = Buffer.alloc((this.used + bytes) * 2);
    grown.set(this.scratch.subarray(0, this.used));
    this.scratch = grown;
  }

  private makeRows(count: number): void {
    if (count <= this.starts.length) return;
    const [starts, ends, isNew] = [new Int32Array(count * 2), new Int32Array(count * 2), new Uint8Array(count * 2)];
    starts.set(this.starts);
    ends.set(this.ends);
    isNew.set(this.isNew);
    [this.starts, this.ends, this.isNew] = [starts, ends, isNew];
  }
}

const PEXPIREAT = Buffer.from('PEXPIREAT');
