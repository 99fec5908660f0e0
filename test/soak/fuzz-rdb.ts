/**
 * `npm run fuzz -- [cases] [seed]`: damages snapshots and decodes all their values (test/support/rdb/fuzz-case.ts says what must hold). Prints what
 * became of them, and ends with 1 at the first thing that does not hold, with the seed and the number of the case to see it again.
 */
import { FuzzRun } from '../support/rdb/fuzz-case.ts';
import { damage, fuzzFiles } from '../support/rdb/fuzz-files.ts';
import { Seeded } from '../support/rdb/seeded.ts';

const CASES = 50_000;
const REPORT_EACH = 5000;
const MEBI = 1024 * 1024;
/** What decoding may hold, garbage included: files of 80 KB need no more. */
const GROWTH_BYTES_MAX = 400 * MEBI;

const [cases = String(CASES), seed] = process.argv.slice(2);
const random = seed === undefined ? new Seeded() : new Seeded(Number(seed));
const files = fuzzFiles();
const run = new FuzzRun();
const counts = new Map<string, number>();
const count = (what: string, by = 1): void => void counts.set(what, (counts.get(what) ?? 0) + by);
const memoryBytes = (): number => process.memoryUsage().rss;

for (const { name, bytes } of files) {
  const { file, refused } = run.run(bytes);
  if (file !== 'end mark' || refused.length > 0) throw new Error(`${name} is damaged before anything was done to it: ${file}, ${refused.join()}`);
}

const began = performance.now();
const memoryAtBegin = memoryBytes();
let memoryMax = memoryAtBegin;
let slowestMs = 0;
console.log(`seed ${random.seed}, ${cases} cases of ${files.length} files`);
for (let index = 0; index < Number(cases); index++) {
  const file = files[index % files.length];
  const { bytes, mutation } = damage(file, random);
  try {
    const outcome = run.run(bytes);
    count(`file: ${outcome.file}`);
    count('values decoded', outcome.decoded);
    for (const code of outcome.refused) count(`values refused: ${code}`);
    if (outcome.file === 'end mark' && outcome.refused.length === 0) count(`no error after: ${mutation}`);
    slowestMs = Math.max(slowestMs, outcome.ms);
  } catch (error) {
    console.error(`seed ${random.seed}, case ${index}: ${mutation} of ${file.name}`, error);
    process.exit(1);
  }
  if (index % 100 === 0) memoryMax = Math.max(memoryMax, memoryBytes());
  if (memoryMax - memoryAtBegin > GROWTH_BYTES_MAX) throw new Error(`seed ${random.seed}, case ${index}: memory grew to ${Math.round(memoryMax / MEBI)} MiB`);
  if ((index + 1) % REPORT_EACH === 0)
    console.log(`${index + 1} cases, ${Math.round((performance.now() - began) / 1000)} s, ${Math.round(memoryBytes() / MEBI)} MiB`);
}
for (const [what, times] of [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))) console.log(`${String(times).padStart(9)}  ${what}`);
console.log(
  `slowest case ${slowestMs.toFixed(0)} ms; memory ${Math.round(memoryAtBegin / MEBI)} MiB at the begin, ${Math.round(memoryMax / MEBI)} MiB at most`,
);
