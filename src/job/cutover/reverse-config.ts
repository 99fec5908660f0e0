/** The configuration of the sync from the new side to the old one: the same job the other way round, under a name of its own. */
import { createHash } from 'node:crypto';
import type { SyncConfig } from '../../config/sync-config.ts';

const SUFFIX = '-back';
const NAME_LENGTH_MAX = 64;
const HASH_LENGTH = 12;

/** Of a job without rules and with one source (cutover-checks.ts). Keys of the old side are given anew where the new one has others; a lost position is a full sync that does so. */
export function reverseConfig(config: SyncConfig): SyncConfig {
  const { source, sourceSide, target, targetSide, sync, job } = config;
  return {
    ...config,
    source: target,
    sourceSide: targetSide,
    target: source,
    targetSide: sourceSide,
    preferReplica: false,
    otherSources: [],
    job: { name: backName(job.name) },
    sync: { ...sync, onExisting: 'replace', flushTarget: false, yes: true, stopAfter: 'never', stopWhenLagBelowBytes: -1, finish: false, dryRun: false },
    deadLetter: { file: '' },
    report: { file: '' },
  };
}

function backName(name: string): string {
  if (name.length + SUFFIX.length <= NAME_LENGTH_MAX) return `${name}${SUFFIX}`;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH);
  return `${name.slice(0, NAME_LENGTH_MAX - SUFFIX.length - HASH_LENGTH - 1)}-${hash}${SUFFIX}`;
}
