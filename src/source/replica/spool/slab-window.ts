/**
 * The tail of a log in memory: slabs of one size, oldest first, contiguous in offsets; the last one is being filled.
 *
 *   start            slab          slab          slab (tail)        end
 *     |--------------|-------------|-------------|######......|
 *                                                       room
 *
 * Slabs are reused: evictHead() gives one to the next roll(). Who evicts must know that nobody writes it to disk; readers copy synchronously and
 * so never hold one. A slab is closed when less than `roomMin` is left in it, so its range can be shorter than its bytes.
 */
import { GodwitError } from '../../../errors/errors.ts';

interface Slab {
  readonly bytes: Buffer;
  start: number;
  used: number;
}

/** Emptied slabs that are kept for reuse; more than these are left to the garbage collector. */
const FREE_SLABS_MAX = 4;

export class SlabWindow {
  readonly slabBytes: number;
  /** A reservation is never shorter. */
  readonly roomMin: number;
  readonly #slabs: Slab[] = [];
  readonly #free: Buffer[] = [];
  #tail: Slab | null = null;
  #end: number;
  #reserved: Uint8Array | null = null;

  constructor(slabBytes: number, startOffset: number) {
    this.slabBytes = slabBytes;
    this.roomMin = Math.min(65_536, slabBytes >> 2);
    this.#end = startOffset;
  }

  /** Offset of the oldest byte in memory. */
  get start(): number {
    return this.#slabs.length === 0 ? this.#end : this.#slabs[0].start;
  }

  get end(): number {
    return this.#end;
  }

  get count(): number {
    return this.#slabs.length;
  }

  /** Bytes of memory taken, spare slabs included. */
  get bytes(): number {
    return (this.#slabs.length + this.#free.length) * this.slabBytes;
  }

  /** True if the next reservation needs another slab. */
  get tailClosed(): boolean {
    return this.#tail === null || this.slabBytes - this.#tail.used < this.roomMin;
  }

  /** Offset behind the oldest slab. Only with count > 0. */
  get headEnd(): number {
    return this.#slabs[0].start + this.#slabs[0].used;
  }

  /** Opens a new tail. */
  roll(): void {
    const slab: Slab = { bytes: this.#free.pop() ?? Buffer.allocUnsafeSlow(this.slabBytes), start: this.#end, used: 0 };
    this.#slabs.push(slab);
    this.#tail = slab;
  }

  /** The room behind the end, roomMin at least; the same view until commit(). The tail must not be closed. */
  reserve(): Uint8Array {
    if (this.#reserved === null) {
      const tail = this.#tail!;
      this.#reserved = new Uint8Array(tail.bytes.buffer, tail.bytes.byteOffset + tail.used, this.slabBytes - tail.used);
    }
    return this.#reserved;
  }

  commit(count: number): void {
    if (this.#reserved === null || count < 0 || count > this.#reserved.length) {
      throw new GodwitError('INTERNAL', `${count} bytes were committed to the spool, ${this.#reserved?.length ?? 0} were reserved`);
    }
    this.#reserved = null;
    this.#tail!.used += count;
    this.#end += count;
  }

  /** Copies what fits into the tail; voids a reservation. Returns the count, 0 when the tail has no byte of room. */
  append(bytes: Uint8Array, from: number): number {
    const tail = this.#tail;
    if (tail === null) return 0;
    const count = Math.min(bytes.length - from, this.slabBytes - tail.used);
    if (count === 0) return 0;
    tail.bytes.set(count === bytes.length ? bytes : bytes.subarray(from, from + count), tail.used);
    this.#reserved = null;
    tail.used += count;
    this.#end += count;
    return count;
  }

  /** Gives the oldest slab away for reuse. Never the tail: count must be above 1. */
  evictHead(): void {
    const slab = this.#slabs.shift()!;
    if (this.#free.length < FREE_SLABS_MAX) this.#free.push(slab.bytes);
  }

  /** Copies up to `room` bytes at `offset`, which lies in [start, end), to out[at..]; goes on over slab ends. Returns the count. */
  copyOut(offset: number, out: Uint8Array, at: number, room: number): number {
    let done = 0;
    for (let index = this.#indexOf(offset); index < this.#slabs.length && done < room; index++) {
      const slab = this.#slabs[index];
      const from = offset + done - slab.start;
      const count = Math.min(room - done, slab.used - from);
      if (count <= 0) continue;
      out.set(new Uint8Array(slab.bytes.buffer, slab.bytes.byteOffset + from, count), at + done);
      done += count;
    }
    return done;
  }

  /** Puts views of the bytes [from, to), `bytesMax` at most, into `into`. Returns the count of bytes. */
  collect(from: number, to: number, bytesMax: number, into: Uint8Array[]): number {
    const end = Math.min(to, from + bytesMax, this.#end);
    let offset = from;
    for (let index = this.#indexOf(from); offset < end; index++) {
      const slab = this.#slabs[index];
      const count = Math.min(end, slab.start + slab.used) - offset;
      if (count <= 0) continue;
      into.push(new Uint8Array(slab.bytes.buffer, slab.bytes.byteOffset + offset - slab.start, count));
      offset += count;
    }
    return offset - from;
  }

  /** Lets all memory go. A socket may still hold a view of the tail, so nothing is reused. */
  clear(): void {
    this.#slabs.length = 0;
    this.#free.length = 0;
    this.#tail = null;
    this.#reserved = null;
  }

  /** Index of the last slab that starts at or before the offset. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#slabs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#slabs[middle].start <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
