/** Settings of a real pair, each set badly: the finding, its mend carried out as it is written, and the finding gone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { carryOut, type DoctorRun, findingOf, runDoctor, troubles } from '../../support/doctor.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { writeSteadily } from '../../support/steady-writer.ts';

const MIB = 1024 ** 2;

let source: RealServer;
let target: RealServer;

beforeAll(async () => {
  [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'redis-7.0' })]);
});
afterAll(() => Promise.all([source.stop(), target.stop()]));

const look = (...words: readonly string[]): Promise<DoctorRun> => runDoctor(source.url, target.url, ...words);

async function set(server: RealServer, name: string, value: string): Promise<void> {
  const client = server.client();
  await client.config('SET', name, value);
  client.disconnect();
}

/** Looks, sees it, carries its first mend out, and sees it gone. */
async function seeAndMend(check: string, severity: string, measured: RegExp, mend: string | RegExp): Promise<void> {
  const before = await look();
  expect(findingOf(before, check)).toMatchObject({ severity, measured: expect.stringMatching(measured) as string });
  const [first] = findingOf(before, check).mends;
  if (typeof mend === 'string') expect(first.command).toBe(mend);
  else expect(first.command).toMatch(mend);
  await carryOut(first, [source, target]);
  expect(findingOf(await look(), check)).toMatchObject({ severity: 'ok', mends: [] });
}

test('a good pair is quiet', async () => {
  const run = await look();
  expect(troubles(run)).toEqual([]);
  expect(run).toMatchObject({ code: 0, stderr: '', report: { severity: 'ok', kind: 'sync', source: [{ server: `Redis ${source.version}` }] } });
});

test('tcp-keepalive that is off', async () => {
  await set(target, 'tcp-keepalive', '0');
  await seeAndMend('tcp-keepalive', 'warn', /^off$/, 'CONFIG SET tcp-keepalive 300');
});

test('a repl-timeout that is no longer than the PINGs to replicas are apart', async () => {
  await set(source, 'repl-timeout', '8');
  await seeAndMend('repl-timeout', 'error', /^8 s; the source pings every 10 s$/, 'CONFIG SET repl-timeout 60');
});

test('a repl-timeout that a short pause outlasts', async () => {
  await set(source, 'repl-timeout', '12');
  await seeAndMend('repl-timeout', 'warn', /^12 s/, 'CONFIG SET repl-timeout 60');
});

test('a target that evicts what the source keeps', async () => {
  await set(target, 'maxmemory', '1gb');
  await set(target, 'maxmemory-policy', 'allkeys-lru');
  await seeAndMend('eviction', 'warn', /^allkeys-lru at 1 GiB/, 'CONFIG SET maxmemory-policy noeviction');
  await set(target, 'maxmemory', '0');
});

test('a target that evicts as its source does is worth knowing', async () => {
  for (const server of [source, target]) {
    await set(server, 'maxmemory', '1gb');
    await set(server, 'maxmemory-policy', 'allkeys-lru');
  }
  const run = await look();
  expect(findingOf(run, 'eviction').severity).toBe('info');
  expect(run.code).toBe(0);
  for (const server of [source, target]) {
    await set(server, 'maxmemory-policy', 'noeviction');
    await set(server, 'maxmemory', '0');
  }
});

test('a target that takes smaller arguments than the source', async () => {
  await set(target, 'proto-max-bulk-len', '1mb');
  await seeAndMend('argument-limit', 'warn', /^1 MiB in one; the source takes 512 MiB$/, 'CONFIG SET proto-max-bulk-len 512mb');
});

describe('keepalive', () => {
  test('a timeout that a slow command outlasts', async () => {
    await set(target, 'timeout', '2');
    await seeAndMend('keepalive', 'info', /^timeout 2 s; a PING after 6\d\d ms without a command, 1\.\d s to spare$/, 'CONFIG SET timeout 60');
    expect(findingOf(await look(), 'keepalive').measured).toMatch(/^timeout 60 s; a PING after 10 s without a command, 50 s to spare$|^no timeout/);
    await set(target, 'timeout', '0');
  });

  test('an interval that is too long for the timeout is an error, and both options that it names mend it', async () => {
    await set(target, 'timeout', '10');
    const given = ['--keepalive-interval', '8s'];
    const run = await look(...given);
    expect(run.code).toBe(9);
    const { severity, mends } = findingOf(run, 'keepalive');
    expect(severity).toBe('error');
    expect(mends.map(({ kind, command }) => `${kind} ${command}`)).toEqual(['option --keepalive-interval auto', 'option --keepalive-interval 5000ms']);
    for (const { command } of mends) expect(findingOf(await look(...command.split(' ')), 'keepalive').severity).toBe('ok');
    await set(target, 'timeout', '0');
  });

  test('a way that takes longer than the timeout allows for', async () => {
    const proxy = await startFaultProxy({ port: target.port });
    proxy.delay(170);
    await set(target, 'timeout', '1');
    const through = (): Promise<DoctorRun> => runDoctor(source.url, proxy.url);
    const found = findingOf(await through(), 'keepalive');
    expect(found).toMatchObject({ severity: 'warn', why: expect.stringMatching(/^A round trip takes [34]\d\d ms/) as string });
    await carryOut({ ...found.mends[0], at: `target ${target.host}:${target.port}` }, [target]);
    expect(findingOf(await through(), 'keepalive').severity).toBe('ok');
    await set(target, 'timeout', '0');
    proxy.close();
  });
});

