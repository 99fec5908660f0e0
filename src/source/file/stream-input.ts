/** Bytes that come one after the other and only once: standard input, a pipe, what a decompressor gives. */
import { GodwitError } from '../../errors/errors.ts';
import type { ByteInput } from './byte-input.ts';

export interface StreamInputOptions {
  readonly name: string;
  readonly chunks: AsyncIterable<Buffer>;
  /** How far the bytes under it were read, if that is another count. */
  readonly raw?: () => { readonly bytes: number; readonly bytesTotal: number };
  /** Of an error of the chunks. */
  toError(error: unknown): GodwitError;
  /** Of the file that the bytes come from; see ByteInput. */
  readonly version?: string;
  /** Of the first byte that the chunks bring; 0 unless told. */
  readonly offset?: number;
  close(): Promise<void>;
}

export class StreamInput implements ByteInput {
  readonly isSeekable = false;
  readonly bytesTotal = -1;
  private readonly options: StreamInputOptions;
  private readonly iterator: AsyncIterator<Buffer>;
  private chunk: Buffer = Buffer.alloc(0);
  /** Offset of chunk[0]. */
  private offset: number;
  private ended = false;

  constructor(options: StreamInputOptions) {
    this.options = options;
    this.offset = options.offset ?? 0;
    this.iterator = options.chunks[Symbol.asyncIterator]();
  }

  get name(): string {
    return this.options.name;
  }

  get rawBytes(): number {
    return this.options.raw?.().bytes ?? this.offset;
  }

  get rawBytesTotal(): number {
    return this.options.raw?.().bytesTotal ?? -1;
  }

  get version(): string {
    return this.options.version ?? '';
  }

  async peek(count: number): Promise<Buffer> {
    while (this.chunk.length < count) {
      const before = this.chunk;
      if (!(await this.nextChunk())) {
        this.chunk = before;
        this.offset = 0;
        break;
      }
      this.chunk = Buffer.concat([before, this.chunk]);
      this.offset = 0;
    }
    return this.chunk.subarray(0, count);
  }

  async read(offset: number, into: Buffer, at: number, count: number): Promise<number> {
    if (offset < this.offset) throw new GodwitError('INTERNAL', `${this.name} can be read forward only: ${offset} was asked for at ${this.offset}`);
    while (offset >= this.offset + this.chunk.length) if (!(await this.nextChunk())) return 0;
    const from = offset - this.offset;
    const got = this.chunk.copy(into, at, from, Math.min(this.chunk.length, from + count));
    this.chunk = this.chunk.subarray(from + got);
    this.offset = offset + got;
    return got;
  }

  async close(): Promise<void> {
    this.ended = true;
    await this.options.close();
  }

  private async nextChunk(): Promise<boolean> {
    this.offset += this.chunk.length;
    this.chunk = this.chunk.subarray(this.chunk.length);
    if (this.ended) return false;
    try {
      const { value, done } = await this.iterator.next();
      if (done === true) this.ended = true;
      else this.chunk = value;
    } catch (error) {
      throw this.options.toError(error);
    }
    return !this.ended;
  }
}
