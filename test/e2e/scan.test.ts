/** `godwit scan`: key by key, with notifications and without, between real servers. */
import { afterEach, expect, test } from 'vitest';
import type { GodwitProcess } from '../support/godwit-process.ts';
import { loadRichData } from '../support/rich-data.ts';
import { openScene, type SceneOptions, type SyncScene } from '../support/sync-scene.ts';
import { waitFor } from '../support/wait-for.ts';

let scene: SyncScene;

async function open(options: SceneOptions = {}): Promise<SyncScene> {
  scene = await openScene(options);
  return scene;
}

afterEach(() => scene.close());

/** Functions are no keys: a scan does not bring them. */
async function keyDifferences(): Promise<string[]> {
  return (await scene.differences()).filter((line) => !line.startsWith('function library'));
}

async function following(godwit: GodwitProcess): Promise<void> {
  await godwit.waitForStatus('following', ({ scan }) => scan?.stage === 'following', { timeoutMs: 20_000 });
}

/** All that has happened is read and applied, and nothing more comes. */
async function quiet(godwit: GodwitProcess): Promise<void> {
  let before = -1;
  await godwit.waitForStatus(
    'the queue to be empty',
    ({ scan }) => {
      const isSame = scan?.stage === 'following' && scan.queued === 0 && scan.events === before;
      before = scan?.events ?? -1;
      return isSame;
    },
    { timeoutMs: 20_000, intervalMs: 150 },
  );
}

async function fill(count: number, prefix = 'key'): Promise<void> {
  const client = scene.source.client();
  const pipeline = client.pipeline();
  for (let i = 0; i < count; i++) pipeline.set(`${prefix}:${i}`, `value ${i}`);
  await pipeline.exec();
}

test.each(['redis-6.0', 'redis-8.0', 'valkey-9.1'] as const)('copies every type, expiry and database of %s', async (server) => {
  await open({ source: { server }, target: { server } });
  await loadRichData(scene.source, { bigElements: 2_000 });
  const { code, stderr } = await scene.scan().exit;
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(await keyDifferences()).toEqual([]);
});

test('follows every kind of change, in databases above 9 too', async () => {
  await open({ source: { args: ['--databases', '32'] }, target: { args: ['--databases', '32'] } });
  await fill(500);
  const client = scene.source.client();
  const far = scene.source.client({ db: 23 });
  await far.mset('a', '1', 'b', '2');
  const binary = Buffer.from([0, 255, 10, 13, 128, 0x2a]);
  await client.set(binary, 'binary');
  const godwit = scene.scan('--notifications');
  await following(godwit);
  await client.del('key:1');
  await client.unlink('key:2');
  await client.rename('key:3', 'renamed');
  await client.move('key:4', 30);
  await client.call('COPY', 'key:5', 'copied', 'DB', '12');
  await client.set('key:6', 'short', 'PX', 50);
  await client.pexpire('key:7', 60_000);
  await client.persist('key:7');
  await client.hset('hash', 'f', 'v');
  await client.lpush('list', 'a');
  await client.lpop('list');
  await client.restore('restored', 0, await client.dumpBuffer('key:8'));
  await client.append(binary, '!');
  await far.del('a');
  await far.incr('b');
  await waitFor('the expiry', async () => (await client.exists('key:6')) === 0);
  await quiet(godwit);
  expect(await keyDifferences()).toEqual([]);
  expect(await scene.target.client().getBuffer(binary)).toEqual(Buffer.from('binary!'));
  await godwit.stop();
  expect(await client.config('GET', 'notify-keyspace-events')).toEqual(['notify-keyspace-events', '']);
});

test.each(['redis-6.0', 'redis-8.0', 'valkey-9.1'] as const)('notices what makes no event: FLUSHDB, FLUSHALL and SWAPDB of %s', async (server) => {
  await open({ source: { server }, target: { server } });
  await fill(2_000);
  const client = scene.source.client();
  await scene.source.client({ db: 3 }).set('other', 'x');
  const godwit = scene.scan('--notifications');
  await following(godwit);
  const equal = async (what: string): Promise<void> => {
    await waitFor(`both to be equal after ${what}`, async () => (await keyDifferences()).length === 0, { timeoutMs: 20_000, intervalMs: 50 });
  };
  await client.flushdb();
  await equal('FLUSHDB');
  await fill(100, 'new');
  await client.swapdb(0, 3);
  await equal('SWAPDB');
  await client.flushall();
  await equal('FLUSHALL');
  expect((await godwit.status()).scan?.gaps).toBe(3);
});