test('a target that is far away, and is not where the way is shorter', async () => {
  const proxy = await startFaultProxy({ port: target.port });
  proxy.delay(15);
  const far = findingOf(await runDoctor(source.url, proxy.url), 'round-trip');
  expect(far).toMatchObject({ severity: 'warn', where: `target 127.0.0.1:${proxy.port}`, measured: expect.stringMatching(/^3\d ms$/) as string });
  expect(far.mends).toEqual([{ kind: 'shell', at: '127.0.0.1', command: `godwit doctor redis://127.0.0.1:${source.port} redis://127.0.0.1:${proxy.port}` }]);
  proxy.close();
  expect(findingOf(await look(), 'round-trip').severity).toBe('ok');
});

describe('a source that is written to', () => {
  test('a backlog that is full in no time, by what comes in and by the offset', async () => {
    const writer = writeSteadily(source, { bytesPerSecond: 2 * MIB });
    await writer.began;
    // No replica was ever there: what comes in is the measure.
    const before = findingOf(await look('--watch', '500ms'), 'backlog');
    expect(before).toMatchObject({
      severity: 'warn',
      measured: expect.stringMatching(/^1 MiB; about [\d.]+ MiB\/s that clients write, over \d+ ms fill it in/) as string,
    });
    expect(before.mends[0].command).toMatch(/^CONFIG SET repl-backlog-size \d{3}mb$/);
    // A backlog is memory of the source: no more of it is named than there is.
    await set(source, 'maxmemory', '100mb');
    const little = findingOf(await look('--watch', '500ms'), 'backlog');
    expect(little).toMatchObject({ why: expect.stringContaining('which this machine has no memory for') as string });
    expect(little.mends[0].command).toMatch(/^CONFIG SET repl-backlog-size (?:1|2)\dmb$/);
    await set(source, 'maxmemory', '0');
    await set(source, 'repl-backlog-size', '2mb');
    // A replica makes the source keep a stream.
    const replica = await startServer({ server: 'redis-7.0', args: { replicaof: `127.0.0.1 ${source.port}` } });
    const client = source.client();
    await expect.poll(async () => client.info('replication')).toContain('state=online');
    const after = findingOf(await look('--watch', '500ms'), 'backlog');
    expect(after.measured).toMatch(/^2 MiB; [\d.]+ MiB\/s over \d+ ms fill it in/);
    await carryOut(after.mends[0], [source]);
    expect(findingOf(await look('--watch', '500ms'), 'backlog').severity).toBe('ok');
    await writer.stop();
    client.disconnect();
    await replica.stop();
    await set(source, 'repl-backlog-size', '1mb');
  });

  test('a limit of the output buffer that a full sync would run into', async () => {
    await set(source, 'client-output-buffer-limit', 'replica 200kb 200kb 60');
    const client = source.client();
    await client.setrange('large', 50 * MIB, 'x');
    const writer = writeSteadily(source, { bytesPerSecond: 2 * MIB });
    await writer.began;
    const found = findingOf(await look('--watch', '500ms'), 'replica-buffer');
    expect(found).toMatchObject({
      severity: 'error',
      measured: expect.stringMatching(/^200 KiB may wait; [\d.]+ MiB to send take about [\d.]+ s, while [\d.]+ MiB are written$/) as string,
    });
    expect(found.mends[0].command).toMatch(/^CONFIG SET client-output-buffer-limit "replica (\d+mb) \1 60"$/);
    await carryOut(found.mends[0], [source]);
    expect(findingOf(await look('--watch', '500ms'), 'replica-buffer').severity).toBe('ok');
    await writer.stop();
    await client.flushall();
    client.disconnect();
  });
});

test('a target that has too little memory for what the source holds', async () => {
  const client = source.client();
  await client.setrange('large', 20 * MIB, 'x');
  await set(target, 'maxmemory', '10mb');
  const found = findingOf(await look(), 'target-memory');
  expect(found).toMatchObject({
    severity: 'error',
    measured: expect.stringMatching(/^2\d\.?\d* MiB to come to [\d.]+ MiB in use; maxmemory 10 MiB$/) as string,
  });
  await seeAndMend('target-memory', 'error', /maxmemory 10 MiB/, /^CONFIG SET maxmemory (?:2[5-9]|3\d)mb$/);
  await set(target, 'maxmemory', '0');
  await client.flushall();
  client.disconnect();
});
