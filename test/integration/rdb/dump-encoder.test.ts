/** Payloads that DumpEncoder writes, given to a real server of each version by RESTORE, are the values that went in. */
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DumpVersion, dumpVersionFor } from '../../../src/rdb/encode/dump-version.ts';
import { DumpEncoder } from '../../../src/rdb/encode/dump-encoder.ts';
import { parseServerVersion } from '../../../src/model/server-version.ts';
import type { ServerName } from '../../../scripts/servers.ts';
import { type ReadAbilities, expectedValue, readValue } from '../../support/read-value.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { values } from '../../support/value-arbitraries.ts';
import { type FeedOptions, type ValueModel, feedValue } from '../../support/value-model.ts';

const SERVERS: readonly ServerName[] = ['redis-6.0', 'redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9.1'];

function wholePayload(encoder: DumpEncoder, value: ValueModel, options?: FeedOptions): Buffer {
  feedValue(value, encoder, options);
  return Buffer.from(encoder.bytes.subarray(0, encoder.length));
}

function payloadInPieces(encoder: DumpEncoder, value: ValueModel, options?: FeedOptions): Buffer {
  const pieces: Buffer[] = [];
  encoder.measureNext();
  feedValue(value, encoder, options);
  const plan = encoder.plan();
  encoder.piecesNext(plan, (bytes, start, end) => pieces.push(Buffer.from(bytes.subarray(start, end))));
  feedValue(value, encoder, options);
  const payload = Buffer.concat(pieces);
  expect(payload.length).toBe(plan.bytes);
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(256 * 1024);
  return payload;
}

describe.each(SERVERS)('at %s', (name) => {
  let server: RealServer;
  let client: Redis;
  let version: DumpVersion;
  let abilities: ReadAbilities;

  beforeAll(async () => {
    server = await startServer({ server: name, args: ['--sanitize-dump-payload', 'yes'].slice(0, name === 'redis-6.0' ? 0 : 2) });
    client = server.client();
    version = dumpVersionFor(parseServerVersion(await client.info('server'))!)!;
    abilities = { fieldExpiry: version >= 12, counters: version >= 10, activeTime: version >= 11, madeBy: 'payload' };
  });

  afterAll(() => server.stop());

  test('random values are read back as they were, whole and in pieces', async () => {
    const encoder = new DumpEncoder({ version });
    const counts = fc.constantFrom(undefined, -1, 3);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(values({ fieldExpiry: version >= 12 }), counts), { minLength: 1, maxLength: 40 }), async (batch) => {
        await client.flushall();
        const payloads = batch.map(([value, count], i) => {
          const options = { ...(count === undefined ? {} : { count }), textBytes: 1_000 };
          return i % 2 === 0 ? wholePayload(encoder, value, options) : payloadInPieces(encoder, value, options);
        });
        await Promise.all(payloads.map((payload, i) => client.restore(`k${i}`, 0, payload)));
        const read = await Promise.all(batch.map((_, i) => readValue(client, `k${i}`, abilities)));
        expect(read).toEqual(batch.map(([value]) => expectedValue(value, abilities)));
      }),
      { numRuns: 60 },
    );
  });

  test('values of more than one piece are read back as they were', async () => {
    const encoder = new DumpEncoder({ version });
    const names = range(30_000).map((i) => `element number ${i * 7919}`);
    const expiryOf = (i: number): number => (version >= 12 && i % 3 > 0 ? 4_000_000_000_000 + i : -1);
    const large: readonly ValueModel[] = [
      { kind: 'string', text: 'abcdefg'.repeat(100_000) },
      { kind: 'list', elements: [...names, 'x'.repeat(300_000), ...names] },
      { kind: 'set', elements: names },
      { kind: 'zset', members: names.map((name, i) => [name, i / 3]) },
      { kind: 'hash', fields: names.map((name, i) => [name, String(i), expiryOf(i)]) },
    ];
    for (const value of large) {
      const pieces = payloadInPieces(encoder, value, { textBytes: 300_000 });
      expect(pieces.equals(wholePayload(encoder, value, { textBytes: 65_000 })), value.kind).toBe(true);
      expect(pieces.length).toBeGreaterThan(500_000);
      await client.restore(value.kind, 0, pieces, 'REPLACE');
      expect(await readValue(client, value.kind, abilities), value.kind).toEqual(expectedValue(value, abilities));
    }
  });

  test('a server holds a value in the encoding that it would have given it itself', async () => {
    const encoder = new DumpEncoder({ version });
    for (const [i, [value, ...command]] of encodingCases().entries()) {
      await client.call('DEL', 'own', 'ours');
      await client.call(command[0], 'own', ...command.slice(1));
      await client.restore('ours', 0, wholePayload(encoder, value));
      const encodings = await Promise.all(['own', 'ours'].map((key) => client.object('ENCODING', key)));
      expect(encodings[1], `${i}: ${value.kind}`).toBe(encodings[0]);
    }
  });
});

/** Values at the limits of the packed encodings, and commands that make them. */
function encodingCases(): ReadonlyArray<readonly [ValueModel, string, ...string[]]> {
  const cases: [ValueModel, string, ...string[]][] = [];
  for (const [count, bytes] of [
    [1, 3],
    [10, 64],
    [10, 65],
    [128, 20],
    [129, 20],
    [600, 20],
  ]) {
    const names = range(count).map((i) => String(i).padStart(bytes, 'n'));
    cases.push([{ kind: 'list', elements: names }, 'RPUSH', ...names]);
    cases.push([{ kind: 'set', elements: names }, 'SADD', ...names]);
    cases.push([{ kind: 'hash', fields: names.map((name) => [name, 'v', -1]) }, 'HSET', ...names.flatMap((name) => [name, 'v'])]);
    cases.push([{ kind: 'zset', members: names.map((name, i) => [name, i]) }, 'ZADD', ...names.flatMap((name, i) => [String(i), name])]);
    cases.push([{ kind: 'set', elements: range(count).map(String) }, 'SADD', ...range(count).map(String)]);
  }
  for (const text of ['12345', 'short', 'l'.repeat(45)]) cases.push([{ kind: 'string', text }, 'SET', text]);
  return cases;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
