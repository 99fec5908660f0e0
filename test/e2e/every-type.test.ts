/**
 * Every type byte that the decoder knows, up to those of Redis 8.10 that no server here writes, in files put together by hand: brought to every server, and
 * read back from its own dumps. What it cannot hold is named in the report, and nothing else.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ServerName } from '../../scripts/servers.ts';
import type { Dialect } from '../../src/rdb/dialect.ts';
import { decodeDump } from '../support/dump-copy.ts';
import { startGodwit } from '../support/godwit-process.ts';
import { type DecodableSample, DECODABLE_TEMPLATES, decodableSamples, soundStreams } from '../support/rdb/decodable-samples.ts';
import { entry, file, length, list, string } from '../support/rdb/rdb-bytes.ts';
import { type CollectedValue, ValueCollector } from '../support/rdb/value-collector.ts';
import { type RealServer, startServer } from '../support/server.ts';

const dir = mkdtempSync(join(tmpdir(), 'godwit-every-type-'));

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A module that is nowhere, an array without elements (which has no number of them in front), and scores that no server hands out. */
const NOT_A_KEY = /module|28 empty|nan/i;
const SAMPLES = [...decodableSamples().filter(({ expected }) => expected.type !== 'stream'), ...soundStreams()].filter(({ name }) => !NOT_A_KEY.test(name));
const HEADERS: readonly (readonly [header: string, of: (dialect: Dialect) => boolean])[] = [
  ['REDIS0009', ({ magic, version }) => magic === 'REDIS' && version === 9],
  ['REDIS0015', ({ magic, version }) => magic === 'REDIS' && version > 9],
  ['VALKEY080', ({ magic }) => magic === 'VALKEY'],
];

const keyOf = ({ name, dialect }: DecodableSample): string => `${dialect.magic}${dialect.version} ${name}`;

function writeFile(header: string, samples: readonly DecodableSample[]): string {
  const path = join(dir, `${header}.rdb`);
  const templates = [...DECODABLE_TEMPLATES].flatMap(([id, names]) => [0xf2, length(id), list(names.length, (i) => string(Buffer.from(names[i])))]);
  const entries = samples.map((sample) => entry(sample.type, keyOf(sample), sample.value));
  writeFileSync(path, file(header, ...(header === 'REDIS0015' ? templates : []), ...entries));
  return path;
}

/** What a server tells of a value, in an order of its own where it has none. */
function essence({ type, value, expiries, stream }: Partial<CollectedValue>, server: RealServer): unknown {
  const isOrdered = type === 'list' || type === 'string' || type === 'stream';
  const items = Array.isArray(value) && !isOrdered ? value.map((item) => JSON.stringify(item)).toSorted() : value;
  const keepsExpiry = server.product === 'valkey' ? server.atLeast(9) : server.atLeast(7, 4);
  const groups = (stream?.groups ?? (type === 'stream' ? [] : undefined))?.map(({ name, lastId, pending }) => ({ name, lastId, pending }));
  return { type, items, ...(keepsExpiry && expiries !== undefined ? { expiries } : {}), ...(groups === undefined ? {} : { groups }) };
}

function named(report: string): Map<string, string> {
  const lines = readFileSync(report, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return new Map(
    lines.map((line) => JSON.parse(line) as { key: string; outcome: string; reason: string }).map(({ key, outcome, reason }) => [key, `${outcome}: ${reason}`]),
  );
}

/** Words of the reason for each loss that is expected; null: none. */
function lossOf({ type, expected, dialect }: DecodableSample, server: RealServer): RegExp | null {
  if (expected.type === 'list' && (expected.value as unknown[]).length === 0) return /left-out: it has no elements/;
  if (expected.type === 'array') return /left-out: arrays are re-encoded for no server/;
  const isValkey = server.product === 'valkey';
  const keepsExpiry = isValkey ? server.atLeast(9) : server.atLeast(7, 4);
  if (Object.keys(expected.expiries ?? {}).length > 0 && !keepsExpiry) return /degraded: lost: the expiry of hash fields/;
  if (expected.type !== 'stream' || dialect.magic === 'VALKEY') return null;
  const parts = [
    ...(type >= 19 && !isValkey && !server.atLeast(7) ? ['entries added.*'] : []),
    ...(type >= 21 && !isValkey && !server.atLeast(7, 2) ? ['last active.*'] : []),
    ...(type >= 26 ? ['idempotent producers.*'] : []),
    ...(type >= 27 ? ['were given back'] : []),
  ];
  return parts.length === 0 ? null : new RegExp(`degraded: lost: .*${parts.join('')}`);
}

const SERVERS: readonly ServerName[] = ['redis-6.0', 'redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9.1'];

test.each(SERVERS)('to %s', { timeout: 60_000 }, async (name) => {
  await using server = await startServer({ server: name });
  const client = server.client();
  for (const [header, isOf] of HEADERS) {
    const samples = SAMPLES.filter(({ dialect }) => isOf(dialect));
    const report = join(dir, `${name}-${header}.jsonl`);
    const args = ['--on-unsupported', 'degrade', '--on-existing', 'replace', '--report', report];
    const godwit = startGodwit({ file: writeFile(header, samples), target: server.url, spoolDir: join(dir, name), args });
    expect(await godwit.exit, godwit.logEnd()).toMatchObject({ code: 0 });
    const losses = named(report);
    for (const sample of samples) {
      const key = keyOf(sample);
      const loss = lossOf(sample, server);
      if (loss === null) expect(losses.get(key), key).toBeUndefined();
      else expect(losses.get(key), key).toMatch(loss);
      const payload = (await client.callBuffer('DUMP', key)) as Buffer | null;
      expect(payload === null, key).toBe(loss?.source.startsWith('left-out') === true);
      if (payload === null) continue;
      const collector = new ValueCollector();
      decodeDump(payload, collector);
      expect(essence(collector.result!, server), key).toEqual(essence(sample.expected, server));
    }
  }
});
