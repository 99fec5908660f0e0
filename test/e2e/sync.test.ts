/** `godwit sync`, built, between real servers, while it, the servers and the lines between them are killed: both sides must end exactly equal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openScene, type SceneOptions, type SyncScene } from '../support/sync-scene.ts';
import { loadRichData } from '../support/rich-data.ts';
import type { GodwitProcess } from '../support/godwit-process.ts';
import type { LiveLoad } from '../support/live-load.ts';

const BACKLOG = ['--repl-backlog-size', '64mb'];
const AOF = ['--appendonly', 'yes', '--appendfsync', 'everysec'];

let scene: SyncScene;

async function open(options: SceneOptions = {}): Promise<SyncScene> {
  scene = await openScene({ source: { args: BACKLOG }, ...options });
  return scene;
}

/** What every test ends with: the writing ends, the target catches up, both sides are equal. */
async function expectEqual(godwit: GodwitProcess, load?: LiveLoad): Promise<void> {
  await load?.stop();
  await godwit.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
}

afterEach(() => scene.close());

describe('a sync', () => {
  test.each([
    ['diskless', 'yes'],
    ['from disk', 'no'],
  ])('%s copies data of every type and what is written meanwhile', async (_, diskless) => {
    await open({ source: { args: [...BACKLOG, '--repl-diskless-sync', diskless] } });
    const keys = await loadRichData(scene.source, { bigElements: 2_000 });
    const load = scene.load();
    const godwit = scene.godwit();
    const status = await godwit.waitForPhase('incremental-sync');
    expect(status.fullSync.keysApplied).toBeGreaterThanOrEqual(keys);
    await load.more(2_000);
    await expectEqual(godwit, load);
    expect((await godwit.stop()).code).toBe(143);
  });

  test('goes on after SIGTERM without a second full sync', async () => {
    await open();
    await loadRichData(scene.source, { bigElements: 500 });
    const load = scene.load();
    const first = scene.godwit();
    await first.waitForPhase('incremental-sync');
    await load.more(1_000);
    expect(await first.stop()).toMatchObject({ code: 143, stderr: '' });
    await load.more(1_000);
    const second = scene.godwit();
    await second.waitForPhase('incremental-sync');
    await load.more(500);
    await expectEqual(second, load);
    expect(await scene.sourceCounter('sync_full')).toBe(1);
  });
});

describe('under load nothing is lost or done twice', () => {
  let load: LiveLoad;
  let godwit: GodwitProcess;

  async function begin(options: SceneOptions = {}): Promise<void> {
    await open(options);
    load = scene.load();
    await load.more(500);
    godwit = scene.godwit();
    await godwit.waitForPhase('incremental-sync');
    await load.more(1_000);
  }

  async function connected(role: string): Promise<void> {
    const isReady = (state: string): boolean => state === 'ready' || state === 'streaming';
    await godwit.waitForStatus(`the connection ${role}`, ({ connections }) => connections.some((one) => one.role === role && isReady(one.state)));
  }

  test('when Godwit is killed three times', async () => {
    await begin();
    for (let round = 0; round < 3; round++) {
      expect((await godwit.kill()).signal).toBe('SIGKILL');
      await load.more(300);
      godwit = scene.godwit();
      await godwit.waitForPhase('incremental-sync');
      await load.more(700);
    }
    await expectEqual(godwit, load);
    expect(await scene.sourceCounter('sync_full')).toBe(1);
  });

  test('when its connections are killed at the target and at the source', async () => {
    await begin();
    for (let round = 0; round < 5; round++) {
      await connected('target data');
      expect(await scene.killTargetConnections()).toBeGreaterThan(0);
      await load.more(500);
      await connected('source replication');
      expect(await scene.killReplicaLink()).toBe(1);
      await load.more(500);
    }
    await expectEqual(godwit, load);
    expect(await scene.sourceCounter('sync_full')).toBe(1);
    const reconnects = (await godwit.status()).connections.filter(({ role }) => role === 'target data').map((connection) => connection.reconnects);
    expect(Math.max(...reconnects)).toBeGreaterThan(0);
  });

  test('when the target is killed and comes back with its AOF', async () => {
    await begin({ target: { args: AOF } });
    for (let round = 0; round < 2; round++) {
      await scene.target.kill();
      await load.more(500);
      await scene.target.restart();
      await load.more(1_000);
    }
    await expectEqual(godwit, load);
  });

  test('when a second Godwit takes the job over: the first ends, fenced', async () => {
    await begin();
    const elsewhere = mkdtempSync(join(scene.spoolDir, 'elsewhere-'));
    const second = scene.godwit('--spool-dir', elsewhere);
    const { code, stderr } = await godwit.exit;
    expect(stderr).toMatch(/^godwit: \[FENCED\] .+\n$/);
    expect(code).toBe(7);
    await second.waitForPhase('incremental-sync');
    await load.more(500);
    await expectEqual(second, load);
    rmSync(elsewhere, { recursive: true, force: true });
  });
});

describe('what cannot work ends with one clear line', () => {
  beforeEach(async () => {
    await open();
  });

  /** Exit code, and the whole of stderr. */
  async function expectRefusal(godwit: GodwitProcess, code: string, exitCode: number): Promise<void> {
    const ended = await godwit.exit;
    expect(ended.stderr).toMatch(new RegExp(`^godwit: \\[${code}\\] [^\\n]+\\n$`));
    expect(ended.code).toBe(exitCode);
  }

  test('a target that holds keys, before anything is written', async () => {
    const client = scene.target.client();
    await client.set('mine', 'stays');
    await scene.source.client().set('other', 'value');
    await expectRefusal(scene.godwit(), 'TARGET_NOT_EMPTY', 2);
    expect(await client.keys('*')).toEqual(['mine']);
    expect(await client.get('mine')).toBe('stays');
  });

  test('a target that is a replica', async () => {
    await scene.target.client().call('REPLICAOF', scene.source.host, scene.source.port);
    await expectRefusal(scene.godwit(), 'TARGET_IS_REPLICA', 4);
  });

  test('a wrong password at the source', async () => {
    await scene.source.client().config('SET', 'requirepass', 'right');
    await expectRefusal(scene.godwit('--source-password', 'wrong'), 'AUTH_FAILED', 3);
  });

  test('a wrong password at the target', async () => {
    await scene.target.client().config('SET', 'requirepass', 'right');
    await expectRefusal(scene.godwit('--target-password', 'wrong'), 'AUTH_FAILED', 3);
  });

  test('a port that nobody listens on, after the attempts that were allowed', async () => {
    await scene.target.kill();
    await expectRefusal(scene.godwit('--reconnect-attempts', '3', '--reconnect-delay-max', '200ms'), 'CONNECT_FAILED', 3);
  });
});

test('--finish removes the marks and leaves the data', async () => {
  await open();
  await loadRichData(scene.source, { bigElements: 100 });
  const godwit = scene.godwit('--stop-when-lag-below', '1kb');
  expect((await godwit.exit).code).toBe(0);
  expect(await ownKeys()).not.toEqual([]);
  expect((await scene.godwit('--finish').exit).code).toBe(0);
  expect(await ownKeys()).toEqual([]);
  expect(await scene.differences()).toEqual([]);
});

async function ownKeys(): Promise<string[]> {
  const client = scene.target.client();
  const found: string[] = [];
  for (let database = 0; database < 16; database++) {
    await client.select(database);
    found.push(...(await client.keys('__godwit*')));
  }
  return found;
}
