/** The report of the doctor for people: a row for each check, then what is not as it should be, with why and what mends it. Quiet when all is well. */
import type { CheckReport, DoctorReport, ServerReport } from '../../job/doctor/doctor.ts';
import type { Finding, Mend, Severity } from '../../observe/finding.ts';
import { showBytes } from '../format-quantity.ts';
import { cut, textTable } from '../inspect/text-table.ts';

const SHOWN: Readonly<Record<Severity, string>> = { ok: 'ok', info: 'info', warn: 'WARN', error: 'ERROR' };
const INDENT = '    ';

export function doctorText(report: DoctorReport, width: number): string {
  const lines = [
    `godwit doctor: ${report.kind} ${report.job}`,
    ...sideLines('Source', report.source),
    ...sideLines('Target', report.target),
    '',
    ...checkTable(report, width),
  ];
  const findings = report.checks.flatMap((check) =>
    check.findings.filter(({ severity }) => severity !== 'ok').map((finding) => ({ title: check.title, finding })),
  );
  for (const { title, finding } of findings.toSorted((a, b) => rank(b.finding) - rank(a.finding))) lines.push('', ...findingLines(title, finding, width));
  if (findings.some(({ finding }) => finding.mends.some(({ command }) => command.startsWith('CONFIG SET')))) {
    lines.push('', 'CONFIG SET lasts until the server is started again; CONFIG REWRITE behind it keeps it.');
  }
  return `${[...lines, '', verdict(report)].join('\n')}\n`;
}

function sideLines(title: string, servers: readonly ServerReport[]): string[] {
  return servers.map(({ address, server, keys, dataBytes, writeBytesPerSecond }, i) => {
    const size = dataBytes < 0 ? '' : `, ${showBytes(dataBytes)}`;
    const writes = title === 'Source' && writeBytesPerSecond >= 0 ? `, writes ${showBytes(writeBytesPerSecond)}/s` : '';
    return `${i === 0 ? title : ' '.repeat(title.length)}  ${address}  ${server || 'version not told'}, ${keys.toLocaleString('en-US')} keys${size}${writes}`;
  });
}

function checkTable({ checks }: DoctorReport, width: number): string[] {
  const columns = [{ title: '' }, { title: 'Check' }, { title: 'Measured', gives: true }];
  const rows = checks.filter(({ findings }) => findings.length > 0).map((check) => [SHOWN[check.severity], check.title, measuredOf(check)]);
  return textTable(columns, rows, width);
}

/** Of the worst; where several servers said the same, once. */
function measuredOf({ findings, severity }: CheckReport): string {
  const worst = findings.filter((finding) => finding.severity === severity);
  const texts = [...new Set(worst.map(({ measured }) => measured))];
  if (texts.length === 1) return texts[0];
  return worst.length <= 2
    ? worst.map(({ where, measured }) => `${where.split(' ', 1)[0]}: ${measured}`).join('; ')
    : `${texts[0]} (and ${worst.length - 1} more)`;
}

function findingLines(title: string, { severity, where, measured, why, mends }: Finding, width: number): string[] {
  return [
    `${SHOWN[severity]}  ${title}, ${where}`,
    ...wrapped(measured, width),
    ...(why === '' ? [] : wrapped(why, width)),
    // A command is to be copied: it is never broken.
    ...mends.map((mend, i) => `${INDENT}${i === 0 ? '->' : 'or'} ${mendText(mend)}`),
  ];
}

function mendText({ kind, at, command }: Mend): string {
  if (kind === 'option') return `add ${command}`;
  return at === 'here' ? command : `at ${at}: ${command}`;
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && INDENT.length + line.length + 1 + word.length > width) {
      lines.push(INDENT + line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, cut(INDENT + line, 10_000)];
}

function verdict({ counts, checks, tookMs }: DoctorReport): string {
  const looked = `${checks.filter(({ findings }) => findings.length > 0).length} checks in ${(tookMs / 1000).toFixed(1)} s`;
  const many = (count: number, one: string): string => `${count} ${count === 1 ? one : `${one}s`}`;
  if (counts.error > 0) return `${many(counts.error, 'error')}, ${many(counts.warn, 'warning')}: the job would not get through as it is. ${looked}.`;
  if (counts.warn > 0) return `${many(counts.warn, 'warning')}: the job runs, and may stumble. ${looked}.`;
  return `All is well. ${looked}.`;
}

const rank = ({ severity }: Finding): number => ['ok', 'info', 'warn', 'error'].indexOf(severity);
