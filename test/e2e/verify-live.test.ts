/** `godwit verify` of a pair that is written to: no false alarm, and what is really wrong is found. `npm run soak:verify` is the long form. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VerifyResult } from '../../src/pipeline/verify/verify-result.ts';
import { runGodwit } from '../support/run-godwit.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';
import { ExpiringLoad } from '../support/verify/expiring-load.ts';
import { run } from '../support/verify/planted.ts';
import { waitFor } from '../support/wait-for.ts';

let scene: SyncScene;
let load: ExpiringLoad;

beforeAll(async () => {
  scene = await openScene();
  const godwit = scene.godwit();
  await godwit.waitForPhase('incremental-sync');
  load = new ExpiringLoad(scene.source, { keys: 2_000, writesPerSecond: 5_000 });
  await waitFor('writes', () => load.writes > 10_000, { timeoutMs: 20_000 });
});

afterAll(async () => {
  await load.stop();
  await scene.close();
});

test('finds no difference while keys are written, deleted, renewed and expire, but the one that is there', async () => {
  const verify = async (): Promise<VerifyResult> =>
    JSON.parse((await runGodwit(['verify', scene.sourceUrl, scene.targetUrl, '--format', 'json'])).stdout) as VerifyResult;
  const before = await verify();
  expect([before.differences, before.counts.sourceKeys > 1_000]).toEqual([[], true]);
  await run(scene.source, [['SET', 'still', 'right']]);
  await waitFor('the key at the target', async () => (await scene.target.client().get('still')) === 'right');
  await run(scene.target, [
    ['SET', 'still', 'wrong'],
    ['SET', 'stranger', '1'],
  ]);
  const { differences } = await verify();
  expect(differences.map(({ key, kind }) => `${key} ${kind}`).toSorted()).toEqual(['still value', 'stranger extra']);
});
