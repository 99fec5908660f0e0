/** Which options have a meaning for which kind of job. */
import type { Option } from './schema.ts';

/** What a run is: the commands, and SCAN, which has none yet. */
export type JobKind = 'sync' | 'scan' | 'load' | 'export';

const SECTIONS_OF: Readonly<Record<JobKind, readonly string[]>> = {
  sync: ['source', 'target', 'job', 'sync', 'filter', 'transform', 'rate', 'keepalive', 'reconnect', 'spool', 'checkpoint', 'dead_letter', 'status', 'log'],
  scan: ['source', 'target', 'job', 'sync', 'scan', 'filter', 'transform', 'rate', 'keepalive', 'reconnect', 'checkpoint', 'dead_letter', 'status', 'log'],
  load: ['target', 'job', 'sync', 'load', 'filter', 'transform', 'rate', 'keepalive', 'reconnect', 'spool', 'checkpoint', 'dead_letter', 'status', 'log'],
  export: ['source', 'load', 'export', 'filter', 'transform', 'keepalive', 'reconnect', 'checkpoint'],
};

/** Keys that have no meaning for a file, beside those of the section `source`. */
const SYNC_ONLY = new Set<string>([
  'sync.on_lost_position',
  'sync.stop_after',
  'sync.stop_when_lag_below',
  'sync.full_sync',
  'spool.max_bytes',
  'spool.retain',
  'spool.retain_bytes',
]);

export function isOptionOf(kind: JobKind, { key, section }: Option): boolean {
  if (kind === 'export' && key === 'sync.on_unsupported') return true;
  return SECTIONS_OF[kind].includes(section) && !(kind === 'load' && SYNC_ONLY.has(key));
}
