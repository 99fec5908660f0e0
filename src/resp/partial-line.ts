/** The beginning of a reply line whose end has not arrived yet; kept between chunks. Holds REPLY_LINE_BYTES_MAX at most. */
import { malformedReply, REPLY_LINE_BYTES_MAX } from './reply-limits.ts';

export class PartialLine {
  bytes: Buffer = Buffer.allocUnsafe(256);
  length = 0;

  append(from: Uint8Array, start: number, end: number): void {
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
