/**
 * A connection that Godwit has given up is not gone for the target: what was under way on it can arrive after what is sent on the next one. It may not be
 * carried out any more then, be it a transaction or commands that could be sent twice.
 */
import { afterEach, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';
import { waitFor } from '../support/wait-for.ts';

const KEYS = 200;

let scene: SyncScene;
let proxy: FaultProxy;
let godwit: GodwitProcess;

afterEach(async () => {
  await godwit.kill();
  proxy.close();
  await scene.close();
});

async function writeAll(value: string): Promise<void> {
  const pipeline = scene.source.client().pipeline();
  for (let i = 0; i < KEYS; i++) pipeline.set(`key:${i}`, value.repeat(50));
  await pipeline.exec();
}

async function begin(): Promise<void> {
  scene = await openScene();
  proxy = await startFaultProxy(scene.target);
  godwit = startGodwit({
    source: scene.source.url,
    target: proxy.url,
    spoolDir: scene.spoolDir,
    args: ['--keepalive-interval', '300ms', '--keepalive-dead-after', '1s', '--reconnect-delay-max', '200ms'],
  });
  await godwit.waitForPhase('incremental-sync');
}

test('commands that arrive late over a lost connection do not undo what came after them', async () => {
  await begin();
  for (let round = 0; round < 2; round++) {
    await writeAll(`before ${round} `);
    await godwit.waitForLagZero(scene.source);
    proxy.detain();
    const { accepted } = proxy;
    await writeAll(`old ${round} `);
    await proxy.connectionCount(accepted + 1);
    await writeAll(`new ${round} `);
    await godwit.waitForLagZero(scene.source);
    proxy.release();
    await proxy.quiet();
    expect(await scene.differences()).toEqual([]);
  }
});

test('commands whose answers were lost are sent again, also in one transaction with what came after them', async () => {
  await begin();
  const [source, target] = [scene.source.client(), scene.target.client()];
  proxy.swallowReplies(true);
  await source.xadd('stream', '1-1', 'field', 'value');
  await waitFor('the entry at the target', () => target.exists('stream'));
  await source.incr('counter');
  proxy.swallowReplies(false);
  await godwit.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
});
