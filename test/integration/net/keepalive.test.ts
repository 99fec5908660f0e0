/** The reason this project exists: idle connections to real servers that close them. */
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { Connection } from '../../../src/net/connection.ts';
import { freePort } from '../../support/free-port.ts';
import { connectionTo, type RealServer, startServer } from './real-server.ts';

interface Tools {
  server(...args: string[]): Promise<RealServer>;
  connection(...args: Parameters<typeof connectionTo>): ReturnType<typeof connectionTo>;
  cleanUp(run: () => unknown): void;
}

/** These tests mostly wait, so they wait together; each ends what it has started. */
function waitingTest(name: string, run: (tools: Tools) => Promise<void>): void {
  test.concurrent(name, { timeout: 30_000 }, async () => {
    const cleanups: (() => unknown)[] = [];
    try {
      await run({
        async server(...args) {
          const started = await startServer(args);
          cleanups.push(() => started.stop());
          return started;
        },
        connection(...args) {
          const made = connectionTo(...args);
          cleanups.push(() => made.close());
          return made;
        },
        cleanUp: (cleanup) => void cleanups.push(cleanup),
      });
    } finally {
      for (const cleanup of cleanups.toReversed()) await cleanup();
    }
  });
}

const passes = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const idOf = async (of: Connection): Promise<number> => (await of.call('CLIENT', 'ID')) as number;

waitingTest('idle for 6 s at timeout 1 and 2: nothing is closed', async ({ server, connection }) => {
  const one = await server('--timeout', '1');
  const two = await server('--timeout', '2');
  const idle = [connection(one.port), connection(one.port), connection(two.port)];
  await Promise.all(idle.map((each) => each.connect()));
  const ids = await Promise.all(idle.map(idOf));
  // Proof that these servers do close idle connections: a bare one does not survive.
  const bare = connectTcp(one.port, '127.0.0.1');
  const bareClosed = new Promise<void>((resolve) => bare.on('close', () => resolve()));
  bare.resume().on('end', () => bare.destroy());
  await passes(6000);
  await bareClosed;
  expect(idle.map((each) => each.losses)).toEqual([[], [], []]);
  expect(await Promise.all(idle.map(idOf))).toEqual(ids);
  expect(idle[0].status()).toMatchObject({ keepaliveReason: 'node-timeout', nodeTimeoutMs: 1000, reconnects: 0, pingsLost: 0 });
  expect(idle[0].status().keepaliveIntervalMs).toBeLessThan(500);
  // 6 s at 0.4 and 0.67 s.
  expect(idle[0].status().pingsSent).toBeGreaterThan(11);
  expect(idle[2].status().pingsSent).toBeLessThan(13);
});

waitingTest('timeout lowered while idle costs one close at most, and is kept to from then on', async ({ server, connection }) => {
  const { port } = await server();
  const admin = connection(port, { role: 'admin' });
  const idle = connection(port);
  await Promise.all([admin.connect(), idle.connect()]);
  expect(idle.status()).toMatchObject({ keepaliveReason: 'no-timeout' });
  await admin.call('CONFIG', 'SET', 'timeout', 1);
  await expect.poll(() => idle.losses.length, { timeout: 6000 }).toBe(1);
  await idle.ready();
  expect(idle.status()).toMatchObject({ keepaliveReason: 'node-timeout', nodeTimeoutMs: 1000 });
  await passes(5000);
  expect(idle.losses).toHaveLength(1);
  expect(idle.losses[0]).toMatch(/^CONNECTION_LOST after \d{4} ms$/);
});

waitingTest('CONFIG forbidden by ACL: 10 s, and the reason says so; an unknown timeout is learned from the first close', async ({ server, connection }) => {
  const { port } = await server('--timeout', '2');
  const admin = connection(port, { role: 'admin' });
  await admin.connect();
  await admin.call('ACL', 'SETUSER', 'mover', 'on', '>secret', '~*', '+@all', '-config');
  const idle = connection(port, { endpoint: { host: '127.0.0.1', port, username: 'mover', password: 'secret' } });
  await idle.connect();
  expect(idle.server.configForbidden).toBe(true);
  expect(idle.status()).toMatchObject({ keepaliveReason: 'config-forbidden', nodeTimeoutMs: -1 });
  expect(idle.status().keepaliveIntervalMs).toBeGreaterThan(9900);
  await expect.poll(() => idle.losses.length, { timeout: 6000 }).toBe(1);
  await idle.ready();
  expect(idle.status().keepaliveReason).toBe('idle-limit');
  expect(idle.status().keepaliveIntervalMs).toBeLessThan(1400);
  await passes(6000);
  expect(idle.losses).toHaveLength(1);
});

