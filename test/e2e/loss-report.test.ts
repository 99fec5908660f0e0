/** `--report`: every key and command that the target cannot be given as the source has it is named, and nothing else is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { RealServer } from '../support/server.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

let scene: SyncScene;

afterEach(() => scene.close());

interface Line {
  readonly outcome: string;
  readonly db: number;
  readonly key: string | null;
  readonly type?: string;
  readonly command?: string;
  readonly library?: string;
  readonly reason: string;
}

const report = (): string => join(scene.spoolDir, 'report.jsonl');

/** `db key (type or command) outcome`, in order and once. */
function named(): string[] {
  const lines = readFileSync(report(), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const names = lines.map((line) => {
    const { outcome, db, key, type, command, library } = JSON.parse(line) as Line;
    return `${db} ${key ?? library ?? '-'} (${command ?? type}) ${outcome}`;
  });
  return [...new Set(names)].toSorted();
}

const lastWords = ({ lines }: GodwitProcess): string => String(lines.at(-1)?.message);

async function fill(server: RealServer): Promise<void> {
  const client = server.client();
  await client.set('plain', 'v');
  await client.hset('hash:plain', 'f', 'v');
  await client.hset('hash:expiring', 'f', 'v', 'g', 'w');
  await client.call('HPEXPIREAT', 'hash:expiring', Date.now() + 3_600_000, 'FIELDS', 1, 'f');
  for (const id of ['1-1', '2-1', '3-1']) await client.xadd('stream:whole', id, 'f', 'v');
  for (const id of ['1-1', '2-1', '3-1']) await client.xadd('stream:deleted', id, 'f', 'v');
  await client.xdel('stream:deleted', '2-1');
  await client.call('VADD', 'vectors', 'VALUES', 3, 1, 2, 3, 'a');
  await client.call('FUNCTION', 'LOAD', '#!lua name=mylib\nredis.register_function("f", function() return 1 end)');
  await client.select(3);
  await client.hset('hash:expiring', 'f', 'v');
  await client.call('HPEXPIREAT', 'hash:expiring', Date.now() + 3_600_000, 'FIELDS', 1, 'f');
  client.disconnect();
}

const OF_SNAPSHOT = ['0 hash:expiring (hash)', '0 stream:deleted (stream)', '3 hash:expiring (hash)'];
const NEVER = ['0 mylib (functions) left-out', '0 vectors (vectorset) left-out'];

describe('redis 8.0 to redis 6.0', () => {
  test('a sync names what it degrades, in the snapshot and in the stream, and goes on in the same file', { timeout: 60_000 }, async () => {
    scene = await openScene({ source: { server: 'redis-8.0' }, target: { server: 'redis-6.0' } });
    await fill(scene.source);
    const args = ['--on-unsupported', 'degrade', '--report', report()];
    const godwit = scene.godwit(...args);
    await godwit.waitForPhase('incremental-sync');
    const snapshot = [...NEVER, ...OF_SNAPSHOT.map((name) => `${name} degraded`)].toSorted();
    expect(named()).toEqual(snapshot);
    const { conversion } = await godwit.status();
    expect(conversion).toMatchObject({ degraded: 3, skipped: 2, report: report() });
    expect(conversion.first.map(({ key }) => key).toSorted()).toEqual(['', '"hash:expiring"', '"hash:expiring"', '"stream:deleted"', '"vectors"']);
    const stopped = await godwit.stop();
    expect(stopped.code).toBe(143);
    expect(lastWords(godwit)).toContain('2 left out, 3 degraded');
    expect(lastWords(godwit)).toContain('report.jsonl names all of them');
    const client = scene.source.client();
    await client.call('HSETEX', 'late', 'PX', 3_600_000, 'FIELDS', 1, 'f', 'v');
    await client.call('VADD', 'vectors:late', 'VALUES', 3, 1, 2, 3, 'a');
    await client.hset('hash:late', 'f', 'v');
    client.disconnect();
    const again = scene.godwit(...args);
    await again.waitForPhase('incremental-sync');
    await again.waitForLagZero(scene.source);
    expect(named()).toEqual([...snapshot, '0 late (HSETEX) degraded', '0 vectors:late (VADD) left-out'].toSorted());
    expect(await scene.target.client().hgetall('late')).toEqual({ f: 'v' });
    expect((await again.stop()).code).toBe(143);
  });

  test('a load that skips leaves out just what it names', { timeout: 60_000 }, async () => {
    scene = await openScene({ source: { server: 'redis-8.0' }, target: { server: 'redis-6.0' } });
    await fill(scene.source);
    await scene.source.client().save();
    const args = ['--on-unsupported', 'skip', '--report', report()];
    const load = startGodwit({ file: join(scene.source.dir, 'dump.rdb'), target: scene.targetUrl, spoolDir: scene.spoolDir, args });
    expect(await load.exit).toMatchObject({ code: 0 });
    expect(named()).toEqual([...NEVER, ...OF_SNAPSHOT.map((name) => `${name} left-out`)].toSorted());
    const keys = (await scene.target.client().keys('*')).filter((key) => !key.startsWith('__godwit'));
    expect(keys.toSorted()).toEqual(['hash:plain', 'plain', 'stream:whole']);
    expect(lastWords(load)).toContain('left out: database 0, key "vectors" (vectorset): the target has no module');
  });

  test('nothing is lost: the job does not stop, and its report is empty', { timeout: 60_000 }, async () => {
    scene = await openScene({ source: { server: 'redis-8.0' }, target: { server: 'redis-6.0' } });
    const client = scene.source.client();
    for (const id of ['1-1', '2-1']) await client.xadd('stream:whole', id, 'f', 'v');
    await client.hset('hash:plain', 'f', 'v');
    const godwit = scene.godwit('--report', report());
    await godwit.waitForPhase('incremental-sync');
    expect(named()).toEqual([]);
    expect(await scene.differences()).toEqual([]);
    expect((await godwit.stop()).code).toBe(143);
  });
});

test('a report that cannot be written ends the run before anything is', { timeout: 60_000 }, async () => {
  scene = await openScene();
  await scene.source.client().set('k', 'v');
  const godwit = scene.godwit('--report', '/proc/none/report.jsonl');
  const { code, stderr } = await godwit.exit;
  expect([code, stderr]).toEqual([2, expect.stringContaining('[OUTPUT_FAILED]')]);
  expect(await scene.target.client().dbsize()).toBe(0);
});
