/** `godwit cutover`, of one server to another: what it does, what makes it give up, and what becomes of the source then. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask } from '../support/ask.ts';
import { AddressFile, FollowingWriters } from '../support/following-writers.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { oneLine } from '../support/one-line.ts';
import { waitFor } from '../support/wait-for.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

let scene: SyncScene;
let writers: FollowingWriters | undefined;
let address: AddressFile;
const started: GodwitProcess[] = [];

beforeEach(async () => {
  scene = await openScene();
  address = new AddressFile(join(scene.spoolDir, 'address'), `127.0.0.1:${scene.source.port}`);
});

afterEach(async () => {
  await writers?.stop();
  writers = undefined;
  await Promise.all(started.splice(0).map((godwit) => godwit.kill()));
  await scene.close();
});

const TO_NEW = (): string => `printf "$GODWIT_TO" > ${address.path}`;

function cutover(...args: readonly string[]): GodwitProcess {
  const godwit = startGodwit({ command: 'cutover', source: scene.sourceUrl, target: scene.targetUrl, spoolDir: scene.spoolDir, args });
  started.push(godwit);
  return godwit;
}

function said(godwit: GodwitProcess): string {
  return godwit.lines.map((line) => String(line['message'])).join('\n');
}

test('a running sync is taken over and its clients follow: no acknowledged write is lost, and nothing of the job is left', async () => {
  writers = new FollowingWriters(() => address.read());
  const running = scene.godwit();
  await running.waitForPhase('incremental-sync');
  await writers.more(200);
  const cutting = cutover('--switch-command', TO_NEW());
  expect(oneLine(await running.exit, 'FENCED')).toContain('another Godwit has taken over');
  const exit = await cutting.exit;
  expect(said(cutting)).toContain('cut over from');
  expect(exit).toMatchObject({ code: 0, stderr: '' });
  await writers.more(200);
  await writers.stop();
  expect(address.read()).toBe(`127.0.0.1:${scene.target.port}`);
  expect(await writers.missingAt(scene.target.client())).toEqual([]);
  expect(await ask(scene.target.port, ['EVAL', "return #redis.call('KEYS', '__godwit*')", '0'])).toBe(':0');
  expect(readdirSync(scene.spoolDir)).toEqual(['address']);
  expect(existsSync(address.path)).toBe(true);
});

/** How long a write takes at the source; it waits as long as writes are stopped. */
async function writeMs(): Promise<number> {
  const startMs = performance.now();
  await ask(scene.source.port, ['SET', 'probe', 'value']);
  return performance.now() - startMs;
}

function untilSaid(godwit: GodwitProcess, text: string): Promise<unknown> {
  return waitFor(`the line ${text}`, () => said(godwit).includes(text), { timeoutMs: 20_000, intervalMs: 1 });
}

async function synced(...args: readonly string[]): Promise<void> {
  expect((await scene.godwit('--stop-when-lag-below', '1kb', ...args).exit).code).toBe(0);
}

/** It goes on where it was, and both sides become equal. */
async function goesOn(): Promise<void> {
  const godwit = scene.godwit();
  await godwit.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
  expect(await scene.sourceCounter('sync_full')).toBe(1);
  await godwit.stop();
}

test('a target that does not follow in time: writes go on when --max-pause is over, the sync goes on, and the next attempt gets through', async () => {
  writers = new FollowingWriters(() => address.read());
  await synced();
  const cutting = cutover('--sample', '0', '--max-pause', '700ms', '--switch-command', TO_NEW());
  await untilSaid(cutting, 'phase: incremental-sync');
  await ask(scene.target.port, ['CLIENT', 'PAUSE', '4000', 'WRITE']);
  await untilSaid(cutting, 'cut-over: draining');
  expect(await writeMs()).toBeLessThan(1_000);
  await untilSaid(cutting, 'the target had not applied all when writes had been stopped for 700 ms');
  await writers.more(50);
  expect(address.read()).toBe(`127.0.0.1:${scene.source.port}`);
  const status = await cutting.waitForStatus('the end', ({ cutover: seen }) => seen?.state === 'rolled-back');
  expect(status.phase).toBe('incremental-sync');
  expect(status.cutover?.pausedMs).toBeLessThan(1_000);
  const again = cutover('--switch-command', TO_NEW());
  expect((await again.exit).code).toBe(0);
  expect(oneLine(await cutting.exit, 'FENCED')).toContain('another Godwit');
  await writers.stop();
  expect(await writers.missingAt(scene.target.client())).toEqual([]);
});

