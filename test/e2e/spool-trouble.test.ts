/** A spool that has no room left, by its bound or on the disk: nothing stops, nothing is lost, it is told, memory stays bounded, and it goes on when there is room. */
import { afterEach, describe, expect, test } from 'vitest';
import type { JobStatus } from '../../src/observe/job-status.ts';
import type { GodwitProcess } from '../support/godwit-process.ts';
import { oneLine } from '../support/one-line.ts';
import { openScene, type SceneOptions, type SyncScene } from '../support/sync-scene.ts';
import { waitFor } from '../support/wait-for.ts';

const MIB = 1024 * 1024;
const VALUE_BYTES = 100_000;
/** The stream and the snapshot have a window of 16 MiB each; the rest is Node and buffers. */
const RSS_BYTES_MAX = 220 * MIB;
const SOURCE = { args: { rdbcompression: 'no', 'repl-backlog-size': '128mb', 'client-output-buffer-limit': 'replica 0 0 0' } } as const;

let scene: SyncScene;
let rssMaxBytes = 0;
let watching: NodeJS.Timeout | undefined;

afterEach(async () => {
  clearInterval(watching);
  await scene.close();
});

async function open(options: SceneOptions): Promise<void> {
  scene = await openScene({ source: SOURCE, ...options });
}

/** Writes this many bytes in keys `<prefix>:n`, each value another one. */
async function write(prefix: string, mib: number): Promise<void> {
  const client = scene.source.client();
  for (let n = 0; n < (mib * MIB) / VALUE_BYTES;) {
    const pipeline = client.pipeline();
    for (const last = n + 20; n < last; n++) pipeline.set(`${prefix}:${n}`, `${n}`.padEnd(VALUE_BYTES, prefix));
    await pipeline.exec();
  }
  client.disconnect();
}

function watchMemory(godwit: GodwitProcess): void {
  rssMaxBytes = 0;
  watching = setInterval(() => {
    rssMaxBytes = Math.max(rssMaxBytes, godwit.rssBytes());
  }, 50);
}

const isFull =
  (reason: JobStatus['spool']['full']) =>
  ({ spool, incrementalSync, fullSync }: JobStatus): boolean =>
    spool.full === reason && spool.bytesInMemory >= 15 * MIB && incrementalSync.offsetReceived + fullSync.bytesReceived > 0;

function lines(godwit: GodwitProcess, text: string): number {
  return godwit.lines.filter(({ message }) => String(message).startsWith(text)).length;
}

async function expectToldAndEqual(godwit: GodwitProcess, timeoutMs = 20_000): Promise<void> {
  await godwit.waitForPhase('incremental-sync', { timeoutMs });
  await scene.source.client().set('the', 'end');
  await godwit.waitForLagZero(scene.source);
  const { incrementalSync } = await godwit.waitForStatus('room', ({ spool }) => spool.full === null);
  expect(incrementalSync.offsetApplied).toBeGreaterThan(0);
  expect(lines(godwit, 'the spool has no room left')).toBeGreaterThan(0);
  expect(lines(godwit, 'the spool has room again')).toBe(lines(godwit, 'the spool has no room left'));
  expect(await scene.differences()).toEqual([]);
  expect(await scene.sourceCounter('sync_full')).toBe(1);
  expect(rssMaxBytes).toBeGreaterThan(40 * MIB);
  expect(rssMaxBytes).toBeLessThan(RSS_BYTES_MAX);
  expect((await godwit.stop()).code).toBe(143);
}

describe('the disk is full', { timeout: 40_000 }, () => {
  test('during the full sync: the source is held back until others leave the disk', async () => {
    await open({ spoolDisk: { bytes: 96 * MIB, ballastBytes: 80 * MIB } });
    await write('a', 60);
    const godwit = scene.godwit('--spool-max-bytes', '1gb');
    watchMemory(godwit);
    const { fullSync } = await godwit.waitForStatus('a full disk', isFull('disk'));
    expect(fullSync.bytesReceived).toBeLessThan(40 * MIB);
    scene.freeSpoolDisk(godwit);
    await expectToldAndEqual(godwit);
  });

  test('from the start: one line, before anything is written to the target', async () => {
    await open({ spoolDisk: { bytes: 4 * MIB, ballastBytes: 4 * MIB } });
    expect(oneLine(await scene.godwit().exit, 'DISK_FULL')).toMatch(/^no space is left on the disk of spool\.dir \S+\. Free space, or point spool\.dir/);
    expect(await scene.target.client().dbsize()).toBe(0);
  });

  test('during the incremental sync, to the last page, while the target stands still', async () => {
    await open({ spoolDisk: { bytes: 96 * MIB, ballastBytes: 0 } });
    await write('a', 1);
    const godwit = scene.godwit('--spool-max-bytes', '1gb');
    watchMemory(godwit);
    await godwit.waitForPhase('incremental-sync');
    scene.target.suspend();
    scene.fillSpoolDisk(godwit);
    await write('b', 70);
    await godwit.waitForStatus('a full disk', isFull('disk'));
    scene.freeSpoolDisk(godwit);
    await godwit.waitForStatus('room on the disk', ({ spool }) => spool.full === null && spool.bytesOnDisk > 50 * MIB);
    scene.target.resume();
    await expectToldAndEqual(godwit);
  });

  test('and stays full: the target goes on, and what it has applied makes room', async () => {
    await open({ spoolDisk: { bytes: 32 * MIB, ballastBytes: 16 * MIB } });
    await write('a', 1);
    const godwit = scene.godwit('--spool-max-bytes', '1gb');
    watchMemory(godwit);
    await godwit.waitForPhase('incremental-sync');
    scene.target.suspend();
    await write('b', 70);
    await godwit.waitForStatus('a full disk', isFull('disk'));
    scene.target.resume();
    await godwit.waitForLagZero(scene.source);
    await write('c', 40);
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
    scene.freeSpoolDisk(godwit);
    await expectToldAndEqual(godwit);
  });
});

