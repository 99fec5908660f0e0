/**
 * `npm run bench`: how long Godwit takes, beside what the servers do by themselves, all by turns in one session on this machine. Everything that it
 * starts has ended when it ends; what it keeps is under `.cache/bench/`.
 */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { USAGE, parseBenchOptions } from './bench-options.ts';
import { measure } from './measure-all.ts';
import { resultsPage } from './report/results-page.ts';

const RESULTS = fileURLToPath(new URL('./RESULTS.md', import.meta.url));

async function main(args: readonly string[]): Promise<void> {
  const options = parseBenchOptions(args);
  const session = { size: options.size, loadBefore: loadavg()[0] };
  const page = await resultsPage(await measure(options), session);
  console.log(`\n${page}`);
  if (options.write) writeFileSync(RESULTS, page);
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: Error) => {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(1);
  },
);
