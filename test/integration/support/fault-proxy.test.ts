import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { waitFor } from '../../support/wait-for.ts';

let echo: Server;
let proxy: FaultProxy;
/** The server's ends of the connections, and what they got. */
let ends: { socket: Socket; got: string; ended: boolean }[];

beforeEach(async () => {
  ends = [];
  echo = createServer((socket) => {
    const end = { socket, got: '', ended: false };
    ends.push(end);
    socket.on('error', () => undefined);
    socket.once('close', () => (end.ended = true));
    socket.on('data', (bytes) => {
      end.got += bytes.toString();
      socket.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await startFaultProxy({ port: (echo.address() as AddressInfo).port });
});
afterEach(() => {
  proxy.close();
  for (const { socket } of ends) socket.destroy();
  echo.close();
});

interface Client {
  readonly socket: Socket;
  got: string;
  ended: boolean;
  error: string;
}

async function dial(): Promise<Client> {
  const socket = connect(proxy.port, '127.0.0.1');
  const client: Client = { socket, got: '', ended: false, error: '' };
  socket.on('data', (bytes) => (client.got += bytes.toString()));
  socket.on('error', (error: NodeJS.ErrnoException) => (client.error = error.code ?? error.message));
  socket.once('close', () => (client.ended = true));
  await once(socket, 'connect');
  return client;
}

async function echoed(client: Client, text: string): Promise<void> {
  const wanted = client.got + text;
  client.socket.write(text);
  await waitFor(`the echo of ${text}`, () => client.got === wanted);
}

/** Long enough for an echo that should not come. */
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60));

test('passes bytes and ends in both directions, and counts connections', async () => {
  const client = await dial();
  await echoed(client, 'hello');
  const other = await dial();
  await proxy.connectionCount(2);
  client.socket.end();
  await waitFor('the end at the server', () => ends[0].ended);
  await waitFor('one open flow', () => proxy.open === 1);
  other.socket.destroy();
});

test('passes a megabyte unchanged', async () => {
  const client = await dial();
  await echoed(client, 'abcdefgh'.repeat(131_072));
});

test('delays', async () => {
  const client = await dial();
  proxy.delay(50);
  const startedAt = performance.now();
  await echoed(client, 'late');
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
});

test('cuts once after so many bytes of a direction', async () => {
  const client = await dial();
  await echoed(client, 'before');
  const cut = proxy.cutAfter(3, 'to-client');
  client.socket.write('abcdef');
  await cut;
  await waitFor('the cut', () => client.ended);
  expect(client.got).toBe('beforeabc');
  const next = await dial();
  await echoed(next, 'abcdef');
});

test('cuts what goes to the server', async () => {
  const client = await dial();
  const cut = proxy.cutAfter(4, 'to-server');
  client.socket.write('abcdef');
  await cut;
  await waitFor('the cut', () => ends[0].ended);
  expect(ends[0].got).toBe('abcd');
});

test('accepts and says nothing', async () => {
  proxy.acceptAndSayNothing();
  const client = await dial();
  client.socket.write('hello?');
  await quiet();
  expect([client.got, client.ended, ends.length]).toEqual(['', false, 0]);
});

test('forgets idle flows without telling either side, and keeps busy ones', async () => {
  const [idle, busy] = [await dial(), await dial()];
  await echoed(idle, 'a');
  proxy.dropIdleAfter(150);
  const beat = setInterval(() => busy.socket.write('.'), 30);
  await waitFor('the drop', () => proxy.dropped === 1);
  clearInterval(beat);
  idle.socket.write('b');
  await quiet();
  expect([idle.got, idle.ended, ends[0].ended, ends[0].got]).toEqual(['a', false, false, 'a']);
  await echoed(busy, 'c');
  idle.socket.destroy();
  await waitFor('one open flow', () => proxy.open === 1);
  expect(ends[0].ended).toBe(false);
});

test('swallows replies, of a flow that lost some for ever', async () => {
  const client = await dial();
  proxy.swallowReplies();
  client.socket.write('lost');
  await waitFor('the request at the server', () => ends[0].got === 'lost');
  await quiet();
  proxy.swallowReplies(false);
  client.socket.write('more');
  await waitFor('the request at the server', () => ends[0].got === 'lostmore');
  await quiet();
  expect([client.got, client.ended]).toEqual(['', false]);
  await echoed(await dial(), 'fresh');
});

test('swallows everything', async () => {
  const client = await dial();
  await echoed(client, 'a');
  proxy.swallowAll();
  client.socket.write('b');
  client.socket.end();
  await quiet();
  expect([ends[0].got, ends[0].ended, client.ended]).toEqual(['a', false, false]);
});

test('stalls without losing anything', async () => {
  const client = await dial();
  proxy.stall();
  client.socket.write('later');
  await quiet();
  expect(ends[0]?.got ?? '').toBe('');
  proxy.resume();
  await waitFor('the echo', () => client.got === 'later');
});

test('resets', async () => {
  const client = await dial();
  await echoed(client, 'a');
  proxy.reset();
  await waitFor('the reset', () => client.ended);
  expect(client.error).toBe('ECONNRESET');
});

test('closes', async () => {
  const client = await dial();
  await echoed(client, 'a');
  proxy.cut();
  await waitFor('the end', () => client.ended && ends[0].ended);
  expect(client.error).toBe('');
});

test('refuses new connections, and takes them again on the same port', async () => {
  const client = await dial();
  proxy.refuse();
  await expect(dial()).rejects.toThrow('ECONNREFUSED');
  await echoed(client, 'still here');
  await proxy.accept();
  await echoed(await dial(), 'again');
});
