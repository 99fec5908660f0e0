/** The flags of `npm run bench -- ...`. */
import { parseArgs } from 'node:util';
import { SET_NAMES, type SetName } from './data/data-sets.ts';

export type BenchPart = SetName | 'start' | 'live' | 'latency' | 'cluster' | 'distance';

const BENCH_PARTS: readonly BenchPart[] = [...SET_NAMES, 'start', 'live', 'latency', 'cluster', 'distance'];

export interface BenchOptions {
  readonly parts: readonly BenchPart[];
  /** Of all parts; null: each part's own number. */
  readonly runs: number | null;
  /** 1 is the whole data set. */
  readonly size: number;
  /** The page goes to bench/RESULTS.md, and not only to the terminal. */
  readonly write: boolean;
}

export const USAGE = `usage: npm run bench -- [--only ${BENCH_PARTS.join(',')}] [--runs N] [--size 0.1] [--write]\nbench/RESULTS.md is written with --write, or when no flag is given`;

/** @throws Error that says which flag is wrong */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...args], options: { only: text, runs: text, size: text, write: { type: 'boolean' } } });
  const parts = values.only === undefined ? BENCH_PARTS : values.only.split(',').map(partNamed);
  const runs = values.runs === undefined ? null : Number(values.runs);
  if (runs !== null && !(Number.isInteger(runs) && runs > 0)) throw new Error(`--runs takes a whole number, not '${values.runs}'`);
  const size = Number(values.size ?? 1);
  if (!(size > 0 && size <= 1)) throw new Error(`--size takes a number above 0 and up to 1, not '${values.size}'`);
  return { parts, runs, size, write: values.write ?? args.length === 0 };
}

function partNamed(name: string): BenchPart {
  const part = BENCH_PARTS.find((known) => known === name);
  if (part) return part;
  throw new Error(`no part of the bench is called '${name}'; known: ${BENCH_PARTS.join(', ')}`);
}
