/** A target that has lost its newest changes, or everything: Godwit sees it at the mark, and goes back to where that says. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copyAppendOnlyFiles, cutIncrement, putBackAppendOnlyFiles } from '../support/append-only-files.ts';
import type { GodwitProcess } from '../support/godwit-process.ts';
import type { LiveLoad } from '../support/live-load.ts';
import { openScene, type SceneOptions, type SyncScene } from '../support/sync-scene.ts';
import { waitFor } from '../support/wait-for.ts';

const AOF = { appendonly: 'yes', appendfsync: 'everysec', 'auto-aof-rewrite-percentage': 0 };
/** The smallest there is. */
const TINY_BACKLOG = { 'repl-backlog-size': '16kb' };

let scene: SyncScene;
let load: LiveLoad;
let godwit: GodwitProcess;
let copyDir: string;

async function begin(options: SceneOptions, ...args: readonly string[]): Promise<void> {
  scene = await openScene({ source: { args: { 'repl-backlog-size': '64mb' } }, ...options });
  load = scene.load();
  await load.more(500);
  godwit = scene.godwit('--reconnect-delay-max', '300ms', ...args);
  await godwit.waitForPhase('incremental-sync');
  await load.more(500);
}

/** The mark at the target, as it is now. */
async function markedOffset(): Promise<number> {
  const client = scene.target.client();
  try {
    const [key] = await client.keys('__godwit:*');
    return Number(await client.hget(key, 'offset'));
  } finally {
    client.disconnect();
  }
}

/** Godwit is killed, its spool is lost with its machine, and the target is back at its last snapshot; Godwit starts again. */
async function loseSpoolAndTail(...args: readonly string[]): Promise<void> {
  await scene.target.client().save();
  await load.more(2_000);
  await godwit.kill();
  await scene.target.kill();
  for (const job of readdirSync(scene.spoolDir)) rmSync(join(scene.spoolDir, job), { recursive: true });
  await scene.target.start();
  godwit = scene.godwit(...args);
}

async function expectEqual(fullSyncs: number): Promise<void> {
  await load.more(300);
  await load.stop();
  await godwit.waitForPhase('incremental-sync');
  await godwit.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
  expect(await scene.sourceCounter('sync_full')).toBe(fullSyncs);
}

async function expectPositionLost(): Promise<void> {
  const { code, stderr } = await godwit.exit;
  expect(stderr).toMatch(/^godwit: \[POSITION_LOST\] [^\n]+\n$/);
  expect(code).toBe(4);
}

beforeEach(() => {
  copyDir = mkdtempSync(join(tmpdir(), 'godwit-older-copy-'));
});

afterEach(async () => {
  await scene.close();
  rmSync(copyDir, { recursive: true, force: true });
});

describe('a target that comes back without its newest changes gets them again, without a full sync', () => {
  /** Kills the target, lets it come back older, and checks that it is. */
  async function loseTail(makeOlder: () => void): Promise<void> {
    await scene.target.kill();
    const before = (await godwit.status()).incrementalSync.offsetApplied;
    makeOlder();
    godwit.suspend();
    await scene.target.start();
    expect(await markedOffset()).toBeLessThan(before);
    godwit.resume();
  }

  test('when the end of its append-only file is gone', async () => {
    await begin({ target: { args: AOF } });
    for (const bytes of [100, 30_000]) {
      await load.more(500);
      await loseTail(() => expect(cutIncrement(scene.target.dir, bytes)).toBeGreaterThanOrEqual(bytes));
    }
    await expectEqual(1);
  });

  test('when an older copy of its append-only files is put in their place', async () => {
    await begin({ target: { args: AOF } });
    copyAppendOnlyFiles(scene.target.dir, copyDir);
    await load.more(2_000);
    await loseTail(() => putBackAppendOnlyFiles(scene.target.dir, copyDir));
    await expectEqual(1);
  });

  test('when it comes back with an older snapshot', async () => {
    await begin({});
    await scene.target.client().save();
    await load.more(2_000);
    await loseTail(() => undefined);
    await expectEqual(1);
  });

  test('when the spool is lost too, but the backlog of the source has them', async () => {
    await begin({});
    await loseSpoolAndTail();
    await expectEqual(1);
  });

  test('when Godwit was killed meanwhile', async () => {
    await begin({});
    await scene.target.client().save();
    await load.more(1_000);
    await scene.target.kill();
    await godwit.kill();
    await load.more(500);
    await scene.target.start();
    godwit = scene.godwit();
    await expectEqual(1);
  });

  test('when it has lost the take-over of the Godwit that runs, and that one is killed in turn', async () => {
    await begin({});
    await scene.target.client().save();
    for (let round = 0; round < 3; round++) {
      await godwit.kill();
      godwit = scene.godwit();
      await godwit.waitForPhase('incremental-sync');
      await load.more(700);
      await scene.target.kill();
      await load.more(200);
      await scene.target.start();
      await load.more(700);
    }
    await godwit.kill();
    godwit = scene.godwit();
    await expectEqual(1);
  });
});

describe('a target that comes back while nothing is written', () => {
  /** Nothing but the mark can tell that it has lost something. */
  async function expectEqualInQuiet(): Promise<void> {
    await waitFor('equal sides', async () => (await scene.differences()).length === 0, { intervalMs: 200, timeoutMs: 8_000 });
  }

  async function quieten(): Promise<void> {
    await load.stop();
    await godwit.waitForLagZero(scene.source);
  }

  test('with an older snapshot gets the rest again', async () => {
    await begin({});
    await scene.target.client().save();
    await load.more(500);
    await quieten();
    await scene.target.kill();
    await scene.target.start();
    await expectEqualInQuiet();
    expect(await scene.sourceCounter('sync_full')).toBe(1);
  });

  test('empty gets a new full sync', async () => {
    await begin({});
    await quieten();
    await scene.target.restart({ keepData: false });
    await expectEqualInQuiet();
    expect(await scene.sourceCounter('sync_full')).toBe(2);
  });
});

describe('a target that comes back older than spool and backlog reach', () => {
  test('gets a new full sync', async () => {
    await begin({ source: { args: TINY_BACKLOG } });
    await loseSpoolAndTail();
    await expectEqual(2);
  });

  test('ends the run with POSITION_LOST when that is asked for, and is left as it is', async () => {
    await begin({ source: { args: TINY_BACKLOG } });
    await loseSpoolAndTail('--on-lost-position', 'stop');
    const offset = await markedOffset();
    await expectPositionLost();
    expect(await markedOffset()).toBe(offset);
  });
});

describe('a target that comes back empty', () => {
  test('gets a new full sync', async () => {
    await begin({});
    await scene.target.restart({ keepData: false });
    await expectEqual(2);
  });

  test('ends the run with POSITION_LOST when that is asked for, and stays empty', async () => {
    await begin({}, '--on-lost-position', 'stop');
    await scene.target.restart({ keepData: false });
    await expectPositionLost();
    expect(await scene.target.client().dbsize()).toBe(0);
  });
});
