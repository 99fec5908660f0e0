/**
 * An inspection as one HTML file that needs nothing else: no script, no font, no network; its own policy forbids all of them. Everything that is in the
 * data goes through escapeHtml(): keys are written by strangers.
 */
import type { InspectionReport } from '../../rdb/inspect/inspection-report.ts';
import { escapeHtml } from './escape-html.ts';
import { PAGE_STYLE } from './page-style.ts';
import { type ReportSection, reportFacts, reportSections } from './report-sections.ts';
import { treemapSvg } from './treemap-svg.ts';

const PREFIX_ROWS_MAX = 300;
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

export function inspectionPage(report: InspectionReport): string {
  const title = escapeHtml(`Inspection of ${report.source.name}`);
  const sections = reportSections(report, PREFIX_ROWS_MAX);
  const facts = reportFacts(report).map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`);
  const links = sections.map(({ id, title: name }) => `<a href="#${id}">${escapeHtml(name)}</a>`);
  const parts = sections.map((section) => sectionHtml(section, section.id === 'prefixes' ? treemapSvg(report.prefixes) : ''));
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
<header><h1>${title}</h1><dl>${facts.join('')}</dl><nav aria-label="Sections">${links.join(' ')}</nav></header>
<main>
${parts.join('\n')}
</main>
<footer>Made by Godwit on ${new Date(report.inspectedMs).toISOString()}. Memory is estimated from the file.</footer>
</body>
</html>
`;
}

function sectionHtml({ id, title, columns, rows, bars }: ReportSection, picture: string): string {
  const largest = Math.max(0, ...(bars ?? []));
  const classOf = (column: number): string => (columns[column].align === 'right' ? ' class="number"' : '');
  const head = columns.map((column, i) => `<th scope="col"${classOf(i)}>${escapeHtml(column.title)}</th>`).join('');
  const body = rows.map((row, i) => {
    const [first, ...others] = row;
    const depth = (first.length - first.trimStart().length) / 2;
    const name = `<th scope="row"${id === 'prefixes' && depth > 0 ? ` class="level${depth}"` : ''}>${escapeHtml(first)}</th>`;
    const cells = others.map((cell, j) => `<td${classOf(j + 1)}>${escapeHtml(cell)}</td>`).join('');
    return `<tr>${name}${cells}${bars === undefined ? '' : bar(bars[i], largest)}</tr>`;
  });
  const barHead = bars === undefined ? '' : '<td></td>';
  const table = `<table><thead><tr>${head}${barHead}</tr></thead><tbody>${body.join('\n')}</tbody></table>`;
  return `<section id="${id}"><h2>${escapeHtml(title)}</h2>${picture}<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(title)}">${table}</div></section>`;
}

/** The cells before it say the same in numbers. */
function bar(part: number, largest: number): string {
  const width = largest === 0 ? 0 : Math.round((part / largest) * 1000) / 10;
  return `<td class="bar" aria-hidden="true"><svg viewBox="0 0 100 10" preserveAspectRatio="none"><rect width="${width}" height="10"/></svg></td>`;
}
