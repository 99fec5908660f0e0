/**
 * `npm run soak`: the case that Godwit exists for, at full length, with real servers. Variants mostly wait, so several run side by side.
 *
 *   npm run soak -- --only "timeout 1" --jobs 4        those whose name has these words; 8 at a time unless told
 *
 * Prints a line for each when it ends, then the table. Exit code 1 when one of them failed.
 */
import { parseArgs } from 'node:util';
import { reportLine, reportTable } from './seed-case/report-table.ts';
import { runVariant, type VariantReport } from './seed-case/variant-run.ts';
import { VARIANTS } from './seed-case/variants.ts';

const { values } = parseArgs({ options: { only: { type: 'string', default: '' }, jobs: { type: 'string', default: '8' } } });
const wanted = VARIANTS.filter(({ name }) => name.includes(values.only));
if (wanted.length === 0) {
  console.error(`no variant has "${values.only}" in its name; there are:\n${VARIANTS.map(({ name }) => `  ${name}`).join('\n')}`);
  process.exit(2);
}

const startedMs = performance.now();
const reports = new Map<string, VariantReport>();
const waiting = [...wanted];
await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, worker));
console.log(`\n${reportTable(wanted.map(({ name }) => reports.get(name) as VariantReport))}`);
const failed = [...reports.values()].filter(({ complaints }) => complaints.length > 0).length;
console.log(`\n${reports.size - failed} passed, ${failed} failed, in ${Math.round((performance.now() - startedMs) / 1_000)} s`);
process.exit(failed > 0 ? 1 : 0);

async function worker(): Promise<void> {
  for (let variant = waiting.shift(); variant; variant = waiting.shift()) {
    const report = await runVariant(variant);
    reports.set(variant.name, report);
    console.log(reportLine(report));
  }
}
