/** The results of the matrix: for each way a table of sources by targets, and what was wrong. */
import { WAYS, type WayResult } from './matrix-run.ts';

const WIDTH = 14;

/** Cells: keys compared, then what was left out and degraded; FAILED where something differs. */
export function matrixTables(results: readonly WayResult[]): string {
  const targets = [...new Set(results.map(({ target }) => target))];
  const sources = [...new Set(results.map(({ source }) => source))];
  return WAYS.map((way) => {
    const head = `${way.padEnd(WIDTH)}${targets.map((target) => target.padEnd(WIDTH)).join('')}`;
    const rows = sources.map((source) => {
      const cells = targets.map((target) => cellOf(results.find((one) => one.way === way && one.source === source && one.target === target)));
      return `${source.padEnd(WIDTH)}${cells.map((cell) => cell.padEnd(WIDTH)).join('')}`;
    });
    return [head, ...rows].join('\n');
  }).join('\n\n');
}

function cellOf(result: WayResult | undefined): string {
  if (result === undefined) return '-';
  const { keys, leftOut, degraded, complaints } = result;
  return complaints.length > 0 ? `FAILED (${complaints.length})` : `${keys} ${leftOut}/${degraded}`;
}
