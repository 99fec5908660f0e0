/**
 * `npm run matrix`: every pair of source and target among all versions, from file, live snapshot and stream, with data of every type and encoding that the
 * source has. What the target can hold is compared completely; what it cannot has to be named in the report, and nothing else.
 *
 *   npm run matrix -- --sources redis-8.0,valkey-9.1 --targets redis-6.0        some of them
 *
 * Exit code 1 when something differs.
 */
import { parseArgs } from 'node:util';
import { type ServerName, SERVER_CATALOGUE } from '../../scripts/servers.ts';
import { startServer } from '../support/server.ts';
import { writeMatrixData } from './matrix/matrix-data.ts';
import { runPair, type WayResult } from './matrix/matrix-run.ts';
import { matrixTables } from './matrix/matrix-table.ts';

const NAMES = SERVER_CATALOGUE.map(({ name }) => name).filter((name) => name !== 'redis');
const COMPLAINTS_MAX = 12;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { sources: { type: 'string', default: NAMES.join() }, targets: { type: 'string', default: NAMES.join() } } });
  const [sources, targets] = [values.sources, values.targets].map((text) => text.split(',') as ServerName[]);
  const started = performance.now();
  const results: WayResult[] = [];
  for (const name of sources) {
    await using server = await startServer({ server: name });
    await writeMatrixData(server, true);
    for (const target of targets) {
      const ofPair = await runPair({ name, server }, target);
      results.push(...ofPair);
      for (const result of ofPair) console.log(lineOf(result));
    }
  }
  console.log(`\n${matrixTables(results)}\n\ncells: keys of database 0, left out / degraded, all of them named in the report`);
  const failed = results.filter(({ complaints }) => complaints.length > 0).length;
  console.log(`${results.length - failed} of ${results.length} equal, ${failed} failed, in ${((performance.now() - started) / 1_000).toFixed(0)} s`);
  return failed > 0 ? 1 : 0;
}

function lineOf({ source, target, way, keys, leftOut, degraded, seconds, complaints }: WayResult): string {
  const verdict = complaints.length === 0 ? 'equal ' : 'FAILED';
  const head = `${verdict} ${source} to ${target}, ${way}: ${keys} keys, ${leftOut} left out, ${degraded} degraded, ${seconds.toFixed(1)} s`;
  return [head, ...complaints.slice(0, COMPLAINTS_MAX).map((complaint) => `       ! ${complaint}`)].join('\n');
}

process.exit(await main());