test('a lag that does not end stops no writes', async () => {
  await synced();
  writers = new FollowingWriters(() => address.read());
  const cutting = cutover('--rate-commands', '200', '--max-lag', '1kb', '--catch-up', '1s', '--on-refusal', 'stop', '--switch-command', TO_NEW());
  expect(oneLine(await cutting.exit, 'CUTOVER_REFUSED')).toMatch(/the lag does not end: it was \d+ bytes and is \d+ after 1000 ms/);
  expect((await cutting.exit).code).toBe(9);
  expect(writers.gapMsMax).toBeLessThan(500);
  await writers.stop();
  await goesOn();
});

test('a difference found before writes are stopped refuses it; one that is found while they are stopped undoes it', async () => {
  await ask(scene.source.port, ['SET', 'planted', 'value']);
  await synced();
  await ask(scene.target.port, ['SET', 'planted', 'other']);
  const refused = cutover('--sample', '100%', '--on-refusal', 'stop', '--switch-command', TO_NEW());
  expect(oneLine(await refused.exit, 'CUTOVER_REFUSED')).toContain('1 of 1 compared keys differ: planted (db0, value)');
  expect(said(refused)).not.toContain('stopping-writes');
  await ask(scene.target.port, ['SET', 'planted', 'value']);
  writers = new FollowingWriters(() => address.read());
  const undone = cutover('--sample', '100%', '--on-refusal', 'stop', '--switch-command', TO_NEW());
  await untilSaid(undone, 'cut-over: comparing');
  await ask(scene.target.port, ['CLIENT', 'PAUSE', '1500', 'WRITE']);
  const planted = ask(scene.target.port, ['SET', 'planted', 'other']);
  expect(oneLine(await undone.exit, 'CUTOVER_UNDONE')).toMatch(/compared keys differ: planted \(db0, value\)/);
  await planted;
  await writers.more(50);
  expect(writers.gapMsMax).toBeLessThan(3_500);
  expect(address.read()).toBe(`127.0.0.1:${scene.source.port}`);
});

test('a switch command that fails, one that takes too long, and a signal while it runs: writes go on at once', async () => {
  await synced();
  const failing = cutover('--on-refusal', 'stop', '--switch-command', 'echo no such zone; exit 3');
  expect(oneLine(await failing.exit, 'CUTOVER_UNDONE')).toContain('the switch command has ended with 3; it said: no such zone');
  const slow = cutover('--on-refusal', 'stop', '--max-pause', '1s', '--switch-command', 'sleep 60');
  await untilSaid(slow, 'cut-over: switching');
  expect(await writeMs()).toBeLessThan(1_500);
  expect(oneLine(await slow.exit, 'CUTOVER_UNDONE')).toContain('the clients were not switched when writes had been stopped for 1000 ms');
  const stopped = cutover('--hold', '30s', '--switch-command', 'sleep 60');
  await untilSaid(stopped, 'cut-over: switching');
  const write = writeMs();
  expect((await stopped.stop()).code).toBe(143);
  expect(await write).toBeLessThan(1_000);
  await goesOn();
});

test('killed in any of its steps, it leaves a source that takes writes within 2 s, and a sync that goes on', async () => {
  await synced();
  for (const state of ['draining', 'switching']) {
    const cutting = cutover('--max-pause', '30s', '--switch-command', 'sleep 60');
    await untilSaid(cutting, `cut-over: ${state}`);
    await cutting.kill();
    expect(await writeMs(), state).toBeLessThan(2_300);
  }
  await goesOn();
});

test('without the right to stop writes it is refused with what to grant; --wait-for-quiet needs none, and waits until nobody writes', async () => {
  await ask(scene.source.port, ['ACL', 'SETUSER', 'migrator', 'on', '>password', '~*', '&*', '+@all', '-client|pause', '-client|kill']);
  scene.sourceUrl = `redis://migrator:password@127.0.0.1:${scene.source.port}`;
  await synced();
  const refused = cutover('--on-refusal', 'stop', '--switch-command', TO_NEW());
  expect(oneLine(await refused.exit, 'CUTOVER_REFUSED')).toContain('may not use CLIENT PAUSE, KILL. Grant +client|pause +client|kill');
  writers = new FollowingWriters(() => address.read());
  const waiting = cutover('--wait-for-quiet', '--switch-command', TO_NEW());
  await untilSaid(waiting, 'stop the writers of the source now');
  await writers.more(100);
  await writers.stop();
  expect((await waiting.exit).code).toBe(0);
  expect(said(waiting)).toContain('no write has come for 2000 ms');
  expect(await writers.missingAt(scene.target.client())).toEqual([]);
});

