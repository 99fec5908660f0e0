/** The keys that a run could not bring whole, by name, for its last words. */
import type { NamedLoss } from '../observe/job-status.ts';
import { showCount } from '../status/format-quantity.ts';

const SHOWN_MAX = 5;

/**
 * Lines without an end; none when nothing was lost.
 * @param total how many losses were counted @param report the file that names all; '' = none was asked for
 */
export function lossWords(first: readonly NamedLoss[], total: number, report: string): string[] {
  if (total === 0) return [];
  const lines = first.slice(0, SHOWN_MAX).map(({ outcome, db, key, what, reason }) => {
    const name = key === '' ? `database ${db}, ${what}` : `database ${db}, key ${key} (${what})`;
    return `${outcome === 'left-out' ? 'left out' : 'degraded'}: ${name}: ${reason}`;
  });
  const more = total - lines.length;
  const where = report === '' ? '--report FILE names all of them' : `${report} names all of them`;
  return [...lines, more > 0 ? `and ${showCount(more)} more; ${where}` : where];
}
