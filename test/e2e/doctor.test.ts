/** The built command: what it says to people, exit codes, files that describe a job, what this machine has to give, and that nothing is left behind. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DoctorReport } from '../../src/job/doctor/doctor.ts';
import { findingOf } from '../support/doctor.ts';
import { type GodwitRun, runGodwit } from '../support/run-godwit.ts';
import { type RealServer, startServer } from '../support/server.ts';
import { smallDiskLauncher } from '../support/small-disk.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const MIB = 1024 ** 2;

let source: RealServer;
let target: RealServer;
let folder = '';

beforeAll(async () => {
  [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'valkey-9.1' })]);
  folder = mkdtempSync(join(tmpdir(), 'godwit-doctor-'));
});
afterAll(async () => {
  await Promise.all([source.stop(), target.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const doctor = (words: readonly string[], env: Record<string, string> = {}): Promise<GodwitRun> =>
  runGodwit(['doctor', ...words], { cwd: folder, env: { HOME: folder, ...env } });

async function report(words: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await doctor(['--watch', '100ms', ...words, '--json'], env);
  return { code: code ?? -1, report: JSON.parse(stdout) as DoctorReport, stderr };
}

async function state(server: RealServer): Promise<string> {
  const client = server.client();
  const settings = String(await client.config('GET', '*'));
  const users = String(await client.call('ACL', 'LIST'));
  const keys = await client.dbsize();
  client.disconnect();
  return `${settings}\n${users}\n${keys}`;
}

test('a good pair: one short table within 3 s, exit code 0, and nothing is changed or left behind', async () => {
  const before = [await state(source), await state(target)];
  const startMs = performance.now();
  const run = await doctor([source.url, target.url]);
  const tookMs = performance.now() - startMs;
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(run.stdout).toMatch(/^godwit doctor: sync [\w.-]+\nSource {2}127\.0\.0\.1:\d+ {2}Redis 7\.0\.\d+, 0 keys/);
  expect(run.stdout).toMatch(/\nAll is well\. 2\d checks in \d\.\d s\.\n$/);
  expect(run.stdout.split('\n').length).toBeLessThan(34);
  expect(run.stdout).not.toMatch(/WARN|ERROR|->/);
  expect(tookMs).toBeLessThan(3_000);
  expect([await state(source), await state(target)]).toEqual(before);
  expect(readdirSync(folder)).toEqual([]);
});

test('people are told what was measured, why it matters, and what mends it; exit codes go by the worst', async () => {
  const client = target.client();
  await client.config('SET', 'tcp-keepalive', '0');
  const warned = await doctor([source.url, target.url, '--watch', '100ms']);
  expect(warned.code).toBe(1);
  expect(warned.stdout).toMatch(
    new RegExp(
      `\\nWARN {2}tcp-keepalive, target 127\\.0\\.0\\.1:${target.port}\\n {4}off\\n {4}When the machine[^]*\\n {4}-> at target [^\\n]*: CONFIG SET tcp-keepalive 300\\n`,
    ),
  );
  expect(warned.stdout).toMatch(/\n1 warning: the job runs, and may stumble\. /);
  await client.config('SET', 'tcp-keepalive', '300');
  await client.set('k', 'v');
  const refused = await doctor([source.url, target.url, '--watch', '100ms']);
  expect(refused.code).toBe(9);
  expect(refused.stdout).toContain('    -> add --on-existing replace\n');
  await client.flushall();
  client.disconnect();
  expect(await doctor([source.url])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('[CONFIG_MISSING]') as string });
});

test('the page names every field of the JSON document', async () => {
  const { report: document } = await report([source.url, target.url, '--keepalive-idle-limit', '10s']);
  const page = readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8').split('## As JSON')[1] ?? '';
  const fields = (value: unknown): string[] =>
    typeof value !== 'object' || value === null
      ? []
      : Object.entries(value).flatMap(([key, inner]) => [...(Array.isArray(value) ? [] : [key]), ...fields(inner)]);
  const severities = ['ok', 'info', 'warn', 'error'];
  expect([...new Set(fields(document))].filter((field) => !severities.includes(field) && !new RegExp(`\\b${field}\\b`).test(page))).toEqual([]);
});

describe('files that describe a job', () => {
  test('godwit.toml, by its name and by --config', async () => {
    writeFileSync(join(folder, 'godwit.toml'), `[source]\nurl = "${source.url}"\n[target]\nurl = "${target.url}"\n[keepalive]\ninterval = "1m"\n`);
    for (const words of [['godwit.toml'], ['--config', 'godwit.toml']]) expect(await report(words)).toMatchObject({ code: 0, report: { kind: 'sync' } });
    rmSync(join(folder, 'godwit.toml'));
  });

  test('shake.toml', async () => {
    writeFileSync(join(folder, 'shake.toml'), `[sync_reader]\naddress = "127.0.0.1:${source.port}"\n[redis_writer]\naddress = "127.0.0.1:${target.port}"\n`);
    const run = await report(['shake.toml']);
    expect(run).toMatchObject({ report: { kind: 'sync', severity: 'ok' } });
    rmSync(join(folder, 'shake.toml'));
  });

  test('a file that is to be loaded, and one that is none', async () => {
    writeFileSync(join(folder, 'good.jsonl'), '{"key":"k","type":"string","value":"v"}\n');
    const good = await report(['good.jsonl', target.url]);
    expect(good).toMatchObject({ code: 0, report: { kind: 'load', source: [] } });
    writeFileSync(join(folder, 'bad.rdb'), 'hello world');
    expect(findingOf(await report(['bad.rdb', target.url]), 'own-places').severity).toBe('error');
    rmSync(join(folder, 'good.jsonl'));
    rmSync(join(folder, 'bad.rdb'));
  });
});

describe('this machine', () => {
  test('a spool that may not take the snapshot', async () => {
    const client = source.client();
    await client.setrange('large', 40 * MIB, 'x');
    const found = findingOf(await report([source.url, target.url, '--spool-max-bytes', '16mb']), 'spool-disk');
    expect(found).toMatchObject({ severity: 'error', measured: expect.stringMatching(/^16 MiB of room in .* for [\d.]+ MiB of snapshot/) as string });
    expect(found.mends[0].command).toBe('--spool-max-bytes 128mb');
    expect(findingOf(await report([source.url, target.url, ...found.mends[0].command.split(' ')]), 'spool-disk').severity).toBe('ok');
    await client.flushall();
    client.disconnect();
  });

  test('a disk that has no room', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'godwit-small-'));
    const [program, ...words] = [
      ...smallDiskLauncher({ dir, bytes: 32 * MIB, ballastBytes: 0 }),
      process.execPath,
      MAIN,
      'doctor',
      source.url,
      target.url,
      '--json',
    ];
    const run = await promisify(execFile)(program, [...words, '--watch', '100ms', '--spool-dir', dir], { env: { PATH: process.env.PATH, HOME: folder } }).catch(
      (error: unknown) => error as { stdout: string },
    );
    const found = findingOf({ code: 0, stderr: '', report: JSON.parse(run.stdout) as DoctorReport }, 'spool-disk');
    expect(found).toMatchObject({ severity: 'error', mends: [{ kind: 'option', command: expect.stringMatching(/^--spool-dir \/[\w/-]+$/) as string }] });
    expect(findingOf(await report([source.url, target.url, ...found.mends[0].command.split(' ')]), 'spool-disk').severity).toBe('ok');
    rmSync(dir, { recursive: true });
  });

  test('a directory that cannot be written', async () => {
    const found = findingOf(await report([source.url, target.url, '--spool-dir', '/proc/godwit']), 'own-places');
    expect(found).toMatchObject({ severity: 'error', mends: [{ kind: 'option' }] });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a process that does not get to run', async () => {
    const busy = join(folder, 'busy.mjs');
    writeFileSync(busy, 'setInterval(() => { const end = Date.now() + 700; while (Date.now() < end); }, 900).unref();');
    const found = findingOf(await report([source.url, target.url, '--watch', '1500ms'], { NODE_OPTIONS: `--import ${busy}` }), 'event-loop');
    expect(found).toMatchObject({
      severity: 'warn',
      where: 'here',
      measured: expect.stringMatching(/^delayed by (?:[5-9]\d\d ms|[\d.]+ s) at most/) as string,
    });
    await promisify(execFile)('sh', ['-c', found.mends[0].command]);
    rmSync(busy);
  });

  test('a server that does nothing else any more', async () => {
    const client = target.client();
    let isRunning = true;
    const counting = async (): Promise<void> => {
      while (isRunning) await client.eval('local n = 0 for i = 1, 3e6 do n = n + 1 end return n', 0);
    };
    // Several are waiting at any time.
    const loop = Promise.all(Array.from({ length: 4 }, counting));
    const found = (await report([source.url, target.url, '--watch', '1s'])).report.checks
      .find(({ id }) => id === 'event-loop')
      ?.findings.find(({ where }) => where.startsWith('target'));
    isRunning = false;
    await loop;
    expect(found).toMatchObject({ severity: 'warn', measured: expect.stringMatching(/^busy for (?:9\d|100) % of its time, over/) as string });
    client.disconnect();
    const after = await report([source.url, target.url]);
    expect(after.report.checks.find(({ id }) => id === 'event-loop')?.findings.find(({ where }) => where.startsWith('target'))?.severity).toBe('ok');
  });
});
