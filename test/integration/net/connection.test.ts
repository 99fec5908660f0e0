import { createServer as createHttpServer } from 'node:http';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { GodwitError } from '../../../src/errors/errors.ts';
import type { Connection } from '../../../src/net/connection.ts';
import type { ReplyCollector } from '../../../src/net/reply-collector.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { type Certificates, makeCertificates } from '../../support/certificates.ts';
import { connectionTo, type RealServer, startServer } from './real-server.ts';

let redis: RealServer;
const connections: Connection[] = [];

beforeAll(async () => {
  redis = await startServer();
});

afterAll(() => redis.stop());

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
});

function connection(...args: Parameters<typeof connectionTo>): ReturnType<typeof connectionTo> {
  const made = connectionTo(...args);
  connections.push(made);
  return made;
}

async function failure(made: Connection): Promise<GodwitError> {
  return made.connect({ attemptsMax: 1 }).then(
    () => Promise.reject(new Error('it connected')),
    (error) => error,
  );
}

test('CLIENT KILL: comes back, what was pending fails once, and the state is restored', async () => {
  let restored = 0;
  const data = connection(redis.port, { database: 5, onRestore: async (line) => void (await line.call('SET', 'restored', ++restored)) });
  const admin = connection(redis.port, { role: 'admin' });
  await Promise.all([data.connect(), admin.connect()]);
  for (let round = 1; round <= 20; round++) {
    const id = (await data.call('CLIENT', 'ID')) as number;
    const blocked = expect(data.call('BLPOP', 'never', 0)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    const lost: string[] = [];
    data.send([encodeCommand(['PING'])], [{ count: 1, onError() {}, onDone: () => lost.push('done'), onLost: (error) => lost.push(error.code) }]);
    await admin.call('CLIENT', 'KILL', 'ID', id);
    await blocked;
    await data.ready();
    expect(lost).toEqual(['CONNECTION_LOST']);
    expect(String(await data.call('CLIENT', 'INFO'))).toMatch(/name=godwit-test .*db=5 /);
    expect(data.generation).toBe(round + 1);
  }
  expect(restored).toBe(21);
  expect(data.status()).toMatchObject({ reconnects: 20, unansweredReplies: 0, unansweredBytes: 0, lastError: { code: 'CONNECTION_LOST' } });
});

describe('a connection that is pointed at another server', () => {
  test('goes there, and what was pending is told that it is lost', async () => {
    const other = await startServer();
    const data = connection(redis.port);
    await data.connect();
    const before = data.server.runId;
    const blocked = expect(data.call('BLPOP', 'never', 0)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    data.pointTo({ host: '127.0.0.1', port: other.port });
    await blocked;
    await data.ready();
    expect(data.server.runId).not.toBe(before);
    expect(data.endpoint.port).toBe(other.port);
    expect(data.status().address).toBe(`127.0.0.1:${other.port}`);
    const { generation } = data;
    data.pointTo({ host: '127.0.0.1', port: other.port });
    await data.call('PING');
    expect(data.generation).toBe(generation);
    await other.stop();
  });

  test('does not wait out the pause that the first one has earned', async () => {
    const first = await startServer();
    const data = connection(first.port, { reconnect: { delayMinMs: 60_000, delayMaxMs: 60_000, attemptsMax: 0, connectTimeoutMs: 2_000 } });
    await data.connect();
    await first.stop();
    await expect.poll(() => data.stateName).toBe('backing-off');
    data.pointTo({ host: '127.0.0.1', port: redis.port });
    await data.ready();
    expect(data.status().address).toBe(`127.0.0.1:${redis.port}`);
  });
});

test('a server that restarts is found again, and known to be another process', async () => {
  const first = await startServer();
  const data = connection(first.port);
  await data.connect();
  const before = data.server.runId;
  expect(before).toMatch(/^[0-9a-f]{40}$/);
  await first.stop();
  await expect.poll(() => data.status().lastError?.code).toBe('CONNECT_FAILED');
  await expect(data.call('PING')).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  const second = await startServer([], first.port);
  await data.ready();
  expect(data.server.runId).not.toBe(before);
  await second.stop();
});

describe('bulk sends', () => {
  /** Hands everything on in pieces of random size. */
  async function cuttingProxy(): Promise<{ port: number; close(): void }> {
    const sockets = new Set<Socket>();
    const proxy = createServer((client) => {
      const up = connectTcp({ port: redis.port, host: '127.0.0.1', noDelay: true });
      client.setNoDelay();
      for (const [from, to] of [
        [client, up],
        [up, client],
      ]) {
        sockets.add(from);
        from.on('error', () => {}).on('close', () => to.destroy());
        from.on('data', (chunk) => {
          for (let at = 0; at < chunk.length;) {
            const end = at + 1 + Math.floor(Math.random() * 3000);
            to.write(chunk.subarray(at, end));
            at = end;
          }
        });
      }
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => proxy.once('listening', resolve));
    return { port: (proxy.address() as { port: number }).port, close: () => (proxy.close(), sockets.forEach((socket) => socket.destroy())) };
  }

  test('100,000 pipelined commands in 200 sends: each reply counted, each error in its place', { timeout: 30_000 }, async () => {
    const proxy = await cuttingProxy();
    const data = connection(proxy.port);
    await data.connect();
    await data.call('FLUSHALL');
    await data.call('SET', 'text', 'no list');
    const errors: string[] = [];
    const wanted: string[] = [];
    const done: Promise<void>[] = [];
    for (let batch = 0; batch < 200; batch++) {
      const commands: Buffer[] = [];
      for (let i = 0; i < 500; i++) {
        const bad = (batch * 500 + i) % 997 === 0;
        if (bad) wanted.push(`${batch} ${i} -1 WRONGTYPE`);
        commands.push(
          bad
            ? encodeCommand(['LPUSH', 'text', 'x'])
            : i % 3 === 0
              ? encodeCommand(['INCR', 'n'])
              : i % 3 === 1
                ? encodeCommand(['SET', `k${i}`, 'v'])
                : encodeCommand(['GET', 'text']),
        );
      }
      done.push(
        new Promise((resolve, reject) => {
          const collector: ReplyCollector = {
            count: 500,
            onError: (index, nested, text) => void errors.push(`${batch} ${index} ${nested} ${text.split(' ')[0]}`),
            onDone: resolve,
            onLost: reject,
          };
          if (!data.send([Buffer.concat(commands.slice(0, 250)), Buffer.concat(commands.slice(250))], [collector])) void 0;
        }),
      );
      await data.drained();
    }
    const last = data.call('GET', 'n');
    await Promise.all(done);
    expect(errors).toEqual(wanted);
    const counted = Array.from({ length: 100_000 }, (_, k) => k).filter((k) => (k % 500) % 3 === 0 && k % 997 !== 0).length;
    expect(Number(await last)).toBe(counted);
    expect([data.unansweredReplies, data.unansweredBytes]).toEqual([0, 0]);
    proxy.close();
  });

  test('transactions: errors within EXEC have their place, an aborted one is null', async () => {
    const data = connection(redis.port);
    const other = connection(redis.port);
    await Promise.all([data.connect(), other.connect()]);
    const seen: string[] = [];
    const send = (commands: (string | number)[][], count: number): Promise<void> =>
      new Promise((resolve, reject) => {
        data.send(commands.map(encodeCommand), [
          { count, onError: (...at) => void seen.push(at.join(' ')), onNull: (index) => void seen.push(`null ${index}`), onDone: resolve, onLost: reject },
        ]);
      });
    await send([['SET', 's', 'x'], ['MULTI'], ['INCR', 'a'], ['LPUSH', 's', 1], ['INCR', 'a'], ['EXEC']], 6);
    expect(seen.splice(0)).toEqual([expect.stringMatching(/^5 1 WRONGTYPE/)]);
    await send([['MULTI'], ['NOSUCH'], ['EXEC']], 3);
    expect(seen.splice(0)).toEqual([expect.stringMatching(/^1 -1 ERR unknown/), expect.stringMatching(/^2 -1 EXECABORT/)]);
    await data.call('WATCH', 'w');
    await other.call('SET', 'w', 1);
    await send([['MULTI'], ['SET', 'w', 2], ['EXEC']], 3);
    expect(seen).toEqual(['null 2']);
  });
});

describe('what cannot work says why', () => {
  test('nothing listens', async () => {
    const own = await startServer();
    await own.stop();
    expect(await failure(connection(own.port))).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringMatching(new RegExp(`127.0.0.1:${own.port}.*connection refused.*ECONNREFUSED`)),
      details: { reason: 'ECONNREFUSED' },
    });
  });

  test('a host that is not known', async () => {
    const error = await failure(connection(1, { endpoint: { host: 'no-such-host.invalid', port: 6379 } }));
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringMatching(/no-such-host.invalid:6379.*(ENOTFOUND|EAI_AGAIN)/) });
  });

  test('wrong password, none, a user that is not there, a password where none is set', async () => {
    const own = await startServer(['--requirepass', 'right']);
    const to = (more: object): Connection => connection(own.port, { endpoint: { host: '127.0.0.1', port: own.port, ...more } });
    expect(await failure(to({ password: 'wrong' }))).toMatchObject({ code: 'AUTH_FAILED', message: expect.not.stringContaining('wrong ') });
    expect(await failure(to({}))).toMatchObject({ code: 'AUTH_REQUIRED' });
    expect(await failure(to({ username: 'nobody', password: 'right' }))).toMatchObject({ code: 'AUTH_FAILED' });
    await to({ password: 'right' }).connect();
    await to({ username: 'default', password: 'right' }).connect();
    await own.stop();
    expect(await failure(connection(redis.port, { endpoint: { host: '127.0.0.1', port: redis.port, password: 'p' } }))).toMatchObject({
      code: 'AUTH_FAILED',
      message: expect.stringMatching(/has no password set/),
    });
  });

  test('a web server', async () => {
    const web = createHttpServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => web.once('listening', resolve));
    expect(await failure(connection((web.address() as { port: number }).port))).toMatchObject({
      code: 'NOT_A_REDIS_SERVER',
      message: expect.stringMatching(/web server.*HTTP\/1.1 400/),
      retryable: false,
    });
    web.close();
  });

  test('a server that takes no more connections', async () => {
    const own = await startServer(['--maxclients', '1']);
    await connection(own.port).connect();
    const error = await failure(connection(own.port));
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringMatching(/no more connections/) });
    expect((error.cause as GodwitError).retryable).toBe(true);
    await own.stop();
  });
});

