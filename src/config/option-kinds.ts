/** Which options have a meaning for which kind of job. */
import type { Option } from './schema.ts';

/** What a run is: the commands. */
export type JobKind = 'sync' | 'scan' | 'load' | 'export';

/** Sections that have no meaning for a job that writes to a server. */
const STRANGE_TO: Readonly<Record<Exclude<JobKind, 'export'>, readonly string[]>> = {
  sync: ['load', 'scan', 'export', 'run'],
  scan: ['load', 'export', 'run', 'verify'],
  load: ['source', 'scan', 'export', 'run', 'verify'],
};
/** An export has few, since it has no target. */
const OF_EXPORT: readonly string[] = ['source', 'load', 'scan', 'export', 'filter', 'transform', 'keepalive', 'reconnect', 'checkpoint', 'report'];

/** Keys that have no meaning for a file or a scan, beside those of whole sections. */
const SYNC_ONLY = new Set<string>([
  'source.psync_commands',
  'sync.on_lost_position',
  'sync.stop_when_lag_below',
  'sync.full_sync',
  'sync.full_sync_concurrency',
  'spool.max_bytes',
  'spool.retain',
  'spool.retain_bytes',
]);

/** A file has no source that could be looked at, and nothing behind it. */
const NOT_OF_LOAD = new Set<string>(['doctor.interval', 'sync.stop_after']);

export function isOptionOf(kind: JobKind, { key, section }: Option): boolean {
  if (kind === 'export') return OF_EXPORT.includes(section) || key === 'sync.on_unsupported';
  return !STRANGE_TO[kind].includes(section) && (kind === 'sync' || !SYNC_ONLY.has(key)) && !(kind === 'load' && NOT_OF_LOAD.has(key));
}
