/**
 * Lets a forward-only input go back: from hold() on, what is read is also written to a temporary file, from which it can be read again until
 * release(). For values that are larger than the reader's window, which are read twice: once to know how long they are, once to be sent.
 */
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GodwitError } from '../../errors/errors.ts';
import type { ByteInput } from './byte-input.ts';

const SKIP_BYTES = 256 * 1024;

export class HeldInput implements ByteInput {
  readonly isSeekable = false;
  private readonly input: ByteInput;
  private readonly parentDir: string;
  private dir = '';
  private file: FileHandle | null = null;
  /** [heldFrom, heldTo) is in the temporary file. */
  private heldFrom = 0;
  private heldTo = 0;
  private isReleased = false;

  /** @param parentDir of the temporary file; that of the system unless told */
  constructor(input: ByteInput, parentDir: string = tmpdir()) {
    this.input = input;
    this.parentDir = parentDir;
  }

  get name(): string {
    return this.input.name;
  }

  get bytesTotal(): number {
    return this.input.bytesTotal;
  }

  get rawBytes(): number {
    return this.input.rawBytes;
  }

  get rawBytesTotal(): number {
    return this.input.rawBytesTotal;
  }

  get version(): string {
    return this.input.version;
  }

  peek(count: number): Promise<Buffer> {
    return this.input.peek(count);
  }

  /** From here on nothing is lost. @param bytes what was read from `offset` on and stands before what is read next */
  async hold(offset: number, bytes: Uint8Array): Promise<void> {
    const before = this.file === null ? null : { file: this.file, dir: this.dir, from: this.heldFrom, to: this.heldTo };
    this.isReleased = false;
    this.dir = await mkdtemp(join(this.parentDir, 'godwit-held-')).catch((error: unknown) => Promise.reject(diskError(error)));
    this.file = await open(join(this.dir, 'value'), 'w+', 0o600).catch((error: unknown) => Promise.reject(diskError(error)));
    this.heldFrom = offset;
    this.heldTo = offset;
    await this.keep(bytes);
    if (before === null) return;
    const rest = Buffer.allocUnsafe(SKIP_BYTES);
    while (this.heldTo < before.to) {
      const { bytesRead } = await before.file.read(rest, 0, Math.min(SKIP_BYTES, before.to - this.heldTo), this.heldTo - before.from);
      await this.keep(rest.subarray(0, bytesRead));
    }
    await remove(before.file, before.dir);
  }

  /** What was held is dropped as soon as the reader is behind it. */
  release(): void {
    this.isReleased = true;
  }

  async read(offset: number, into: Buffer, at: number, count: number): Promise<number> {
    if (this.isReleased && offset >= this.heldTo) await this.drop();
    if (this.file === null) return this.input.read(offset, into, at, count);
    await this.keepUpTo(offset);
    if (offset < this.heldTo) {
      const wanted = Math.min(count, this.heldTo - offset);
      return (await this.file.read(into, at, wanted, offset - this.heldFrom)).bytesRead;
    }
    const got = await this.input.read(offset, into, at, count);
    await this.keep(into.subarray(at, at + got));
    return got;
  }

  async close(): Promise<void> {
    await this.drop();
    await this.input.close();
  }

  private async drop(): Promise<void> {
    const { file, dir } = this;
    this.file = null;
    this.isReleased = false;
    if (file !== null) await remove(file, dir);
  }

  private async keepUpTo(offset: number): Promise<void> {
    const skipped = offset > this.heldTo ? Buffer.allocUnsafe(SKIP_BYTES) : null;
    while (skipped !== null && offset > this.heldTo) {
      const got = await this.input.read(this.heldTo, skipped, 0, Math.min(SKIP_BYTES, offset - this.heldTo));
      if (got === 0) return;
      await this.keep(skipped.subarray(0, got));
    }
  }

  private async keep(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const write = this.file?.write(bytes, done, bytes.length - done, this.heldTo - this.heldFrom);
      const { bytesWritten } = (await write?.catch((error: unknown) => Promise.reject(diskError(error)))) ?? { bytesWritten: 0 };
      done += bytesWritten;
      this.heldTo += bytesWritten;
    }
  }
}

async function remove(file: FileHandle, dir: string): Promise<void> {
  await file.close();
  await rm(dir, { recursive: true, force: true });
}

function diskError(error: unknown): GodwitError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new GodwitError(code === 'ENOSPC' ? 'DISK_FULL' : 'FILE_UNREADABLE', `a large value cannot be held on disk: ${message}`, {
    cause: error,
    retryable: false,
    fix: 'Free space in the folder for temporary files (TMPDIR), or load from a plain file on disk, which needs none.',
  });
}