describe('the bound of the spool is reached', { timeout: 40_000 }, () => {
  test('during the incremental sync, while the target stands still', async () => {
    await open({});
    await write('a', 1);
    const godwit = scene.godwit('--spool-max-bytes', '16mb');
    watchMemory(godwit);
    await godwit.waitForPhase('incremental-sync');
    scene.target.suspend();
    await write('b', 70);
    const { spool } = await godwit.waitForStatus('the bound', isFull('limit'));
    expect(spool.bytesOnDisk).toBeLessThanOrEqual(16 * MIB);
    scene.target.resume();
    await expectToldAndEqual(godwit);
  });

  test('during a full sync whose snapshot is larger, while the target stands still', async () => {
    await open({});
    await write('a', 60);
    await scene.source.client().config('SET', 'rdb-key-save-delay', 500);
    const godwit = scene.godwit('--spool-max-bytes', '16mb');
    watchMemory(godwit);
    await godwit.waitForStatus('the begin of the snapshot', ({ fullSync }) => fullSync.bytesReceived > 0);
    scene.target.suspend();
    await scene.source.client().config('SET', 'rdb-key-save-delay', 0);
    const { spool, fullSync } = await godwit.waitForStatus('the bound', isFull('limit'));
    expect(spool.bytesOnDisk).toBeLessThanOrEqual(16 * MIB);
    expect(fullSync.bytesReceived).toBeLessThan(50 * MIB);
    scene.target.resume();
    await expectToldAndEqual(godwit, 5_000);
  });

  test('the source has to send a new snapshot while the target stands still', async () => {
    await open({ source: { args: { 'repl-backlog-size': '1mb' } } });
    await write('a', 1);
    const godwit = scene.godwit('--reconnect-delay-min', '500ms', '--reconnect-delay-max', '500ms');
    await godwit.waitForPhase('incremental-sync');
    scene.target.suspend();
    await write('b', 1);
    await godwit.waitForStatus('something in flight', ({ connections }) =>
      connections.some((one) => one.role === 'target data' && one.unansweredBytes > 50_000),
    );
    expect(await scene.killReplicaLink()).toBe(1);
    await write('c', 8);
    await waitFor('the second full sync', async () => (await scene.sourceCounter('sync_full')) === 2);
    await godwit.waitForStatus('its stream', ({ incrementalSync }) => incrementalSync.offsetReceived > 9 * MIB);
    scene.target.resume();
    await godwit.waitForPhase('incremental-sync');
    await scene.source.client().set('the', 'end');
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
    expect(await scene.sourceCounter('sync_full')).toBe(2);
  });

  test('and the source loses its patience: it is synced anew', async () => {
    await open({ source: { args: { 'repl-backlog-size': '1mb', 'client-output-buffer-limit': 'replica 8mb 8mb 0', 'repl-timeout': 5 } } });
    await write('a', 1);
    const godwit = scene.godwit('--spool-max-bytes', '16mb', '--reconnect-delay-max', '200ms');
    await godwit.waitForPhase('incremental-sync');
    scene.target.suspend();
    await write('b', 70);
    await waitFor('the source to close the link', () => scene.source.log().includes('scheduled to be closed ASAP for overcoming of output buffer limits'));
    scene.target.resume();
    await waitFor('another full sync', async () => (await scene.sourceCounter('sync_full')) > 1, { timeoutMs: 20_000 });
    await godwit.waitForPhase('incremental-sync');
    await scene.source.client().set('the', 'end');
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
  });
});
