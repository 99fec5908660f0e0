import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GodwitError } from '../../../src/errors/errors.ts';
import type { ConnectionOptions } from '../../../src/net/connection-options.ts';
import { Connection } from '../../../src/net/connection.ts';
import { KeepaliveWheel } from '../../../src/net/keepalive-wheel.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { bulk, ScriptedServer } from './scripted-server.ts';

let server: ScriptedServer;
const open: Connection[] = [];

beforeEach(async () => {
  server = await new ScriptedServer().listen();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
  await server.close();
});

function make(more: Partial<ConnectionOptions> = {}): Connection {
  const connection = new Connection({
    role: 'target data',
    endpoint: { host: '127.0.0.1', port: server.port },
    clientName: 'godwit test',
    keepalive: { intervalMs: 0, idleLimitMs: 0, deadAfterMs: 0 },
    reconnect: { delayMinMs: 5, delayMaxMs: 20, attemptsMax: 0, connectTimeoutMs: 2000 },
    wheel: new KeepaliveWheel(),
    log: silentLogger,
    ...more,
  });
  open.push(connection);
  return connection;
}

const once = (connection: Connection): Promise<{ code: string; attemptsMax?: number }> =>
  connection.connect({ attemptsMax: 1 }).then(
    () => Promise.reject(new Error('connected')),
    (error) => error,
  );

