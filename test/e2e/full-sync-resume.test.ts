/** kill -9 of Godwit in the middle of the full sync: before the snapshot is received whole, and after. */
import { afterEach, describe, expect, test } from 'vitest';
import { loadRichData } from '../support/rich-data.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

const KEYS = 3_000;

let scene: SyncScene;

afterEach(() => scene.close());

async function open(): Promise<void> {
  scene = await openScene({ source: { args: { 'rdb-key-save-delay': 500, 'repl-diskless-sync': 'yes', 'repl-backlog-size': '64mb' } } });
  await loadRichData(scene.source, { bigElements: 500 });
  const pipeline = scene.source.client().pipeline();
  for (let i = 0; i < KEYS; i++) pipeline.set(`k${i}`, `${i}`.padEnd(600, '.'));
  // Larger than any window: measured and sent in pieces.
  pipeline.append('large', 'x'.repeat(3_000_000));
  for (let i = 0; i < 60_000; i++) pipeline.hset('large-hash', `field-${i}`, `value-${i}`);
  await pipeline.exec();
}

describe('a full sync that is killed', { timeout: 60_000 }, () => {
  test('begins anew with another snapshot, of the same id and offset, when the first was not received whole', async () => {
    await open();
    const first = scene.godwit();
    await first.waitForStatus('some keys', ({ phase, fullSync }) => phase === 'full-sync' && fullSync.keysApplied > 100);
    await first.kill();
    await scene.source.client().del('k0', 'k1', 'k2');
    const second = scene.godwit();
    await second.waitForPhase('incremental-sync', { timeoutMs: 30_000 });
    await scene.source.client().incr('after');
    await second.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
    expect(await scene.sourceCounter('sync_full')).toBe(2);
  });

  test('goes on from the spool, without another BGSAVE, when the snapshot was received whole', async () => {
    await open();
    const first = scene.godwit();
    await first.waitForStatus('some keys', ({ phase, fullSync }) => phase === 'full-sync' && fullSync.keysApplied > 100);
    scene.target.suspend();
    // The next run believes the snapshot when its end is written down, a moment after it has come.
    await first.waitForStatus('the whole snapshot', ({ connections }) => connections.some(({ state }) => state === 'streaming'));
    await scene.source.client().incr('meanwhile');
    await first.kill();
    scene.target.resume();
    const second = scene.godwit();
    await second.waitForPhase('incremental-sync', { timeoutMs: 30_000 });
    await scene.source.client().incr('after');
    await second.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
    expect(await scene.sourceCounter('sync_full')).toBe(1);
  });
});
