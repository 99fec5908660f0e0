/**
 * Two Godwits of one job with one spool folder: the one that comes later takes over, the one before ends and writes nothing more, however long it stood
 * still in between, and neither harms the files of the other.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChaosLoad } from '../soak/chaos-load.ts';
import { digestDifferences } from '../soak/digests.ts';
import type { GodwitProcess } from '../support/godwit-process.ts';
import { Seeded } from '../support/rdb/seeded.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

const SEED = 11;
const KEYS = 2_000;

let scene: SyncScene;
let load: ChaosLoad;

beforeEach(async () => {
  scene = await openScene({ source: { args: { 'repl-backlog-size': '128mb', 'repl-diskless-sync': 'yes' } } });
  load = new ChaosLoad(scene.source, new Seeded(SEED));
});

afterEach(async () => {
  load.close();
  await scene.close();
});

async function expectFenced(godwit: GodwitProcess): Promise<void> {
  const { code, stderr } = await godwit.exit;
  expect(stderr).toMatch(/^godwit: \[FENCED\] [^\n]+\n$/);
  expect(code).toBe(7);
}

/** Both sides are equal, and the target has what the writer has counted. */
async function expectEqual(godwit: GodwitProcess): Promise<void> {
  await load.pause();
  await godwit.waitForPhase('incremental-sync');
  await godwit.waitForLagZero(scene.source);
  expect(await load.ledger.differences(scene.target)).toEqual([]);
  // It waits for the source to delete what has expired: until then the target holds that longer.
  expect(await digestDifferences(scene.source, scene.target)).toEqual([]);
  expect(await scene.differences()).toEqual([]);
}

/** Epochs of the folders in the spool that have a manifest. */
function spoolEpochs(): number[] {
  const jobs = readdirSync(scene.spoolDir).map((job) => join(scene.spoolDir, job));
  return jobs.flatMap((job) => readdirSync(job).filter((epoch) => existsSync(join(job, epoch, 'manifest.json')))).map(Number);
}

async function begin(): Promise<GodwitProcess> {
  load.start();
  await load.more(500);
  const first = scene.godwit();
  await first.waitForPhase('incremental-sync');
  await load.more(1_000);
  return first;
}

describe('the second of two Godwits with the same spool folder', () => {
  test('takes over under load; a third goes on where it was, without a full sync', async () => {
    let running = await begin();
    for (let round = 0; round < 2; round++) {
      const next = scene.godwit();
      await expectFenced(running);
      await next.waitForPhase('incremental-sync');
      await load.more(500);
      expect(spoolEpochs()).toContain((await next.status()).checkpoint.epoch);
      running = next;
    }
    await expectEqual(running);
    expect(await scene.sourceCounter('sync_full')).toBe(1);
  });

  test('takes over in the full sync', async () => {
    await load.fill(KEYS);
    await scene.source.client().config('SET', 'rdb-key-save-delay', '500');
    load.start();
    const first = scene.godwit();
    await first.waitForStatus('some keys', ({ phase, fullSync }) => phase === 'full-sync' && fullSync.bytesReceived > 0);
    const second = scene.godwit();
    await expectFenced(first);
    await expectEqual(second);
    expect(spoolEpochs()).toContain(2);
  });
});

describe('a Godwit that stood still while another one took over writes nothing when it goes on', () => {
  async function standStill(rounds: number): Promise<void> {
    const random = new Seeded(SEED);
    let first = await begin();
    for (let round = 0; round < rounds; round++) {
      await load.more(100 + random.below(300));
      first.suspend();
      await load.more(200);
      const second = scene.godwit();
      await second.waitForPhase('incremental-sync');
      await load.more(300);
      first.resume();
      await expectFenced(first);
      await load.more(200);
      first = second;
    }
    await expectEqual(first);
    expect(await scene.sourceCounter('sync_full')).toBe(1);
  }

  test('when its connection was closed meanwhile', () => standStill(3));

  test('when its connection could not be closed, and what it had sent by half is still on its way', async () => {
    await scene.target.client().call('ACL', 'SETUSER', 'default', '-client|kill', '-client|list');
    await standStill(3);
  });

  test('when the target has lost the take-over meanwhile', async () => {
    const first = await begin();
    await scene.target.client().save();
    first.suspend();
    const second = scene.godwit();
    await second.waitForPhase('incremental-sync');
    await load.more(300);
    await scene.target.kill();
    await scene.target.start();
    await load.more(300);
    first.resume();
    await expectFenced(first);
    await expectEqual(second);
    expect(await scene.sourceCounter('sync_full')).toBe(1);
  });

  test('when the target was emptied meanwhile, and the other one began anew', async () => {
    const first = await begin();
    first.suspend();
    await scene.target.client().flushall();
    const second = scene.godwit();
    await second.waitForPhase('incremental-sync');
    // So much that the first one has to write it to its spool, whose folder is gone by now.
    const client = scene.source.client();
    for (let i = 0; i < 6; i++) await client.set(`bulk:${i}`, 'x'.repeat(700_000));
    first.resume();
    await expectFenced(first);
    await expectEqual(second);
  });
});
