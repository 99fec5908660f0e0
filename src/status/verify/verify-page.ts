/**
 * A verification as one HTML file that needs nothing else: no script, no font, no network; its own policy forbids all of them. Everything that is in the data
 * goes through escapeHtml(): keys and values are written by strangers.
 */
import type { FoundDifference, VerifyResult } from '../../pipeline/verify/verify-result.ts';
import { showCount } from '../format-quantity.ts';
import { escapeHtml } from '../inspect/escape-html.ts';
import { PAGE_STYLE } from '../inspect/page-style.ts';
import { differenceRow, kindRows, repairRows, verdictLine, verifyFacts } from './verify-sections.ts';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'";
const DIFFERENCE_TITLES = ['key', 'kind', 'where', 'source', 'target'];

export function verifyPage(result: VerifyResult): string {
  const { differences, counts, losses, unsettled, notes } = result;
  const title = escapeHtml(`${result.source} and ${result.target}`);
  const facts = verifyFacts(result).map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`);
  const more = counts.differences - differences.length;
  const lossRows = losses.map(({ what, keys, samples }) => [what, showCount(keys), samples.join(', ')]);
  const parts = [
    table('Repair', ['what', ''], repairRows(result)),
    table('Differences by kind', ['kind', 'keys'], kindRows(result)),
    table(`Differences${more > 0 ? `, the first ${showCount(differences.length)}` : ''}`, DIFFERENCE_TITLES, differences.map(row)),
    table('What the target cannot hold (no difference)', ['what', 'keys', 'such as'], lossRows),
    table('Changed at every look, so that they could not be judged', DIFFERENCE_TITLES, unsettled.map(row)),
    notes.length === 0 ? '' : `<section><h2>Notes</h2><ul>${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul></section>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header><h1>${escapeHtml(verdictLine(result))}</h1><dl>${facts.join('')}</dl></header>
<main>
${parts.filter((part) => part !== '').join('\n')}
</main>
<footer>Made by Godwit.</footer>
</body>
</html>
`;
}

function row(found: FoundDifference): readonly string[] {
  return differenceRow(found);
}

function table(title: string, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const head = columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join('');
  const body = rows.map(
    ([first, ...others]) => `<tr><th scope="row">${escapeHtml(first)}</th>${others.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`,
  );
  const inner = `<table><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table>`;
  return `<section><h2>${escapeHtml(title)}</h2><div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(title)}">${inner}</div></section>`;
}
