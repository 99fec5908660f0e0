/**
 * The folders of the spool: `<spool.dir>/<jobId>/<epoch>/`, one per run of a job. Of a job with several pipelines each has its own, in
 * `<spool.dir>/<jobId>/pipeline-<name>/<epoch>/`.
 *
 * A run writes only in its own folder. What an older run left is read in place, since its process may still be writing there until it learns that it
 * was fenced; the folder goes when no log reads from it any more.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { GodwitError } from '../../../errors/errors.ts';
import { errorCode } from './spool-files.ts';
import { loadManifest, type SpoolManifest } from './spool-manifest.ts';

export interface SpoolRun {
  readonly epoch: number;
  readonly dir: string;
  readonly manifest: SpoolManifest | undefined;
  /** Why there is no manifest; '' if there is one. */
  readonly reason: string;
}

const PIPELINE = 'pipeline-';
const EPOCH = /^\d{1,16}$/;

/** The folder of a job. @throws SPOOL_FAILED for a name that would lead elsewhere */
export function spoolJobDir(spoolDir: string, jobId: string): string {
  if (!/^[\w.-]+$/.test(jobId) || jobId === '.' || jobId === '..') {
    throw new GodwitError('SPOOL_FAILED', `the job name ${JSON.stringify(jobId)} cannot be the name of a folder`, {
      fix: 'Use letters, digits, `-`, `_` and `.`.',
      details: { jobId },
    });
  }
  return path.join(spoolDir, jobId);
}

/** Where the runs of a pipeline are. @param pipeline '' = the only one */
export function spoolPipelineDir(jobDir: string, pipeline: string): string {
  return pipeline === '' ? jobDir : spoolJobDir(jobDir, `${PIPELINE}${pipeline}`);
}

/** The highest epoch that a run of any pipeline of the job had; 0 = none. @throws SPOOL_FAILED */
export async function newestEpoch(jobDir: string): Promise<number> {
  const runs = await Promise.all((await pipelineDirs(jobDir)).map(listRuns));
  return Math.max(0, ...runs.flat().map(({ epoch }) => epoch));
}

/** All runs in the folder of a job, newest first; none if it does not exist. @throws SPOOL_FAILED */
export async function listRuns(jobDir: string): Promise<SpoolRun[]> {
  const entries = await fs.readdir(jobDir, { withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw failed('listed', jobDir, error);
  });
  const epochs = entries.filter((entry) => entry.isDirectory() && EPOCH.test(entry.name)).map((entry) => entry.name);
  epochs.sort((a, b) => Number(b) - Number(a));
  return Promise.all(
    epochs.map(async (name) => {
      const dir = path.join(jobDir, name);
      const loaded = await loadManifest(dir);
      return { epoch: Number(name), dir, manifest: loaded.manifest, reason: loaded.manifest === undefined ? loaded.reason : '' };
    }),
  );
}

/** Deletes the folder of a run and all in it. @throws SPOOL_FAILED */
export async function removeRun(runDir: string): Promise<void> {
  if (!EPOCH.test(path.basename(runDir))) throw new GodwitError('INTERNAL', `${runDir} is not the folder of a run`);
  try {
    await fs.rm(runDir, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    throw failed('deleted', runDir, error);
  }
}

/**
 * Deletes the folders of runs before `epoch` but those still in use (SpoolLog.adoptedDirs of both logs). To be called once this run has fenced the older
 * ones, and again when logs have let go of what they adopted. Resolves to the folders deleted.
 */
export async function cleanOlderRuns(jobDir: string, epoch: number, inUse: readonly string[]): Promise<string[]> {
  const used = new Set(inUse.map((dir) => path.resolve(dir)));
  const old = (await listRuns(jobDir)).filter((run) => run.epoch < epoch && !used.has(path.resolve(run.dir)));
  for (const run of old) await removeRun(run.dir);
  return old.map((run) => run.dir);
}

/** Deletes all runs of a job (`--finish`), and its folders if nothing else lies in them. */
export async function removeJobSpool(jobDir: string): Promise<void> {
  for (const dir of (await pipelineDirs(jobDir)).toReversed()) {
    for (const run of await listRuns(dir)) await removeRun(run.dir);
    await fs.rmdir(dir).catch((error: unknown) => {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errorCode(error))) throw failed('deleted', dir, error);
    });
  }
}

/** The folder of the job, and those of pipelines in it. */
async function pipelineDirs(jobDir: string): Promise<string[]> {
  const entries = await fs.readdir(jobDir, { withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw failed('listed', jobDir, error);
  });
  const names = entries.filter((entry) => entry.isDirectory() && entry.name.startsWith(PIPELINE)).map(({ name }) => name);
  return [jobDir, ...names.map((name) => path.join(jobDir, name))];
}

function failed(what: string, dir: string, error: unknown): GodwitError {
  const reason = error instanceof Error ? error.message : String(error);
  return new GodwitError('SPOOL_FAILED', `the spool folder ${dir} cannot be ${what}: ${reason}`, { cause: error, details: { dir } });
}
