/** Tries the places on disk that a job will write to, before anything is written to the target: a folder of the wrong owner must not be found out about in the middle. */
import { mkdir, mkdtemp, open, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileErrorText } from '../config/file-error-text.ts';
import type { JobConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { errorCode, isDiskFullError } from '../source/replica/spool/spool-files.ts';
import { spoolJobDir } from '../source/replica/spool/spool-runs.ts';

/**
 * @param options.leavesNothing folders that were made for the trial are removed: there is no job that will use them
 * @throws SPOOL_FAILED, DISK_FULL, CONFIG_INVALID (dead_letter.file)
 */
export async function tryWritablePlaces({ spool, job, deadLetter }: JobConfig, { leavesNothing = false } = {}): Promise<void> {
  const made: string[] = [];
  try {
    await trySpoolDir(spool.dir, spoolJobDir(spool.dir, job.name), made);
    if (deadLetter.file !== '') await tryDeadLetterFile(deadLetter.file, made);
  } finally {
    if (leavesNothing) for (const folder of made.toReversed()) await rmdir(folder).catch(() => {});
  }
}

/** @param made is added what had to be made */
async function trySpoolDir(dir: string, jobDir: string, made: string[]): Promise<void> {
  let probe = '';
  try {
    await makeFolders(jobDir, made);
    probe = await mkdtemp(path.join(jobDir, '.probe-'));
    await writeFile(path.join(probe, 'probe'), 'x', { mode: 0o600 });
  } catch (error) {
    if (isDiskFullError(error)) throw new GodwitError('DISK_FULL', `no space is left on the disk of spool.dir ${dir}`, { retryable: false, cause: error });
    const reason = errorCode(error) === 'ENOENT' ? 'no directory can be made there' : fileErrorText(error);
    throw new GodwitError('SPOOL_FAILED', `spool.dir ${dir} cannot be written: ${reason}`, {
      fix: 'Give a directory that this user can write: --spool-dir.',
      details: { dir },
      cause: error,
    });
  } finally {
    if (probe !== '') await rm(probe, { recursive: true, force: true }).catch(() => {});
  }
}

/** Not `recursive`: Node 20 tries for ever where a file system has no room for folders at all, as /proc. */
async function makeFolders(dir: string, made: string[]): Promise<void> {
  const missing: string[] = [];
  for (let at = path.resolve(dir); ; at = path.dirname(at)) {
    const found = await stat(at).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT' || at === path.dirname(at)) throw error;
    });
    if (found !== undefined) break;
    missing.push(at);
  }
  for (const folder of missing.toReversed()) {
    try {
      await mkdir(folder, { mode: 0o700 });
      made.push(folder);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
  }
}

/** Leaves no empty file behind where there was none. */
async function tryDeadLetterFile(file: string, made: string[]): Promise<void> {
  const existed = await stat(file).then(
    () => true,
    () => false,
  );
  try {
    await makeFolders(path.dirname(file), made);
    const handle = await open(file, 'a', 0o600);
    await handle.close();
  } catch (error) {
    throw new GodwitError('CONFIG_INVALID', `dead_letter.file ${file} cannot be written: ${fileErrorText(error)}`, {
      fix: 'Give a file that this user can write: --dead-letter-file.',
      details: { file },
      cause: error,
    });
  }
  if (!existed) await unlink(file).catch(() => {});
}
