/** Keys that live on at the source because somebody renews them, while the target is behind by more than they had left to live. */
import { afterEach, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { startGodwit } from '../support/godwit-process.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

let scene: SyncScene;
let proxy: FaultProxy;

afterEach(async () => {
  proxy.close();
  await scene.close();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test.each([
  ['EXPIRE', ['PEXPIRE', 'session', '700']],
  ['PERSIST', ['PERSIST', 'session']],
])('a key that is renewed by %s while the target is away is there when it is back', async (_, renew) => {
  scene = await openScene();
  proxy = await startFaultProxy(scene.target);
  const client = scene.source.client();
  const godwit = startGodwit({ source: scene.source.url, target: proxy.url, spoolDir: scene.spoolDir });
  try {
    await godwit.waitForPhase('incremental-sync');
    proxy.stall();
    await client.set('session', 'user 1', 'PX', 700);
    for (let i = 0; i < 4; i++) {
      await pause(300);
      await client.call(...(renew as [string, ...string[]]));
    }
    await client.persist('session');
    proxy.resume();
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
  } finally {
    await godwit.kill();
  }
});
