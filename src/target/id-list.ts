/** Ids of a stream in ascending order, 16 bytes each. */
import { STREAM_ID_BYTES } from '../rdb/encodings/stream-node.ts';

const IDS_INITIAL = 256;

export class IdList {
  count = 0;
  private bytes = new Uint8Array(IDS_INITIAL * STREAM_ID_BYTES);

  clear(): void {
    this.count = 0;
  }

  /** Must be higher than the last one. */
  add(id: Uint8Array, idStart: number): void {
    const at = this.count * STREAM_ID_BYTES;
    if (at === this.bytes.length) {
      const larger = new Uint8Array(at * 2);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes.set(id.subarray(idStart, idStart + STREAM_ID_BYTES), at);
    this.count++;
  }

  /** Place of the id, or -1. */
  find(id: Uint8Array, idStart: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = compareIds(this.bytes, middle * STREAM_ID_BYTES, id, idStart);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  textOf(place: number): string {
    return idText(this.bytes, place * STREAM_ID_BYTES);
  }
}

/** `ms-seq`, in decimal. */
export function idText(id: Uint8Array, start: number): string {
  const view = new DataView(id.buffer, id.byteOffset + start, STREAM_ID_BYTES);
  return `${view.getBigUint64(0)}-${view.getBigUint64(8)}`;
}

/** Negative if the left one is lower. */
export function compareIds(left: Uint8Array, leftStart: number, right: Uint8Array, rightStart: number): number {
  for (let i = 0; i < STREAM_ID_BYTES; i++) {
    const order = left[leftStart + i] - right[rightStart + i];
    if (order !== 0) return order;
  }
  return 0;
}
