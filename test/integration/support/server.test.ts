import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../../support/ask.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { waitFor } from '../../support/wait-for.ts';

let server: RealServer;
beforeAll(async () => {
  server = await startServer({ args: { timeout: 0, maxmemory: '100mb' } });
});
afterAll(() => server.stop());

test('starts on a free port with the given configuration and lets tests debug', async () => {
  const client = server.client();
  expect(await client.config('GET', 'maxmemory')).toEqual(['maxmemory', '104857600']);
  expect(await client.call('DEBUG', 'SLEEP', '0')).toBe('OK');
});

test('keeps data over a restart, and a client of it reconnects', async () => {
  const client = server.client();
  await client.set('kept', 'yes');
  await server.restart();
  expect(await client.get('kept')).toBe('yes');
});

test('begins empty after a restart without data', async () => {
  const client = server.client();
  await client.set('lost', 'yes');
  await client.save();
  await server.restart({ keepData: false });
  expect(await client.dbsize()).toBe(0);
});

test('comes back from its AOF after a kill', async () => {
  await using durable = await startServer({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const client = durable.client();
  await client.set('kept', 'yes');
  await durable.kill();
  expect(durable.running).toBe(false);
  await durable.start();
  expect(await client.get('kept')).toBe('yes');
});

test('stands still while suspended and answers after', async () => {
  server.suspend();
  await expect(ask(server.port, ['PING'], { timeoutMs: 200 })).rejects.toThrow('no reply to PING');
  server.resume();
  expect(await ask(server.port, ['PING'])).toBe('+PONG');
});

test('stops while suspended, and leaves neither process nor folder', async () => {
  const other = await startServer();
  const { pid, dir } = other;
  other.suspend();
  await other.stop();
  expect(existsSync(dir)).toBe(false);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('knows its password', async () => {
  await using guarded = await startServer({ args: { requirepass: 'geheim' } });
  expect(await guarded.client().ping()).toBe('PONG');
  expect(guarded.url).toContain(':geheim@');
  await guarded.restart();
});

test('says why a server does not start', async () => {
  await expect(startServer({ args: ['--no-such-option', '1'] })).rejects.toThrow(/ended at its start \(1\)[^]*Bad directive/);
});

test('a predicate that never holds is named with what was last seen', async () => {
  await expect(waitFor('rain', () => 0, { timeoutMs: 30 })).rejects.toThrow('waited 30 ms for rain; last seen: 0');
});
