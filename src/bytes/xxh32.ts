/** XXH32, the checksum of LZ4 frames, of bytes that come in parts. */
import { int32le } from './little-endian.ts';

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;
const STRIPE_BYTES = 16;

export class Xxh32 {
  private readonly lanes = Int32Array.of((PRIME_1 + PRIME_2) | 0, PRIME_2 | 0, 0, -PRIME_1 | 0);
  /** The begin of a stripe that is not whole. */
  private readonly rest = new Uint8Array(STRIPE_BYTES);
  private restBytes = 0;
  private total = 0;

  update(bytes: Uint8Array, start: number, end: number): void {
    const { rest } = this;
    this.total += end - start;
    let at = start;
    if (this.restBytes > 0) {
      at = Math.min(end, start + STRIPE_BYTES - this.restBytes);
      rest.set(bytes.subarray(start, at), this.restBytes);
      this.restBytes += at - start;
      if (this.restBytes < STRIPE_BYTES) return;
      this.stripes(rest, 0, STRIPE_BYTES);
    }
    const whole = end - ((end - at) % STRIPE_BYTES);
    this.stripes(bytes, at, whole);
    rest.set(bytes.subarray(whole, end));
    this.restBytes = end - whole;
  }

  /** Of all so far, as an unsigned number; more may follow. */
  digest(): number {
    const { lanes, rest, restBytes, total } = this;
    let sum = total < STRIPE_BYTES ? PRIME_5 : rotated(lanes[0], 1) + rotated(lanes[1], 7) + rotated(lanes[2], 12) + rotated(lanes[3], 18);
    sum = (sum + total) | 0;
    let at = 0;
    for (; at + 4 <= restBytes; at += 4) sum = Math.imul(rotated((sum + Math.imul(int32le(rest, at), PRIME_3)) | 0, 17), PRIME_4);
    for (; at < restBytes; at++) sum = Math.imul(rotated((sum + Math.imul(rest[at], PRIME_5)) | 0, 11), PRIME_1);
    sum = Math.imul(sum ^ (sum >>> 15), PRIME_2);
    sum = Math.imul(sum ^ (sum >>> 13), PRIME_3);
    return (sum ^ (sum >>> 16)) >>> 0;
  }

  private stripes(bytes: Uint8Array, start: number, end: number): void {
    let [a, b, c, d] = this.lanes;
    for (let at = start; at < end; at += STRIPE_BYTES) {
      a = Math.imul(rotated((a + Math.imul(int32le(bytes, at), PRIME_2)) | 0, 13), PRIME_1);
      b = Math.imul(rotated((b + Math.imul(int32le(bytes, at + 4), PRIME_2)) | 0, 13), PRIME_1);
      c = Math.imul(rotated((c + Math.imul(int32le(bytes, at + 8), PRIME_2)) | 0, 13), PRIME_1);
      d = Math.imul(rotated((d + Math.imul(int32le(bytes, at + 12), PRIME_2)) | 0, 13), PRIME_1);
    }
    this.lanes[0] = a;
    this.lanes[1] = b;
    this.lanes[2] = c;
    this.lanes[3] = d;
  }
}

/** @returns XXH32 of bytes[start, end) */
export function xxh32(bytes: Uint8Array, start: number, end: number): number {
  const sum = new Xxh32();
  sum.update(bytes, start, end);
  return sum.digest();
}

function rotated(n: number, by: number): number {
  return (n << by) | (n >>> (32 - by));
}
