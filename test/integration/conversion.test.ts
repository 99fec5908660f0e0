/** Rich data of each server, decoded and encoded anew for each other one, as payloads and as commands: both have the same data then, downgrades included. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerVersion, parseServerVersion } from '../../src/model/server-version.ts';
import { DumpEncoder } from '../../src/rdb/encode/dump-encoder.ts';
import { dumpVersionFor } from '../../src/rdb/encode/dump-version.ts';
import { featuresOfType, representable } from '../../src/rdb/encode/representable.ts';
import { ValueKind } from '../../src/model/value-kind.ts';
import { ValueCommands } from '../../src/target/value-commands.ts';
import { type ServerName, SERVER_CATALOGUE } from '../../scripts/servers.ts';
import { compareServers } from '../support/compare.ts';
import { type DumpedKey, decodeDump, dialectOfDump, dumpAll } from '../support/dump-copy.ts';
import { loadRichData } from '../support/rich-data.ts';
import { sendRaw } from '../support/send-raw.ts';
import { type RealServer, startServer } from '../support/server.ts';

const NAMES: readonly ServerName[] = SERVER_CATALOGUE.map(({ name }) => name);
const PAIRS = NAMES.flatMap((source) => NAMES.map((target) => [source, target] as const));
const DATABASES = [0, 1, 15];

/** Redis 6.0 keeps a score of -0 in a small sorted set; later servers make it 0 when it comes by ZADD. */
const NEGATIVE_ZERO = 'db 0 "zset:listpack": value: element 3: ["member 3",0] | ["member 3",0]';

interface Side {
  readonly server: RealServer;
  readonly client: Redis;
  readonly version: ServerVersion;
}

const sources = new Map<ServerName, Side & { readonly keys: readonly DumpedKey[] }>();
const targets = new Map<ServerName, Side>();

beforeAll(async () => {
  for (const name of NAMES) {
    const [source, target] = await Promise.all([startSide(name), startSide(name)]);
    await loadRichData(source.server, { bigElements: 600 });
    if (source.server.atLeast(7)) await source.client.call('FUNCTION', 'FLUSH');
    sources.set(name, { ...source, keys: await dumpAll(source.client, DATABASES) });
    targets.set(name, target);
  }
});

afterAll(async () => {
  await Promise.all([...sources.values(), ...targets.values()].map(({ server }) => server.stop()));
});

async function startSide(name: ServerName): Promise<Side> {
  const server = await startServer({ server: name });
  const client = server.client();
  return { server, client, version: parseServerVersion(await client.info('server'))! };
}

function payloads(keys: readonly DumpedKey[], version: ServerVersion): Buffer[] {
  const encoder = new DumpEncoder({ version: dumpVersionFor(version)!, degrade: true });
  return keys.map(({ payload }) => {
    decodeDump(payload, encoder);
    return Buffer.from(encoder.bytes.subarray(0, encoder.length));
  });
}

async function restore(client: Redis, keys: readonly DumpedKey[], values: readonly Buffer[]): Promise<void> {
  for (const database of DATABASES) {
    await client.select(database);
    const own = keys.flatMap((key, i) => (key.database === database ? [{ ...key, payload: values[i] }] : []));
    await Promise.all(own.map(({ key, payload, expiryMs }) => client.call('RESTORE', key, Math.max(0, expiryMs), payload, 'REPLACE', 'ABSTTL')));
  }
}

/** One stream of bytes for the keys of all databases. */
function commandBytes(keys: readonly DumpedKey[], target: ServerVersion): Buffer {
  const out: Buffer[] = [];
  const add = (bytes: Uint8Array, start: number, end: number): void => void out.push(Buffer.from(bytes.subarray(start, end)));
  const commands = new ValueCommands({ target, degrade: true, transactionBytesMax: 20_000, commandBytesMax: 5_000, build: add });
  for (const { database, key, payload, expiryMs } of keys) {
    out.push(Buffer.from(`*2\r\n$6\r\nSELECT\r\n$${String(database).length}\r\n${database}\r\n`));
    commands.start(key, expiryMs, Date.now());
    decodeDump(payload, commands);
    add(commands.transaction.bytes, 0, commands.transaction.length);
  }
  expect(commands.pendingLost).toBe(0);
  return Buffer.concat(out);
}

describe.each(PAIRS)('%s to %s', (from, to) => {
  test('as payloads', async () => {
    const [source, target] = [sources.get(from)!, targets.get(to)!];
    await target.client.flushall();
    await restore(target.client, source.keys, payloads(source.keys, target.version));
    expect(await compareServers(source.server, target.server, { ttlToleranceMs: 200 })).toEqual([]);
  });

  test('as commands', async () => {
    const [source, target] = [sources.get(from)!, targets.get(to)!];
    await target.client.flushall();
    await sendRaw(target.server, commandBytes(source.keys, target.version));
    const differences = await compareServers(source.server, target.server, { ttlToleranceMs: 200 });
    expect(differences.filter((line) => line !== NEGATIVE_ZERO)).toEqual([]);
  });

  test('what is lost is known before', () => {
    const [source, target] = [sources.get(from)!, targets.get(to)!];
    const expiring = source.keys.filter(({ key }) => key.includes('hash:ttl'));
    const answers = expiring.map(({ payload }) => representable(ValueKind.Hash, featuresOfType(dialectOfDump(payload), payload[0]), target.version).answer);
    const canExpire = /redis-8|valkey-9/.test(to);
    expect(answers).toEqual(expiring.map(() => (canExpire ? 'yes' : 'degraded')));
    expect(expiring.length > 0).toBe(/redis-8|valkey-9/.test(from));
  });
});
