/** What the variants of the seed's case have shown, as lines and as a table. */
import type { VariantReport } from './variant-run.ts';

const HEAD = ['variant', 'full sync', 'keys', 'reconnects c/r/t', 'pings c/t', 'closed s/t', 'full syncs', 'equal'];

/** Printed when a variant ends. */
export function reportLine({ name, complaints, notes }: VariantReport): string {
  const verdict = complaints.length === 0 ? 'ok    ' : 'FAILED';
  return [`${verdict} ${name}`, ...notes.map((note) => `         ${note}`), ...complaints.map((complaint) => `       ! ${complaint}`)].join('\n');
}

/** Connections: c source control, r source replication, t target data; closed by s the source, t the target, for being idle. */
export function reportTable(reports: readonly VariantReport[]): string {
  const rows = [HEAD, ...reports.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  ')).join('\n');
}

function cells({ name, fullSyncMs, keys, counts, complaints }: VariantReport): string[] {
  const verdict = complaints.length === 0 ? 'yes' : 'FAILED';
  const first = [name, `${(fullSyncMs / 1_000).toFixed(1)} s`, String(keys)];
  if (!counts) return [...first, '-', '-', '-', '-', verdict];
  const { reconnects, pings, closedBySource, closedByTarget, fullSyncs } = counts;
  const of = (numbers: Readonly<Record<string, number>>, ...roles: readonly string[]): string => roles.map((role) => numbers[role] ?? '-').join('/');
  return [
    ...first,
    of(reconnects, 'source control', 'source replication', 'target data'),
    of(pings, 'source control', 'target data'),
    `${closedBySource}/${closedByTarget}`,
    String(fullSyncs),
    verdict,
  ];
}
