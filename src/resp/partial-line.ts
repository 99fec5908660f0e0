/** Reads reply lines from chunks that are cut anywhere: keeps the beginning of a line whose end has not arrived yet. Holds REPLY_LINE_BYTES_MAX at most. */
import { malformedReply, REPLY_LINE_BYTES_MAX } from './reply-limits.ts';

const LF = 0x0a;

export class PartialLine {
  /** Of a line that was begun in an earlier chunk; 0 between lines. */
  length = 0;
  private bytes: Buffer = Buffer.allocUnsafe(256);

  /**
   * Reads on at bytes[at, to). A line that ends there is given to the reader, whole, with the position of its line feed.
   * @returns the position behind the line feed, or `to`
   */
  readLine(bytes: Uint8Array, at: number, to: number, reader: { line(bytes: Uint8Array, start: number, end: number): void }): number {
    let end = at;
    while (end < to && bytes[end] !== LF) end++;
    if (end === to) {
      this.append(bytes, at, to);
      return to;
    }
    if (this.length === 0) {
      reader.line(bytes, at, end);
    } else {
      this.append(bytes, at, end);
      const length = this.length;
      this.length = 0;
      reader.line(this.bytes, 0, length);
    }
    return end + 1;
  }

  private append(from: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > REPLY_LINE_BYTES_MAX) throw malformedReply(`a line is longer than ${REPLY_LINE_BYTES_MAX} bytes`);
    if (length > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    for (let at = start, to = this.length; at < end; at++, to++) this.bytes[to] = from[at];
    this.length = length;
  }
}