test('a subscription that the source has ended for its buffer is healed by going over the source again', async () => {
  await open({ source: { args: ['--client-output-buffer-limit', 'pubsub 16kb 16kb 1'] } });
  await fill(3_000);
  const godwit = scene.scan('--notifications');
  await following(godwit);
  godwit.suspend();
  const client = scene.source.client();
  for (let round = 0; round < 20; round++) await fill(3_000, `${'long name '.repeat(10)}${round % 2}`);
  await client.del(...Array.from({ length: 1_000 }, (_, i) => `key:${i}`));
  godwit.resume();
  await godwit.waitForStatus('another pass', ({ scan }) => scan !== undefined && scan.gaps > 0 && scan.passes > 1 && scan.stage === 'following', {
    timeoutMs: 20_000,
  });
  await quiet(godwit);
  expect(await keyDifferences()).toEqual([]);
});

test('more changes than may wait are an overflow, and none is lost', async () => {
  await open();
  await fill(100);
  const godwit = scene.scan('--notifications', '--queue-keys', '50');
  await following(godwit);
  await fill(4_000);
  await scene.source.client().del(...Array.from({ length: 3_000 }, (_, i) => `key:${i}`));
  await godwit.waitForStatus('an overflow', ({ scan }) => scan !== undefined && scan.overflows > 0, { timeoutMs: 20_000 });
  await quiet(godwit);
  expect(await keyDifferences()).toEqual([]);
});

test('--mirror removes what only the target has, and nothing of ours', async () => {
  await open();
  await fill(1_000);
  const target = scene.target.client();
  await target.mset('only here', 'x', 'key:5', 'old', '__godwit:other', 'a mark');
  await scene.target.client({ db: 7 }).set('only here', 'x');
  const { code } = await scene.scan('--on-existing', 'replace', '--mirror').exit;
  expect(code).toBe(0);
  expect(await keyDifferences()).toEqual([]);
  expect(await target.get('__godwit:other')).toBe('a mark');
});

test('goes on where it was after kill -9, and without what it had brought', async () => {
  await open();
  await fill(20_000);
  const first = scene.scan('--keys-per-second', '8000', '--count', '500');
  await first.waitForStatus('a part', ({ fullSync }) => fullSync.keysApplied > 4_000, { timeoutMs: 20_000 });
  await first.kill();
  const second = scene.scan();
  const { code } = await second.exit;
  expect(code).toBe(0);
  expect(await keyDifferences()).toEqual([]);
  const told = second.lines.map(({ msg, message }) => String(msg ?? message)).find((text) => text.includes('full sync is applied'));
  expect(Number(/applied: ([\d,]+) keys/.exec(told ?? '')?.[1].replaceAll(',', ''))).toBeLessThan(17_000);
});

test('after kill -9 of a run that followed, the next one brings what nobody heard, and sets the notifications back', async () => {
  await open();
  await fill(3_000);
  const client = scene.source.client();
  await client.config('SET', 'notify-keyspace-events', 'Kg');
  const before = (await client.config('GET', 'notify-keyspace-events')) as string[];
  const first = scene.scan('--notifications');
  await following(first);
  await first.kill();
  await client.del(...Array.from({ length: 500 }, (_, i) => `key:${i}`));
  await client.set('key:600', 'changed');
  const second = scene.scan('--notifications');
  await following(second);
  await quiet(second);
  expect(await keyDifferences()).toEqual([]);
  await second.stop();
  expect(await client.config('GET', 'notify-keyspace-events')).toEqual(before);
});

test('lost connections of all kinds, and a target that restarts empty, are outlived while keys change', async () => {
  await open();
  await fill(5_000);
  const load = scene.load();
  const godwit = scene.scan('--notifications');
  await godwit.waitForStatus('the begin', ({ fullSync }) => fullSync.keysApplied > 0, { timeoutMs: 20_000 });
  const client = scene.source.client();
  for (let round = 0; round < 4; round++) {
    await load.more(200);
    await scene.killTargetConnections();
    const list = String(await client.client('LIST'));
    const ours = list.split('\n').filter((line) => line.includes('name=godwit:'));
    const victim = /addr=(\S+)/.exec(ours[round % Math.max(1, ours.length)] ?? '')?.[1];
    if (victim !== undefined) await client.client('KILL', victim).catch(() => undefined);
  }
  await scene.target.restart({ keepData: false });
  await load.more(200);
  await load.stop();
  await following(godwit);
  await quiet(godwit);
  expect(await keyDifferences()).toEqual([]);
});

test('large values come in pieces: a string in ranges, a hash as one, with their expiry', async () => {
  await open({ target: { args: ['--proto-max-bulk-len', '1mb'] } });
  const client = scene.source.client();
  await client.set('plain', Buffer.alloc(900 * 1024, 'x'), 'PX', 3_600_000);
  await client.hset('large hash', Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`field ${i}`, `value ${i} ${'y'.repeat(80)}`])));
  await client.set('small', '1');
  const godwit = scene.scan('--part-size', '500kb', '--notifications');
  await following(godwit);
  await client.setrange('plain', 500_000, 'changed');
  await client.hset('large hash', 'field 7', 'changed');
  await quiet(godwit);
  expect(await keyDifferences()).toEqual([]);
});
