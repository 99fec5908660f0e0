/** The results as Markdown tables. */
import type { FullSyncMeasure, FullSyncResult } from '../full-sync/full-sync-bench.ts';
import { type Spread, spreadOf } from '../measure/statistics.ts';

const TOOL_TITLES = { native: '`REPLICAOF`', pipe: '`redis-cli --pipe`', godwit: 'Godwit' } as const;

export function fullSyncTable({ runs }: FullSyncResult): string {
  const nativeMs = spreadOf(runs.get('native')!.map(({ wallMs }) => wallMs)).median;
  const rows = [...runs].flatMap(([name, measures]) => {
    const main = measureRow(TOOL_TITLES[name], 'wallMs', measures, nativeMs);
    return name === 'godwit' ? [main, measureRow('Godwit, from the first byte of the snapshot to the last key', 'dataMs', measures, nativeMs)] : [main];
  });
  return table(['', 'wall s: median (min to max)', 'to native', 'tool CPU s', 'peak RSS MB', 'source CPU s', 'target CPU s'], rows);
}

function measureRow(title: string, wall: 'wallMs' | 'dataMs', measures: readonly FullSyncMeasure[], nativeMs: number): string[] {
  const walls = spreadOf(measures.map((measure) => measure[wall]!));
  const whole = wall === 'wallMs';
  const median = (pick: (measure: FullSyncMeasure) => number | null, unit: number, digits: number): string => {
    const values = measures.map(pick).filter((value) => value !== null);
    return whole && values.length > 0 ? (spreadOf(values).median / unit).toFixed(digits) : '';
  };
  return [
    title,
    spreadText(walls, 1_000),
    (walls.median / nativeMs).toFixed(2),
    median(({ toolCpuMs }) => toolCpuMs, 1_000, 2),
    median(({ rssBytesMax }) => rssBytesMax, 1e6, 0),
    median(({ sourceCpuMs }) => sourceCpuMs, 1_000, 2),
    median(({ targetCpuMs }) => targetCpuMs, 1_000, 2),
  ];
}

/** `2.13 (2.10 to 2.20)` */
function spreadText({ median, min, max }: Spread, unit: number, digits = 2): string {
  const text = (value: number): string => (value / unit).toFixed(digits);
  return `${text(median)} (${text(min)} to ${text(max)})`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
