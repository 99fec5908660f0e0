/** `godwit verify --repair`: what differs is brought anew, through the running job or directly, and nothing else is touched. `npm run soak:repair` is the long form. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { ServerName } from '../../scripts/servers.ts';
import type { RepairedKey, VerifyResult } from '../../src/pipeline/verify/verify-result.ts';
import { startCluster } from '../support/cluster.ts';
import { type GodwitRun, runGodwit } from '../support/run-godwit.ts';
import { startServer } from '../support/server.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';
import { CountingLoad } from '../support/verify/counting-load.ts';
import { ALIKE, PLANTED, run } from '../support/verify/planted.ts';
import { waitFor } from '../support/wait-for.ts';

const dir = mkdtempSync(join(tmpdir(), 'godwit-repair-'));
const NO_SPOOL = join(dir, 'no-spool');
let scene: SyncScene | undefined;

afterEach(async () => {
  await scene?.close();
  scene = undefined;
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function verify(source: string, target: string, spoolDir: string, ...args: string[]): Promise<GodwitRun & { result: VerifyResult }> {
  const ended = await runGodwit(['verify', source, target, '--format', 'json', '--settle', '300ms', '--spool-dir', spoolDir, ...args]);
  return { ...ended, result: (ended.stdout === '' ? {} : JSON.parse(ended.stdout)) as VerifyResult };
}

describe.each<[ServerName, ServerName]>([
  ['redis-6.0', 'redis-7.0'],
  ['redis-8.0', 'valkey-9.1'],
])('from %s to %s, at rest', (sourceName, targetName) => {
  test('every planted difference is mended, and told', async () => {
    const [source, target] = await Promise.all([startServer({ server: sourceName }), startServer({ server: targetName })]);
    try {
      const planted = PLANTED.filter(({ fields }) => fields !== true || sourceName === 'redis-8.0');
      const data = [...planted, ...ALIKE].flatMap(({ make }) => make);
      await Promise.all([source, target].map((server) => run(server, data)));
      await run(
        target,
        planted.flatMap(({ spoil }) => spoil),
      );
      const log = join(dir, `${sourceName}.jsonl`);
      const dry = await verify(source.url, target.url, NO_SPOOL, '--repair', '--dry-run');
      expect([dry.code, dry.result.repair?.how, dry.result.repair?.log.length]).toEqual([8, 'dry-run', planted.length]);
      const few = await verify(source.url, target.url, NO_SPOOL, '--repair', '--repair-max', '10');
      expect([few.code, few.result.repair?.how, few.stderr]).toEqual([8, 'refused', expect.stringContaining('more than 10 keys differ')]);
      const { code, result } = await verify(source.url, target.url, NO_SPOOL, '--repair', '--repair-log', log);
      const left = result.repair?.log.filter(({ outcome }) => outcome !== 'brought' && outcome !== 'removed');
      expect([left, result.repair]).toEqual([[], expect.objectContaining({ how: 'direct', remaining: 0 })]);
      expect([code, result.counts.differences]).toEqual([0, planted.length]);
      const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
      const told = lines.map((line) => JSON.parse(line) as RepairedKey);
      expect(told.length).toBe(planted.length);
      expect(told.find(({ key }) => key === 'planted:one byte')).toMatchObject({ source: '"abcdef"', target: '"abcDef"', outcome: 'brought' });
      expect(told.find(({ key }) => key === 'planted:extra')).toMatchObject({ outcome: 'removed' });
      expect((await verify(source.url, target.url, NO_SPOOL)).code).toBe(0);
    } finally {
      await Promise.all([source.stop(), target.stop()]);
    }
  });
});

describe('while a sync goes on', () => {
  test('thousands of keys are mended under counters that stay exact', async () => {
    const open = await openScene();
    scene = open;
    const names = Array.from({ length: 2_000 }, (_, i) => `key:${i}`);
    await run(
      open.source,
      names.flatMap((name, i) => [['HSET', name, 'f', `value ${i}`]]),
    );
    await open.godwit().waitForPhase('incremental-sync');
    const load = new CountingLoad(open.source, { counters: 300, writesPerSecond: 8_000 });
    let last = '';
    try {
      await waitFor('counting', () => load.writes > 10_000, { timeoutMs: 20_000 });
      await run(
        open.target,
        names.map((name, i) => (i % 2 === 0 ? ['DEL', name] : ['HSET', name, 'f', 'other'])),
      );
      await run(
        open.target,
        Array.from({ length: 300 }, (_, i) => ['INCRBY', `counter:${i}`, 1_000_000]),
      );
      const { code, result, stderr } = await verify(open.sourceUrl, open.targetUrl, open.spoolDir, '--repair');
      expect({ code, repair: { ...result.repair, log: [] }, stderr }).toMatchObject({ code: 0, repair: { how: 'job', remaining: 0 } });
      expect(result.repair?.counts.brought).toBeGreaterThanOrEqual(2_000);
    } finally {
      last = await load.stop();
    }
    await waitFor('the last write at the target', async () => (await open.target.client().get('last')) === last);
    // Counters that were written at each look could not be judged, and were brought all the same.
    expect(await load.wrong(open.target)).toEqual([]);
    expect(await open.differences()).toEqual([]);
  });

  test('keys are mended by the rules of the job', async () => {
    const open = await openScene();
    scene = open;
    const config = join(dir, 'godwit.toml');
    writeFileSync(
      config,
      `[source]\nurl = "${open.sourceUrl}"\n[target]\nurl = "${open.targetUrl}"\n[filter]\nblock_key_prefix = ["tmp:"]\n` +
        `[transform]\nrename = ["prefix:user:=>app:"]\ndb_map = "2=5"\n[spool]\ndir = "${open.spoolDir}"\n`,
    );
    await run(open.source, [...Array.from({ length: 50 }, (_, i) => ['RPUSH', `user:${i}`, 'a', String(i)]), ['SET', 'tmp:1', 'x']], 2);
    const godwit = open.godwit('--config', config);
    await godwit.waitForPhase('incremental-sync');
    const spoil = [
      ['DEL', 'app:1'],
      ['LPUSH', 'app:2', 'more'],
      ['SET', 'app:3000', 'stranger'],
    ];
    await run(open.target, spoil, 5);
    const check = async (): Promise<GodwitRun> => runGodwit(['verify', '--config', config, '--repair', '--format', 'json', '--settle', '300ms']);
    const through = await check();
    expect([through.code, JSON.parse(through.stdout)]).toEqual([0, expect.objectContaining({ repair: expect.objectContaining({ how: 'job', remaining: 0 }) })]);
    await godwit.stop();
    await run(open.target, spoil, 5);
    const past = await check();
    expect([past.code, past.stderr]).toEqual([8, expect.stringContaining('no job answers')]);
    expect((await runGodwit(['sync', '--config', config, '--finish', '--yes', '--log-format', 'json'])).code).toBe(0);
    const direct = await check();
    expect([direct.code, JSON.parse(direct.stdout)]).toEqual([
      0,
      expect.objectContaining({ repair: expect.objectContaining({ how: 'direct', remaining: 0 }) }),
    ]);
    expect(existsSync(config)).toBe(true);
  });
});

test('a cluster is mended slot by slot', async () => {
  const [cluster, single] = await Promise.all([startCluster({ shards: 2 }), startServer({ server: 'redis-7.0' })]);
  try {
    const data = Array.from({ length: 300 }, (_, i) => ['SADD', `key:${i}`, 'a', String(i)]);
    await run(single, data);
    const client = cluster.client();
    for (let i = 0; i < 200; i++) await client.sadd(`key:${i}`, 'a', String(i), ...(i % 2 === 0 ? ['more'] : []));
    await client.set('stranger', '1');
    const { code, result } = await verify(single.url, cluster.url(), NO_SPOOL, '--repair');
    expect([code, result.repair?.counts]).toEqual([0, { brought: 200, removed: 1 }]);
    await client.del('key:7');
    expect((await verify(cluster.url(), single.url, NO_SPOOL, '--repair')).result.repair?.counts).toEqual({ removed: 1 });
  } finally {
    await Promise.all([cluster.stop(), single.stop()]);
  }
});
