/**
 * The log as a file, beside what is shown: lines are appended, and a file that has grown to its size is put aside as `name-2026-01-31T12-00-00.000Z.log` and begun
 * anew. What was put aside is compressed in the background and removed by age and number; a run that ends meanwhile leaves that to the next.
 *
 * Lines are written when they come, so that a crash loses none. A disk that is full stops the log, not the job.
 */
import { closeSync, createReadStream, createWriteStream, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { fileErrorText } from '../config/file-error-text.ts';
import type { LogConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';

const STAMP = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}Z$/;

export class LogFile {
  readonly #options: LogConfig['file'];
  /** Told once when no more can be written. */
  readonly #onTrouble: (message: string) => void;
  #descriptor: number;
  #bytes: number;
  #tidying: Promise<void> | undefined;

  /** @throws GodwitError CONFIG_INVALID if the file cannot be opened */
  constructor(options: LogConfig['file'], onTrouble: (message: string) => void) {
    this.#options = options;
    this.#onTrouble = onTrouble;
    try {
      mkdirSync(dirname(options.path), { recursive: true });
      this.#descriptor = openSync(options.path, 'a');
      this.#bytes = fstatSync(this.#descriptor).size;
    } catch (cause) {
      throw new GodwitError('CONFIG_INVALID', `log.file names ${options.path}, which cannot be written: ${fileErrorText(cause)}`, { cause });
    }
    void this.#tidy();
  }

  write(line: string): void {
    if (this.#descriptor < 0) return;
    try {
      const { bytesMax } = this.#options;
      if (bytesMax > 0 && this.#bytes > 0 && this.#bytes + Buffer.byteLength(line) > bytesMax) this.#putAside();
      this.#bytes += writeSync(this.#descriptor, line);
    } catch (cause) {
      closeSync(this.#descriptor);
      this.#descriptor = -1;
      this.#onTrouble(`the log file ${this.#options.path} is not written any more: ${fileErrorText(cause)}`);
    }
  }

  /** Resolves when what was put aside is in order. */
  async settled(): Promise<void> {
    await this.#tidying;
  }

  #putAside(): void {
    const { path } = this.#options;
    const stamp = new Date().toISOString().replaceAll(':', '-');
    renameSync(path, join(dirname(path), `${this.#stem()}-${stamp}${extname(path)}`));
    const next = openSync(path, 'a');
    closeSync(this.#descriptor);
    this.#descriptor = next;
    this.#bytes = 0;
    void this.#tidy();
  }

  #stem(): string {
    return basename(this.#options.path, extname(this.#options.path));
  }

  /** One at a time; what fails is tried again by the next. */
  #tidy(): Promise<void> {
    const before = this.#tidying ?? Promise.resolve();
    this.#tidying = before.then(() => this.#tidyNow()).catch(() => {});
    return this.#tidying;
  }

  async #tidyNow(): Promise<void> {
    const { path, compress, filesMax, ageMaxMs } = this.#options;
    const folder = dirname(path);
    const ending = extname(path);
    const stampOf = (name: string): string => {
      const plain = name.replace(/\.gz$/, '');
      return plain.startsWith(`${this.#stem()}-`) && plain.endsWith(ending) ? plain.slice(this.#stem().length + 1, plain.length - ending.length) : '';
    };
    const asides = (await readdir(folder)).filter((name) => STAMP.test(stampOf(name)));
    asides.sort((a, b) => stampOf(b).localeCompare(stampOf(a)));
    for (const [index, name] of asides.entries()) {
      const file = join(folder, name);
      const isOld = ageMaxMs > 0 && Date.now() - (await stat(file)).mtimeMs > ageMaxMs;
      if (isOld || (filesMax > 0 && index >= filesMax)) await rm(file, { force: true });
      else if (compress && !name.endsWith('.gz')) await compressFile(file);
    }
  }
}

async function compressFile(file: string): Promise<void> {
  const part = `${file}.gz.part`;
  await pipeline(createReadStream(file), createGzip(), createWriteStream(part));
  await rename(part, `${file}.gz`);
  await rm(file);
}
