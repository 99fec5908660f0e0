/** What the sides hold: keys that are met, databases, modules, functions, large values, notifications. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServerName } from '../../../scripts/servers.ts';
import { carryOut, type DoctorRun, findingOf, runDoctor, wordsOf } from '../../support/doctor.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { compileModule, hasCompiler } from '../../support/test-module.ts';

const MIB = 1024 ** 2;
const LIBRARY = '#!lua name=counting\nredis.register_function("one", function() return 1 end)';

let source: RealServer;
let target: RealServer;

async function pair(from: ServerName = 'redis-7.0', to: ServerName = 'redis-7.0', ofTarget: Record<string, string> = {}): Promise<void> {
  await Promise.all([source.stop(), target.stop()]);
  [source, target] = await Promise.all([startServer({ server: from }), startServer({ server: to, args: ofTarget })]);
}

beforeEach(async () => {
  [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'redis-7.0' })]);
});
afterEach(() => Promise.all([source.stop(), target.stop()]));

const look = (...words: readonly string[]): Promise<DoctorRun> => runDoctor(source.url, target.url, ...words);

/** The finding is gone, or settled, with the option that it names. */
async function withOption(check: string, command: string, ...words: readonly string[]): Promise<string> {
  return findingOf(await look(...words, ...wordsOf(command)), check).severity;
}

describe('a target that holds keys', () => {
  beforeEach(async () => {
    const keys = Array.from({ length: 40 }, (_, i) => [`k:${i}`, 'v']).flat();
    await source.client().mset(...(keys as [string, string]));
    await target.client().mset(...(keys.slice(0, 20) as [string, string]), 'other', 'v');
  });

  test('is refused by the job, with all ways out of it', async () => {
    const found = findingOf(await look(), 'target-keys');
    expect(found).toMatchObject({
      severity: 'error',
      measured: expect.stringMatching(/^11 keys, and no mark of the job .*; of \d+ keys of the source, chosen by chance, \d+ exist there too$/) as string,
    });
    expect(found.mends.map(({ command }) => command)).toEqual(['--on-existing replace', '--on-existing skip', '--flush-target']);
    expect(await withOption('target-keys', found.mends[0].command)).toBe('warn');
    expect(await withOption('target-keys', found.mends[1].command)).toBe('warn');
    expect(await withOption('target-keys', found.mends[2].command)).toBe('info');
    await target.client().flushall();
    expect(findingOf(await look(), 'target-keys')).toMatchObject({ severity: 'ok', measured: 'empty' });
  });

  test('of which none is met is worth knowing', async () => {
    await target.client().flushall();
    await target.client().set('other', 'v');
    expect(findingOf(await look('--on-existing', 'replace'), 'target-keys')).toMatchObject({
      severity: 'info',
      measured: expect.stringContaining('none exists there too') as string,
    });
  });
});

test('marks of another kind of job', async () => {
  const job = ['--job', 'mine'];
  await target.client().hset('__godwit:mine', { epoch: '1', phase: 'full-sync', file: 'nonsense' });
  const found = findingOf(await look(...job), 'target-keys');
  expect(found.severity).toBe('error');
  expect(found.mends[0].command).toBe('--job mine-2');
  await target.client().del('__godwit:mine');
  expect(findingOf(await look('--job', 'mine-2'), 'target-keys').severity).toBe('ok');
});

test('two sources that have the same keys', async () => {
  const other = await startServer({ server: 'redis-7.0' });
  await source.client().set('both', '1');
  await other.client().set('both', '2');
  const both = (): Promise<DoctorRun> => runDoctor('--source', source.url, '--source', other.url, '--target', target.url);
  expect(findingOf(await both(), 'target-keys')).toMatchObject({
    severity: 'warn',
    measured: expect.stringContaining('1 of 1 key of the other sources') as string,
  });
  await other.client().flushall();
  expect(findingOf(await both(), 'target-keys').severity).toBe('ok');
  await other.stop();
});

test('a database that the target has not', async () => {
  await pair('redis-7.0', 'redis-7.0', { databases: '4' });
  await source.client({ db: 7 }).set('k', 'v');
  const found = findingOf(await look(), 'databases');
  expect(found).toMatchObject({ severity: 'error', where: `target 127.0.0.1:${target.port}` });
  expect(found.mends.map(({ command }) => command)).toEqual(['--db-map 7=0', '--db-map 7=drop']);
  for (const { command } of found.mends) expect(await withOption('databases', command)).toBe('ok');
});

