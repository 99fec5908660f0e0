/** The built command exports real servers and their files; what comes out is what the servers hold, read with plain commands, or loaded by other servers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerName } from '../../scripts/servers.ts';
import { quotedWords } from '../../src/aof/quoted-words.ts';
import { encodeCommand } from '../../src/resp/encode.ts';
import { compareServers } from '../support/compare.ts';
import { csvRows } from '../support/csv-rows.ts';
import { type ExportedKey, exportedKeys, exportedValue, latin1 } from '../support/exported.ts';
import { type ReadAbilities, readValue } from '../support/read-value.ts';
import { Seeded } from '../support/rdb/seeded.ts';
import { loadRichData } from '../support/rich-data.ts';
import { type GodwitRun, runGodwit } from '../support/run-godwit.ts';
import { sendRaw } from '../support/send-raw.ts';
import { type RealServer, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'godwit-export-'));
const out = (name: string): string => join(dir, name);
const bytesOf = (text: string): string => Buffer.from(text, 'latin1') as unknown as string;

afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function exported(place: string, name: string, ...words: string[]): Promise<string> {
  const { code, stderr, stdout } = await runGodwit(['export', place, '--to', out(name), ...words]);
  expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: expect.stringContaining('exported to') as string, stdout: '' });
  return out(name);
}

/** A server that begins with the file as its data. */
async function startWith(server: ServerName, file: string, as: 'dump.rdb' | 'appendonly.aof'): Promise<RealServer & AsyncDisposable> {
  const folder = mkdtempSync(join(dir, 'server-'));
  copyFileSync(file, join(folder, as));
  return startServer({ server, dir: folder, args: as === 'dump.rdb' ? {} : { appendonly: 'yes' } });
}

