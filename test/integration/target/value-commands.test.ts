/** Commands that ValueCommands writes, sent to a real server of each version, make the values that went in; nobody ever sees a part of one. */
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { atLeast, parseServerVersion, type ServerVersion } from '../../../src/model/server-version.ts';
import { ValueCommands, type ValueCommandsOptions } from '../../../src/target/value-commands.ts';
import type { ServerName } from '../../../scripts/servers.ts';
import { type ReadAbilities, expectedValue, readValue } from '../../support/read-value.ts';
import { sendRaw } from '../../support/send-raw.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { values } from '../../support/value-arbitraries.ts';
import { type ValueModel, feedValue } from '../../support/value-model.ts';

const SERVERS: readonly ServerName[] = ['redis-6.0', 'redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9.1'];
const EXPIRY_MS = 4_000_000_000_000;
const NOW_MS = 1_700_000_000_000;

interface Made {
  readonly build: Buffer;
  readonly transaction: Buffer;
  readonly longestBytes: number;
}

describe.each(SERVERS)('at %s', (name) => {
  let server: RealServer;
  let client: Redis;
  let target: ServerVersion;
  let abilities: ReadAbilities;

  beforeAll(async () => {
    server = await startServer({ server: name });
    client = server.client();
    target = parseServerVersion(await client.info('server'))!;
    const fieldExpiry = target.product === 'redis' ? atLeast(target, 7, 4) : atLeast(target, 9);
    abilities = { fieldExpiry, counters: atLeast(target, 7), activeTime: atLeast(target, 7, 2), madeBy: 'commands' };
  });

  afterAll(() => server.stop());
  beforeEach(() => client.flushall());

  function make(key: string, value: ValueModel, options: Partial<ValueCommandsOptions> = {}, expiryMs = -1): Made {
    const pieces: Buffer[] = [];
    const build = (bytes: Uint8Array, start: number, end: number): void => void pieces.push(Buffer.from(bytes.subarray(start, end)));
    const commands = new ValueCommands({ target, build, ...options });
    commands.start(Buffer.from(key), expiryMs, NOW_MS);
    feedValue(value, commands, { textBytes: 1_000 });
    const { transaction } = commands;
    const longestBytes = Math.max(transaction.length, ...pieces.map((piece) => piece.length));
    return { build: Buffer.concat(pieces), transaction: Buffer.from(transaction.bytes.subarray(0, transaction.length)), longestBytes };
  }

  test('random values are read back as they were, from one transaction or from pieces', async () => {
    const bounds = fc.constantFrom({}, { commandBytesMax: 200, transactionBytesMax: 1_500 }, { commandBytesMax: 10, transactionBytesMax: 10 });
    const expiries = fc.constantFrom(-1, EXPIRY_MS);
    const item = fc.tuple(values({ fieldExpiry: abilities.fieldExpiry }), bounds, fc.boolean(), expiries);
    await fc.assert(
      fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 30 }), async (batch) => {
        await client.flushall();
        const made = batch.map(([value, bound, replace, expiryMs], i) => make(`k${i}`, value, { ...bound, replace }, expiryMs));
        await sendRaw(server, Buffer.concat(made.flatMap(({ build, transaction }) => [build, transaction])));
        const read = await Promise.all(batch.map((_, i) => readValue(client, `k${i}`, abilities)));
        expect(read).toEqual(batch.map(([value]) => expectedValue(value, abilities)));
        const lives = await Promise.all(batch.map((_, i) => client.pttl(`k${i}`)));
        expect(lives.map((life) => life >= 0)).toEqual(batch.map(([, , , expiryMs]) => expiryMs >= 0));
        expect(await client.dbsize()).toBe(batch.length);
      }),
      { numRuns: 30 },
    );
  });

  const hash: ValueModel = { kind: 'hash', fields: Array.from({ length: 2_000 }, (_, i) => [`field ${i}`, `value ${i}`, -1]) };

  test('what is larger than a transaction is built aside, in pieces, and comes at once with its expiry', async () => {
    await client.set('k', 'old');
    const { build, transaction, longestBytes } = make('k', hash, { commandBytesMax: 500, transactionBytesMax: 4_000 }, EXPIRY_MS);
    expect(longestBytes).toBeLessThan(4_700);
    await sendRaw(server, build.subarray(0, build.lastIndexOf('*')));
    await sendRaw(server, build);
    expect(await client.get('k')).toBe('old');
    await sendRaw(server, transaction);
    expect(await readValue(client, 'k', abilities)).toEqual(expectedValue(hash, abilities));
    expect(await client.pttl('k')).toBeGreaterThan(0);
    expect(await client.keys('*')).toEqual(['k']);
  });

  test('what fits is one transaction that replaces the old value', async () => {
    await client.rpush('k', 'old');
    const { build, transaction } = make('k', hash, {}, EXPIRY_MS);
    expect(build.length).toBe(0);
    const replies = await sendRaw(server, transaction);
    expect(replies.match(/\+QUEUED/g)).toHaveLength(3);
    expect(await readValue(client, 'k', abilities)).toEqual(expectedValue(hash, abilities));
  });

  test.each([{}, { commandBytesMax: 500, transactionBytesMax: 4_000 }])('an existing key is left when nothing may be replaced: %j', async (bounds) => {
    await client.set('k', 'old');
    const { build, transaction } = make('k', hash, { ...bounds, replace: false }, EXPIRY_MS);
    await sendRaw(server, Buffer.concat([build, transaction]));
    expect(await client.get('k')).toBe('old');
    expect(await client.pttl('k')).toBe(-1);
    expect(await client.dbsize()).toBe(1);
  });

  test('the commands can be put into a transaction of the caller', async () => {
    const { transaction } = make('k', hash, { ownTransaction: false });
    await sendRaw(server, Buffer.concat([Buffer.from('*1\r\n$5\r\nMULTI\r\n'), transaction, Buffer.from('*1\r\n$4\r\nEXEC\r\n')]));
    expect(await readValue(client, 'k', abilities)).toEqual(expectedValue(hash, abilities));
  });
});