describe('the handshake', () => {
  test('is one round trip, and tells what the server is', async () => {
    const connection = make({ endpoint: { host: '127.0.0.1', port: server.port, username: 'u', password: 'p w' }, database: 3 });
    await connection.connect();
    expect(server.seen).toEqual([
      'AUTH u p w',
      'CLIENT SETNAME godwit-test',
      'INFO server',
      'CONFIG GET timeout',
      'CONFIG GET proto-max-bulk-len',
      'CONFIG GET client-query-buffer-limit',
      'ROLE',
      'SELECT 3',
      'PING',
    ]);
    expect(connection.server).toMatchObject({
      role: 'primary',
      mode: 'standalone',
      runId: 'a1b2',
      timeoutMs: 0,
      protoMaxBulkLen: 1048576,
      configForbidden: false,
      version: { text: '7.0.15' },
    });
    expect(connection.generation).toBe(1);
  });

  test('asks INFO where ROLE is not known', async () => {
    server.reply = (command) =>
      command === 'ROLE'
        ? "-ERR unknown command 'ROLE'\r\n"
        : command === 'INFO replication'
          ? bulk('role:slave\r\nmaster_host:h\r\nmaster_port:7\r\n')
          : undefined;
    const connection = make();
    await connection.connect();
    expect(connection.server).toMatchObject({ role: 'replica', primaryAddress: 'h:7' });
  });

  test('goes without CLIENT, INFO, CONFIG and ROLE where they are refused', async () => {
    server.reply = (command) => (/^(CLIENT|INFO|CONFIG|ROLE|PING)/.test(command) ? '-NOPERM this user has no permissions\r\n' : undefined);
    const connection = make();
    await connection.connect();
    expect(connection.server).toMatchObject({ role: 'unknown', mode: 'unknown', version: undefined, timeoutMs: -1, configForbidden: true });
    expect(connection.status()).toMatchObject({ keepaliveReason: 'config-forbidden', nodeTimeoutMs: -1 });
    expect(connection.status().keepaliveIntervalMs).toBeGreaterThan(9900);
  });

  test.each([
    ['AUTH', '-WRONGPASS invalid username-password pair or user is disabled.', 'AUTH_FAILED', false],
    ['AUTH', '-ERR invalid password', 'AUTH_FAILED', false],
    ['AUTH', '-ERR Client sent AUTH, but no password is set', 'AUTH_FAILED', false],
    ['INFO', '-NOAUTH Authentication required.', 'AUTH_REQUIRED', false],
    ['SELECT', "-NOPERM this user has no permissions to run the 'select' command", 'PERMISSION_DENIED', false],
    ['SELECT', '-ERR DB index is out of range', 'TARGET_REFUSED', false],
    ['PING', '-LOADING Redis is loading the dataset in memory', 'TARGET_NOT_READY', true],
    ['PING', '-MASTERDOWN Link with MASTER is down', 'TARGET_NOT_READY', true],
    ['INFO', '-BUSY Redis is busy running a script', 'TARGET_NOT_READY', true],
  ])('%s answered with "%s" is %s', async (name, reply, code, retryable) => {
    server.reply = (command) => (command.startsWith(name) ? `${reply}\r\n` : undefined);
    const connection = make({ endpoint: { host: '127.0.0.1', port: server.port, password: 'p' }, database: 1 });
    const error = (await once(connection)) as GodwitError;
    expect(error).toMatchObject({ code });
    expect((error.cause as GodwitError).retryable === true).toBe(retryable);
    expect(error.message).not.toContain('AUTH p');
    if (code === 'PERMISSION_DENIED') expect(error.message).toContain('SELECT');
  });

  test.each([
    ['-ERR max number of clients reached\r\n', 'CONNECT_FAILED', /no more connections/],
    ['-DENIED Redis is running in protected mode because ...\r\n', 'CONNECT_FAILED', /protected mode/],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'NOT_A_REDIS_SERVER', /SSH server/],
    ['220 mail.example.org ESMTP\r\n', 'NOT_A_REDIS_SERVER', /220 mail/],
    ['\x15\x03\x01\x00\x02\x02\x46', 'TLS_FAILED', /speaks TLS/],
    ['', 'CONNECT_FAILED', /without a word/],
  ])('a server that says %j and closes gives %s', async (words, code, message) => {
    server.onAccept = (socket) => (socket.end(Buffer.from(words, 'latin1')), true);
    expect(await once(make())).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('a server that never answers fails the attempt in connectTimeoutMs', async () => {
    server.onAccept = () => true;
    const startMs = performance.now();
    expect(await once(make({ reconnect: { delayMinMs: 5, delayMaxMs: 20, attemptsMax: 0, connectTimeoutMs: 150 } }))).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringMatching(/did not answer within 150 ms/),
    });
    expect(performance.now() - startMs).toBeLessThan(1000);
  });

  test('is tried again while the server loads', async () => {
    let pings = 0;
    server.reply = (command) => (command === 'PING' && ++pings < 4 ? '-LOADING x\r\n' : undefined);
    const connection = make();
    await connection.connect();
    expect(server.accepted).toBe(4);
    expect(connection.status()).toMatchObject({ state: 'ready', reconnects: 0, lastError: { code: 'TARGET_NOT_READY' } });
  });

  test('a patient one waits for a server that loads, however few attempts it has', async () => {
    let pings = 0;
    server.reply = (command) => (command === 'PING' && ++pings < 4 ? '-LOADING x\r\n' : undefined);
    await expect(make().connect({ attemptsMax: 2 })).rejects.toMatchObject({ code: 'TARGET_NOT_READY' });
    pings = 0;
    await make().connect({ attemptsMax: 2, patient: true });
    expect(pings).toBe(4);
  });

  test('refuses an override that is too long for the node, at the first connection', async () => {
    server.timeoutS = '2';
    const connection = make({ keepalive: { intervalMs: 5000, idleLimitMs: 0, deadAfterMs: 0 } });
    await expect(connection.connect()).rejects.toMatchObject({ code: 'KEEPALIVE_TOO_LONG', message: expect.stringMatching(/5000 ms.*2000 ms.*1000 ms/) });
    expect(connection.stateName).toBe('closed');
  });
});

