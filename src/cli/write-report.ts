/** Writes a report where it was asked for: a file is there whole or not at all; what is no plain file (a device, a pipe) is written to and stays what it is. */
import { randomUUID } from 'node:crypto';
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { GodwitError } from '../errors/errors.ts';
import type { CliIo } from './process-io.ts';

/** @param to a path; undefined or `-` is standard output. @throws GodwitError OUTPUT_FAILED */
export async function writeReport(text: string, to: string | undefined, io: CliIo): Promise<void> {
  if (to === undefined || to === '-') {
    const { rawStdout } = io;
    // The process ends behind it, and must not take along what a pipe has not taken yet.
    if (rawStdout === undefined) io.stdout.write(text);
    else await new Promise<void>((resolve) => rawStdout.write(text, () => resolve()));
    return;
  }
  const named = resolve(io.cwd, to);
  const half = `${named}.${randomUUID()}.part`;
  try {
    const facts = await stat(named).catch(() => null);
    if (facts !== null && !facts.isFile()) return await writeFile(named, text);
    await writeFile(half, text);
    await rename(half, facts === null ? named : await realpath(named));
  } catch (error) {
    await rm(half, { force: true });
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new GodwitError('OUTPUT_FAILED', `${to} cannot be written (${code})`, { cause: error, details: { file: to } });
  }
}
