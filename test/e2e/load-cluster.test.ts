/** `godwit load` of files into a cluster, and to the primary behind sentinels: each command once, whatever is killed on the way. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { compareServers } from '../support/compare.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { loadRichData } from '../support/rich-data.ts';
import { runGodwit } from '../support/run-godwit.ts';
import { startSentinelSet } from '../support/sentinel-set.ts';
import { startServer } from '../support/server.ts';
import { emptySide, ownKeyCount } from '../support/shake-runs.ts';

const KEYS = 40;
const ROUNDS = 180;
let cluster: TestCluster;
let dir = '';
const godwits: GodwitProcess[] = [];

beforeAll(async () => {
  cluster = await startCluster({ shards: 3, server: 'redis-7.0' });
}, 60_000);
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'godwit-load-'));
  await emptySide(cluster);
});
afterEach(async () => {
  await Promise.all(godwits.splice(0).map((godwit) => godwit.kill()));
  rmSync(dir, { recursive: true, force: true });
});
afterAll(() => cluster.stop());

function load(file: string, url: string, ...args: readonly string[]): GodwitProcess {
  const godwit = startGodwit({ file, target: url, spoolDir: join(dir, 'spool'), args });
  godwits.push(godwit);
  return godwit;
}

const command = (...words: readonly string[]): string => `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

/** A manifest of three parts: counters, transactions over one slot, and commands over several, all of them wrong if anything comes twice or not at all. */
function counters(): string {
  const folder = join(dir, 'aof');
  mkdirSync(folder);
  const parts = ['1.base.aof', '1.incr.aof', '2.incr.aof'];
  for (const name of parts) writeFileSync(join(folder, name), '');
  for (let round = 0; round < ROUNDS; round++) {
    const lines = Array.from({ length: KEYS }, (_, i) =>
      i % 8 === 0
        ? command('MULTI') + command('INCR', `{n:${i}}`) + command('RPUSH', `{n:${i}}:list`, String(round)) + command('EXEC')
        : command('INCR', `{n:${i}}`),
    );
    lines.push(command('MSET', 'last:a', String(round), 'last:b', String(round)));
    appendFileSync(join(folder, parts[Math.floor((round * parts.length) / ROUNDS)]), lines.join(''));
  }
  const types = ['b', 'i', 'i'];
  writeFileSync(join(folder, 'a.manifest'), parts.map((name, i) => `file ${name} seq ${i + 1} type ${types[i]}\n`).join(''));
  return join(folder, 'a.manifest');
}

async function expectCounted(): Promise<void> {
  const client = cluster.client();
  for (let i = 0; i < KEYS; i++) expect(await client.get(`{n:${i}}`), `counter ${i}`).toBe(String(ROUNDS));
  const list = await client.lrange('{n:8}:list', 0, -1);
  expect(list).toEqual(Array.from({ length: ROUNDS }, (_, round) => String(round)));
  expect([await client.get('last:a'), await client.get('last:b')]).toEqual([String(ROUNDS - 1), String(ROUNDS - 1)]);
  client.disconnect();
}

test('commands of all parts come once each, when Godwit is killed and its connections are cut', { timeout: 60_000 }, async () => {
  const file = counters();
  const slow = ['--rate-commands', '3000'];
  for (let kills = 0; kills < 2; kills++) {
    const godwit = load(file, cluster.url(), ...slow);
    await godwit.waitForStatus('some commands', ({ incrementalSync }) => incrementalSync.commandsApplied > 600, { timeoutMs: 20_000 });
    await godwit.kill();
  }
  const last = load(file, cluster.url());
  await last.waitForStatus('some commands', ({ incrementalSync }) => incrementalSync.commandsApplied > 100);
  for (const node of await cluster.contentNodes()) {
    const client = node.client();
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    client.disconnect();
  }
  expect(await last.exit).toMatchObject({ code: 0, stderr: '' });
  await expectCounted();
  expect(await load(file, cluster.url()).exit).toMatchObject({ code: 0 });
  await expectCounted();
  const { code, stdout } = await runGodwit(['load', file, '--target', cluster.url(), '--finish', '--spool-dir', join(dir, 'spool')], { env: { HOME: dir } });
  expect([code, stdout]).toEqual([0, expect.stringContaining('is removed') as string]);
  expect(await ownKeyCount(cluster)).toBe(KEYS + KEYS / 8 + 2);
  const client = cluster.client();
  expect(await client.exists('{n:8}:list')).toBe(1);
  client.disconnect();
});

test('a snapshot of every type, killed on the way, with large values in several commands', async () => {
  await using source = await startServer({ server: 'redis-7.0', args: ['--databases', '1'] });
  await loadRichData(source, { bigElements: 800 }).catch(() => {});
  const client = source.client();
  await client.save();
  client.disconnect();
  const first = load(join(source.dir, 'dump.rdb'), cluster.url(), '--rate-commands', '100');
  await first.waitForStatus('some keys', ({ fullSync }) => fullSync.keysApplied > 20);
  await first.kill();
  expect(await load(join(source.dir, 'dump.rdb'), cluster.url(), '--target-value-bytes-max', '16kb').exit).toMatchObject({ code: 0, stderr: '' });
  expect(await compareServers(source, cluster)).toEqual([]);
});

test('a target that holds keys is refused, and emptied where that is asked for', async () => {
  writeFileSync(join(dir, 'a.aof'), command('INCR', 'n'));
  const client = cluster.client();
  await client.set('stranger', '1');
  expect((await load(join(dir, 'a.aof'), cluster.url()).exit).stderr).toContain('TARGET_NOT_EMPTY');
  expect(await load(join(dir, 'a.aof'), cluster.url(), '--flush-target', '--yes').exit).toMatchObject({ code: 0 });
  expect([await client.get('n'), await client.get('stranger')]).toEqual(['1', null]);
  client.disconnect();
});

test('the primary that sentinels name', async () => {
  await using set = await startSentinelSet({ server: 'redis-7.0' });
  writeFileSync(join(dir, 'a.aof'), command('INCR', 'n') + command('INCR', 'n'));
  expect(await load(join(dir, 'a.aof'), `redis+sentinel://${set.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${set.name}`).exit).toMatchObject({
    code: 0,
    stderr: '',
  });
  const primary = await set.primary();
  const client = primary.client();
  expect(await client.get('n')).toBe('2');
  client.disconnect();
});
