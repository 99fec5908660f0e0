/** Commands on one key each, side by side in one buffer that is written at once. */
import { decimalLength, writeInteger } from '../../bytes/ascii-integer.ts';
import { encodeCommand } from '../../resp/encode.ts';

const CR = 0x0d;
const LF = 0x0a;
/** `$`, a length of ten digits, and twice CRLF. */
const AROUND_KEY = 16;

export class KeyCommands {
  bytes: Buffer;
  length = 0;
  count = 0;

  constructor(bytesInitial: number) {
    this.bytes = Buffer.allocUnsafeSlow(bytesInitial);
  }

  reset(): void {
    this.length = 0;
    this.count = 0;
  }

  get written(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** @param head all in front of the key, from `commandHead` */
  add(head: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
    this.ensure(head.length + end - start + AROUND_KEY);
    this.put(head, 0, head.length);
    const out = this.bytes;
    out[this.length] = 0x24;
    const at = writeInteger(out, this.length + 1, end - start);
    out[at] = CR;
    out[at + 1] = LF;
    this.length = at + 2;
    this.put(bytes, start, end);
    out[this.length++] = CR;
    out[this.length++] = LF;
    this.count++;
  }

  addCommand(command: Uint8Array): void {
    this.ensure(command.length);
    this.put(command, 0, command.length);
    this.count++;
  }

  private put(from: Uint8Array, start: number, end: number): void {
    const out = this.bytes;
    let at = this.length;
    if (end - start < 48) for (let i = start; i < end; i++) out[at++] = from[i];
    else {
      out.set(from.subarray(start, end), at);
      at += end - start;
    }
    this.length = at;
  }

  private ensure(room: number): void {
    if (this.length + room <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + room));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

/** The begin of a command whose last argument is a key. */
export function commandHead(...words: readonly string[]): Buffer {
  const whole = encodeCommand(words);
  const header = 3 + decimalLength(words.length);
  return Buffer.concat([Buffer.from(`*${words.length + 1}\r\n`), whole.subarray(header)]);
}
