/**
 * A regular file: read at any offset. It is held open, so that it can be deleted or replaced meanwhile, as servers do when they rewrite an AOF, and
 * is as long as it was when it was opened: what a server appends meanwhile is not read.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { ByteInput } from './byte-input.ts';
import { fileError } from './file-errors.ts';

export class DiskInput implements ByteInput {
  readonly name: string;
  readonly isSeekable = true;
  readonly bytesTotal: number;
  readonly version: string;
  rawBytes = 0;
  private readonly handle: FileHandle;

  /** @throws GodwitError FILE_NOT_FOUND, FILE_UNREADABLE */
  static async open(path: string): Promise<DiskInput> {
    let handle: FileHandle | null = null;
    try {
      handle = await open(path, 'r');
      const facts = await handle.stat();
      if (facts.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
      return new DiskInput(path, handle, facts.size, facts.mtime.toISOString());
    } catch (error) {
      await handle?.close();
      throw fileError(path, error);
    }
  }

  private constructor(path: string, handle: FileHandle, bytesTotal: number, version: string) {
    this.name = path;
    this.handle = handle;
    this.bytesTotal = bytesTotal;
    this.version = version;
  }

  get rawBytesTotal(): number {
    return this.bytesTotal;
  }

  async peek(count: number): Promise<Buffer> {
    const bytes = Buffer.alloc(count);
    return bytes.subarray(0, await this.readAt(0, bytes, 0, count));
  }

  async read(offset: number, into: Buffer, at: number, count: number): Promise<number> {
    const got = await this.readAt(offset, into, at, count);
    this.rawBytes = Math.max(this.rawBytes, offset + got);
    return got;
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private async readAt(offset: number, into: Buffer, at: number, count: number): Promise<number> {
    try {
      return (await this.handle.read(into, at, Math.max(0, Math.min(count, this.bytesTotal - offset)), offset)).bytesRead;
    } catch (error) {
      throw fileError(this.name, error);
    }
  }
}
