/**
 * `npm run soak:repair`: differences planted at the target of a running sync are mended while counters count, then both sides are verified clean and every counter is exact.
 *
 *   npm run soak:repair -- --keys 10000 --writes 20000 --source redis-7.0 --target valkey-8.1
 */
import { parseArgs } from 'node:util';
import type { ServerName } from '../../scripts/servers.ts';
import type { VerifyResult } from '../../src/pipeline/verify/verify-result.ts';
import { runGodwit } from '../support/run-godwit.ts';
import { openScene } from '../support/sync-scene.ts';
import { CountingLoad } from '../support/verify/counting-load.ts';
import { run } from '../support/verify/planted.ts';
import { waitFor } from '../support/wait-for.ts';

const COUNTERS = 2_000;
const CHUNK = 1_000;
const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '10000' },
    writes: { type: 'string', default: '20000' },
    source: { type: 'string', default: 'redis-7.0' },
    target: { type: 'string', default: 'redis-7.0' },
  },
});

/** What is planted of each key in turn: how it is made at the source, and spoiled at the target. */
const KINDS: readonly ((key: string, i: number) => { readonly make: string[]; readonly spoil: string[] })[] = [
  (key, i) => ({ make: ['SET', key, `value ${i}`], spoil: ['SET', key, 'other'] }),
  (key, i) => ({ make: ['HSET', key, 'f', String(i), 'g', 'x'], spoil: ['HDEL', key, 'g'] }),
  (key, i) => ({ make: ['RPUSH', key, 'a', String(i)], spoil: ['DEL', key] }),
  (key, i) => ({ make: ['ZADD', key, String(i), 'm'], spoil: ['ZINCRBY', key, '0.5', 'm'] }),
  (key) => ({ make: ['SADD', key, 'a', 'b'], spoil: ['PEXPIRE', key, '3600000'] }),
  (key) => ({ make: ['XADD', key, '1-1', 'a', 'b'], spoil: ['XSETID', key, '99-0'] }),
];

async function main(): Promise<void> {
  const scene = await openScene({ source: { server: values.source as ServerName }, target: { server: values.target as ServerName } });
  const planted = Array.from({ length: Number(values.keys) }, (_, i) => KINDS[i % KINDS.length](`planted:${i}`, i));
  const runAll = async (server: typeof scene.source, commands: string[][]): Promise<void> => {
    for (let i = 0; i < commands.length; i += CHUNK) await run(server, commands.slice(i, i + CHUNK));
  };
  await runAll(
    scene.source,
    planted.map(({ make }) => make),
  );
  await scene.godwit().waitForPhase('incremental-sync');
  const load = new CountingLoad(scene.source, { counters: COUNTERS, writesPerSecond: Number(values.writes) });
  const verify = async (...args: string[]): Promise<VerifyResult> => {
    const flags = ['--format', 'json', '--spool-dir', scene.spoolDir, ...args];
    const { stdout, stderr } = await runGodwit(['verify', scene.sourceUrl, scene.targetUrl, ...flags], { timeoutMs: 600_000 });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as VerifyResult;
  };
  const problems: string[] = [];
  let last = '';
  try {
    await waitFor('counting', () => load.writes > 50_000, { timeoutMs: 60_000 });
    await runAll(
      scene.target,
      planted.map(({ spoil }) => spoil),
    );
    await runAll(
      scene.target,
      Array.from({ length: COUNTERS }, (_, i) => ['INCRBY', `counter:${i}`, '1000000']),
    );
    const [startMs, writes] = [performance.now(), load.writes];
    const { counts, repair } = await verify('--repair');
    const seconds = (performance.now() - startMs) / 1000;
    console.log(
      `${seconds.toFixed(1)} s under ${Math.round((load.writes - writes) / seconds)} writes/s: ${counts.differences} keys differed, ${counts.unsettled} not judged`,
    );
    console.log(JSON.stringify({ ...repair, log: repair?.log.length }));
    if (repair?.remaining !== 0) problems.push('some differ still');
    const after = await verify();
    console.log(`then ${after.counts.differences} differ, ${after.counts.unsettled} could not be judged`);
    if (after.differences.some(({ key }) => key.startsWith('planted:'))) problems.push('planted ones among them');
  } finally {
    last = await load.stop();
  }
  try {
    await waitFor('the last write at the target', async () => (await scene.target.client().get('last')) === last, { timeoutMs: 60_000 });
    // What changed at every look was brought as well, and is judged now.
    const end = await verify();
    problems.push(...end.differences.map(({ key }) => `${key} differs at the end`), ...(await load.wrong(scene.target)));
  } finally {
    await scene.close();
  }
  console.log(problems.length === 0 ? `equal, and all ${COUNTERS} counters exact after ${last} writes` : problems.slice(0, 20).join('\n'));
  process.exitCode = problems.length === 0 ? 0 : 1;
}

await main();
