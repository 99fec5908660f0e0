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
  function: 'libraries of functions that differ',
};

const WAY_WORDS: Readonly<Record<string, string>> = {
  job: 'through the running job',
  direct: 'directly',
  'dry-run': 'not at all, this is a dry run',
  refused: 'not at all',
};
const OUTCOME_WORDS: Readonly<Record<string, string>> = {
  brought: 'brought anew',
  removed: 'removed at the target',
  'left-out': 'left out by the rules or the target',
  'too-large': 'too large to be brought so',
  failed: 'failed',
};

/** One line: equal or not. */
export function verdictLine({ counts, isComplete, sample, mode, repair }: VerifyResult): string {
  const part = `${sample < 1 ? ` in a sample of ${showPercent(sample)}` : ''}${mode === 'quick' ? ', by type, length and expiry' : ''}`;
  if (repair !== undefined && repair.how !== 'refused' && repair.how !== 'dry-run' && counts.differences > 0) {
    const found = `${showCount(counts.differences)} ${counts.differences === 1 ? 'key' : 'keys'} differed${part}`;
    return repair.remaining === 0
      ? `equal by now: ${found} and ${counts.differences === 1 ? 'was' : 'were'} repaired`
      : `NOT EQUAL: ${found}, ${showCount(repair.remaining)} still`;
  }
  if (counts.differences > 0) return `NOT EQUAL: ${showCount(counts.differences)} ${counts.differences === 1 ? 'key differs' : 'keys differ'}${part}`;
  if (!isComplete) return `no difference so far${part}; it was stopped before all was looked at`;
  return `equal: ${showCount(counts.equal)} keys${part}`;
}

/** Name and value. */
export function verifyFacts({ source, target, startedMs, tookMs, counts }: VerifyResult): [string, string][] {
  return [['source', source], ['target', target], ['begun', `${new Date(startedMs).toISOString()}, took ${showDuration(tookMs)}`], ...countRows(counts)];
}

/** What was repaired; nothing where that was not asked for. */
export function repairRows({ repair }: VerifyResult): [string, string][] {
  if (repair === undefined) return [];
  const rows = Object.entries(repair.counts).map(([outcome, count]): [string, string] => [OUTCOME_WORDS[outcome] ?? outcome, showCount(count)]);
  const how: [string, string] = ['how', `${WAY_WORDS[repair.how]}${repair.why === '' ? '' : `: ${repair.why}`}`];
  return [how, ...rows, ['differ still', showCount(repair.remaining)]];
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
