/** A running job is steered over HTTP: what a pause holds back and what it does not, the end for good, and who may ask. */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type ClusterScene, openClusterScene } from '../support/cluster-scene.ts';
import { LiveLoad } from '../support/live-load.ts';
import type { RealServer } from '../support/server.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { openScene, type SceneOptions, type SyncScene } from '../support/sync-scene.ts';
import { waitFor } from '../support/wait-for.ts';

let scene: SyncScene | undefined;
let cluster: ClusterScene | undefined;
afterEach(async () => {
  await scene?.close();
  await cluster?.close();
  scene = undefined;
  cluster = undefined;
});

async function open(options: SceneOptions = {}): Promise<SyncScene> {
  scene = await openScene(options);
  return scene;
}

async function call(server: RealServer, command: string, ...args: readonly (string | number)[]): Promise<unknown> {
  const client = server.client();
  try {
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

const keysAt = (server: RealServer, pattern: string): Promise<unknown> => call(server, 'EVAL', `return #redis.call('KEYS', '${pattern}')`, 0);

/** Commands that a server has carried out for Godwit, keepalive apart. */
async function writesAt(server: RealServer): Promise<string> {
  const text = String(await call(server, 'INFO', 'commandstats'));
  return [...text.matchAll(/^cmdstat_(set|incr|restore|hmset|multi|exec):calls=(\d+)/gm)].map(([, name, calls]) => `${name} ${calls}`).join(', ');
}

describe('a pause', () => {
  test('holds the target still though the source writes on, keeps every connection, and loses nothing', async () => {
    const { source, target } = await open({ target: { args: { timeout: 1 } } });
    const godwit = scene!.godwit();
    await godwit.waitForPhase('incremental-sync');
    await call(source, 'SET', 'before', 1);
    await waitFor('the first write', () => call(target, 'GET', 'before'));
    expect(await godwit.control('POST', '/control/pause')).toEqual({ code: 200, body: { ok: true, paused: true } });
    const load = scene!.load();
    const still = await godwit.waitForStatus('what is under way to be answered', ({ connections }) => connections.every((one) => one.unansweredReplies === 0));
    expect(still.paused).toBe(true);
    await godwit.control('POST', '/control/checkpoint');
    const writes = await writesAt(target);
    const paused = await godwit.waitForStatus('more than the timeout of the target', ({ lagMs }) => lagMs > 3_000);
    expect(await writesAt(target)).toBe(writes);
    expect(paused.connections.map(({ reconnects }) => reconnects)).toEqual(paused.connections.map(() => 0));
    expect(paused.incrementalSync.offsetReceived).toBeGreaterThan(still.incrementalSync.offsetReceived);
    await scene!.killTargetConnections();
    expect(await godwit.control('POST', '/control/resume')).toEqual({ code: 200, body: { ok: true, paused: false } });
    await load.stop();
    await godwit.waitForLagZero(source);
    expect(await scene!.differences()).toEqual([]);
    expect(godwit.lines.map(({ event }) => event)).toEqual(expect.arrayContaining(['job.paused', 'job.unpaused']));
  });

  test('before the first key, and ends with the run: what had waited is not sent, and the next run is not paused', async () => {
    const { source, target } = await open();
    await call(source, 'CONFIG', 'SET', 'repl-diskless-sync-delay', '1');
    for (let i = 0; i < 50; i++) await call(source, 'SET', `key:${i}`, 'v');
    const godwit = scene!.godwit();
    await godwit.control('POST', '/control/pause');
    await godwit.waitForStatus('the snapshot in the spool', ({ fullSync }) => fullSync.bytesTotal > 0 && fullSync.bytesReceived === fullSync.bytesTotal, {
      timeoutMs: 20_000,
    });
    expect(await keysAt(target, 'key:*')).toBe(0);
    expect((await godwit.stop()).code).toBe(143);
    expect(await keysAt(target, 'key:*')).toBe(0);
    const again = scene!.godwit();
    expect((await again.waitForPhase('incremental-sync')).paused).toBe(false);
    expect(await scene!.differences()).toEqual([]);
  });

  test('of a load and of a scan', async () => {
    const { source } = await open();
    await call(source, 'EVAL', "for i = 1, 20000 do redis.call('SET', 'k' .. i, i) end", '0');
    const scan = scene!.scan('--rate-commands', '4000');
    await held(scan, 20_000);
    expect((await scan.exit).code).toBe(0);
    expect(await scene!.differences()).toEqual([]);
    await call(scene!.target, 'FLUSHALL');
    const file = join(scene!.spoolDir, 'commands.aof');
    const commands = Array.from({ length: 20_000 }, (_, i) => `*2\r\n$4\r\nINCR\r\n$${String(i % 7).length}\r\n${i % 7}\r\n`);
    writeFileSync(file, commands.join(''));
    const load = startGodwit({ file, target: scene!.targetUrl, spoolDir: scene!.spoolDir, args: ['--rate-commands', '4000'] });
    await held(load, 20_000);
    expect((await load.exit).code).toBe(0);
    expect(await call(scene!.target, 'GET', '3')).toBe('2857');
  });

  test('of a cluster target, and the end for good', async () => {
    cluster = await openClusterScene();
    const { source } = cluster;
    const load = new LiveLoad(source);
    const godwit = cluster.godwit();
    await godwit.waitForPhase('incremental-sync');
    await load.more(200);
    await godwit.control('POST', '/control/pause');
    const still = await godwit.waitForStatus('the last answers', ({ connections }) => connections.every((one) => one.unansweredReplies === 0));
    await load.more(500);
    expect((await godwit.status()).incrementalSync.offsetApplied).toBe(still.incrementalSync.offsetApplied);
    await godwit.control('POST', '/control/resume');
    expect(await cluster.endsWith(godwit, load)).toEqual([]);
    expect(await godwit.control('POST', '/control/checkpoint')).toMatchObject({ code: 200, body: { checkpoint: { isComplete: true } } });
    await godwit.control('POST', '/control/finish');
    expect(await godwit.exit).toMatchObject({ code: 0, stderr: '' });
    expect(await cluster.differences()).toEqual([]);
  });
});

/** Pauses it in the middle, sees it stand still, and lets it go on. */
async function held(godwit: GodwitProcess, all: number): Promise<void> {
  const done = ({ fullSync, incrementalSync }: Awaited<ReturnType<GodwitProcess['status']>>): number => fullSync.keysApplied + incrementalSync.commandsApplied;
  await godwit.waitForStatus('the first of it', (status) => done(status) > 0);
  await godwit.control('POST', '/control/pause');
  // What was handed on before takes its turns yet.
  const seen = { count: -1, sinceMs: 0 };
  const still = await godwit.waitForStatus('stillness', (status) => {
    if (done(status) !== seen.count) Object.assign(seen, { count: done(status), sinceMs: performance.now() });
    return performance.now() - seen.sinceMs > 1000;
  });
  expect([still.paused, done(still) < all]).toEqual([true, true]);
  await godwit.control('POST', '/control/resume');
  await godwit.control('PUT', '/rate?commands=0');
}

describe('finish', () => {
  test('is refused in the full sync and while paused; then it ends the job once the target has all', async () => {
    const { source, target, spoolDir } = await open();
    await call(source, 'CONFIG', 'SET', 'rdb-key-save-delay', '20000');
    for (let i = 0; i < 50; i++) await call(source, 'SET', `key:${i}`, 'v');
    const godwit = scene!.godwit();
    await godwit.waitForPhase('full-sync');
    expect(await godwit.control('POST', '/control/finish')).toMatchObject({ code: 409, body: { code: 'NOT_NOW' } });
    const { path } = tokenFile(godwit);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await godwit.waitForPhase('incremental-sync');
    await godwit.control('POST', '/control/pause');
    expect(await godwit.control('POST', '/control/finish')).toMatchObject({ code: 409, body: { error: expect.stringContaining('paused') as string } });
    await call(source, 'SET', 'last', 'word');
    await godwit.control('POST', '/control/resume');
    expect(await godwit.control('POST', '/control/checkpoint')).toMatchObject({ code: 200, body: { checkpoint: { isComplete: true } } });
    expect(await godwit.control('POST', '/control/finish')).toEqual({ code: 200, body: { ok: true, finishing: true } });
    expect(await godwit.exit).toMatchObject({ code: 0, stderr: '' });
    expect(String(godwit.lines.at(-1)?.['message'])).toContain('is finished');
    expect(await call(target, 'GET', 'last')).toBe('word');
    expect(await keysAt(target, '__godwit*')).toBe(0);
    expect([existsSync(path), readdirSync(spoolDir)]).toEqual([false, []]);
    expect(await scene!.differences()).toEqual([]);
  });
});

test('without the token, with a wrong one, and with one that was given: 401, 401, 200; the log and the answers never hold it', async () => {
  await open();
  const token = 'the-planted-token';
  writeFileSync(join(scene!.spoolDir, 'token'), `${token}\n`);
  const godwit = scene!.godwit('--status-token-file', join(scene!.spoolDir, 'token'));
  await godwit.waitForPhase('incremental-sync');
  const send = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(`${godwit.statusUrl}/control/pause`, { method: 'POST', headers })).status;
  expect([await send({}), await send({ authorization: 'Bearer the-planted-tokem' }), await send({ authorization: `Bearer ${token}` })]).toEqual([
    401, 401, 200,
  ]);
  expect((await godwit.status()).paused).toBe(true);
  expect(JSON.stringify(godwit.lines)).not.toContain(token);
  expect(godwit.lines.some(({ message }) => String(message).includes('control-token'))).toBe(false);
});

function tokenFile(godwit: GodwitProcess): { path: string } {
  const line = godwit.lines.find(({ file }) => String(file).endsWith('control-token'));
  return { path: String(line?.['file']) };
}
