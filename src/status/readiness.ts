/**
 * What `/readyz` says: a job is ready while it copies or follows and nothing stands in its way. It tells how it is now; whoever asks decides how many
 * such answers in a row are lasting (a `failureThreshold` of Kubernetes).
 */
import type { JobPhase, JobStatus } from '../observe/job-status.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly phase: JobPhase;
  /** What stands in the way, for people. */
  readonly troubles: readonly string[];
}

const WORKING: ReadonlySet<JobPhase> = new Set(['loading', 'full-sync', 'incremental-sync']);
/** Of connections and replica links alike. */
const LOST: ReadonlySet<string> = new Set(['connecting', 'handshaking', 'backing-off']);

export function readiness(status: JobStatus): Readiness {
  const { phase } = status;
  const troubles = WORKING.has(phase) ? [...lostConnections(status), ...fullSpool(status), ...unreadyTarget(status)] : [`the phase is ${phase}`];
  return { ready: troubles.length === 0, phase, troubles };
}

function lostConnections({ connections }: JobStatus): string[] {
  return connections
    .filter(({ state }) => LOST.has(state))
    .map(({ role, address, state, lastError }) => `${role} ${address} is ${state}${lastError === null ? '' : `: ${lastError.message}`}`);
}

function fullSpool({ spool: { full, dir } }: JobStatus): string[] {
  if (full === null) return [];
  return [full === 'disk' ? `the disk of the spool ${dir} is full` : `the spool ${dir} is full`];
}

/** A target that answers and takes no writes (OOM, LOADING, READONLY ...). It is over when a mark is confirmed later, as the job sees it too. */
function unreadyTarget({ errors: { last }, checkpoint }: JobStatus): string[] {
  return last?.code === 'TARGET_NOT_READY' && checkpoint.at <= last.at ? [last.message] : [];
}
