/**
 * How far a scan is, as the text that stands in the mark. A cursor means something to one server process only (each hashes keys with a secret of its own): another
 * one begins the database anew.
 *
 *   going-over   databases below `database` are done; `cursor` goes on in it
 *   comparing    all was gone over; keys that only the target has are looked for
 *   following    nothing but notifications. What happens while nobody listens is not known: a later run begins anew
 */
import { GodwitError } from '../../errors/errors.ts';

export interface ScanPosition {
  readonly stage: 'going-over' | 'comparing' | 'following' | 'done';
  readonly database: number;
  /** As SCAN gives it; '0' = the begin. */
  readonly cursor: string;
  /** Of the server process that the cursor is of. */
  readonly runId: string;
  /** What `notify-keyspace-events` was before it was set; null = it was not. */
  readonly notifyBefore: string | null;
  /** Keys were changed, or missed, while nobody listened: the target may have some that are gone. */
  readonly mustCompare: boolean;
}

export const SCAN_BEGIN: ScanPosition = { stage: 'going-over', database: 0, cursor: '0', runId: '', notifyBefore: null, mustCompare: false };

/** In their order. */
export const SCAN_STAGES: readonly ScanPosition['stage'][] = ['going-over', 'comparing', 'following', 'done'];

export function scanPositionText(position: ScanPosition): string {
  return JSON.stringify(position);
}

/** @throws MARK_INVALID */
export function parseScanPosition(text: string): ScanPosition {
  try {
    const { stage, database, cursor, runId, notifyBefore, mustCompare } = JSON.parse(text) as Record<keyof ScanPosition, unknown>;
    const isWhole = Number.isSafeInteger(database) && typeof cursor === 'string' && /^\d+$/.test(cursor) && typeof runId === 'string';
    if (!isWhole || !SCAN_STAGES.some((one) => one === stage) || (notifyBefore !== null && typeof notifyBefore !== 'string'))
      throw new Error('not in the known form');
    return { stage: stage as ScanPosition['stage'], database: Number(database), cursor, runId, notifyBefore, mustCompare: mustCompare === true };
  } catch (error) {
    throw new GodwitError('MARK_INVALID', `the position of the scan in the mark cannot be read: ${String(error)}`);
  }
}