describe.each([
  {
    name: 'redis-7.0',
    loads: [
      { loader: 'redis-8.0', version: '11' },
      { loader: 'valkey-8.1', version: '11' },
    ],
  },
  {
    name: 'redis-8.0',
    loads: [
      { loader: 'redis-8.0', version: '12' },
      { loader: 'valkey-9.1', version: '80' },
    ],
  },
  {
    name: 'valkey-9.1',
    loads: [
      { loader: 'valkey-9.1', version: '80' },
      { loader: 'redis-8.0', version: '12' },
    ],
  },
] as const)('of $name', ({ name, loads }) => {
  let source: RealServer;
  let abilities: ReadAbilities;
  let saved: string;
  let live: string;
  let keys: Map<string, ExportedKey>;

  beforeAll(async () => {
    source = await startServer({ server: name });
    const client = source.client();
    await loadRichData(source, { bigElements: 3_000 });
    const random = new Seeded(7);
    const noise = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, () => random.below(256)));
    await client.set('large text', `"quoted" \u00fc\n${noise(600_000).toString('base64')}`, 'PX', 4_000_000);
    await client.set('large bytes', noise(700_001));
    await client.rpush('large list', ...Array.from({ length: 12_000 }, () => noise(60)));
    const pairs = Array.from({ length: 30_000 }, (_, i) => [`field ${i}`, `value ${i}`]).flat();
    await client.hset('large hash', ...pairs);
    if (name !== 'redis-7.0') await client.call('HPEXPIREAT', 'large hash', 4_102_444_800_000, 'FIELDS', 1, 'field 7');
    await client.call('SAVE');
    saved = out(`${name}-saved.rdb`);
    copyFileSync(join(source.dir, 'dump.rdb'), saved);
    abilities = { fieldExpiry: name !== 'redis-7.0', counters: true, activeTime: name !== 'redis-7.0', madeBy: 'payload' };
    live = await exported(source.url, `${name}-live.jsonl`);
    keys = exportedKeys(readFileSync(live, 'utf8'));
  });

  afterAll(() => source.stop());

  test('every key of the live server is in jsonl with its content and expiry', async () => {
    const info = await source.client().info('keyspace');
    expect(keys.size).toBe([...info.matchAll(/keys=(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0));
    const clients = new Map([0, 1, 15].map((db) => [db, source.client({ db })]));
    for (const object of keys.values()) {
      const client = clients.get(object.db)!;
      const key = bytesOf(latin1(object.key));
      expect([object.key, exportedValue(object, abilities)]).toEqual([object.key, await readValue(client, key, abilities)]);
      expect([object.key, object.ttl ?? -1]).toEqual([object.key, await client.pexpiretime(key)]);
    }
    expect(readFileSync(live, 'utf8')).toContain('#!lua name=godwit_test');
  });

  test('the file of the same server gives the same as json, and as gzipped jsonl', async () => {
    const json = JSON.parse(readFileSync(await exported(saved, `${name}.json`), 'utf8')) as ExportedKey[];
    const packed = gunzipSync(readFileSync(await exported(saved, `${name}.jsonl.gz`))).toString();
    const ofJson = new Map(json.filter(({ db }) => db !== undefined).map((object) => [`${object.db} ${latin1(object.key)}`, object]));
    for (const found of [ofJson, exportedKeys(packed)]) {
      expect(found.size).toBe(keys.size);
      for (const [at, object] of found) expect(exportedValue(object, abilities)).toEqual(exportedValue(keys.get(at)!, abilities));
    }
  });

  test('the commands make an equal server', async () => {
    const resp = readFileSync(await exported(source.url, `${name}.resp`));
    await using target = await startServer({ server: name });
    await sendRaw(target, resp);
    expect(await compareServers(source, target)).toEqual([]);
  });

  test('a server loads the aof', async () => {
    await using target = await startWith(name, await exported(saved, `${name}.aof`), 'appendonly.aof');
    expect(await compareServers(source, target)).toEqual([]);
  });

  test.each<{ readonly loader: ServerName; readonly version: string }>([...loads])(
    '$loader loads the rdb of version $version of the live server',
    async ({ loader, version }) => {
      const file = await exported(source.url, `${name}-${version}.rdb`, '--rdb-version', version);
      await using target = await startWith(loader, file, 'dump.rdb');
      expect(target.log()).not.toMatch(/checksum|short read/i);
      expect(await compareServers(source, target)).toEqual([]);
    },
  );

  test('parquet has the elements as they are', async () => {
    const packed = readFileSync(await exported(source.url, `${name}.parquet`));
    const file = packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.length);
    const rows = await parquetReadObjects({ file, utf8: false });
    const text = (cell: unknown): string => Buffer.from(cell as Uint8Array).toString('latin1');
    const found = new Map<string, Record<string, unknown>[]>();
    for (const row of rows.filter(({ db }) => db !== undefined && db !== null)) {
      const at = `${String(row['db'])} ${text(row['key'])}`;
      const own = found.get(at);
      if (own === undefined) found.set(at, [row]);
      else own.push(row);
    }
    expect(found.size).toBe(keys.size);
    for (const [at, object] of keys) {
      const own = found.get(at)!;
      const { type, ttl } = own[0];
      expect({ type, ttl: Number(ttl ?? -1) }).toEqual({ type: object.type, ttl: object.ttl ?? -1 });
      const model = exportedValue(object, abilities) as Record<string, (string | number)[][]>;
      if (type === 'hash')
        expect(own.map((row) => [text(row['field']), text(row['value']), Number(row['field_ttl'] ?? -1)]).toSorted(byFirst)).toEqual(model['fields']);
      if (type === 'zset') expect(own.map((row) => [text(row['field']), row['score']]).toSorted(byFirst)).toEqual(model['members']);
      if (type === 'list') expect(own.map((row) => [Number(row['index']), text(row['value'])])).toEqual(model['elements'].map((element, i) => [i, element]));
      if (type === 'set') expect(own.map((row) => text(row['value'])).toSorted()).toEqual(model['elements']);
      if (type === 'string') expect(own.map((row) => text(row['value']))).toEqual([model['text']]);
      if (type === 'stream') expect(own.filter((row) => (row['field'] ?? null) !== null)).toHaveLength((object.value as { length: number }).length);
    }
  });

  test('csv has a row for each element', async () => {
    const rows = csvRows(readFileSync(await exported(saved, `${name}.csv`), 'utf8'));
    expect(rows[0]).toEqual(['db', 'key', 'type', 'field', 'value', 'ttl', 'field_ttl']);
    const cell = (text: string): string => (text.startsWith('base64:') ? Buffer.from(text.slice(7), 'base64') : Buffer.from(text)).toString('latin1');
    const found = new Map<string, string[][]>();
    for (const row of rows.slice(1)) {
      const at = `${row[0]} ${cell(row[1])}`;
      if (row[0] === '') continue;
      const own = found.get(at);
      if (own === undefined) found.set(at, [row]);
      else own.push(row);
    }
    expect(found.size).toBe(keys.size);
    for (const [at, object] of keys) {
      const own = found.get(at)!;
      const [, , type, , , ttl] = own[0];
      expect({ type, ttl }).toEqual({ type: object.type, ttl: String(object.ttl ?? '') });
      const model = exportedValue(object, abilities) as Record<string, (string | number)[][]>;
      if (type === 'hash') expect(own.map((row) => [cell(row[3]), cell(row[4]), Number(row[6] || -1)]).toSorted(byFirst)).toEqual(model['fields']);
      if (type === 'zset') expect(own.map((row) => [cell(row[3]), scoreOf(row[4])]).toSorted(byFirst)).toEqual(model['members']);
      if (type === 'list') expect(own.map((row) => cell(row[4]))).toEqual(model['elements']);
      if (type === 'set') expect(own.map((row) => cell(row[4])).toSorted()).toEqual(model['elements']);
      if (type === 'string') expect(own.map((row) => cell(row[4]))).toEqual([model['text']]);
      if (type === 'stream') expect(own.filter((row) => row[3] !== '')).toHaveLength((object.value as { length: number }).length);
    }
  });
});

