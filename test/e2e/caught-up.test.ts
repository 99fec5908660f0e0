/** --stop-when-lag-below must not be answered by what was heard of another life of the source, or before anything was heard. */
import { afterEach, expect, test } from 'vitest';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

let scene: SyncScene;

afterEach(() => scene.close());

async function writeKeys(prefix: string, count: number): Promise<void> {
  const pipeline = scene.source.client().pipeline();
  for (let i = 0; i < count; i++) pipeline.set(`${prefix}:${i}`, `value ${i}`);
  await pipeline.exec();
}

test('a resume at offset 0 ends only when what came meanwhile is applied', async () => {
  scene = await openScene({ source: { args: ['--repl-backlog-size', '64mb'] } });
  await writeKeys('first', 3);
  const first = scene.godwit();
  await first.waitForPhase('incremental-sync');
  await first.stop();
  await writeKeys('later', 20_000);
  const second = scene.godwit('--stop-when-lag-below', '1kb');
  expect((await second.exit).code).toBe(0);
  expect(await scene.differences()).toEqual([]);
});

test('a source that came back with other data is not taken for one that was caught up with', async () => {
  scene = await openScene();
  await writeKeys('first', 5_000);
  const first = scene.godwit();
  await first.waitForPhase('incremental-sync');
  await writeKeys('later', 5_000);
  await first.waitForLagZero(scene.source);
  await first.stop();
  await scene.source.kill();
  await scene.source.restart();
  await scene.source.client().flushall();
  await writeKeys('anew', 50);
  const second = scene.godwit('--stop-when-lag-below', '1kb');
  expect((await second.exit).code).toBe(0);
  expect(await scene.differences()).toEqual([]);
});