describe('functions', () => {
  test('that a target before 7.0 does not know', async () => {
    await pair('redis-7.0', 'redis-6.0');
    await source.client().call('FUNCTION', 'LOAD', LIBRARY);
    const found = findingOf(await look(), 'functions');
    expect(found).toMatchObject({ severity: 'warn', measured: 'the source has counting; this server knows no functions' });
    expect(await withOption('functions', found.mends[0].command)).toBe('info');
  });

  test('that the target has with another text', async () => {
    await source.client().call('FUNCTION', 'LOAD', LIBRARY);
    await target.client().call('FUNCTION', 'LOAD', LIBRARY.replace('return 1', 'return 2'));
    const found = findingOf(await look(), 'functions');
    expect(found).toMatchObject({ severity: 'warn', mends: [{ command: 'FUNCTION DELETE counting' }] });
    await carryOut(found.mends[0], [target]);
    expect(findingOf(await look(), 'functions')).toMatchObject({ severity: 'ok', measured: 'counting come along' });
  });

  test('that a scan does not bring', async () => {
    await source.client().call('FUNCTION', 'LOAD', LIBRARY);
    const found = findingOf(await look('--scan'), 'functions');
    expect(found.severity).toBe('warn');
    await carryOut(found.mends[0], [target]);
    expect(findingOf(await look('--scan'), 'functions').severity).toBe('ok');
  });
});

test('a target that is older than its source, and what the option settles', async () => {
  await pair('redis-8.0', 'redis-6.0');
  const found = findingOf(await look(), 'versions');
  expect(found).toMatchObject({ severity: 'warn', measured: expect.stringMatching(/^Redis 8\.0\.\d+ to Redis 6\.0\.\d+$/) as string });
  for (const { command } of found.mends) expect(await withOption('versions', command)).toBe('info');
});

test('a module that the target has not, and keys of it', async () => {
  await pair('redis-8.0', 'redis-7.0');
  const client = source.client();
  expect(await client.info('modules')).toContain('name=vectorset');
  expect(findingOf(await look(), 'modules')).toMatchObject({ severity: 'warn' });
  await client.call('VADD', 'points', 'VALUES', '2', '1', '2', 'a');
  const found = findingOf(await look(), 'modules');
  expect(found).toMatchObject({
    severity: 'error',
    measured: expect.stringMatching(/^the source has the module vectorset, this server has not; 1 of 1 key/) as string,
  });
  expect(found.mends.at(-1)?.command).toBe('--on-unsupported skip');
  expect(await withOption('modules', '--on-unsupported skip')).toBe('info');
});

test.skipIf(!hasCompiler)('a module that the target can be told to load, or has to be started with', async () => {
  const path = compileModule(source.dir, 'plain');
  const withModule = await startServer({ server: 'redis-7.0', args: { loadmodule: path } });
  const willing = await startServer({ server: 'redis-7.0', args: { 'enable-module-command': 'yes' } });
  const found = findingOf(await runDoctor(withModule.url, willing.url), 'modules');
  expect(found).toMatchObject({ severity: 'warn', measured: expect.stringContaining('the source has the module plain') as string });
  expect(found.mends[0]).toEqual({ kind: 'server', at: `target 127.0.0.1:${willing.port}`, command: `MODULE LOAD ${path}` });
  await carryOut(found.mends[0], [willing]);
  expect(findingOf(await runDoctor(withModule.url, willing.url), 'modules')).toMatchObject({ severity: 'ok', measured: 'plain on both sides' });
  const unwilling = findingOf(await runDoctor(withModule.url, target.url), 'modules');
  expect(unwilling.mends[0]).toMatchObject({ kind: 'shell', command: expect.stringContaining(`echo 'loadmodule ${path}'`) as string });
  await Promise.all([withModule.stop(), willing.stop()]);
});

test('a large value, and the option that has it written in parts', async () => {
  await source.client().setrange('the large one', 70 * MIB, 'x');
  const found = findingOf(await look(), 'big-keys');
  expect(found).toMatchObject({ severity: 'warn', measured: expect.stringMatching(/^"the large one" in database 0: string of [78]\d(\.\d)? MiB$/) as string });
  expect(await withOption('big-keys', found.mends[0].command)).toBe('info');
});

test('notifications that a scan may not set itself', async () => {
  const words = ['--scan', '--notifications'];
  expect(findingOf(await look(...words), 'notifications').severity).toBe('info');
  const found = findingOf(await look(...words, '--no-set-notifications'), 'notifications');
  expect(found).toMatchObject({ severity: 'warn', measured: '""', mends: [{ command: 'CONFIG SET notify-keyspace-events AE' }] });
  await carryOut(found.mends[0], [source]);
  expect(findingOf(await look(...words, '--no-set-notifications'), 'notifications').severity).toBe('ok');
});
