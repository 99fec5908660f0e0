/** What `godwit export` writes is read back by `godwit load`: the server that is loaded is the one that was exported, whatever the format between them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compareServers } from '../support/compare.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { loadRichData } from '../support/rich-data.ts';
import { runGodwit } from '../support/run-godwit.ts';
import { type RealServer, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const dir = mkdtempSync(join(tmpdir(), 'godwit-round-trip-'));
const path = (name: string): string => join(dir, name);
const godwits: GodwitProcess[] = [];

afterEach(() => Promise.all(godwits.splice(0).map((godwit) => godwit.kill())));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Loading {
  readonly file: string;
  readonly target: { readonly url: string };
  readonly args?: readonly string[];
  readonly stdinFile?: string;
}

function start({ file, target, args, stdinFile }: Loading): GodwitProcess {
  const godwit = startGodwit({ file, target: target.url, spoolDir: path('spool'), args, stdinFile });
  godwits.push(godwit);
  return godwit;
}

async function load(loading: Loading): Promise<{ code: number | null; stderr: string; said: string }> {
  const godwit = start(loading);
  const { code, stderr } = await godwit.exit;
  return { code, stderr, said: String(godwit.lines.at(-1)?.message) };
}

async function exported(place: string, name: string, ...words: string[]): Promise<string> {
  const { code, stderr } = await runGodwit(['export', place, '--to', path(name), ...words]);
  expect([code, stderr]).toEqual([0, expect.stringContaining('exported to')]);
  return path(name);
}

describe.each([
  ['redis-7.0', '11'],
  ['redis-8.0', '12'],
  ['valkey-9.1', '80'],
] as const)('%s', (server, rdbVersion) => {
  let source: RealServer;
  let target: RealServer;

  beforeAll(async () => {
    [source, target] = await Promise.all([startServer({ server }), startServer({ server })]);
    await loadRichData(source, { bigElements: 600 });
    const client = source.client();
    await client.set('large text', 'text \u00fc "quoted"\n'.repeat(100_000), 'PX', 4_000_000);
    await client.eval("for i = 1, 40000 do redis.call('HSET', KEYS[1], 'field' .. i, 'value' .. i) end return 1", 1, 'large hash');
    await client.eval("for i = 1, 20000 do redis.call('XADD', KEYS[1], i .. '-1', 'name', 'value' .. i) end return 1", 1, 'large stream');
  });

  afterAll(() => Promise.all([source.stop(), target.stop()]));

  test.each([
    ['jsonl', []],
    ['resp', []],
    ['aof', []],
    ['rdb', ['--rdb-version', rdbVersion]],
  ])('is the same server again by way of %s', { timeout: 40_000 }, async (extension, words) => {
    const file = await exported(source.url, `${server}.${extension}`, ...words);
    const { code, stderr, said } = await load({ file, target, args: ['--flush-target', '--yes'] });
    expect([code, stderr]).toEqual([0, '']);
    expect(said).toMatch(/is loaded: [1-9\d]/);
    expect(await compareServers(source, target)).toEqual([]);
  });
});

describe('a load of jsonl', () => {
  let source: RealServer;
  let target: RealServer;

  beforeAll(async () => {
    [source, target] = await Promise.all([startServer({ server: 'redis-8.0' }), startServer({ server: 'valkey-8.1' })]);
    await loadRichData(source, { bigElements: 300 });
    await source.client().eval("for i = 1, 200000 do redis.call('SET', 'k' .. i, i) end return 1", 0);
  });

  afterAll(() => Promise.all([source.stop(), target.stop()]));

  test('goes on where it was after kill -9, and ends with an equal server of the other vendor', { timeout: 40_000 }, async () => {
    const file = await exported(source.url, 'killed.jsonl.gz');
    const client = target.client();
    const loading = { file, target, args: ['--on-unsupported', 'degrade'] };
    const first = start(loading);
    const mark = `__godwit:load-killed.jsonl.gz-to-127.0.0.1-${target.port}`;
    await waitFor('a mark within the file', async () => (await client.hget(mark, 'file-position')) !== '' && (await client.dbsize()) > 20_000, {
      intervalMs: 2,
    });
    await first.kill();
    const position = JSON.parse((await client.hget(mark, 'file-position')) ?? '') as { json: { line: number } };
    expect(position.json.line).toBeGreaterThan(1);
    expect(await client.dbsize()).toBeLessThan(200_000);
    const { code, said } = await load(loading);
    expect(code).toBe(0);
    const loaded = Number(/([\d,]+) keys and/.exec(said)?.[1]?.replaceAll(',', ''));
    expect(loaded).toBeGreaterThan(0);
    expect(loaded).toBeLessThan(200_000);
    expect(await compareServers(source, target)).toEqual([]);
  });

  test('reads standard input, and what is in it can be anything that is asked for', async () => {
    const file = path('piped');
    writeFileSync(file, '{"db":0,"key":"piped","type":"string","value":"x"}\n{"db":2,"key":"other","type":"set","value":["a","b"]}\n');
    const args = ['--flush-target', '--yes', '--job', 'piped'];
    expect(await load({ file: '-', stdinFile: file, target, args })).toMatchObject({ code: 0, said: expect.stringContaining('2 keys and 0 commands') });
    expect(await target.client({ db: 2 }).smembers('other')).toHaveLength(2);
    const refused = await load({ file, target, args: ['--format', 'aof', '--on-existing', 'replace'] });
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining('[AOF_CORRUPT]')]);
  });

  test('names the line that is none, or writes it to the dead-letter file and goes on', async () => {
    const file = path('damaged.jsonl');
    const lines = Array.from({ length: 5_000 }, (_, i) => `{"db":0,"key":"k${i}","type":"string","value":"${i}"}`);
    lines[4_321] = lines[4_321].replace('value', 'valve');
    lines[4_999] = lines[4_999].slice(0, 20);
    writeFileSync(file, lines.join('\n'));
    const { code, stderr } = await load({ file, target, args: ['--flush-target', '--yes', '--job', 'damaged'] });
    expect(code).toBe(5);
    expect(stderr).toMatch(/\[JSON_CORRUPT\] .*damaged\.jsonl, line 4322, offset \d+ \(key "k4321"\): "valve" is not known here/);
    const letters = path('letters.jsonl');
    const args = ['--flush-target', '--yes', '--job', 'left-out', '--on-error', 'dead-letter', '--dead-letter-file', letters];
    expect(await load({ file, target, args })).toMatchObject({ code: 0, said: expect.stringMatching(/4,998 keys .*2 dead letters/) });
    const written = readFileSync(letters, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { line: number; command: string });
    expect(written.map(({ line, command }) => [line, Buffer.from(command, 'base64').toString()])).toEqual([
      [4_322, lines[4_321]],
      [5_000, lines[4_999]],
    ]);
  });
});

test('formats that have not all that keys need are refused with the name of one that has', async () => {
  const target = await startServer({ server: 'redis-7.0' });
  try {
    await target.client().set('k', 'v');
    for (const format of ['csv', 'parquet']) {
      const { code, stderr } = await load({ file: await exported(target.url, `table.${format}`), target });
      expect([code, stderr]).toEqual([5, expect.stringMatching(/\[FILE_FORMAT_UNKNOWN\].*Export to jsonl/s)]);
    }
    expect(readFileSync(path('table.csv'), 'utf8')).toContain('k,string');
  } finally {
    await target.stop();
  }
});
