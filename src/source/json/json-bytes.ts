/**
 * Bytes as the export writes them: UTF-8 text as a string, anything else as {"base64": "..."}. A range of the window where nothing is escaped, else of a
 * buffer of its own that is used again. Long ones can be taken in parts.
 */
import type { JsonReader } from './json-reader.ts';
import { NEED_MORE } from './json-fault.ts';
import { JsonTextParts } from './json-text-parts.ts';

const KEPT_BYTES_MAX = 1024 * 1024;

export class JsonBytes {
  /** bytes[start, end), until the window moves or the next one is read. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  private own = new Uint8Array(256);
  private ownBytes = 0;
  private parts = 0;
  private readonly text = new JsonTextParts();

  /** @throws JsonFault, NEED_MORE */
  read(from: JsonReader): void {
    this.parts = 0;
    this.ownBytes = 0;
    if (this.own.length > KEPT_BYTES_MAX) this.own = new Uint8Array(256);
    this.start = 0;
    this.end = 0;
    this.text.begin();
    if (!this.text.read(from, this.take)) throw NEED_MORE;
    if (this.parts < 2) return;
    this.bytes = this.own;
    this.start = 0;
    this.end = this.ownBytes;
  }

  /** Keeps it when the window moves. */
  keep(): void {
    this.bytes = this.copy();
    this.end -= this.start;
    this.start = 0;
  }

  /** One character a byte: for sets and maps. */
  latin1(): string {
    const { bytes, start, end } = this;
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  }

  /** A copy. */
  copy(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(this.start, this.end));
  }

  private readonly take = (bytes: Uint8Array, start: number, end: number, isLasting: boolean): void => {
    if (this.parts === 0 && isLasting) {
      this.parts = 1;
      this.bytes = bytes;
      this.start = start;
      this.end = end;
      return;
    }
    if (this.parts === 1) this.append(this.bytes, this.start, this.end);
    this.parts = 2;
    this.append(bytes, start, end);
  };

  private append(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    if (this.ownBytes + count > this.own.length) {
      const larger = new Uint8Array(Math.max(this.own.length * 2, this.ownBytes + count));
      larger.set(this.own.subarray(0, this.ownBytes));
      this.own = larger;
    }
    this.own.set(bytes.subarray(start, end), this.ownBytes);
    this.ownBytes += count;
  }
}
