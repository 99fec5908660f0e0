/**
 * `npm run soak:verify`: a live pair under load with expiry, verified again and again. Every difference that is reported is a false alarm; now and then one is
 * planted, which has to be found.
 *
 *   npm run soak:verify -- --runs 20 --writes 20000 --source redis-7.0 --target valkey-8.1
 */
import { parseArgs } from 'node:util';
import type { ServerName } from '../../scripts/servers.ts';
import type { VerifyResult } from '../../src/pipeline/verify/verify-result.ts';
import { runGodwit } from '../support/run-godwit.ts';
import { openScene } from '../support/sync-scene.ts';
import { ExpiringLoad } from '../support/verify/expiring-load.ts';
import { run } from '../support/verify/planted.ts';
import { waitFor } from '../support/wait-for.ts';

const PLANT_EVERY = 5;
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    writes: { type: 'string', default: '20000' },
    source: { type: 'string', default: 'redis-7.0' },
    target: { type: 'string', default: 'redis-7.0' },
  },
});

async function main(): Promise<void> {
  const scene = await openScene({ source: { server: values.source as ServerName }, target: { server: values.target as ServerName } });
  const godwit = scene.godwit();
  await godwit.waitForPhase('incremental-sync');
  const load = new ExpiringLoad(scene.source, { writesPerSecond: Number(values.writes) });
  let wrong = 0;
  try {
    await waitFor('writes', () => load.writes > 50_000, { timeoutMs: 60_000 });
    for (let i = 1; i <= Number(values.runs); i++) {
      const isPlanted = i % PLANT_EVERY === 0;
      if (isPlanted) await run(scene.target, [['SET', 'planted', String(i)]]);
      const [startMs, writes] = [performance.now(), load.writes];
      const { stdout, stderr } = await runGodwit(['verify', scene.sourceUrl, scene.targetUrl, '--format', 'json'], { timeoutMs: 300_000 });
      if (stdout === '') throw new Error(stderr);
      const { counts, differences, unsettled } = JSON.parse(stdout) as VerifyResult;
      const seconds = (performance.now() - startMs) / 1000;
      const isRight = differences.length === (isPlanted ? 1 : 0) && differences.every(({ key }) => key === 'planted');
      if (!isRight) wrong++;
      const rate = Math.round((load.writes - writes) / seconds);
      console.log(
        `${i}: ${isRight ? 'right' : 'WRONG'}, ${seconds.toFixed(1)} s under ${rate} writes/s, ${counts.sourceKeys} keys, ${counts.settled} differed for a moment, ${unsettled.length} not judged`,
      );
      if (!isRight) console.log(JSON.stringify(differences.slice(0, 10), null, 1));
      if (isPlanted) await run(scene.target, [['DEL', 'planted']]);
    }
  } finally {
    await load.stop();
    await scene.close();
  }
  console.log(wrong === 0 ? 'no false alarm, and every planted difference was found' : `${wrong} runs were wrong`);
  process.exitCode = wrong === 0 ? 0 : 1;
}

await main();
