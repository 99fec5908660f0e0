/** The flags of `npm run bench -- ...`. */
import { parseArgs } from 'node:util';
import { SET_NAMES, type SetName } from './data/data-sets.ts';

export type BenchPart = SetName | 'live' | 'latency';

const BENCH_PARTS: readonly BenchPart[] = [...SET_NAMES, 'live', 'latency'];

export interface BenchOptions {
  readonly parts: readonly BenchPart[];
  /** Of all parts; null: each part's own number. */
  readonly runs: number | null;
  /** 1 is the whole data set. */
  readonly size: number;
}

export const USAGE = `usage: npm run bench -- [--only ${BENCH_PARTS.join(',')}] [--runs N] [--size 0.1]`;

/** @throws Error that says which flag is wrong */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({ args: [...args], options: { only: { type: 'string' }, runs: { type: 'string' }, size: { type: 'string' } } });
  const parts = values.only === undefined ? BENCH_PARTS : values.only.split(',').map(partNamed);
  const runs = values.runs === undefined ? null : Number(values.runs);
  if (runs !== null && !(Number.isInteger(runs) && runs > 0)) throw new Error(`--runs takes a whole number, not '${values.runs}'`);
  const size = Number(values.size ?? 1);
  if (!(size > 0 && size <= 1)) throw new Error(`--size takes a number above 0 and up to 1, not '${values.size}'`);
  return { parts, runs, size };
}

function partNamed(name: string): BenchPart {
  const part = BENCH_PARTS.find((known) => known === name);
  if (part) return part;
  throw new Error(`no part of the bench is called '${name}'; known: ${BENCH_PARTS.join(', ')}`);
}
