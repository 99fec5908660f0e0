/**
 * The bytes of LZ4 frames, decompressed as they are asked for: files that `lz4` has packed, and snapshots that Valkey 9.2 has (rdbcompression lz4), which have
 * an envelope of seven bytes in front of one frame.
 *
 *   frames    = *( frame / skippable )
 *   frame     = %x04.22.4D.18 flags size [ length64 ] [ dictionary32 ] header-check *block %x00.00.00.00 [ check32 ]
 *   flags     = %b01 independent block-check length check 0 dictionary              ; one bit each
 *   size      = %b0SSS0000                                          ; S = 4 to 7: blocks of 64 KiB, 256 KiB, 1 MiB, 4 MiB at most
 *   block     = size32 OCTET* [ check32 ]                           ; highest bit of the size: not compressed
 *   skippable = %x50-5F.2A.4D.18 size32 OCTET*
 *
 * Integers are little endian; checks are XXH32. Memory: a block, compressed and not, and the 64 KiB before it that it may refer to.
 */
import { uint32le } from '../../bytes/little-endian.ts';
import { decompressLz4Block } from '../../bytes/lz4-block.ts';
import { Xxh32, xxh32 } from '../../bytes/xxh32.ts';
import { GodwitError } from '../../errors/errors.ts';
import type { ByteInput } from './byte-input.ts';

const MAGIC = 0x184d2204;
const SKIPPABLE_MAGIC = 0x184d2a50;
const HISTORY_BYTES = 64 * 1024;
const CHUNK_BYTES = 256 * 1024;
const RAW_BIT = 0x8000_0000;

interface FrameHead {
  readonly isIndependent: boolean;
  readonly hasBlockChecks: boolean;
  readonly hasCheck: boolean;
  /** -1 = not told. */
  readonly length: number;
  readonly blockBytesMax: number;
}

/** @param envelopeBytes in front of one frame; behind that, bytes are passed on as they are. 0: frames up to the end @throws GodwitError FILE_DAMAGED */
export async function* lz4Chunks(input: ByteInput, envelopeBytes: number): AsyncGenerator<Buffer> {
  const reader = new FrameReader(input, envelopeBytes);
  for (let frames = 0; !(frames > 0 && envelopeBytes > 0); frames++) {
    if (!(await reader.beginFrame(frames === 0))) return;
    for (let block = await reader.block(); block !== null; block = await reader.block()) yield block;
  }
  yield* reader.rest();
}

class FrameReader {
  private readonly input: ByteInput;
  private offset: number;
  private head: FrameHead = { isIndependent: true, hasBlockChecks: false, hasCheck: false, length: -1, blockBytesMax: 0 };
  private packed = Buffer.alloc(0);
  /** What blocks may refer to, then the block. */
  private out = Buffer.alloc(0);
  private history = 0;
  private written = 0;
  private sum: Xxh32 | null = null;

  constructor(input: ByteInput, offset: number) {
    this.input = input;
    this.offset = offset;
  }

  /** False: the file ends here. */
  async beginFrame(isFirst: boolean): Promise<boolean> {
    for (;;) {
      const magic = await this.take(4, !isFirst);
      if (magic === null) return false;
      const value = uint32le(magic, 0);
      if (value === MAGIC) break;
      if ((value & 0xffff_fff0) >>> 0 !== SKIPPABLE_MAGIC) throw this.damaged('holds something that is no frame');
      const skipped = uint32le(await this.need(4), 0);
      this.offset += skipped;
    }
    const head = await this.readHead();
    this.head = head;
    this.history = 0;
    this.written = 0;
    this.sum = head.hasCheck ? new Xxh32() : null;
    if (this.out.length < HISTORY_BYTES + head.blockBytesMax) this.out = Buffer.allocUnsafe(HISTORY_BYTES + head.blockBytesMax);
    return true;
  }

