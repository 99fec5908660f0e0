/** What a report of a verification says, in the order that it is shown in: as text (verify-text.ts) and as a page (verify-page.ts). */
import type { FoundDifference, VerifyCounts, VerifyResult } from '../../pipeline/verify/verify-result.ts';
import { showCount, showDuration, showPercent } from '../format-quantity.ts';

const KIND_WORDS: Readonly<Record<string, string>> = {
  missing: 'missing at the target',
  extra: 'at the target alone',
  type: 'of another type',
  value: 'with another value',
  stream: 'streams that differ',
  ttl: 'with another expiry',
  'field-ttl': 'with another expiry of a field',
};

/** One line: equal or not. */
export function verdictLine({ counts, isComplete, sample, mode }: VerifyResult): string {
  const part = `${sample < 1 ? ` in a sample of ${showPercent(sample)}` : ''}${mode === 'quick' ? ', by type, length and expiry' : ''}`;
  if (counts.differences > 0) return `NOT EQUAL: ${showCount(counts.differences)} ${counts.differences === 1 ? 'key differs' : 'keys differ'}${part}`;
  if (!isComplete) return `no difference so far${part}; it was stopped before all was looked at`;
  return `equal: ${showCount(counts.equal)} keys${part}`;
}

/** Name and value. */
export function verifyFacts({ source, target, startedMs, tookMs, counts }: VerifyResult): [string, string][] {
  return [['source', source], ['target', target], ['begun', `${new Date(startedMs).toISOString()}, took ${showDuration(tookMs)}`], ...countRows(counts)];
}

export function kindRows({ byKind }: VerifyResult): [string, string][] {
  return Object.entries(byKind).map(([kind, count]) => [KIND_WORDS[kind] ?? kind, showCount(count)]);
}

/** key, kind, where, source, target */
export function differenceRow(found: FoundDifference): [string, string, string, string, string] {
  const { database, key, targetDatabase, targetKey, kind, where, source, target } = found;
  const name = `db${database} ${key}`;
  const isMoved = database !== targetDatabase || key !== targetKey;
  return [isMoved ? `${name} -> db${targetDatabase} ${targetKey}` : name, kind, where, source, target];
}

function countRows(counts: VerifyCounts): [string, string][] {
  const { sourceKeys, targetKeys, equal, gone, unwanted, outOfScope, settled, unsettled } = counts;
  const rows: [string, number, boolean][] = [
    ['keys of the source', sourceKeys, true],
    ['keys of the target', targetKeys, true],
    ['equal', equal, true],
    ['differed for a moment', settled, settled > 0],
    ['could not be judged', unsettled, unsettled > 0],
    ['gone meanwhile', gone, gone > 0],
    ['not asked for', unwanted, unwanted > 0],
    ['of the target, not asked for', outOfScope, outOfScope > 0],
  ];
  return rows.filter(([, , isShown]) => isShown).map(([name, count]) => [name, showCount(count)]);
}
