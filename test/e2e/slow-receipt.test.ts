/** A source whose bytes come in small pieces, cut anywhere: nothing may be taken for whole that is not, and nothing may be waited for in a way that keeps it out. */
import { afterEach, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { startGodwit } from '../support/godwit-process.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

const FIELDS = 9_000;
/** So long that a value's length takes two bytes in the snapshot, and all of them together are larger than any window. */
const VALUE = 'v'.repeat(100);

let scene: SyncScene;
let proxy: FaultProxy;

afterEach(async () => {
  proxy.close();
  await scene.close();
});

test('a value larger than the window is measured while its last bytes are still on their way', async () => {
  scene = await openScene({ source: { args: { rdbcompression: 'no' } } });
  const client = scene.source.client();
  const pipeline = client.pipeline();
  for (let i = 0; i < FIELDS; i++) pipeline.hset('large', `field-${i}`, VALUE);
  await pipeline.exec();
  proxy = await startFaultProxy(scene.source);
  proxy.trickle(499);
  const godwit = startGodwit({ source: proxy.url, target: scene.target.url, spoolDir: scene.spoolDir });
  try {
    await godwit.waitForPhase('incremental-sync');
    proxy.trickle(0);
    await client.incr('after');
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
  } finally {
    await godwit.kill();
  }
});
