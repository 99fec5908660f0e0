/** Commands that a source sends to its replicas and that a target does not take from a client as they are. */
import { afterEach, expect, test } from 'vitest';
import { type SyncScene, openScene } from '../support/sync-scene.ts';
import { waitFor } from '../support/wait-for.ts';

let scene: SyncScene;

afterEach(() => scene.close());

test('an XADD that trims about and within a limit reaches the target', async () => {
  scene = await openScene();
  const client = scene.source.client();
  await client.xadd('stream', '1-1', 'field', 'value');
  const godwit = scene.godwit();
  await godwit.waitForPhase('incremental-sync');
  await client.call('XADD', 'stream', 'MAXLEN', '~', '1000', 'LIMIT', '10', '2-1', 'field', 'value');
  await godwit.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
});

test('a refused command ends the job at once, also when the source is quiet behind it', async () => {
  scene = await openScene();
  const godwit = scene.godwit();
  await godwit.waitForPhase('incremental-sync');
  await scene.target.client().set('key', 'of another type');
  await scene.source.client().lpush('key', 'element');
  expect(await Promise.race([godwit.exit, new Promise((resolve) => setTimeout(resolve, 2_000, 'still running'))])).toMatchObject({ code: 4 });
});

test('a key that was renewed before it expired survives a stream that is applied after the first time has passed', async () => {
  scene = await openScene({ source: { args: ['--repl-backlog-size', '16mb'] } });
  const client = scene.source.client();
  const first = scene.godwit();
  await first.waitForPhase('incremental-sync');
  await first.stop();
  await client.set('counter', '5', 'PX', 400);
  await client.incr('counter');
  await client.pexpire('counter', 3_600_000);
  await client.set('session', 'a', 'PX', 400);
  await client.append('session', 'b');
  await client.persist('session');
  await client.set('gone', 'a', 'PX', 1);
  await waitFor('the first times to pass', async () => (await client.pttl('counter')) < 3_600_000 - 500);
  const second = scene.godwit();
  await second.waitForPhase('incremental-sync');
  await second.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
  expect(await scene.target.client().mget('counter', 'session', 'gone')).toEqual(['6', 'ab', null]);
});
