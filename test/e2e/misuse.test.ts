/** `godwit sync` given something else than two servers that it can sync: one clear line with a code and the fix, and nothing is written to the target. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createWebServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors/codes.ts';
import { freePort } from '../support/free-port.ts';
import { oneLine } from '../support/one-line.ts';
import { runGodwit } from '../support/run-godwit.ts';
import { type Sentinel, startSentinel } from '../support/sentinel.ts';
import { type RealServer, type ServerOptions, startServer } from '../support/server.ts';
import { openScene } from '../support/sync-scene.ts';

let source: RealServer;
let target: RealServer;
let folder = '';
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'godwit-misuse-'));
  [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'redis-7.0' })]);
  await source.client().set('key', 'value');
});

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  const client = target.client();
  expect(await client.keys('*')).toEqual([]);
  client.disconnect();
});

afterAll(async () => {
  await Promise.all([source.stop(), target.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function refused(code: ErrorCode, from: string, to: string, ...args: readonly string[]): Promise<string> {
  const run = await runGodwit(['sync', from, to, '--reconnect-delay-max', '200ms', ...args], { cwd: folder, env: { HOME: folder } });
  return oneLine(run, code);
}

/** The same at either side. */
async function refusedAtBothSides(code: ErrorCode, url: string, words: RegExp, ...args: readonly string[]): Promise<void> {
  const [asSource, asTarget] = await Promise.all([refused(code, url, target.url, ...args), refused(code, source.url, url, ...args)]);
  expect(asSource).toMatch(words);
  expect(asTarget).toMatch(words);
  expect([asSource.includes('source '), asTarget.includes('target ')]).toEqual([true, true]);
}

