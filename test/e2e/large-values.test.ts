/** Values that are larger than the target takes in one argument: as commands, piece by piece; what cannot be divided is named. */
import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

const LIMIT = { args: ['--proto-max-bulk-len', '1mb'] };
const FIELDS = 60_000;

let scene: SyncScene;

afterEach(() => scene.close());

async function fill(): Promise<void> {
  const client = scene.source.client();
  for (let from = 0; from < FIELDS; from += 2_000) {
    const numbers = Array.from({ length: 2_000 }, (_, i) => from + i);
    await client.hset('hash', ...numbers.flatMap((n) => [`field ${n}`, `value of the field ${n}`]));
    await client.zadd('zset', ...numbers.flatMap((n) => [n / 3, `member ${n}`]));
    await client.rpush('list', ...numbers.map((n) => `element number ${n}`));
    await client.sadd('set', ...numbers.map((n) => `member number ${n}`));
  }
  await client.select(3);
  await client.rpush('other', ...Array.from({ length: FIELDS }, (_, n) => `an element in another database ${n}`));
  await client.pexpire('other', 3_600_000);
}

test('arrive whole, with their expiry, and leave nothing else behind', async () => {
  scene = await openScene({ target: LIMIT });
  await fill();
  const godwit = scene.godwit();
  const { fullSync } = await godwit.waitForPhase('incremental-sync');
  await godwit.waitForLagZero(scene.source);
  expect(fullSync.keysApplied).toBe(5);
  expect(await scene.differences()).toEqual([]);
  expect(await scene.target.client().keys('__godwit-tmp*')).toEqual([]);
});

test('arrive whole when connections are killed meanwhile', async () => {
  scene = await openScene({ target: LIMIT });
  await fill();
  const godwit = scene.godwit();
  for (let kills = 0; kills < 3; kills++) {
    await godwit.waitForStatus('a connection', ({ connections }) => connections.some(({ role, state }) => role === 'target data' && state === 'ready'));
    await scene.killTargetConnections();
  }
  await godwit.waitForPhase('incremental-sync');
  await godwit.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
});

test.each([
  ['in the snapshot', true],
  ['in the stream', false],
])('a string that the target cannot hold ends the run with its name: %s', async (_, before) => {
  scene = await openScene({ target: LIMIT });
  const set = (): Promise<unknown> => scene.source.client().set('a large string', randomBytes(2 * 1024 * 1024));
  if (before) await set();
  const godwit = scene.godwit();
  if (!before) {
    await godwit.waitForPhase('incremental-sync');
    await set();
  }
  const { code, stderr } = await godwit.exit;
  expect(stderr).toMatch(/^godwit: \[VALUE_TOO_LARGE\] [^\n]*a large string[^\n]*\n$/);
  expect(code).toBe(4);
});
