/**
 * `npm run soak:large-values`: a string of 1 GiB and a hash of 20 M small fields pass through `godwit sync` in bounded memory; the hash also to a target with
 * default limits, which does not take it in one payload. Equal by DEBUG DIGEST-VALUE. Exit code 1 when they differ or memory exceeds the bound.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { openScene, type SceneOptions, type SyncScene } from '../support/sync-scene.ts';

const RSS_MAX_BYTES = 300 * 1024 * 1024;
const STRING_BYTES = 1024 * 1024 * 1024;
const FIELDS = 20_000_000;
const PIECE = 8 * 1024 * 1024;
const FIELDS_A_CALL = 200_000;
const FILL = "for i=ARGV[1],ARGV[2] do redis.call('HSET',KEYS[1],'f'..i,string.format('v%014d',i)) end";

const LARGE = ['--proto-max-bulk-len', '2gb', '--client-query-buffer-limit', '2gb'];
const DEBUG = ['--enable-debug-command', 'yes'];

async function fillString(client: Redis): Promise<void> {
  for (let at = 0; at < STRING_BYTES; at += PIECE) await client.setrange('value', at, randomBytes(PIECE));
}

async function fillHash(client: Redis): Promise<void> {
  for (let from = 0; from < FIELDS; from += FIELDS_A_CALL) await client.eval(FILL, 1, 'value', from, from + FIELDS_A_CALL - 1);
}

function peakRssBytes(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
  } catch {
    return 0;
  }
}

async function pass(scene: SyncScene): Promise<{ seconds: number; rssBytes: number; equal: boolean }> {
  const startedAt = performance.now();
  const godwit = scene.godwit('--stop-after', 'full-sync');
  let rssBytes = 0;
  const poll = setInterval(() => (rssBytes = Math.max(rssBytes, peakRssBytes(godwit.pid))), 100);
  const { code, stderr } = await godwit.exit;
  clearInterval(poll);
  const seconds = (performance.now() - startedAt) / 1000;
  if (code !== 0) throw new Error(`godwit ended with ${code}: ${stderr}`);
  const [left, right] = await Promise.all([scene.source, scene.target].map((server) => server.client().call('DEBUG', 'DIGEST-VALUE', 'value')));
  return { seconds, rssBytes, equal: JSON.stringify(left) === JSON.stringify(right) };
}

const CASES: ReadonlyArray<readonly [name: string, fill: (client: Redis) => Promise<void>, target: readonly string[]]> = [
  ['string of 1 GiB', fillString, LARGE],
  ['hash of 20 M fields', fillHash, LARGE],
  ['hash of 20 M fields, target with default limits', fillHash, []],
];

let failed = 0;
const only = process.argv[2] ?? '';
for (const [name, fill, limits] of CASES.filter(([caseName]) => caseName.includes(only))) {
  const options: SceneOptions = { source: { args: [...LARGE, ...DEBUG, '--repl-timeout', '600'] }, target: { args: [...limits, ...DEBUG] } };
  const scene = await openScene(options);
  try {
    await fill(scene.source.client());
    const { seconds, rssBytes, equal } = await pass(scene);
    const ok = equal && rssBytes < RSS_MAX_BYTES;
    if (!ok) failed++;
    console.log(
      `${ok ? 'ok  ' : 'FAIL'} ${name}: ${seconds.toFixed(1)} s, peak RSS ${(rssBytes / 1024 / 1024).toFixed(0)} MiB, ${equal ? 'equal' : 'NOT EQUAL'}`,
    );
  } finally {
    await scene.close();
  }
}
process.exit(failed === 0 ? 0 : 1);