async function serverWith(args: ServerOptions['args']): Promise<RealServer> {
  const server = await startServer({ server: 'redis-7.0', args });
  closing.push(() => server.stop());
  return server;
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const withUser = (server: RealServer, user: string): string => server.url.replace('//', `//${user}:right@`);

describe('an address where no server can be reached', () => {
  test('a host name that nobody knows', async () => {
    const words =
      /^cannot connect to (source|target) no-such-host\.invalid:6379: (the host name is not known|the name server does not answer) \[\w+\] \(given up after/;
    await refusedAtBothSides('CONNECT_FAILED', 'redis://no-such-host.invalid', words);
  });

  test('a port that nobody listens on', async () => {
    const words = /^cannot connect to (source|target) 127\.0\.0\.1:\d+: nothing listens there .* \(given up after 3 attempts\)\. Check the address/;
    await refusedAtBothSides('CONNECT_FAILED', `redis://127.0.0.1:${await freePort()}`, words);
  });

  test('TLS asked of a port that does not speak it', async () => {
    const words = /did not answer the TLS handshake within 300 ms .* If this port does not speak TLS, use redis:\/\//;
    expect(await refused('TLS_FAILED', source.url.replace('redis:', 'rediss:'), target.url, '--reconnect-connect-timeout', '300ms')).toMatch(words);
  });
});

describe('something that is no Redis server', () => {
  test('a web server', async () => {
    await refusedAtBothSides(
      'NOT_A_REDIS_SERVER',
      await listening(createWebServer()),
      / is a web server: it answered "HTTP\/1\.1 400 Bad Request"\. Check host and port/,
    );
  });

  test('one that closes at once', async () => {
    const url = await listening(createServer((socket) => socket.destroy()));
    await refusedAtBothSides('CONNECT_FAILED', url, / closed the connection during the handshake, without a word .* If the port speaks TLS, use rediss:\/\//);
  });

  test('one that says nothing', async () => {
    const url = await listening(createServer((socket) => void socket.on('error', () => undefined).resume()));
    const words = / accepted the connection but did not answer within 300 ms \(given up after 3 attempts\)\. Check host and port, and whether the server hangs/;
    await refusedAtBothSides('CONNECT_FAILED', url, words, '--reconnect-connect-timeout', '300ms');
  });
});

describe('passwords and rights', () => {
  test('a password that is wrong, missing, or not asked for', async () => {
    const server = await serverWith(['--requirepass', 'right']);
    const bare = `redis://127.0.0.1:${server.port}`;
    await refusedAtBothSides(
      'AUTH_FAILED',
      `redis://:wrong@127.0.0.1:${server.port}`,
      / refused the user name or password: WRONGPASS .* Check GODWIT_(SOURCE|TARGET)_PASSWORD or --(source|target)-password-file, and --(source|target)-username;/,
    );
    await refusedAtBothSides('AUTH_FAILED', `redis://nobody:right@127.0.0.1:${server.port}`, / refused the user name or password: WRONGPASS/);
    await refusedAtBothSides(
      'AUTH_REQUIRED',
      bare,
      / asks for a password and none was given\. Set GODWIT_(SOURCE|TARGET)_PASSWORD or --(source|target)-password-file/,
    );
    expect(await refused('AUTH_FAILED', source.url, target.url, '--source-password', 'any')).toMatch(
      /has no password set, but one was given\. Leave the password out/,
    );
  });

  test.each([
    ['a command for the data', ['+@all', '-set', '~*'], /^target 127\S+: the user migrator may not use SET .* ACL SETUSER migrator \+set$/],
    ['a command for the mark', ['+@all', '-hmset', '~*'], /may not use HMSET .* ACL SETUSER migrator \+hmset$/],
    ['transactions', ['+@all', '-watch', '~*'], /may not use WATCH .* ACL SETUSER migrator \+watch$/],
    ['the keys of Godwit', ['+@all', '~app:*'], /the user migrator may not use keys ~__godwit\* .* ACL SETUSER migrator ~__godwit\*$/],
  ])('a user at the target without the right to %s', async (_, rights, words) => {
    const server = await serverWith([]);
    await server.client().call('ACL', 'SETUSER', 'migrator', 'on', '>right', ...rights);
    expect(await refused('PERMISSION_DENIED', source.url, withUser(server, 'migrator'))).toMatch(words);
    expect(await server.client().keys('*')).toEqual([]);
  });
});

describe('a server of another kind', () => {
  test('a sentinel', async () => {
    const sentinel: Sentinel = await startSentinel(source);
    closing.push(() => sentinel.stop());
    await refusedAtBothSides(
      'WRONG_TOPOLOGY',
      sentinel.url,
      /^(source|target) \S+ is a sentinel, not a server with data\. Write redis\+sentinel:\/\/127\.0\.0\.1:\d+\/watched\.$/,
    );
  });

  test('a server that was given as a cluster and is none', async () => {
    const words = (side: string): RegExp =>
      new RegExp(String.raw`^${side} \S+ is not a node of a cluster\. Give it as a standalone server, or give the nodes of a cluster\.$`);
    expect(await refused('WRONG_TOPOLOGY', source.url, target.url, '--source-cluster')).toMatch(words('source'));
    expect(await refused('WRONG_TOPOLOGY', source.url, target.url, '--target-cluster')).toMatch(words('target'));
  });

  test('a target that is a replica, named with its primary', async () => {
    const replica = await serverWith(['--replicaof', `${source.host} ${source.port}`]);
    const words = new RegExp(String.raw`^target \S+ is a replica of 127\.0\.0\.1:${source.port}\. Give the address of its primary\.$`);
    expect(await refused('TARGET_IS_REPLICA', source.url, replica.url)).toMatch(words);
  });

  test('the same server by two addresses', async () => {
    expect(await refused('SAME_SERVER', source.url, source.url.replace('127.0.0.1', 'localhost'))).toMatch(
      /^source \S+ and target localhost:\d+ are the same server/,
    );
    expect(await source.client().keys('*')).toEqual(['key']);
  });

  test('a target with keys: they stay as they are', async () => {
    const full = await serverWith([]);
    await full.client().set('mine', 'stays');
    expect(await refused('TARGET_NOT_EMPTY', source.url, full.url)).toMatch(
      /^target \S+ holds 1 key, and no mark of the job \S+\. Empty it, or choose --on-existing/,
    );
    expect(await full.client().mget(...(await full.client().keys('*')))).toEqual(['stays']);
  });

  test('protected mode, from another address than its own', async () => {
    const address = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
    if (address === undefined) throw new Error('this machine has no address but the loopback ones, so protected mode cannot be met');
    const server = await serverWith(['--bind', `127.0.0.1 ${address}`, '--protected-mode', 'yes']);
    await refusedAtBothSides('CONNECT_FAILED', `redis://${address}:${server.port}`, / is in protected mode: .* Set a password at the server/);
  });

  test('a server that takes no more clients', async () => {
    const server = await serverWith(['--maxclients', '1']);
    await server.client().ping();
    await refusedAtBothSides('CONNECT_FAILED', server.url, / takes no more connections: ERR max number of clients reached .* Raise maxclients/);
  });
});

describe('a source that does not replicate', () => {
  test('PSYNC is renamed away', async () => {
    const server = await serverWith(['--rename-command', 'PSYNC', '', '--rename-command', 'SYNC', '']);
    expect(await refused('PSYNC_REFUSED', server.url, target.url)).toMatch(
      /^source \S+ has no PSYNC \(ERR unknown command .* Take the rename-command lines out of its configuration/,
    );
  });

  test('the user may not run PSYNC', async () => {
    const [server, other] = await Promise.all([serverWith([]), serverWith([])]);
    await server.client().call('ACL', 'SETUSER', 'migrator', 'on', '>right', '+@all', '-psync');
    const run = await runGodwit(['sync', withUser(server, 'migrator'), other.url], { env: { HOME: folder }, timeoutMs: 3_000 });
    expect(oneLine(run, 'PERMISSION_DENIED')).toMatch(/^source \S+: the user migrator may not use PSYNC \(NOPERM .* ACL SETUSER migrator \+psync$/);
    expect(await other.client().keys('*')).toEqual([]);
  });

  test('its own primary is away for longer than the attempts that were allowed', async () => {
    const [server, other] = await Promise.all([serverWith(['--replicaof', `127.0.0.1 ${await freePort()}`]), serverWith([])]);
    const limits = ['--reconnect-attempts', '3', '--reconnect-delay-max', '200ms'];
    const run = await runGodwit(['sync', server.url, other.url, ...limits], { env: { HOME: folder }, timeoutMs: 3_000 });
    expect(oneLine(run, 'SOURCE_NOT_READY')).toMatch(/NOMASTERLINK .*given up after 3 attempts/);
  });

  test('its own primary is away: that is told, and the sync begins when it is a primary itself', async () => {
    const scene = await openScene({ source: { args: ['--replicaof', `127.0.0.1 ${await freePort()}`] } });
    closing.push(() => scene.close());
    const godwit = scene.godwit('--reconnect-delay-max', '200ms');
    const { errors } = await godwit.waitForStatus('the trouble', (status) => status.errors.last?.code === 'SOURCE_NOT_READY');
    expect(errors.last?.message).toMatch(/^source \S+ is not ready: NOMASTERLINK/);
    await scene.source.client().call('REPLICAOF', 'NO', 'ONE');
    await scene.source.client().set('key', 'value');
    await godwit.waitForPhase('incremental-sync');
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
  });
});

describe('places on disk', () => {
  test('a spool directory that cannot be written', async () => {
    writeFileSync(join(folder, 'a-file'), '');
    const refusedDir = (dir: string): Promise<string> => refused('SPOOL_FAILED', source.url, target.url, '--spool-dir', dir);
    expect(await refusedDir('a-file')).toMatch(
      /^spool\.dir \S+a-file cannot be written: a part of its path is a file\. Give a directory that this user can write: --spool-dir/,
    );
    expect(await refusedDir('a-file/below')).toMatch(/cannot be written: a part of its path is a file/);
    expect(await refusedDir('/proc/godwit')).toMatch(/^spool\.dir \/proc\/godwit cannot be written: no directory can be made there/);
  });

  test('a dead-letter file that cannot be written; one that can is not made before it is needed', async () => {
    mkdirSync(join(folder, 'letters'), { recursive: true });
    expect(await refused('CONFIG_INVALID', source.url, target.url, '--dead-letter-file', 'letters')).toMatch(
      /^dead_letter\.file \S+letters cannot be written: it is a directory\. Give a file/,
    );
    await refused('CONFIG_INVALID', source.url, target.url, '--dead-letter-file', 'letters/file', '--status-port', 'x');
    const full = await serverWith([]);
    await full.client().set('mine', 'stays');
    await refused('TARGET_NOT_EMPTY', source.url, full.url, '--dead-letter-file', 'letters/file');
    expect(readdirSync(join(folder, 'letters'))).toEqual([]);
  });
});