describe('a connection that breaks', () => {
  test('fails each pending call once, comes back, and runs onRestore before ready', async () => {
    const order: string[] = [];
    const connection = make({
      onRestore: async (line) => {
        order.push(`restore ${line.generation}`);
        await line.call('RESTORE-STATE');
        order.push('restored');
      },
    });
    await connection.connect();
    server.reply = (command) => (command.startsWith('SLOW') ? '' : undefined);
    const lost: string[] = [];
    const calls = Array.from({ length: 3 }, (_, i) => connection.call('SLOW', i).catch((error) => lost.push(`${i} ${error.code}`)));
    const collector = { count: 5, onError() {}, onDone: () => lost.push('done'), onLost: () => lost.push(`collector ${connection.isReady}`) };
    connection.send([encodeCommand(['SLOW', 'x'])], [collector]);
    await expect.poll(() => server.seen.at(-1)).toBe('SLOW x');
    for (const socket of server.sockets) socket.destroy();
    await Promise.all(calls);
    await connection.ready();
    order.push('ready');
    expect(lost.toSorted()).toEqual(['0 CONNECTION_LOST', '1 CONNECTION_LOST', '2 CONNECTION_LOST', 'collector false']);
    expect(order).toEqual(['restore 1', 'restored', 'restore 2', 'restored', 'ready']);
    expect(await connection.call('ANY')).toBe('OK');
    expect(connection.status()).toMatchObject({ reconnects: 1, unansweredReplies: 0, unansweredBytes: 0, state: 'ready' });
    expect(server.seen.filter((text) => text.startsWith('SLOW'))).toHaveLength(4);
  });

  test('ignores what its old socket says, and any call of disconnect more', async () => {
    const connection = make();
    await connection.connect();
    let late: (() => void) | undefined;
    server.reply = (command, socket) => {
      if (command !== 'WAIT') return undefined;
      late = () => socket.write('+LATE\r\n');
      return '';
    };
    const call = connection.call('WAIT');
    await expect.poll(() => late).toBeDefined();
    const error = new GodwitError('TARGET_NOT_READY', 'READONLY');
    late?.();
    connection.disconnect(error);
    connection.disconnect(error);
    await expect(call).rejects.toBe(error);
    await connection.ready();
    expect(await connection.call('GET')).toBe('OK');
    expect([connection.generation, server.accepted]).toEqual([2, 2]);
  });

  test('takes no commands between a loss and the end of the next handshake', async () => {
    const connection = make({ onRestore: async (line) => void (await line.call('RESTORE-STATE')) });
    await connection.connect();
    const early: string[] = [];
    connection.events.on('state', ({ to }) => {
      if (to.name !== 'ready') connection.call('EARLY').catch((error) => early.push(`${to.name} ${error.code}`));
    });
    for (const socket of server.sockets) socket.destroy();
    await expect.poll(() => connection.generation).toBe(2);
    await connection.ready();
    expect(early).toEqual(['backing-off CONNECTION_LOST', 'connecting CONNECTION_LOST', 'handshaking CONNECTION_LOST']);
    expect(server.seen).not.toContain('EARLY');
  });

  test('gives up an onRestore that fails for good, and tries one again that may recover', async () => {
    let runs = 0;
    const connection = make({
      onRestore: async () => {
        if (++runs < 3) throw new GodwitError('TARGET_NOT_READY', 'OOM');
        throw new GodwitError('FENCED', 'another one');
      },
    });
    await expect(connection.connect()).rejects.toMatchObject({ code: 'FENCED' });
    await expect(connection.ready()).rejects.toMatchObject({ code: 'FENCED' });
    await expect(connection.call('X')).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    expect([runs, connection.stateName]).toEqual([3, 'closed']);
  });

  test('ends after attemptsMax failures in a row', async () => {
    const connection = make({ reconnect: { delayMinMs: 1, delayMaxMs: 2, attemptsMax: 3, connectTimeoutMs: 1000 } });
    await connection.connect();
    server.onAccept = (socket) => (socket.destroy(), true);
    for (const socket of server.sockets) socket.destroy();
    await expect.poll(() => connection.stateName).toBe('closed');
    await expect(connection.ready()).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringMatching(/given up after 3 attempts/),
      retryable: false,
    });
    expect(server.accepted).toBe(4);
  });

  test('bytes that nobody asked for, and replies that are none, break the link', async () => {
    const connection = make();
    await connection.connect();
    for (const words of ['+SURPRISE\r\n', 'garbage\r\n']) {
      const lost = new Promise<{ error: GodwitError }>((resolve) => connection.events.on('lost', resolve));
      for (const socket of server.sockets) socket.write(words);
      expect((await lost).error).toMatchObject({ code: 'PROTOCOL_ERROR' });
      await connection.ready();
    }
  });

  test('a reply that a collector chokes on ends the connection as our own defect', async () => {
    const connection = make();
    await connection.connect();
    const broken = {
      count: 1,
      onError() {},
      onDone() {
        throw new Error('bug');
      },
      onLost() {},
    };
    connection.send([encodeCommand(['X'])], [broken]);
    await expect.poll(() => connection.stateName).toBe('closed');
    await expect(connection.ready()).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('close', () => {
  test('fails what waits, closes the socket, and nothing comes back', async () => {
    const connection = make();
    await connection.connect();
    server.reply = () => '';
    const call = connection.call('SLOW');
    const closing = connection.close();
    await expect(call).rejects.toMatchObject({ code: 'CONNECTION_LOST', retryable: false });
    await closing;
    await connection.close();
    await expect.poll(() => server.sockets.size).toBe(0);
    expect(server.accepted).toBe(1);
    await expect(connection.ready()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    expect(() => connection.send([], [])).toThrow(expect.objectContaining({ code: 'CONNECTION_LOST' }));
  });

  test.each(['while connecting', 'while shaking hands', 'while backing off'])('%s ends the attempt', async (when) => {
    if (when !== 'while connecting') server.onAccept = (socket) => (when === 'while backing off' ? socket.destroy() : socket.resume(), true);
    const connection = make({ reconnect: { delayMinMs: 60_000, delayMaxMs: 60_000, attemptsMax: 0, connectTimeoutMs: 2000 } });
    const connected = connection.connect();
    const wanted = { 'while connecting': 'connecting', 'while shaking hands': 'handshaking', 'while backing off': 'backing-off' }[when];
    await expect.poll(() => connection.stateName).toBe(wanted);
    const closing = connection.close();
    await expect(connected).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await closing;
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test('sends what was written before', async () => {
    const connection = make();
    await connection.connect();
    let written = 0;
    for (let i = 0; i < 50; i++) connection.send([encodeCommand(['SET', i, Buffer.alloc(20_000)])], [], () => void written++);
    await connection.close();
    await expect.poll(() => server.seen.filter((text) => text.startsWith('SET')).length).toBe(50);
    expect(written).toBe(50);
  });
});

test('a peer that does not read fills the socket: send says so, drained waits, and rejects when the link breaks', async () => {
  const connection = make();
  await connection.connect();
  for (const socket of server.sockets) socket.pause();
  const piece = Buffer.alloc(1 << 20);
  let pieces = 0;
  let written = 0;
  connection.beginPayload();
  while (connection.send([piece], [], () => void written++) || pieces === 0) pieces++;
  const call = connection.call('X');
  let drained = false;
  const waiting = connection.drained().then(() => (drained = true));
  // Goes on for as long as the system takes bytes.
  await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 100))]);
  while (connection.send([piece], [])) await new Promise(setImmediate);
  const second = connection.drained();
  connection.disconnect(new GodwitError('CONNECTION_DEAD', 'test'));
  await expect(second).rejects.toMatchObject({ code: 'CONNECTION_DEAD' });
  await expect(call).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  await expect.poll(() => written).toBe(pieces + 1);
  await connection.ready();
  expect(await connection.call('ANY')).toBe('OK');
  expect(typeof drained).toBe('boolean');
});

test('a call within a payload is sent behind it', async () => {
  const connection = make();
  await connection.connect();
  const value = encodeCommand(['SET', 'key', 'value']);
  connection.beginPayload();
  connection.send([value.subarray(0, 5)], [{ count: 1, onError() {}, onDone() {}, onLost() {} }]);
  const replies = connection.callAll([['FIRST'], ['SECOND']]);
  await new Promise(setImmediate);
  connection.send([value.subarray(5)], []);
  connection.endPayload();
  expect(await replies).toEqual(['OK', 'OK']);
  expect(server.seen.slice(-3)).toEqual(['SET key value', 'FIRST', 'SECOND']);
});
