/** Keys that a running sync brings anew: right at any moment, whatever is written meanwhile. */
import { join } from 'node:path';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { MendFolder } from '../../src/job/mending/mend-folder.ts';
import { startCluster } from '../support/cluster.ts';
import { compareServers } from '../support/compare.ts';
import { startGodwit } from '../support/godwit-process.ts';
import { LiveLoad } from '../support/live-load.ts';
import { openScene, type SceneOptions, type SyncScene } from '../support/sync-scene.ts';
import { CountingLoad } from '../support/verify/counting-load.ts';
import { run } from '../support/verify/planted.ts';
import { waitFor } from '../support/wait-for.ts';

let scene: SyncScene | undefined;

afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

async function running(options: SceneOptions = {}, ...args: string[]): Promise<{ open: SyncScene; folder: MendFolder }> {
  scene = await openScene(options);
  const godwit = scene.godwit(...args);
  await godwit.waitForPhase('incremental-sync');
  const [job] = readdirSync(scene.spoolDir);
  return { open: scene, folder: new MendFolder(join(scene.spoolDir, job)) };
}

const keyOf = (name: string) => ({ database: 0, key: Buffer.from(name) });

describe('a running sync brings keys anew', () => {
  test('counters that count all the time stay exact', async () => {
    const { open, folder } = await running();
    const load = new CountingLoad(open.source, { counters: 200, writesPerSecond: 20_000 });
    let last = '';
    try {
      await waitFor('counting', () => load.writes > 10_000, { timeoutMs: 20_000 });
      const counters = Array.from({ length: 200 }, (_, i) => `counter:${i}`);
      await run(
        open.target,
        counters.flatMap((name, i) => [i % 3 === 0 ? ['DEL', name] : ['INCRBY', name, 1_000_000]]),
      );
      // Those that are right by now are brought again, too: each time may go wrong.
      for (let round = 0; round < 5; round++) expect(await folder.ask(counters.map(keyOf), 10_000)).toEqual(counters.map(() => 'brought'));
    } finally {
      last = await load.stop();
    }
    await waitFor('the last write at the target', async () => (await open.target.client().get('last')) === last, { timeoutMs: 10_000 });
    expect(await load.wrong(open.target)).toEqual([]);
    expect(await open.differences()).toEqual([]);
  });
});

test('connections that break meanwhile cost no count', async () => {
  const { open, folder } = await running();
  const load = new CountingLoad(open.source, { counters: 100, writesPerSecond: 8_000 });
  const counters = Array.from({ length: 100 }, (_, i) => `counter:${i}`);
  let last = '';
  try {
    await waitFor('counting', () => load.writes > 5_000, { timeoutMs: 20_000 });
    await run(
      open.target,
      counters.map((name) => ['INCRBY', name, 1_000_000]),
    );
    for (let round = 0; round < 4; round++) {
      const asking = folder.ask(counters.map(keyOf), 20_000);
      await waitFor('an ended connection', async () => (await open.killTargetConnections()) > 0);
      if (round === 2) await open.killReplicaLink();
      expect((await asking)?.every((outcome) => outcome === 'brought' || outcome === 'failed')).toBe(true);
    }
    expect(await folder.ask(counters.map(keyOf), 20_000)).toEqual(counters.map(() => 'brought'));
  } finally {
    last = await load.stop();
  }
  await waitFor('the last write at the target', async () => (await open.target.client().get('last')) === last, { timeoutMs: 20_000 });
  expect(await load.wrong(open.target)).toEqual([]);
  expect(await open.differences()).toEqual([]);
});

describe('on clusters', () => {
  test('as source and as target, each key in its slot', async () => {
    const [source, target] = await Promise.all([startCluster({ shards: 2 }), startCluster({ shards: 2 })]);
    const spoolDir = mkdtempSync(join(tmpdir(), 'godwit-mending-'));
    const godwit = startGodwit({ source: source.url(), target: target.url(), spoolDir });
    try {
      await godwit.waitForPhase('incremental-sync');
      const folder = new MendFolder(join(spoolDir, readdirSync(spoolDir)[0]));
      const load = new LiveLoad(source, { prefix: '{load}' });
      await load.more(500);
      const names = Array.from({ length: 60 }, (_, i) => `mine:${i}`);
      const [own, other] = [source.client(), target.client()];
      for (const name of names) await own.incrby(name, 5);
      await waitFor('the keys', async () => (await other.get(names[59])) === '5');
      for (const [i, name] of names.entries()) await (i % 2 === 0 ? other.del(name) : other.incrby(name, 100));
      await other.set('stranger', '1');
      const counting = (async () => {
        for (let i = 0; i < 40; i++) for (const name of names) await own.incr(name);
      })();
      const outcomes = await folder.ask([...names, 'stranger'].map(keyOf), 20_000);
      expect(outcomes).toEqual([...names.map(() => 'brought'), 'removed']);
      await counting;
      await load.stop();
      await own.set('end', '1');
      await waitFor('the end', async () => (await other.get('end')) === '1');
      expect(await compareServers(source, target)).toEqual([]);
      expect(await other.get(names[0])).toBe('45');
    } finally {
      await godwit.kill();
      rmSync(spoolDir, { recursive: true, force: true });
      await Promise.all([source.stop(), target.stop()]);
    }
  });
});

describe('keys are compared all the time', () => {
  test('a difference is told and, where that is wanted, mended; the status says how far it is', async () => {
    scene = await openScene();
    const open = scene;
    await run(
      open.source,
      Array.from({ length: 3_000 }, (_, i) => ['HSET', `key:${i}`, 'f', String(i)]),
    );
    const godwit = open.godwit('--verify-continuous', '20000/s', '--verify-repair');
    await godwit.waitForPhase('incremental-sync');
    const load = new CountingLoad(open.source, { counters: 50, writesPerSecond: 1_000 });
    const clean = await godwit.waitForStatus('a round', ({ verification }) => (verification?.rounds ?? 0) > 0);
    expect(clean.verification).toMatchObject({ lastDifferences: 0, confirmed: 0, mended: 0 });
    await run(open.target, [
      ['HSET', 'key:7', 'f', 'other'],
      ['DEL', 'key:8'],
      ['SET', 'stranger', '1'],
    ]);
    const found = await godwit.waitForStatus('what was planted', ({ verification }) => (verification?.mended ?? 0) >= 3, { timeoutMs: 20_000 });
    expect(found.verification).toMatchObject({ confirmed: 3, mended: 3 });
    expect(godwit.lines.filter((line) => line['kind'] === 'verify.difference' || line['event'] === 'verify.difference').length).toBe(3);
    const after = found.verification?.rounds ?? 0;
    await godwit.waitForStatus('another round', ({ verification }) => (verification?.rounds ?? 0) > after + 1 && verification?.lastDifferences === 0, {
      timeoutMs: 20_000,
    });
    const last = await load.stop();
    await waitFor('the last write at the target', async () => (await open.target.client().get('last')) === last);
    expect(await open.differences()).toEqual([]);
    expect((await godwit.stop()).code).toBe(143);
  });
});