describe('TLS', () => {
  let certificates: Certificates;
  let secure: RealServer;
  beforeAll(async () => {
    certificates = await makeCertificates();
    const { caFile, certFile, keyFile } = certificates.server;
    secure = await startServer(['--tls-port', '--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', caFile]);
  });
  afterAll(async () => {
    await secure.stop();
    certificates.remove();
  });
  const to = (port: number, tls: object | undefined, host = '127.0.0.1'): Connection =>
    connection(port, { endpoint: { host, port, ...(tls ? { tls: { verify: true, ...tls } } : {}) } });
  const client = (): object => certificates.client;

  test('by address and by name, with a client certificate', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const data = to(secure.port, client(), host);
      await data.connect();
      const big = Buffer.alloc(3 << 20, 'x');
      await data.call('SET', 'big', big);
      expect(((await data.call('GET', 'big')) as Buffer).equals(big)).toBe(true);
    }
    const unchecked = to(secure.port, { ...client(), caFile: undefined, verify: false });
    await unchecked.connect();
  });

  test('an unknown authority, a wrong name, no client certificate, files that are not there', async () => {
    expect(await failure(to(secure.port, { ...client(), caFile: undefined }))).toMatchObject({
      code: 'TLS_FAILED',
      message: expect.stringMatching(/authority that is not trusted/),
      retryable: false,
    });
    expect(await failure(to(secure.port, { ...client(), serverName: 'elsewhere.example' }))).toMatchObject({
      code: 'TLS_FAILED',
      message: expect.stringMatching(/for another name/),
    });
    expect(await failure(to(secure.port, { caFile: certificates.client.caFile }))).toMatchObject({
      code: 'TLS_FAILED',
      message: expect.stringMatching(/asks for a client certificate/),
    });
    expect(await failure(to(secure.port, { caFile: `${certificates.client.caFile}.nowhere.pem` }))).toMatchObject({
      code: 'TLS_FAILED',
      message: expect.stringMatching(/tls.ca: cannot read .*nowhere.pem/),
    });
  });

  test('TLS spoken to a plain port, and plain to a TLS port', async () => {
    // A plain Redis answers a TLS greeting only if a line feed happens to be in it.
    expect(await failure(to(redis.port, client()))).toMatchObject({
      code: 'TLS_FAILED',
      message: expect.stringMatching(/does not speak TLS|did not answer the TLS handshake/),
      fix: expect.stringMatching(/redis:\/\//),
    });
    const plain = await failure(to(secure.port, undefined));
    expect(`${plain.message} ${plain.fix}`).toMatch(/TLS.*rediss:\/\//);
  });
});