const byFirst = (left: readonly unknown[], right: readonly unknown[]): number => (String(left[0]) < String(right[0]) ? -1 : 1);
const scoreOf = (text: string): number => Number(text.replace('inf', 'Infinity'));

describe('of one server', () => {
  let source: RealServer;

  beforeAll(async () => {
    source = await startServer({ server: 'redis-8.0' });
    const client = source.client();
    await client.hset('user:1', 'name', 'a', 'token', 'b');
    await client.call('HPEXPIREAT', 'user:1', 4_102_444_800_000, 'FIELDS', 1, 'token');
    await client.mset('user:2', 'text', 'other', 'text');
    await client.set('bytes', Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
    await client.select(3);
    await client.set('user:3', 'text');
  });

  afterAll(() => source.stop());

  const found = async (...words: string[]): Promise<string[]> => {
    const { code, stdout } = await runGodwit(['export', source.url, '--to', '-', '--format', 'jsonl', ...words]);
    expect(code).toBe(0);
    return [...exportedKeys(stdout).keys()].toSorted();
  };

  test('cmd says the same commands as resp, as lines', async () => {
    const lines = readFileSync(await exported(source.url, 'one.cmd'), 'latin1')
      .trimEnd()
      .split('\n');
    const fromLines = lines.map((line) => encodeCommand((quotedWords(line) ?? []).map((word) => Buffer.from(word, 'latin1'))));
    expect(Buffer.concat(fromLines)).toEqual(readFileSync(await exported(source.url, 'one.resp')));
  });

  test('database, prefix and type choose keys, on standard output too', async () => {
    expect(await found()).toEqual(['0 bytes', '0 other', '0 user:1', '0 user:2', '3 user:3']);
    expect(await found('--db', '3,4')).toEqual(['3 user:3']);
    expect(await found('--prefix', 'user:', '--type', 'string')).toEqual(['0 user:2', '3 user:3']);
    expect(await found('--prefix', 'o', '--prefix', 'user:1')).toEqual(['0 other', '0 user:1']);
  });

  const refused = async (...words: string[]): Promise<GodwitRun> => {
    const before = readdirSync(dir);
    const run = await runGodwit(['export', ...words]);
    expect(readdirSync(dir)).toEqual(before);
    return run;
  };

  test('an rdb version without field expiry stops with the key, leaves no file, and says on demand what it can', async () => {
    const stopped = await refused(source.url, '--to', out('eleven.rdb'));
    expect(stopped.code).toBe(5);
    expect(stopped.stderr).toContain('[VALUE_NOT_REPRESENTABLE] key "user:1"');
    expect(stopped.stderr).toContain('--rdb-version 12');
    const { stderr, code } = await runGodwit(['export', source.url, '--to', out('eleven.rdb'), '--on-unsupported', 'degrade', '--report', out('lost.jsonl')]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('1 keys have lost')]);
    expect(stderr).toContain('degraded: database 0, key "user:1" (hash): lost: the expiry of hash fields');
    expect(JSON.parse(readFileSync(out('lost.jsonl'), 'utf8'))).toMatchObject({ outcome: 'degraded', db: 0, key: 'user:1', type: 'hash' });
    await using target = await startWith('valkey-8.1', out('eleven.rdb'), 'dump.rdb');
    expect(await compareServers(source, target)).toEqual([]);
  });

  test('what cannot be written is one line with a code', async () => {
    expect(await refused(source.url, '--to', out('a.xml'), '--format', 'xml')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('which is no format'),
    });
    expect(await refused(source.url, '--to', out('a.jsonl.zst'), '--format', 'jsonl')).toMatchObject({ code: 2, stderr: expect.stringContaining('.gz') });
    expect(await refused(source.url, '--to', out('a.bin'))).toMatchObject({ code: 2, stderr: expect.stringContaining('[CONFIG_MISSING]') });
    expect(await refused(source.url, '--to', join(dir, 'none', 'a.jsonl'))).toMatchObject({ code: 2, stderr: expect.stringContaining('[OUTPUT_FAILED]') });
    expect(await refused(out('none.rdb'), '--to', out('a.jsonl'))).toMatchObject({ code: 2, stderr: expect.stringContaining('[FILE_NOT_FOUND]') });
    expect(await refused('127.0.0.1:1', '--to', out('a.jsonl'))).toMatchObject({ code: 3, stderr: expect.stringContaining('[CONNECT_FAILED]') });
  });

  test('commands of an aof pass to resp in their databases, and are refused where values are needed', async () => {
    const words = [
      ['SELECT', '0'],
      ['SET', 'a', '1'],
      ['INCR', 'a'],
      ['SELECT', '5'],
      ['SET', 'b', 'x'],
    ];
    writeFileSync(out('commands.aof'), Buffer.concat(words.map((command) => encodeCommand(command))));
    expect(await refused(out('commands.aof'), '--to', out('a.jsonl'))).toMatchObject({ code: 5, stderr: expect.stringContaining('[COMMANDS_NOT_EXPORTABLE]') });
    await using target = await startServer({ server: 'redis-8.0' });
    await sendRaw(target, readFileSync(await exported(out('commands.aof'), 'commands.resp')));
    expect(await target.client().get('a')).toBe('2');
    expect(await target.client({ db: 5 }).get('b')).toBe('x');
  });

  test('SIGINT ends an export that is under way and leaves nothing', async () => {
    await using slow = await startServer({ server: 'redis-8.0', args: { 'rdb-key-save-delay': 1_000_000 } });
    await slow.client().mset(...Array.from({ length: 100 }, (_, i) => [`k${i}`, 'v']).flat());
    const before = readdirSync(dir);
    const child = spawn(process.execPath, [MAIN, 'export', slow.url, '--to', out('late.jsonl')], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'close');
    await waitFor('the replica', async () => /^slave0:/m.test(await slow.client().info('replication')));
    expect(readdirSync(dir)).toHaveLength(before.length + 1);
    child.kill('SIGINT');
    expect((await ended)[0]).toBe(130);
    expect(readdirSync(dir)).toEqual(before);
  });
});
