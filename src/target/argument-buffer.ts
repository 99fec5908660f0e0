/** Arguments of a command as bulk strings behind each other, into a buffer that grows and is used again. */
import { decimalLength, writeInteger } from '../bytes/ascii-integer.ts';

const AROUND_BYTES = 24;
const BYTES_INITIAL = 4096;

export class ArgumentBuffer {
  bytes = Buffer.allocUnsafe(BYTES_INITIAL);
  length = 0;
  count = 0;

  clear(): void {
    this.length = 0;
    this.count = 0;
  }

  add(from: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.reserve(size + AROUND_BYTES);
    this.length = writeBulkHead(this.bytes, this.length, size);
    if (size < 48) for (let i = start; i < end; i++) this.bytes[this.length++] = from[i];
    else {
      this.bytes.set(from.subarray(start, end), this.length);
      this.length += size;
    }
    this.bytes[this.length++] = 0x0d;
    this.bytes[this.length++] = 0x0a;
    this.count++;
  }

  /** @param text latin1 */
  addText(text: string): void {
    this.reserve(text.length + AROUND_BYTES);
    this.length = writeBulkHead(this.bytes, this.length, text.length);
    this.length += this.bytes.write(text, this.length, 'latin1');
    this.bytes[this.length++] = 0x0d;
    this.bytes[this.length++] = 0x0a;
    this.count++;
  }

  /** Bytes that are no argument, or part of one. */
  addRaw(from: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    this.bytes.set(from.subarray(start, end), this.length);
    this.length += end - start;
  }

  /** `*<count>\r\n` */
  addCommandHead(count: number): void {
    this.reserve(AROUND_BYTES);
    this.length = writeHead(this.bytes, this.length, 0x2a, count);
  }

  private reserve(size: number): void {
    if (this.length + size <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + size));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

/** Bytes that an argument of this length takes. */
export function bulkBytes(length: number): number {
  return 5 + decimalLength(length) + length;
}

function writeBulkHead(out: Uint8Array, at: number, length: number): number {
  return writeHead(out, at, 0x24, length);
}

function writeHead(out: Uint8Array, at: number, type: number, n: number): number {
  out[at] = type;
  const end = writeInteger(out, at + 1, n);
  out[end] = 0x0d;
  out[end + 1] = 0x0a;
  return end + 2;
}
