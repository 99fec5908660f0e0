/**
 * The file that an export ends up in: written under a temporary name beside it, synced, and renamed when it is whole, so that its name never stands for a
 * part. A link stays one: what it leads to is replaced. What is no plain file (a device, a pipe) is written to, and stays what it is. Names that end in .gz are compressed on the way. Or a stream that is there already (standard output), which is nobody's to rename.
 *
 * Invariants: write() resolves when the bytes may be used again; nothing is left behind by discard().
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { createGzip, type Gzip } from 'node:zlib';
import { GodwitError } from '../../errors/errors.ts';

const GZIP_LEVEL = 6;
const PACKED_BYTES_MAX = 1024 * 1024;

export interface OutputPlace {
  write(bytes: Uint8Array): Promise<void>;
  /** All is written: makes it last. */
  finish(): Promise<void>;
  /** Takes back what can be taken back. */
  discard(): Promise<void>;
}

/**
 * @throws GodwitError CONFIG_INVALID for a compression that is not built, OUTPUT_FAILED
 */
export async function openOutputFile(path: string): Promise<OutputPlace> {
  const packing = /\.(zst|zstd|lz4|xz|bz2|br)$/i.exec(path)?.[1];
  if (packing !== undefined) {
    throw new GodwitError('CONFIG_INVALID', `--to ${path}: files are compressed with gzip only, not as .${packing}`, {
      fix: 'Give a name that ends in .gz, or write to standard output (--to -) and compress there.',
    });
  }
  const file = await openPlain(path);
  return /\.gz$/i.test(path) ? new GzipOutput(file) : file;
}

/** @throws GodwitError OUTPUT_FAILED */
async function openPlain(path: string): Promise<OutputPlace> {
  try {
    const facts = await stat(path).catch(() => null);
    if (facts?.isDirectory() === true) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
    if (facts !== null && !facts.isFile()) return new DeviceOutput(path, await open(path, 'w'));
    return await OutputFile.open(facts === null ? path : await realpath(path));
  } catch (error) {
    throw error instanceof GodwitError ? error : outputError(path, error);
  }
}

class OutputFile implements OutputPlace {
  private readonly path: string;
  private readonly temporaryPath: string;
  private readonly file: FileHandle;

  static async open(path: string): Promise<OutputFile> {
    const temporaryPath = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`);
    return new OutputFile(path, temporaryPath, await open(temporaryPath, 'wx'));
  }

  private constructor(path: string, temporaryPath: string, file: FileHandle) {
    this.path = path;
    this.temporaryPath = temporaryPath;
    this.file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await writeWhole(this.file, bytes, this.path);
  }

  async finish(): Promise<void> {
    try {
      await this.file.sync();
      await this.file.close();
      await rename(this.temporaryPath, this.path);
      const folder = await open(dirname(this.path), 'r');
      await folder.sync().finally(() => folder.close());
    } catch (error) {
      throw outputError(this.path, error);
    }
  }

  async discard(): Promise<void> {
    await this.file.close().catch(() => {});
    await rm(this.temporaryPath, { force: true });
  }
}

/** What was there before and is nobody's to rename; what is written is gone for good. */
class DeviceOutput implements OutputPlace {
  private readonly path: string;
  private readonly file: FileHandle;

  constructor(path: string, file: FileHandle) {
    this.path = path;
    this.file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await writeWhole(this.file, bytes, this.path);
  }

  async finish(): Promise<void> {
    await this.file.close().catch((error: unknown) => Promise.reject(outputError(this.path, error)));
  }

  async discard(): Promise<void> {
    await this.file.close().catch(() => {});
  }
}

class GzipOutput implements OutputPlace {
  private readonly output: OutputPlace;
  private readonly gzip: Gzip = createGzip({ level: GZIP_LEVEL });
  private packed: Buffer[] = [];
  private packedBytes = 0;

  constructor(output: OutputPlace) {
    this.output = output;
    this.gzip.on('data', (chunk: Buffer) => {
      this.packed.push(chunk);
      this.packedBytes += chunk.length;
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    await new Promise<void>((resolve, reject) => this.gzip.write(bytes, (error) => (error ? reject(error) : resolve())));
    if (this.packedBytes > PACKED_BYTES_MAX) await this.handOn();
  }

  async finish(): Promise<void> {
    const ended = once(this.gzip, 'end');
    this.gzip.end();
    await ended;
    await this.handOn();
    await this.output.finish();
  }

  async discard(): Promise<void> {
    this.gzip.destroy();
    await this.output.discard();
  }

  private async handOn(): Promise<void> {
    const { packed } = this;
    this.packed = [];
    this.packedBytes = 0;
    await this.output.write(Buffer.concat(packed));
  }
}

/** Standard output, or a pipe. */
export class StreamOutput implements OutputPlace {
  private readonly stream: Writable;

  constructor(stream: Writable) {
    this.stream = stream;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    await new Promise<void>((resolve, reject) =>
      this.stream.write(Buffer.from(bytes), (error) => (error ? reject(outputError('standard output', error)) : resolve())),
    );
  }

  async finish(): Promise<void> {}

  async discard(): Promise<void> {}
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, name: string): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done)).bytesWritten;
  } catch (error) {
    throw outputError(name, error);
  }
}

function outputError(name: string, error: unknown): GodwitError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new GodwitError('OUTPUT_FAILED', `cannot write ${name}: ${message}`, { cause: error, details: { file: name, reason: code } });
}
