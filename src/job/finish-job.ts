/**
 * `--finish`: ends a job for good. Only the target is asked, since the source may be gone by then.
 *
 * Invariants: a process that still runs the job learns that it was fenced before the mark goes (without a mark it would take the target for emptied, and begin
 * anew); the spool goes before the mark, so that what was cut short can be finished again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mark } from '../checkpoint/mark.ts';
import type { JobMarks } from '../checkpoint/job-marks.ts';
import type { JobConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { endpointName } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import { newestEpoch, removeJobSpool, spoolJobDir } from '../source/replica/spool/spool-runs.ts';

/** An owner that was cut off comes back sooner than that, and is told. */
const QUIET_MS = 2_000;
const QUIET_WAIT_MAX_MS = 15_000;
const LOOK_EVERY_MS = 100;
const SCAN_ROUNDS_MAX = 200;
const JOBS_NAMED_MAX = 10;

/**
 * Fences whoever runs the job, then removes its spool and its mark. The connection has database 0 selected.
 * @returns how far the job was, as sentences
 * @throws GodwitError NOTHING_TO_FINISH, JOB_UNFINISHED unless sync.yes, FENCED
 */
export async function finishJob(config: JobConfig, marks: JobMarks, target: Connection): Promise<string> {
  const touchedMs = await lastTouched(marks.key, target);
  const found = await readMarks(marks, target);
  if (found !== 'invalid' && found.length === 0) throw await nothingToFinish(config, marks, target);
  const open = found === 'invalid' ? undefined : found.find((mark) => !isThrough(mark));
  if (open !== undefined && !config.sync.yes) {
    throw new GodwitError('JOB_UNFINISHED', `the job ${config.job.name} is not through: ${place(open)}${touched(touchedMs)}`, {
      details: { job: config.job.name, phase: open.phase },
    });
  }
  const jobDir = spoolJobDir(config.spool.dir, config.job.name);
  const epoch = found === 'invalid' ? undefined : await fence(jobDir, marks, target);
  await removeJobSpool(jobDir);
  await marks.remove(target, epoch);
  return `At its end: ${found === 'invalid' ? 'the mark could not be read' : places(found)}${touched(touchedMs)}. Whether the source had more is not known here.`;
}

/** `invalid`: there is one that this version cannot read; it can go all the same. */
async function readMarks(marks: JobMarks, target: Connection): Promise<Mark[] | 'invalid'> {
  try {
    return [...(await marks.known(target)).values()].map(({ mark }) => mark);
  } catch (error) {
    if (error instanceof GodwitError && error.code === 'MARK_INVALID') return 'invalid';
    throw error;
  }
}

function places(found: readonly Mark[]): string {
  if (found.length === 1) return place(found[0]);
  const open = found.find((mark) => !isThrough(mark));
  return open === undefined ? `${found.length} pipelines were in incremental sync` : `of ${found.length} pipelines, one or more: ${place(open)}`;
}

function isThrough({ phase, file }: Mark): boolean {
  return file === undefined ? phase === 'incremental-sync' : file.done;
}

function place({ phase, offset, file }: Mark): string {
  if (file !== undefined) return file.done ? 'the file was loaded to its end' : 'the file was not loaded to its end';
  return phase === 'full-sync' ? 'it was in its full sync' : `everything up to the offset ${offset} of the source was applied`;
}

function touched(atMs: number | undefined): string {
  return atMs === undefined ? '' : ` (its mark was last used at ${new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z')})`;
}

/** Unix ms to the second; undefined where the target cannot tell (an LFU policy, no right to it, no such key). To be asked before the mark is read. */
async function lastTouched(key: string, target: Connection): Promise<number | undefined> {
  const idleS = await target.call('OBJECT', 'IDLETIME', key).catch(() => null);
  return idleS === null || !Number.isFinite(Number(idleS)) ? undefined : Date.now() - Number(idleS) * 1_000;
}

/** Resolves with the epoch of this owner when no other one is seen any more. */
async function fence(jobDir: string, marks: JobMarks, target: Connection): Promise<number> {
  const newest = await newestEpoch(jobDir);
  const store = marks.store('');
  const taken = await marks.takeOver(target, [], (known) => ({
    epoch: Math.max(newest, ...[...known.values()].map(({ mark }) => mark.epoch)) + 1,
    marks: new Map(),
  }));
  const epoch = Math.max(0, ...[...taken.values()].map((mark) => mark.epoch));
  if ((await store.killOthers(target)) === 0) return epoch;
  const startMs = performance.now();
  for (let seenMs = startMs, nowMs = startMs; nowMs - seenMs < QUIET_MS && nowMs - startMs < QUIET_WAIT_MAX_MS; nowMs = performance.now()) {
    await sleep(LOOK_EVERY_MS);
    const connections = await store.connections(target);
    if (connections !== undefined && connections.length > 1) seenMs = performance.now();
  }
  return epoch;
}

async function nothingToFinish({ job, checkpoint, spool }: JobConfig, { key }: JobMarks, target: Connection): Promise<GodwitError> {
  const { jobs, more } = await jobsAt(target, checkpoint.prefix);
  const jobDir = spoolJobDir(spool.dir, job.name);
  const left = (await newestEpoch(jobDir)) > 0;
  const named = jobs.length === 0 ? 'no jobs were found there' : `it has marks of ${jobs.join(', ')}`;
  return new GodwitError(
    'NOTHING_TO_FINISH',
    `target ${endpointName(target.endpoint)} has no mark of the job ${job.name}; ${named}${more ? ' (not all keys were looked at)' : ''}`,
    {
      ...(left
        ? { fix: `Give the addresses (or --job) that the job began with. If the target was emptied since, delete what the job left in ${jobDir}.` }
        : {}),
      details: { job: job.name, key, jobs: jobs.join(' ') },
    },
  );
}

/** Jobs with a mark, as far as a bounded look at the keys of database 0 finds them; none where SCAN is not allowed. */
async function jobsAt(target: Connection, prefix: string): Promise<{ jobs: string[]; more: boolean }> {
  const begin = `${prefix}:`;
  const pattern = `${begin.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}*`;
  const jobs = new Set<string>();
  let cursor = '0';
  try {
    for (let round = 0; round < SCAN_ROUNDS_MAX && jobs.size < JOBS_NAMED_MAX; round++) {
      const reply = await target.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', 1_000);
      const [next, keys] = Array.isArray(reply) ? reply : ['0', []];
      for (const key of Array.isArray(keys) ? keys.map(String) : []) {
        const isMark = Number(await target.call('HEXISTS', key, 'epoch').catch(() => 0)) === 1;
        if (isMark) jobs.add(key.slice(begin.length).split(':', 1)[0]);
      }
      cursor = String(next);
      if (cursor === '0') return { jobs: [...jobs].toSorted(), more: false };
    }
  } catch {
    // What cannot be looked for is not named.
  }
  return { jobs: [...jobs].toSorted(), more: true };
}
