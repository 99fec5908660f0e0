/** Settings of RedisShake's file beside filters, and those of Godwit around them: each is seen to act on real servers. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openRulesScene, type RulesScene } from '../../support/rules-scene.ts';
import { waitFor } from '../../support/wait-for.ts';
import { runGodwit } from '../../support/run-godwit.ts';

let scene: RulesScene;

beforeAll(async () => {
  scene = await openRulesScene();
});
beforeEach(() => scene.clear());
afterAll(() => scene.close());

async function commandsOf(): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await scene.to.info('stats'))?.[1]);
}

/** Commands in a second that the target carried out, over so much time. */
async function rateOf(ms: number): Promise<number> {
  const [before, startMs] = [await commandsOf(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ((await commandsOf()) - before) / ((performance.now() - startMs) / 1000);
}

describe('limits of the rate', () => {
  test('hold within a tenth in the full sync, can be changed while it runs, and hold in the stream', async () => {
    await scene.from.eval("for i = 1, 20000 do redis.call('SET', 'k' .. i, i) end", 0);
    const godwit = scene.follow('--rate-commands', '1500');
    await godwit.waitForStatus('the first keys', ({ fullSync }) => fullSync.keysApplied > 500);
    const slow = await rateOf(2500);
    expect(Math.abs(slow - 1500)).toBeLessThan(150);
    const put = await godwit.control('PUT', '/rate?commands=3000');
    expect(put.body).toEqual({ ok: true, commands: 3000, bytes: 0 });
    const fast = await rateOf(1500);
    expect(Math.abs(fast - 3000)).toBeLessThan(300);
    await godwit.control('PUT', '/rate?commands=0');
    await godwit.waitForPhase('incremental-sync');
    await godwit.control('PUT', '/rate?commands=1000');
    await scene.from.eval("for i = 1, 5000 do redis.call('INCR', 'n' .. (i % 7)) end", 0);
    for (let i = 0; i < 4; i++) await scene.from.pipeline(Array.from({ length: 1000 }, (_, n) => ['set', `s${n}`, '1'])).exec();
    const stream = await rateOf(2000);
    expect(stream).toBeLessThan(1100 + 5000 / 2);
    await godwit.control('PUT', '/rate?commands=0');
    await godwit.waitForLagZero(scene.source);
    expect(await scene.to.get('n3')).toBe(await scene.from.get('n3'));
  });

  test('of bytes, with values of all sizes', async () => {
    const text = 'x'.repeat(20_000);
    for (let i = 0; i < 150; i++) await scene.from.set(`k${i}`, `${i}${Math.random()}${text}`);
    await scene.from.config('SET', 'rdbcompression', 'no');
    const startMs = performance.now();
    expect(await scene.copy('--rate-bytes', '1mb')).toMatchObject({ code: 0 });
    const seconds = (performance.now() - startMs) / 1000;
    expect(seconds).toBeGreaterThan(2.6);
    expect(seconds).toBeLessThan(5.5);
  });
});

test('sync_rdb = false: nothing of the snapshot, all that comes behind it, into a target that holds keys', async () => {
  await scene.from.set('old', '1');
  await scene.to.set('own', '1');
  const { source, target } = scene;
  const text = `[sync_reader]\naddress = "127.0.0.1:${source.port}"\nsync_rdb = false\n[redis_writer]\naddress = "127.0.0.1:${target.port}"\n`;
  const godwit = scene.start(scene.file('changes.toml', text));
  await godwit.waitForPhase('incremental-sync');
  await scene.from.set('new', '1');
  await godwit.waitForLagZero(source);
  expect(await scene.keys()).toEqual(['new', 'own']);
  await godwit.kill();
  await scene.from.set('meanwhile', '1');
  const again = scene.start(scene.file('changes.toml', text));
  await again.waitForLagZero(source);
  expect(await scene.keys()).toEqual(['meanwhile', 'new', 'own']);
});

test('aws_psync: another name for PSYNC, for the servers that it names', async () => {
  await scene.from.set('a', '1');
  await using service = await openRenaming(scene.source.port);
  const args = (told: string): string[] => [
    'sync',
    `redis://127.0.0.1:${service.port}`,
    scene.target.url,
    '--spool-dir',
    `${scene.dir}/spool`,
    '--stop-after',
    'full-sync',
    '--source-psync-commands',
    told,
  ];
  const other = await runGodwit(args('127.0.0.1:1@xpsync'));
  expect([other.code, other.stderr]).toEqual([4, expect.stringMatching(/PSYNC_REFUSED/)]);
  expect(await runGodwit(args(`127.0.0.1:${service.port}@xpsync`))).toMatchObject({ code: 0, stderr: '' });
  expect(await scene.keys()).toEqual(['a']);
});

/** A service that knows PSYNC as xpsync only. (A server that was told rename-command takes the other name for SYNC.) */
async function openRenaming(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => {}));
    client.on('data', (bytes) => {
      const text = bytes.toString('latin1').replace('$5\r\nPSYNC', '$5\r\nPSINK').replace('$6\r\nxpsync', '$5\r\nPSYNC');
      upstream.write(Buffer.from(text, 'latin1'));
    });
    upstream.on('data', (bytes) => client.write(bytes));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('off_reply: what the target refuses is written down, and the run goes on', async () => {
  const { source, target } = scene;
  const text = `[sync_reader]\naddress = "127.0.0.1:${source.port}"\n[redis_writer]\naddress = "127.0.0.1:${target.port}"\noff_reply = true\n`;
  const godwit = scene.start(scene.file('off.toml', text));
  await godwit.waitForPhase('incremental-sync');
  await scene.to.rpush('n', 'a');
  await scene.from.append('n', 'x');
  await scene.from.set('behind', '1');
  await godwit.waitForLagZero(source);
  expect(await scene.keys()).toEqual(['behind', 'n']);
  expect((await godwit.status()).errors.deadLetters).toBe(1);
});

test('the status of a shake.toml has the keys of RedisShake at /', async () => {
  await scene.from.set('a', '1');
  const godwit = await scene.shake('', () => scene.from.set('b', '2'));
  const document = await waitFor('it to be consistent', async () => {
    const seen = (await (await fetch(`${godwit.statusUrl}/`)).json()) as Record<string, Record<string, unknown>>;
    return (seen['consistent'] as unknown) === true ? seen : null;
  });
  expect(Object.keys(document)).toEqual(['start_time', 'consistent', 'total_entries_count', 'per_cmd_entries_count', 'reader', 'writer']);
  expect(document['start_time']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  expect(document['total_entries_count']).toMatchObject({ read_count: 2, write_count: 2 });
  expect(Object.keys(document['reader'])).toEqual(
    'name address dir status rdb_file_size_bytes rdb_file_size_human rdb_received_bytes rdb_received_human rdb_sent_bytes rdb_sent_human aof_received_offset aof_sent_offset aof_received_bytes aof_received_human'.split(
      ' ',
    ),
  );
  expect(document['reader']).toMatchObject({ status: 'syncing aof', address: `127.0.0.1:${scene.source.port}` });
  expect(document['writer']).toMatchObject({ name: expect.stringMatching(/^writer_/) as string, unanswered_bytes: 0, unanswered_entries: 0 });
  expect((await godwit.status()).phase).toBe('incremental-sync');
});

test('--dry-run tells what would pass, of a server and of a file, and writes nothing', async () => {
  await scene.from.mset('user:1', 'a', 'user:2', 'b', 'order:1', 'c', 'u:1', 'd');
  const { source, target } = scene;
  const args = ['--prefix', 'user:', '--prefix', 'u:', '--block-suffix', ':9', '--rename', 'prefix:user:=>u:', '--dry-run', '--spool-dir', `${scene.dir}/dry`];
  const text = await runGodwit(['sync', source.url, target.url, ...args]);
  expect([text.code, text.stderr]).toEqual([0, '']);
  expect(text.stdout).toMatch(/^Nothing was written[^]*passes +3 keys[^]*dropped +1 keys[^]*user:1 -> u:1[^]*Keys that get one name: 1/m);
  const file = join(scene.dir, await scene.save());
  const lua = 'if KEYS[1] == "u:2" then error("not this one") end\nif KEYS[1] == "u:1" then shake.call(DB, {"INCR", "seen"}) end';
  const json = await runGodwit(['load', file, '--target', target.url, ...args, '--log-format', 'json', '--function', lua]);
  const report = JSON.parse(json.stdout) as Record<string, unknown>;
  expect(report).toMatchObject({ passed: { keys: 3 }, dropped: { keys: 1 }, renamed: { count: 2 }, unused: ['block suffix ":9"'] });
  const made = {
    given: 3,
    dropped: 0,
    made: 2,
    commands: [{ name: 'INCR', count: 2 }],
    failures: { count: 1, samples: [expect.stringContaining('not this one') as string] },
  };
  expect(report['function']).toEqual(made);
  const scanned = await runGodwit(['scan', source.url, target.url, ...args, '--function', lua]);
  expect([scanned.code, scanned.stderr]).toEqual([0, '']);
  expect(scanned.stdout).toMatch(/^passes +3 keys[^]*Function: given 3, made 2 commands, nothing of 0[^]*INCR +2[^]*it fails for 1:\n.*not this one/m);
  expect(await scene.to.dbsize()).toBe(0);
});

test('values beyond target.value_bytes_max go in several commands', async () => {
  for (let i = 0; i < 30; i++) await scene.from.rpush('large', ...Array.from({ length: 1000 }, (_, n) => `${i}:${n}:${Math.random()}${'y'.repeat(60)}`));
  await scene.from.config('SET', 'list-compress-depth', '0');
  await scene.to.config('RESETSTAT');
  expect(await scene.copy('--target-value-bytes-max', '600kb', '--target-unanswered-bytes-max', '64kb')).toMatchObject({ code: 0, stderr: '' });
  const stats = await scene.to.info('commandstats');
  expect([/cmdstat_rpush/.test(stats), /cmdstat_restore/.test(stats)]).toEqual([true, false]);
  expect(await scene.to.lrange('large', 0, -1)).toEqual(await scene.from.lrange('large', 0, -1));
});
