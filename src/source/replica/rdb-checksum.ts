/** The checksum of a snapshot while it arrives: CRC64 over all bytes but the last eight, which are the sum itself (all zero: switched off). */
import { Crc64 } from '../../bytes/crc64.ts';

const SUM_BYTES = 8;

export class RdbChecksum {
  private readonly crc = new Crc64();
  private readonly held = Buffer.alloc(SUM_BYTES);
  private heldCount = 0;

  push(bytes: Uint8Array, start: number, end: number): void {
    const spare = this.heldCount + end - start - SUM_BYTES;
    if (spare > 0) {
      const fromHeld = Math.min(spare, this.heldCount);
      this.crc.update(this.held, 0, fromHeld);
      this.held.copyWithin(0, fromHeld, this.heldCount);
      this.heldCount -= fromHeld;
      const direct = spare - fromHeld;
      this.crc.update(bytes, start, start + direct);
      start += direct;
    }
    for (let i = start; i < end; i++) this.held[this.heldCount++] = bytes[i];
  }

  /** To be asked when all bytes were pushed. */
  matches(): boolean {
    if (this.heldCount < SUM_BYTES || this.held.every((byte) => byte === 0)) return true;
    return this.crc.matches(this.held, 0);
  }
}
