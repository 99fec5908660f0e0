/** `godwit inspect` over snapshots of real servers: what it counts is what the server says of itself. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { InspectionReport } from '../../src/rdb/inspect/inspection-report.ts';
import { serverCounts } from '../support/inspect/expected-counts.ts';
import { elementById, elementsNamed, readPage } from '../support/inspect/read-page.ts';
import { loadRichData } from '../support/rich-data.ts';
import { runGodwit } from '../support/run-godwit.ts';
import { startServer } from '../support/server.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const HOSTILE = '<script>alert(1)</script>"\'&amp;:<img src=x onerror=alert(2)>\u001b[31m:x';
const dir = mkdtempSync(join(tmpdir(), 'godwit-inspect-'));

afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function reportOf(...args: readonly string[]): Promise<InspectionReport> {
  const { code, stdout, stderr } = await runGodwit(['inspect', '--format', 'json', '--allocator', 'system', ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as InspectionReport;
}

const byName = (items: readonly { name: string; keys: number }[]): Record<string, number> => Object.fromEntries(items.map(({ name, keys }) => [name, keys]));

describe.each(['redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9.1'] as const)('a snapshot of %s', (name) => {
  test('has the keys, types, encodings and elements that the server has, and its memory within 10 %', async () => {
    const file = join(dir, `${name}.rdb`);
    const first = await startServer({ server: name });
    await loadRichData(first, { bigElements: 2_000 });
    await first.client().call('SAVE');
    copyFileSync(join(first.dir, 'dump.rdb'), file);
    await first.stop();
    const report = await reportOf(file);

    // A server that has loaded the file: one that wrote it has room to spare in what it wrote last.
    const second = mkdtempSync(join(dir, 'second-'));
    copyFileSync(file, join(second, 'dump.rdb'));
    await using server = await startServer({ server: name, dir: second });
    const counts = await serverCounts(server);
    expect(report.totals.keys).toBe(counts.keys);
    expect(report.totals.expiring).toBe(counts.expiring);
    expect(report.source.server).toBe(`${server.product} ${server.version}`);
    expect(byName(report.types)).toEqual(counts.types);
    expect(Object.fromEntries(report.types.map(({ name: type, elements }) => [type, elements]))).toEqual(counts.elements);
    expect(Object.fromEntries(report.encodings.map(({ type, encoding, keys }) => [`${type} ${encoding}`, keys]))).toEqual(counts.encodings);
    expect(Object.fromEntries(report.databases.map(({ database, keys }) => [`db${database}`, keys]))).toEqual(counts.databases);
    const real = Object.values(counts.memory).reduce((sum, bytes) => sum + bytes, 0);
    expect(Math.abs(report.totals.bytes / real - 1)).toBeLessThan(0.1);
  });
});

describe('a small server', () => {
  test('is shown by time to live, size, prefix and largest keys; in the terminal, as a page and through pipes alike', async () => {
    await using server = await startServer({ server: 'redis-7.0', args: { 'maxmemory-policy': 'allkeys-lfu' } });
    const client = server.client();
    await client.set('user:1:name', 'Ada', 'EX', 600);
    await client.set('user:1:text', 'x'.repeat(3_000_000), 'EX', 7_200);
    await client.set('user:2:name', 'Eve', 'EX', 3 * 86_400);
    await client.set('log/a', 'y', 'EX', 30 * 86_400);
    await client.rpush('queue', ...Array.from({ length: 300 }, (_, i) => `job ${i}`));
    await client.hset('large', Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`field ${i}`, `value ${i}`])));
    await client.set(HOSTILE, '1');
    await client.call('SAVE');
    const file = join(server.dir, 'dump.rdb');

    const report = await reportOf(file, '--top', '3');
    expect(report).toMatchObject({ format: 'godwit-inspection', version: 1, source: { rdb: 'REDIS0010', commandsLeftOut: 0, truncatedBytes: 0 } });
    expect(byName(report.expiry)).toEqual({ none: 3, expired: 0, 'under 1 hour': 1, 'under 1 day': 1, 'under 7 days': 1, later: 1 });
    expect(report.sizes.reduce((sum, { keys }) => sum + keys, 0)).toBe(7);
    expect(report.prefixes.children.find((child) => child.name === 'user:')).toMatchObject({ keys: 3, children: [{ name: 'user:1:', keys: 2 }, { keys: 1 }] });
    expect(report.largestByMemory.map(({ key }) => key)).toEqual(['large', 'user:1:text', 'queue']);
    expect(report.largestByElements.map(({ key, elements }) => [key, elements])).toEqual([
      ['large', 60_000],
      ['queue', 300],
    ]);
    expect(report.hottest).toMatchObject({ by: 'frequency', keys: [{}, {}, {}] });
    const usage = Number(await client.call('MEMORY', 'USAGE', 'large', 'SAMPLES', '0'));
    expect(Math.abs(report.largestByMemory[0].bytes / usage - 1)).toBeLessThan(0.1);

    const live = await reportOf(server.url, '--top', '3');
    expect(live.source).toMatchObject({ name: `server 127.0.0.1:${server.port}`, server: report.source.server });
    for (const part of ['totals', 'types', 'encodings', 'databases', 'sizes', 'prefixes'] as const) expect(live[part]).toEqual(report[part]);
    await showsTheSameThroughPipes(file, report);
    await showsAPage(file);
    await showsText(file);
  });

  test('that keeps an AOF is refused, or shown as far as its snapshot goes, with what is left out', async () => {
    await using server = await startServer({ server: 'redis-7.0', args: { appendonly: 'yes', 'aof-use-rdb-preamble': 'yes' } });
    const client = server.client();
    await client.mset('a', '1', 'b', '2');
    await client.call('BGREWRITEAOF');
    await expect.poll(() => client.info('persistence'), { timeout: 10_000 }).toMatch(/aof_rewrite_in_progress:0[^]*aof_last_bgrewrite_status:ok/);
    await expect.poll(() => readdirSync(join(server.dir, 'appendonlydir')).join(' '), { timeout: 10_000 }).toContain('.2.base.rdb');
    await client.set('c', '3');
    await client.set('d', '4');
    expect(await runGodwit(['inspect', server.dir])).toMatchObject({
      code: 5,
      stdout: '',
      stderr: expect.stringMatching(/\[COMMANDS_NOT_COUNTED\].*behind a snapshot of 2 keys.*godwit load/) as string,
    });
    const report = await reportOf(server.dir, '--snapshot-only');
    expect(report.totals.keys).toBe(2);
    expect(report.source.commandsLeftOut).toBe(2);
    const { stdout } = await runGodwit(['inspect', server.dir, '--snapshot-only']);
    expect(stdout).toContain('2 commands of the AOF: what they change is not counted here');
  });
});

async function showsTheSameThroughPipes(file: string, report: InspectionReport): Promise<void> {
  const child = spawn(process.execPath, [MAIN, 'inspect', '-', '--format', 'json', '--allocator', 'system', '--top', '3'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stdin.end(gzipSync(readFileSync(file), { level: 1 }));
  expect(await once(child, 'close')).toEqual([0, null]);
  const piped = JSON.parse(text) as InspectionReport;
  expect({ ...piped, inspectedMs: 0, source: { ...piped.source, name: '' } }).toEqual({ ...report, inspectedMs: 0, source: { ...report.source, name: '' } });
}

async function showsAPage(file: string): Promise<void> {
  const path = join(dir, 'page.html');
  expect(await runGodwit(['inspect', file, '--format', 'html', '--to', path])).toEqual({ code: 0, stdout: '', stderr: '' });
  const html = readFileSync(path, 'utf8');
  const page = readPage(html);
  expect(html).not.toMatch(/https?:|\bon[a-z]+="|url\(|@import/);
  for (const name of ['script', 'img', 'link', 'iframe', 'object']) expect(elementsNamed(page, name)).toEqual([]);
  expect(elementsNamed(page, 'meta').map(({ attributes }) => attributes['content'])).toContain("default-src 'none'; style-src 'unsafe-inline'");
  const shown = HOSTILE.replace('\u001b', '\\x1b');
  expect(elementsNamed(elementById(page, 'largest'), 'th').map(({ text }) => text)).toContain(shown);
  const [map] = elementsNamed(elementById(page, 'prefixes'), 'svg');
  expect(map.attributes['role']).toBe('img');
  expect(elementsNamed(map, 'title').map(({ text }) => text)).toContainEqual(expect.stringMatching(/^user:: 3\.\d MiB, 3 keys$/));
  for (const id of ['types', 'encodings', 'databases', 'expiry', 'sizes', 'longest', 'hottest'])
    expect(elementsNamed(elementById(page, id), 'table').length).toBe(1);
}

async function showsText(file: string): Promise<void> {
  const { code, stdout } = await runGodwit(['inspect', file]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ {2}user: +3 +3 +3\.\d MiB/m);
  expect(stdout).not.toContain('\u001b');
  expect(Math.max(...stdout.split('\n').map((line) => Array.from(line).length))).toBeLessThanOrEqual(120);
}

test('what is no plain file is written to, and stays what it is', async () => {
  const file = join(dir, 'empty.rdb');
  writeFileSync(file, Buffer.concat([Buffer.from('REDIS0010'), Buffer.from([255]), Buffer.alloc(8)]));
  const pipe = join(dir, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  reader.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const closed = once(reader, 'close');
  expect((await runGodwit(['inspect', file, '--format', 'json', '--to', pipe])).code).toBe(0);
  await closed;
  expect(JSON.parse(text)).toMatchObject({ totals: { keys: 0 } });
  expect(statSync(pipe).isFIFO()).toBe(true);
});

describe('what cannot be inspected is one line with a code:', () => {
  test.each([
    ['a missing file', ['no-such.rdb'], 2, 'FILE_NOT_FOUND'],
    ['a server that is not there', ['redis://127.0.0.1:1', '--reconnect-attempts', '1'], 3, 'CONNECT_FAILED'],
    ['an unknown format', ['x.rdb', '--format', 'pdf'], 2, 'CONFIG_INVALID'],
    ['no number', ['x.rdb', '--top', 'many'], 2, 'CONFIG_INVALID'],
  ])('%s', async (_, args, exitCode, errorCode) => {
    const { code, stdout, stderr } = await runGodwit(['inspect', ...args], { cwd: dir });
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^godwit: \\[${errorCode}\\] .*\\n$`));
  });

  test('a damaged file, with offset, and the page of an earlier run stays', async () => {
    const page = join(dir, 'kept.html');
    writeFileSync(page, 'an earlier one');
    writeFileSync(join(dir, 'cut.rdb'), Buffer.concat([Buffer.from('REDIS0010'), Buffer.from([0, 1, 0x61, 1, 0x62, 18, 1, 0x63, 1, 2, 3, 1, 2, 3, 255])]));
    const { code, stderr } = await runGodwit(['inspect', 'cut.rdb', '--format', 'html', '--to', page], { cwd: dir });
    expect(code).toBe(5);
    expect(stderr).toMatch(/^godwit: \[RDB_CORRUPT\] .*offset \d+.*\n$/);
    expect(readFileSync(page, 'utf8')).toBe('an earlier one');
    expect(readdirSync(dir).filter((entry) => entry.endsWith('.part'))).toEqual([]);
  });

  test('an input that stays silent, when a signal ends it', async () => {
    const child = spawn(process.execPath, [MAIN, 'inspect', '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.on('error', () => undefined);
    // The begin of a string of 2 MiB, half of it: more than a pipe holds, so that it is reading once all of this is written.
    const head = Buffer.concat([Buffer.from('REDIS0010'), Buffer.from([0, 1, 0x61, 0x80, 0, 0x20, 0, 0])]);
    await new Promise((resolve) => child.stdin.write(Buffer.concat([head, Buffer.alloc(1_000_000)]), resolve));
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([130, null]);
    expect(stderr).toBe('godwit: stopped by SIGINT; nothing was written\n');
  });
});
