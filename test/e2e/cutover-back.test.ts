/** `godwit cutover --reverse` and `--back`: with a client that writes through both switches, whatever the sides are. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ask } from '../support/ask.ts';
import { askServer, openClusterScene } from '../support/cluster-scene.ts';
import { AddressFile, FollowingWriters } from '../support/following-writers.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { oneLine } from '../support/one-line.ts';
import { startSentinelSet } from '../support/sentinel-set.ts';
import { startServer } from '../support/server.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface Pair {
  readonly source: string;
  readonly target: string;
  readonly spoolDir: string;
  readonly address: AddressFile;
}

function cutover({ source, target, spoolDir }: Pair, ...args: readonly string[]): GodwitProcess {
  const godwit = startGodwit({ command: 'cutover', source, target, spoolDir, args });
  ends.push(() => godwit.kill());
  return godwit;
}

function said(godwit: GodwitProcess): string {
  return godwit.lines.map((line) => String(line['message'])).join('\n');
}

function following(address: AddressFile): FollowingWriters {
  const writers = new FollowingWriters(() => address.read());
  ends.push(() => writers.stop());
  return writers;
}

async function standalone(): Promise<{ scene: SyncScene; pair: Pair }> {
  const scene = await openScene();
  ends.push(() => scene.close());
  const address = new AddressFile(join(scene.spoolDir, 'address'), `127.0.0.1:${scene.source.port}`);
  return { scene, pair: { source: scene.sourceUrl, target: scene.targetUrl, spoolDir: scene.spoolDir, address } };
}

const switchTo = ({ address }: Pair, kind = ''): string => `printf "${kind}%s" "$GODWIT_TO" > ${address.path}`;

test('there and back between two servers, with writes all the time: none that was acknowledged is lost on either way, and no full sync is made', async () => {
  const { scene, pair } = await standalone();
  await ask(scene.source.port, ['SET', 'once', 'before']);
  const running = scene.godwit();
  await running.waitForPhase('incremental-sync');
  const writers = following(pair.address);
  await writers.more(200);
  const there = cutover(pair, '--reverse', '--switch-command', switchTo(pair));
  await there.waitForStatus('the sync back', ({ job, phase }) => job.endsWith('-back') && phase === 'incremental-sync', { timeoutMs: 20_000 });
  expect(oneLine(await running.exit, 'FENCED')).toContain('another Godwit');
  await writers.more(300);
  const client = scene.target.client();
  await client.select(3);
  await client.rpush('elsewhere', 'a', 'b');
  client.disconnect();
  expect(oneLine(await scene.godwit('--on-existing', 'replace').exit, 'JOB_CUT_OVER')).toContain('-back has begun');
  const back = cutover(pair, '--back', '--reverse', '--switch-command', switchTo(pair));
  expect(oneLine(await there.exit, 'FENCED')).toContain('another Godwit');
  await back.waitForStatus('the sync there', ({ job, phase }) => !job.endsWith('-back') && phase === 'incremental-sync', { timeoutMs: 20_000 });
  await writers.more(200);
  await writers.stop();
  expect(pair.address.read()).toBe(`127.0.0.1:${scene.source.port}`);
  expect(await writers.missingAt(scene.source.client())).toEqual([]);
  await back.waitForLagZero(scene.source);
  expect(await scene.differences()).toEqual([]);
  expect([await scene.sourceCounter('sync_full'), said(there).includes('(full sync)'), said(back).includes('(full sync)')]).toEqual([1, false, false]);
  expect((await back.stop()).code).toBe(143);
  expect(said(back)).toMatch(/the sync back is stopped\. The mark is written; it goes on with godwit sync \S+ \S+ --job \S+,/);
});

test('killed in the moment of the switch: the sync back begins where the switch was', async () => {
  const { scene, pair } = await standalone();
  await ask(scene.source.port, ['SET', 'old', 'value']);
  expect((await scene.godwit('--stop-when-lag-below', '1kb').exit).code).toBe(0);
  const writers = following(pair.address);
  const there = cutover(pair, '--reverse', '--switch-command', `${switchTo(pair)}; kill -9 $PPID`);
  expect(await there.exit).toMatchObject({ signal: 'SIGKILL' });
  // Nobody ends the connections of the clients then: they are led away from the old side as an operator would have to.
  await askServer(scene.source, 'CLIENT', 'KILL', 'TYPE', 'normal');
  await writers.more(300);
  await ask(scene.target.port, ['DEL', 'old']);
  const [name] = readdirSync(scene.spoolDir).filter((entry) => entry.endsWith('-back'));
  const back = startGodwit({ source: pair.target, target: pair.source, spoolDir: pair.spoolDir, args: ['--job', name] });
  ends.push(() => back.kill());
  await back.waitForPhase('incremental-sync');
  await writers.stop();
  await back.waitForLagZero(scene.target);
  expect(said(back)).not.toContain('(full sync)');
  expect(await writers.missingAt(scene.source.client())).toEqual([]);
  expect(await ask(scene.source.port, ['EXISTS', 'old'])).toBe(':0');
});

test('from a server to a cluster and back: each shard is followed from the switch on', async () => {
  const scene = await openClusterScene({ shards: 3 });
  ends.push(() => scene.close());
  const address = new AddressFile(join(scene.spoolDir, 'address'), `127.0.0.1:${scene.source.port}`);
  const pair = { source: scene.source.url, target: scene.targetUrl, spoolDir: scene.spoolDir, address };
  const writers = following(address);
  expect((await scene.godwit('--stop-when-lag-below', '1kb').exit).code).toBe(0);
  const there = cutover(pair, '--reverse', '--switch-command', `printf "cluster %s" "\${GODWIT_TO%%,*}" > ${address.path}`);
  await there.waitForStatus('the sync back', ({ job, phase }) => job.endsWith('-back') && phase === 'incremental-sync', { timeoutMs: 20_000 });
  await writers.more(300);
  expect(address.read()).toMatch(/^cluster /);
  const back = cutover(pair, '--back', '--switch-command', switchTo(pair));
  expect(await back.exit).toMatchObject({ code: 0, stderr: '' });
  await writers.more(100);
  await writers.stop();
  expect(await writers.missingAt(scene.source.client())).toEqual([]);
  expect([await scene.fullSyncs(), said(there).includes('(full sync)'), said(back).includes('(full sync)')]).toEqual([1, false, false]);
  expect(await askServer(scene.source, 'EVAL', "return #redis.call('KEYS', '__godwit*')", '0')).toBe(0);
});

test('from a primary behind sentinels to a server and back', async () => {
  const [set, target] = await Promise.all([startSentinelSet({ replicas: 1, sentinels: 1 }), startServer({ server: 'valkey-8.1' })]);
  ends.push(
    () => target.stop(),
    () => set.stop(),
  );
  const spoolDir = mkdtempSync(join(tmpdir(), 'godwit-cutover-'));
  ends.push(async () => rmSync(spoolDir, { recursive: true, force: true }));
  const address = new AddressFile(join(spoolDir, 'address'), `127.0.0.1:${(await set.primary()).port}`);
  const source = `redis+sentinel://127.0.0.1:${set.sentinels[0].port}/${set.name}`;
  const pair = { source, target: target.url, spoolDir, address };
  const writers = following(address);
  const running = startGodwit({ source, target: target.url, spoolDir, args: ['--stop-when-lag-below', '1kb'] });
  expect((await running.exit).code).toBe(0);
  const toServers = `printf "%s" "$GODWIT_TO_SERVERS" > ${address.path}`;
  const there = cutover(pair, '--reverse', '--switch-command', toServers);
  await there.waitForStatus('the sync back', ({ job, phase }) => job.endsWith('-back') && phase === 'incremental-sync', { timeoutMs: 20_000 });
  await writers.more(300);
  const back = cutover(pair, '--back', '--switch-command', toServers);
  expect(await back.exit).toMatchObject({ code: 0, stderr: '' });
  await writers.more(100);
  await writers.stop();
  expect(said(back)).toContain(`use the primary ${set.name} of the sentinels`);
  expect(await writers.missingAt((await set.primary()).client())).toEqual([]);
});
