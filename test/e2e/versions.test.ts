/**
 * Every version as source and as target, in all directions, downgrades and changes of the vendor too: data of every type ends equal, as far as the target can hold it, whether it
 * comes from a file, a snapshot, or the stream. `npm run matrix` is the long form.
 */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startGodwit } from '../support/godwit-process.ts';
import { loadRichData } from '../support/rich-data.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

let scene: SyncScene;

afterEach(() => scene.close());

const SERVERS = ['redis-6.0', 'redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9.1'] as const;
const PAIRS = SERVERS.flatMap((source) => SERVERS.map((target) => [source, target] as const));
/** Sources with something that the target cannot hold: field expiry, counters of streams, functions. */
const LOSSES: Readonly<Record<string, readonly string[]>> = {
  'redis-6.0': [],
  'redis-7.0': ['redis-6.0'],
  'redis-8.0': ['redis-6.0', 'redis-7.0', 'valkey-8.1'],
  'valkey-8.1': ['redis-6.0', 'redis-7.0'],
  'valkey-9.1': ['redis-6.0', 'redis-7.0', 'valkey-8.1'],
};

/** Consumers who only ever read with NOACK or nothing: no command of the stream tells of them, a replica of the source's own version lacks them too. And the sign of -0, which small
 * sorted sets of newer servers do not keep. */
const NOT_IN_THE_STREAM = [/"stream:groups".*consumers:/, /"zset:listpack": value: element \d+: \["[^"]*",0\] \| \["[^"]*",0\]/];

test.each(PAIRS)('%s to %s', { timeout: 60_000 }, async (source, target) => {
  scene = await openScene({ source: { server: source }, target: { server: target } });
  await loadRichData(scene.source, { bigElements: 500 });
  const loses = LOSSES[source].includes(target);
  const policy = loses ? ['--on-unsupported', 'degrade'] : [];
  // Redis 6.0 tells only how long a key has left, by a clock that runs while it is asked; and it sends relative times.
  const inexact = [source, target].includes('redis-6.0');
  await scene.source.client().save();
  const load = startGodwit({ file: join(scene.source.dir, 'dump.rdb'), target: scene.targetUrl, spoolDir: scene.spoolDir, args: policy });
  expect(await load.exit).toMatchObject({ code: 0 });
  expect(await scene.differences(inexact ? { ttlToleranceMs: 100 } : {})).toEqual([]);
  await scene.target.client().flushall();
  if (scene.target.atLeast(7)) await scene.target.client().call('FUNCTION', 'FLUSH');
  const godwit = scene.godwit(...policy);
  await godwit.waitForPhase('incremental-sync');
  await scene.source.client().incr('after');
  const { conversion } = await godwit.waitForLagZero(scene.source);
  expect(conversion.degraded + conversion.skipped > 0).toBe(loses);
  expect(await scene.differences(inexact ? { ttlToleranceMs: 100 } : {})).toEqual([]);
  // The same once more as commands of the stream.
  await scene.source.client().flushall();
  await loadRichData(scene.source, { bigElements: 500 });
  await godwit.waitForLagZero(scene.source);
  const differences = await scene.differences(inexact ? { ttlToleranceMs: 1_000 } : {});
  expect(differences.filter((line) => !NOT_IN_THE_STREAM.some((what) => what.test(line)))).toEqual([]);
});
