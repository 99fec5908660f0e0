/** The case that Godwit exists for: a source so slow that the target's `timeout` would close an idle connection many times over. */
import { afterEach, expect, test } from 'vitest';
import { openScene, type SyncScene } from '../support/sync-scene.ts';
import { waitFor } from '../support/wait-for.ts';

const KEYS = 4_000;
const SAVE_DELAY_US = 2_000;
const FULL_SYNC_MS = (KEYS * SAVE_DELAY_US) / 1_000;

let scene: SyncScene;

afterEach(() => scene.close());

/** Small values: the source's buffer fills once, at the end. Larger ones: keys arrive all the time. */
test.each([
  ['all keys arrive late', 0],
  ['keys arrive all the time', 400],
])('a slow full sync outlives the timeout of the target: %s', { timeout: 60_000 }, async (_, padding) => {
  scene = await openScene({ source: { args: { 'rdb-key-save-delay': SAVE_DELAY_US, 'repl-diskless-sync': 'yes' } }, target: { args: { timeout: 1 } } });
  await fill(padding);
  const startedAt = performance.now();
  const godwit = scene.godwit();
  const during = await godwit.waitForStatus(
    'a PING at the target',
    ({ phase, connections }) => phase === 'full-sync' && connections.some(({ role, pingsSent }) => role === 'target data' && pingsSent > 0),
  );
  const data = during.connections.filter(({ role }) => role === 'target data');
  expect(data.every(({ nodeTimeoutMs, keepaliveIntervalMs }) => nodeTimeoutMs === 1_000 && keepaliveIntervalMs < 1_000)).toBe(true);
  await godwit.waitForPhase('incremental-sync', { timeoutMs: 40_000 });
  expect(performance.now() - startedAt).toBeGreaterThan(FULL_SYNC_MS * 0.9);
  await scene.source.client().set('after', 'the full sync');
  const { connections } = await godwit.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
  for (const { role, state } of connections.filter((connection) => connection.role.startsWith('target'))) expect([role, state]).toEqual([role, 'ready']);
  // The keepalive suffices: nothing had to be connected anew.
  expect(connections.map(({ reconnects }) => reconnects).filter((count) => count > 0)).toEqual([]);
  expect((await godwit.stop()).code).toBe(143);
});

async function fill(padding: number): Promise<void> {
  const client = scene.source.client();
  const pipeline = client.pipeline();
  for (let i = 0; i < KEYS; i++) pipeline.set(`k${i}`, `${i}${'x'.repeat(padding && i % 97)}`.padEnd(padding, '.'));
  await pipeline.exec();
  await waitFor('the keys', async () => (await client.dbsize()) === KEYS);
}
