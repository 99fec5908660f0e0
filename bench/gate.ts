/**
 * `npm run bench:gate`: measures anew, and fails where a ratio has fallen below 0.85 of what bench/baseline.json holds. Seconds differ from machine to machine, ratios
 * of what is measured by turns hardly do. `-- --write` makes what is measured the baseline, which is to be done on a quiet machine; `-- --only A,live` looks at some.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BenchPart, parseBenchOptions, USAGE } from './bench-options.ts';
import { measure } from './measure-all.ts';
import { type Ratios, ratiosOf } from './report/ratios.ts';

const BASELINE = fileURLToPath(new URL('./baseline.json', import.meta.url));
const LEAST = 0.85;
const PARTS: readonly BenchPart[] = ['A', 'B', 'C', 'live', 'distance'];

async function main(args: readonly string[]): Promise<number> {
  const options = parseBenchOptions(args);
  const parts = PARTS.filter((part) => options.parts.includes(part));
  const found = ratiosOf(await measure({ ...options, parts }));
  const before = existsSync(BASELINE) ? (JSON.parse(readFileSync(BASELINE, 'utf8')) as Ratios) : {};
  let failed = 0;
  for (const [name, ratio] of Object.entries(found)) {
    const share = name in before ? ratio / before[name] : 1;
    if (share < LEAST) failed++;
    console.log(
      `${share < LEAST ? 'FAILED' : 'ok    '} ${name}: ${ratio.toFixed(2)}${name in before ? `, ${share.toFixed(2)} of ${before[name].toFixed(2)}` : ', new'}`,
    );
  }
  const kept = Object.fromEntries(Object.entries({ ...before, ...found }).map(([name, ratio]) => [name, Math.round(ratio * 1_000) / 1_000]));
  if (options.write) writeFileSync(BASELINE, `${JSON.stringify(kept, null, 2)}\n`);
  return options.write || failed === 0 ? 0 : 1;
}

const args = process.argv.slice(2);
// Without a flag the bench writes its page; the gate writes nothing unless told.
main(args.length === 0 ? ['--only', PARTS.join(',')] : args).then(
  (code) => process.exit(code),
  (error: Error) => {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(1);
  },
);