test('servers that cannot stop writes are told of', async () => {
  const old = await openScene({ source: { server: 'redis-6.0' } });
  const godwit = startGodwit({
    command: 'cutover',
    source: old.sourceUrl,
    target: old.targetUrl,
    spoolDir: old.spoolDir,
    args: ['--on-refusal', 'stop', '--switch-command', 'true'],
  });
  started.push(godwit);
  expect(oneLine(await godwit.exit, 'CUTOVER_REFUSED')).toMatch(/\(6\.0\.16\) cannot stop writes: that is of 6\.2 and newer/);
  await old.close();
});

test('steered over HTTP: the job that runs is rehearsed, and then cut over, from another process', async () => {
  writers = new FollowingWriters(() => address.read());
  const running = scene.godwit();
  const { job } = await running.waitForPhase('incremental-sync');
  const tokenFile = join(scene.spoolDir, job, 'control-token');
  const steer = (...args: readonly string[]): GodwitProcess => {
    const godwit = startGodwit({ command: 'cutover', source: running.statusUrl, args: ['--status-token-file', tokenFile, ...args] });
    started.push(godwit);
    return godwit;
  };
  const rehearsal = steer('--dry-run');
  expect(await rehearsal.exit).toMatchObject({ code: 0, stderr: '' });
  expect(said(rehearsal)).toMatch(/it would have all about \d+ ms after writes are stopped[^]*nothing stands in the way/);
  expect((await running.status()).phase).toBe('incremental-sync');
  const cutting = steer('--switch-command', TO_NEW());
  expect(await cutting.exit).toMatchObject({ code: 0, stderr: '' });
  expect(await running.exit).toMatchObject({ code: 0 });
  expect(said(cutting)).toMatch(/cut over; writes were stopped for \d+ ms/);
  await writers.more(100);
  await writers.stop();
  expect(await writers.missingAt(scene.target.client())).toEqual([]);
});

test('a dry run tells whether it would go and takes nothing over; of a job that was never begun it tells that', async () => {
  const none = cutover('--dry-run');
  expect(oneLine(await none.exit, 'CUTOVER_REFUSED')).toContain('not in incremental sync');
  writers = new FollowingWriters(() => address.read());
  const running = scene.godwit();
  await running.waitForPhase('incremental-sync');
  await writers.more(100);
  const rehearsal = cutover('--dry-run', '--reverse', '--sample', '100%');
  expect(await rehearsal.exit).toMatchObject({ code: 0, stderr: '' });
  for (const words of ['can stop writes', 'it would have all about', 'no difference', 'use 127.0.0.1', 'nothing stands in the way'])
    expect(said(rehearsal)).toContain(words);
  expect((await running.status()).phase).toBe('incremental-sync');
  expect(writers.gapMsMax).toBeLessThan(1_000);
  await ask(scene.target.port, ['SET', 'planted', 'other']);
  expect(oneLine(await cutover('--dry-run', '--sample', '100%').exit, 'CUTOVER_REFUSED')).toContain('compared keys differ: planted');
});

test('a key that was about to expire at the source does not live an hour at the new side', async () => {
  const running = scene.godwit();
  await running.waitForPhase('incremental-sync');
  let isLocking = true;
  const locking = (async () => {
    while (isLocking) await ask(scene.source.port, ['SET', 'lock', 'mine', 'PX', '3000']);
  })();
  const cutting = cutover('--sample', '0', '--switch-command', TO_NEW());
  const exit = await cutting.exit;
  isLocking = false;
  await locking;
  expect(exit.code).toBe(0);
  expect(said(cutting)).toContain('1 keys that were about to expire got their own expiry back');
  await waitFor('the lock to expire', async () => (await ask(scene.target.port, ['EXISTS', 'lock'])) === ':0');
});
