/** An inspection as text for a terminal. Keys are escaped by then (printable-key.ts), so that nothing of them moves the cursor; no line is wider than told. */
import type { InspectionReport } from '../../rdb/inspect/inspection-report.ts';
import { type ReportSection, reportFacts, reportSections } from './report-sections.ts';
import { cut, textTable } from './text-table.ts';

const BAR_WIDTH_MAX = 30;
const BAR_WIDTH_MIN = 6;
const BAR_COLUMN = { title: '' } as const;

export interface InspectionTextOptions {
  /** Columns of the terminal. */
  readonly width: number;
  readonly prefixesMax: number;
}

/** Ends with a line feed. */
export function inspectionText(report: InspectionReport, { width, prefixesMax }: InspectionTextOptions): string {
  const facts = reportFacts(report);
  const nameWidth = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => cut(`${name.padEnd(nameWidth)}  ${value}`, width));
  for (const section of reportSections(report, prefixesMax)) lines.push('', section.title, ...sectionLines(section, width));
  return `${lines.join('\n')}\n`;
}

function sectionLines({ columns, rows, bars }: ReportSection, width: number): string[] {
  const plain = textTable(columns, rows, width);
  const room = width - Math.max(...plain.map((line) => Array.from(line).length)) - 2;
  if (bars === undefined || room < BAR_WIDTH_MIN) return plain;
  const barWidth = Math.min(room, BAR_WIDTH_MAX);
  const largest = Math.max(...bars);
  const withBars = rows.map((row, i) => [...row, largest === 0 ? '' : '█'.repeat(Math.round((bars[i] / largest) * barWidth))]);
  return textTable([...columns, BAR_COLUMN], withBars, width);
}
