/** Every version as source and as target, in all directions, downgrades and changes of the vendor too: data of every type ends equal, as far as the target can hold it. */
import { afterEach, expect, test } from 'vitest';
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

test.each(PAIRS)('%s to %s', { timeout: 60_000 }, async (source, target) => {
  scene = await openScene({ source: { server: source }, target: { server: target } });
  await loadRichData(scene.source, { bigElements: 500 });
  const loses = LOSSES[source].includes(target);
  const godwit = scene.godwit(...(loses ? ['--on-unsupported', 'degrade'] : []));
  await godwit.waitForPhase('incremental-sync');
  await scene.source.client().incr('after');
  const { conversion } = await godwit.waitForLagZero(scene.source);
  expect(conversion.degraded + conversion.skipped > 0).toBe(loses);
  expect(await scene.differences()).toEqual([]);
});
