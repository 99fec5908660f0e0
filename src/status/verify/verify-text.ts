/** A verification as text for a terminal. Keys and contents are escaped by then; no line is wider than told. */
import type { FoundDifference, VerifyResult } from '../../pipeline/verify/verify-result.ts';
import { showCount } from '../format-quantity.ts';
import { cut } from '../inspect/text-table.ts';
import { differenceRow, kindRows, repairRows, verdictLine, verifyFacts } from './verify-sections.ts';

/** Ends with a line feed. @param width columns of the terminal */
export function verifyText(result: VerifyResult, width: number): string {
  const { differences, counts, losses, unsettled, notes } = result;
  const section = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]);
  const more = counts.differences - differences.length;
  const lines = [
    verdictLine(result),
    ...pairs(verifyFacts(result)),
    ...section('Repair', pairs(repairRows(result))),
    ...section('Differences by kind', pairs(kindRows(result))),
    ...section('Differences', [...differences.flatMap(differenceLines), ...(more > 0 ? [`... and ${showCount(more)} more`] : [])]),
    ...section(
      'What the target cannot hold (no difference)',
      losses.map(({ what, keys, samples }) => `${showCount(keys)} keys: ${what} (${samples.join(', ')})`),
    ),
    ...section('Changed at every look, so that they could not be judged', unsettled.flatMap(differenceLines)),
    ...section('Notes', notes),
  ];
  return `${lines.map((line) => cut(line, width)).join('\n')}\n`;
}

function differenceLines(found: FoundDifference): string[] {
  const [key, kind, where, source, target] = differenceRow(found);
  return [`${key}: ${kind}${where === '' ? '' : `, ${where}`}`, `    source ${source}`, `    target ${target}`];
}

function pairs(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
