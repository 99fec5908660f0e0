/** Every version as source and as target, within a vendor, to the same or a newer one: data of every type ends equal. */
import { afterEach, expect, test } from 'vitest';
import { loadRichData } from '../support/rich-data.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

let scene: SyncScene;

afterEach(() => scene.close());

test.each([
  ['redis-6.0', 'redis-6.0'],
  ['redis-6.0', 'redis-8.0'],
  ['redis-7.0', 'redis-8.0'],
  ['redis-8.0', 'redis-8.0'],
  ['valkey-8.1', 'valkey-8.1'],
  ['valkey-8.1', 'valkey-9.1'],
  ['valkey-9.1', 'valkey-9.1'],
] as const)('%s to %s', { timeout: 60_000 }, async (source, target) => {
  scene = await openScene({ source: { server: source }, target: { server: target } });
  await loadRichData(scene.source, { bigElements: 500 });
  const godwit = scene.godwit();
  await godwit.waitForPhase('incremental-sync');
  await scene.source.client().incr('after');
  await godwit.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
});
