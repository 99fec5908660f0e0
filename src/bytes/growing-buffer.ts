/** What writers of formats write into: bytes behind each other in a buffer that grows. Whoever drives the writer empties it to the file between two pieces. */
import { writeInteger } from './ascii-integer.ts';

const BYTES_INITIAL = 256 * 1024;
const SHORT_BYTES = 48;
const INTEGER_BYTES_MAX = 24;

export class GrowingBuffer {
  bytes = Buffer.allocUnsafeSlow(BYTES_INITIAL);
  /** bytes[0, length) is to be written. */
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  raw(from: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    if (count < SHORT_BYTES) for (let i = start; i < end; i++) this.bytes[this.length++] = from[i];
    else {
      this.bytes.set(from.subarray(start, end), this.length);
      this.length += count;
    }
  }

  /** @param text ASCII */
  ascii(text: string): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i);
  }

  /** @param n whole; as decimal digits */
  integer(n: number): void {
    this.reserve(INTEGER_BYTES_MAX);
    if (n < 0) this.ascii(String(n));
    else this.length = writeInteger(this.bytes, this.length, n);
  }

  /** As base64. Whole groups of three bytes make no padding, so that long values can come in parts. */
  base64(from: Uint8Array, start: number, end: number): void {
    this.ascii(Buffer.from(from.buffer, from.byteOffset + start, end - start).toString('base64'));
  }
}
