/** A stream in which nothing follows, not even a PING of the source: what becomes of the last change must not wait for the next. */
import { afterEach, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { GodwitProcess } from '../support/godwit-process.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';
import { waitFor } from '../support/wait-for.ts';

const QUIET = { args: { 'repl-ping-replica-period': 3_600 } };
/** Far shorter than the 10 s after which an empty mark is written. */
const SOON_MS = 5_000;

let scene: SyncScene;
let proxy: FaultProxy | undefined;

afterEach(async () => {
  await scene.close();
  proxy?.close();
});

async function follow(...flags: readonly string[]): Promise<GodwitProcess> {
  const godwit = scene.godwit(...flags);
  await godwit.waitForPhase('incremental-sync');
  await scene.source.client().incr('counter');
  await godwit.waitForLagZero(scene.source);
  return godwit;
}

test('a change that was lost with its connection is sent again when the target is back', async () => {
  scene = await openScene({ source: QUIET });
  proxy = await startFaultProxy({ port: scene.target.port });
  scene.targetUrl = proxy.url;
  const godwit = await follow('--keepalive-dead-after', '1s', '--reconnect-connect-timeout', '1s');
  proxy.swallowAll();
  await scene.source.client().incr('counter');
  const isLost = ({ message, role }: Readonly<Record<string, unknown>>): boolean => message === 'connection lost, will reconnect' && role === 'target data';
  await waitFor('the loss of the connection', () => godwit.lines.some(isLost));
  proxy.swallowAll(false);
  await godwit.waitForLagZero(scene.source, { timeoutMs: SOON_MS });
  expect(await scene.differences()).toEqual([]);
});

test('a change that the target refuses ends the run at once', async () => {
  scene = await openScene({ source: QUIET });
  const godwit = await follow();
  await scene.target.client().set('list', 'a string, written by somebody else');
  const writtenAtMs = performance.now();
  await scene.source.client().rpush('list', 'a');
  const { code, stderr } = await godwit.exit;
  expect(performance.now() - writtenAtMs).toBeLessThan(SOON_MS);
  expect(stderr).toMatch(/^godwit: \[TARGET_REFUSED\] [^\n]+WRONGTYPE[^\n]+\n$/);
  expect(code).toBe(4);
});