  /** The next block, a copy; null: the frame has ended, as it says itself. */
  async block(): Promise<Buffer | null> {
    const { head } = this;
    const size = uint32le(await this.need(4), 0);
    if (size === 0) return this.endFrame();
    const bytes = size % RAW_BIT;
    if (bytes > head.blockBytesMax) throw this.damaged('has a block that is larger than its frame allows');
    const packed = await this.need(bytes);
    const block = size >= RAW_BIT ? Buffer.from(packed) : this.decompress(packed);
    if (size >= RAW_BIT) this.remember(block);
    if (head.hasBlockChecks) {
      const found = xxh32(packed, 0, bytes);
      if (uint32le(await this.need(4), 0) !== found) throw this.damaged('has a block with a wrong checksum');
    }
    this.written += block.length;
    this.sum?.update(block, 0, block.length);
    return block;
  }

  /** What stands behind the frame. */
  async *rest(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const count = await this.input.read(this.offset, chunk, 0, chunk.length);
      if (count === 0) return;
      this.offset += count;
      yield chunk.subarray(0, count);
    }
  }

  private async readHead(): Promise<FrameHead> {
    const [flags, size] = await this.need(2);
    const sizeCode = (size >>> 4) & 7;
    if (flags >>> 6 !== 1 || (flags & 2) !== 0 || (size & 0x8f) !== 0 || sizeCode < 4) throw this.damaged('has a frame of a form that is not known');
    if ((flags & 1) !== 0) throw this.damaged('was compressed with a dictionary, which is not there');
    const hasLength = (flags & 8) !== 0;
    const described = Buffer.concat([Buffer.of(flags, size), Buffer.from(await this.need(hasLength ? 8 : 0))]);
    const [check] = await this.need(1);
    if (((xxh32(described, 0, described.length) >>> 8) & 255) !== check) throw this.damaged('has a frame whose head has a wrong checksum');
    return {
      isIndependent: (flags & 32) !== 0,
      hasBlockChecks: (flags & 16) !== 0,
      hasCheck: (flags & 4) !== 0,
      length: hasLength ? Number(described.readBigUInt64LE(2)) : -1,
      blockBytesMax: 2 ** (8 + 2 * sizeCode),
    };
  }

  private decompress(packed: Buffer): Buffer {
    const { out, head, history } = this;
    try {
      const end = decompressLz4Block(packed, 0, packed.length, out, history, history + head.blockBytesMax);
      const block = Buffer.from(out.subarray(history, end));
      this.keepHistory(end);
      return block;
    } catch (error) {
      if (error instanceof RangeError) throw this.damaged(`has a block that ${error.message}`);
      throw error;
    }
  }

  private remember(block: Buffer): void {
    this.out.set(block, this.history);
    this.keepHistory(this.history + block.length);
  }

  private keepHistory(end: number): void {
    if (this.head.isIndependent) return;
    this.history = Math.min(end, HISTORY_BYTES);
    this.out.copyWithin(0, end - this.history, end);
  }

  private async endFrame(): Promise<null> {
    const { length, hasCheck } = this.head;
    if (length >= 0 && length !== this.written) throw this.damaged(`has ${this.written} bytes in a frame of ${length}`);
    if (hasCheck && uint32le(await this.need(4), 0) !== this.sum?.digest()) throw this.damaged('has a frame with a wrong checksum');
    return null;
  }

  /** The next bytes, valid until the next call. @throws FILE_DAMAGED if the file ends before */
  private async need(count: number): Promise<Buffer> {
    return (await this.take(count, false)) as Buffer;
  }

  /** @param mayEnd null at the end of the file, instead of an error */
  private async take(count: number, mayEnd: boolean): Promise<Buffer | null> {
    if (this.packed.length < count) this.packed = Buffer.allocUnsafe(Math.max(count, CHUNK_BYTES));
    for (let got = 0; got < count;) {
      const more = await this.input.read(this.offset, this.packed, got, count - got);
      if (more === 0 && got === 0 && mayEnd) return null;
      if (more === 0) throw this.damaged('ends within a frame');
      got += more;
      this.offset += more;
    }
    return this.packed.subarray(0, count);
  }

  private damaged(what: string): GodwitError {
    return new GodwitError('FILE_DAMAGED', `${this.input.name} is damaged LZ4: it ${what}`, {
      fix: 'Get the file again; test it with lz4 -t.',
      details: { file: this.input.name, offset: this.offset },
    });
  }
}