waitingTest('a proxy that silently drops idle flows: kept open with idle_limit, found dead and learned without', async ({ server, connection, cleanUp }) => {
  const { port } = await server();
  const proxyPort = await freePort();
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const up = connectTcp(port, '127.0.0.1');
    let dropped = false;
    let timer = setTimeout(() => (dropped = true), 1500);
    for (const [from, to] of [
      [client, up],
      [up, client],
    ]) {
      sockets.add(from);
      from.on('error', () => {}).on('close', () => to.destroy());
      from.on('data', (chunk) => {
        clearTimeout(timer);
        timer = setTimeout(() => (dropped = true), 1500);
        if (!dropped) to.write(chunk);
      });
    }
  }).listen(proxyPort, '127.0.0.1');
  cleanUp(() => (proxy.close(), sockets.forEach((socket) => socket.destroy())));
  const told = connection(proxyPort, { keepalive: { intervalMs: 0, idleLimitMs: 1500, deadAfterMs: 1000 } });
  const untold = connection(proxyPort, { keepalive: { intervalMs: 3000, idleLimitMs: 0, deadAfterMs: 1000 } });
  await Promise.all([told.connect(), untold.connect()]);
  await expect.poll(() => untold.losses.length, { timeout: 8000 }).toBe(1);
  expect(untold.losses[0]).toMatch(/^CONNECTION_DEAD/);
  await untold.ready();
  await passes(5000);
  expect(untold.losses).toHaveLength(1);
  expect(told.losses).toEqual([]);
  expect(told.status().keepaliveReason).toBe('idle-limit');
});

waitingTest('no ping gets between MULTI and EXEC that are sent separately', async ({ server, connection }) => {
  const { port } = await server('--timeout', '2');
  const data = connection(port);
  await data.connect();
  const sent = data.status().pingsSent;
  data.beginTransaction();
  expect(await data.call('MULTI')).toBe('OK');
  await passes(900);
  expect(await data.call('SET', 'k', 'v')).toBe('QUEUED');
  await passes(900);
  expect(await data.call('EXEC')).toEqual(['OK']);
  expect(data.status().pingsSent).toBe(sent);
  data.endTransaction();
  await expect.poll(() => data.status().pingsSent, { timeout: 2000 }).toBeGreaterThan(sent);
});

waitingTest('a stopped server is noticed within dead_after, and recovered when it goes on', async ({ server, connection }) => {
  const target = await server();
  const data = connection(target.port, {
    keepalive: { intervalMs: 300, idleLimitMs: 0, deadAfterMs: 600 },
    reconnect: { delayMinMs: 10, delayMaxMs: 100, attemptsMax: 0, connectTimeoutMs: 400 },
  });
  const quiet = connection(target.port, {
    keepalive: { intervalMs: 300, idleLimitMs: 0, deadAfterMs: 600 },
    reconnect: { delayMinMs: 10, delayMaxMs: 100, attemptsMax: 0, connectTimeoutMs: 400 },
  });
  await Promise.all([data.connect(), quiet.connect()]);
  target.process.kill('SIGSTOP');
  const startMs = performance.now();
  const call = data.call('INCR', 'n');
  await expect(call).rejects.toMatchObject({ code: 'CONNECTION_DEAD', message: expect.stringMatching(/sent nothing for 0\.[67] s while \d+ repl/) });
  expect(performance.now() - startMs).toBeLessThan(1000);
  await expect.poll(() => quiet.losses.length, { timeout: 2000 }).toBe(1);
  expect(performance.now() - startMs).toBeLessThan(1300);
  await passes(600);
  expect([data.stateName, quiet.stateName]).not.toContain('ready');
  target.process.kill('SIGCONT');
  await Promise.all([data.ready(), quiet.ready()]);
  // It was never sent again, but the stopped server had it in its socket.
  expect(String(await data.call('GET', 'n'))).toBe('1');
  expect(quiet.status().pingsLost).toBeGreaterThan(0);
});
