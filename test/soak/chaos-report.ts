/** What the rounds have shown, by kind of fault, as a table. Rounds with two faults count in a line of their own. */
/** Of a round of any topology. */
export interface ReportedRound {
  readonly plan: { readonly faults: readonly { readonly kind: string }[]; readonly inFullSync: boolean };
  readonly recoveredMs: number;
  readonly fullSyncs: number;
  readonly starts: number;
}

const HEAD = ['fault', 'rounds', 'in full sync', 'recovered ms: median', 'max', 'full syncs', 'godwit starts'];

export function reportTable(results: readonly ReportedRound[]): string {
  const byKind = new Map<string, ReportedRound[]>();
  for (const result of results) {
    const { faults } = result.plan;
    const kind = faults.length === 1 ? faults[0].kind : 'two of them';
    byKind.set(kind, [...(byKind.get(kind) ?? []), result]);
  }
  const rows = [...byKind].map(([kind, ofKind]) => row(kind, ofKind)).toSorted((a, b) => a[0].localeCompare(b[0]));
  const table = [HEAD, ...rows, row('all', results)];
  const widths = HEAD.map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  return table.map((cells) => cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')).join('\n');
}

function row(kind: string, results: readonly ReportedRound[]): string[] {
  const times = results.map(({ recoveredMs }) => recoveredMs).toSorted((a, b) => a - b);
  const sum = (of: (result: ReportedRound) => number): number => results.reduce((total, result) => total + of(result), 0);
  const numbers = [
    results.length,
    sum(({ plan }) => (plan.inFullSync ? 1 : 0)),
    times[Math.floor(times.length / 2)] ?? 0,
    times.at(-1) ?? 0,
    sum(({ fullSyncs }) => fullSyncs),
    sum(({ starts }) => starts),
  ];
  return [kind, ...numbers.map((n) => Math.round(n).toLocaleString('en'))];
}
