/** Commands that a source sends to its replicas and that a target does not take from a client as they are. */
import { afterEach, expect, test } from 'vitest';
import { type SyncScene, openScene } from '../support/sync-scene.ts';

let scene: SyncScene;

afterEach(() => scene.close());

test.fails('an XADD that trims about and within a limit reaches the target (pipeline/ does not ask src/command/rewrite yet)', async () => {
  scene = await openScene();
  const client = scene.source.client();
  await client.xadd('stream', '1-1', 'field', 'value');
  const godwit = scene.godwit();
  await godwit.waitForPhase('incremental-sync');
  await client.call('XADD', 'stream', 'MAXLEN', '~', '1000', 'LIMIT', '10', '2-1', 'field', 'value');
  await godwit.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
});

test.fails('a refused command ends the job at once, also when the source is quiet behind it (applier.ts waits for the log alone)', async () => {
  scene = await openScene();
  const godwit = scene.godwit();
  await godwit.waitForPhase('incremental-sync');
  await scene.target.client().set('key', 'of another type');
  await scene.source.client().lpush('key', 'element');
  await godwit.waitForLagZero(scene.source);
  expect(await Promise.race([godwit.exit, new Promise((resolve) => setTimeout(resolve, 2_000, 'still running'))])).toMatchObject({ code: 4 });
});
