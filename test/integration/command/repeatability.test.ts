/**
 * The table of repeatable commands by experiment. One command: applied once more, the data is the same. Sequences: random commands, those that are not
 * repeatable being marked; what comes behind the last mark is applied once more from a random place on over the state at the end, as after a break.
 */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repeatability } from '../../../src/command/repeatability.ts';
import { WRITE_SAMPLES } from '../../support/commands/command-samples.ts';
import { type RecordedSample, recordSamples } from '../../support/commands/recording.ts';
import { readCommand, readLine } from '../../support/commands/resp-command.ts';
import { Seeded } from '../../support/rdb/seeded.ts';
import { type RealServer, startServer } from '../../support/server.ts';

const TRIALS = Number(process.env['GODWIT_TEST_TRIALS'] ?? 400);

type Words = readonly (string | Buffer)[];

async function send(client: Redis, words: Words): Promise<void> {
  const [name, ...rest] = words;
  // Errors are expected: of types, and "equal or smaller" of XADD.
  await client.call(name.toString(), ...rest).catch(() => undefined);
}

function isRepeatable(words: Words): boolean {
  const { command, args } = readCommand([...words]);
  return repeatability(command, args) === 'repeatable';
}

/** Content of all keys and their expiries; a digest alone says only that there is one. */
async function stateOf(client: Redis): Promise<string> {
  const keys = (await client.keys('*')).toSorted();
  const expiries = await Promise.all(keys.map((key) => client.call('PEXPIRETIME', key)));
  return `${String(await client.call('DEBUG', 'DIGEST'))} ${keys.map((key, i) => `${key}:${String(expiries[i])}`).join(' ')}`;
}

describe.each(['redis-7.0', 'redis-8.0', 'valkey-9.1'] as const)('%s', (name) => {
  let server: RealServer;
  let client: Redis;
  let recorded: RecordedSample[];

  beforeAll(async () => {
    server = await startServer({ server: name, args: { 'repl-diskless-sync': 'no' } });
    client = server.client();
    recorded = await recordSamples(server, client, WRITE_SAMPLES);
  });

  afterAll(() => server.stop());

  test('a repeatable command of the stream, applied once more, changes nothing', async () => {
    let repeated = 0;
    for (const { commands, sample } of recorded) {
      const last = commands.at(-1);
      if (!last || !isRepeatable(last)) continue;
      const before = await stateOf(client);
      await send(client, last);
      expect([sample.call, await stateOf(client)]).toEqual([sample.call, before]);
      repeated++;
    }
    expect(repeated).toBeGreaterThan(40);
  });

  test('the last element takes the expiry with it: why SREM, HDEL and ZREM are not repeatable', async () => {
    for (const [add, remove] of [
      ['sadd s', 'srem s'],
      ['zadd s 1', 'zrem s'],
    ]) {
      await client.flushall();
      const lines = [`${remove} a`, `${add} a`, `${remove} b`].map((line) => line.split(' '));
      for (const line of [`${add} a`, `${add} b`, 'expire s 1000']) await send(client, line.split(' '));
      for (const words of lines) await send(client, words);
      expect(await client.ttl('s')).toBeGreaterThan(0);
      for (const words of lines) await send(client, words);
      expect([await client.exists('s'), await client.ttl('s')]).toEqual([1, -1]);
      expect(lines.map(isRepeatable)).toEqual([false, true, false]);
    }
  });

  test('random sequences behind the last mark, applied once more, change nothing', async () => {
    const random = new Seeded();
    let repeated = 0;
    for (let trial = 0; trial < TRIALS; trial++) {
      await client.flushall();
      const behindMark = await runSequence(client, random);
      const before = await stateOf(client);
      const again = behindMark.slice(random.below(behindMark.length));
      for (const words of again) await send(client, words);
      repeated += again.length;
      const trialText = `seed ${random.seed}, trial ${trial}: ${again.map((words) => words.join(' ')).join('; ')}`;
      expect([trialText, await stateOf(client)]).toEqual([trialText, before]);
    }
    expect(repeated).toBeGreaterThan(2 * TRIALS);
  });
});

/** Random commands on one or two keys; of those that changed something the ones behind the last that is not repeatable. */
async function runSequence(client: Redis, random: Seeded): Promise<string[][]> {
  const family = FAMILIES[random.below(FAMILIES.length)];
  let behindMark: string[][] = [];
  let changes = await changesOf(client);
  for (let i = 0; i < 20; i++) {
    const words = randomCommand(family, random).split(' ');
    const before = changes;
    await send(client, words);
    changes = await changesOf(client);
    if (changes === before) continue;
    if (isRepeatable(words)) behindMark.push(words);
    else behindMark = [];
  }
  return behindMark;
}

/** Grows with each command that is propagated. */
async function changesOf(client: Redis): Promise<number> {
  return Number(/rdb_changes_since_last_save:(\d+)/.exec(await client.info('persistence'))?.[1]);
}

/** Commands that meet at the same key. K key, F member or field, V value, N number, B bit, I id, T time. */
const ON_EVERY_KEY = ['del K', 'unlink K', 'pexpireat K T', 'persist K'];
const FAMILIES: readonly { readonly repeatable: readonly string[]; readonly not: readonly string[] }[] = [
  {
    repeatable: ['set K V', 'set K V keepttl', 'set K V pxat T', 'mset K V K V', 'setrange K N V', 'setbit K N B', 'bitfield K set u8 N 7', 'pfadd K F'],
    not: ['incr K', 'append K V', 'rename K K', 'getset K V', 'set K V nx'],
  },
  { repeatable: ['hset K F V', 'hset K F V F V', 'hmset K F V'], not: ['hdel K F', 'hsetnx K F V'] },
  { repeatable: ['sadd K F', 'sadd K F F'], not: ['srem K F', 'spop K', 'smove K K F'] },
  { repeatable: ['zadd K N F', 'zadd K N F N F', 'geoadd K 1N 4N F'], not: ['zrem K F', 'zincrby K N F', 'zremrangebyscore K 0 N', 'zadd K gt N F'] },
  {
    repeatable: ['xadd K I F V', 'xadd K I F V', 'xadd K I F V', 'xadd K maxlen 2 I F V', 'xadd K minid I I F V', 'xdel K I'],
    not: ['xtrim K maxlen 2', 'xtrim K minid I', 'xsetid K I'],
  },
  { repeatable: ['set K V', 'hset K F V', 'sadd K F', 'zadd K N F', 'xadd K I F V'], not: ['lpush K F', 'lpop K'] },
];

type Family = (typeof FAMILIES)[number];

function randomCommand(family: Family, random: Seeded): string {
  const pick = (list: readonly string[]): string => list[random.below(list.length)];
  const roll = random.below(100);
  const form = pick(roll < 8 ? family.not : roll < 35 ? ON_EVERY_KEY : family.repeatable);
  return form.replaceAll(/\b(\d?)([KVTNBFI])\b/g, (_, digit: string, letter: string) => digit + word(letter, random.below(10)));
}

function word(letter: string, number: number): string {
  switch (letter) {
    case 'K':
      return `k${number % 5 === 0 ? 1 : 0}`;
    case 'T':
      return String(4_000_000_000_000 + number * 1000);
    case 'N':
      return String(number);
    case 'B':
      return String(number % 2);
    case 'I':
      return `${number}-1`;
    default:
      return `v${number % 2}`;
  }
}

test('the samples of sequences are what they are said to be', () => {
  const fixed = (form: string): string => form.replaceAll(/\b\d?([KVTNBFI])\b/g, (_, letter: string) => word(letter, 5));
  const verdict = (form: string): string => {
    const { command, args } = readLine(fixed(form));
    return repeatability(command, args);
  };
  const repeatable = [...ON_EVERY_KEY, ...FAMILIES.flatMap((family) => family.repeatable)];
  expect(repeatable.filter((form) => verdict(form) !== 'repeatable')).toEqual([]);
  expect(FAMILIES.flatMap((family) => family.not).filter((form) => verdict(form) !== 'not')).toEqual([]);
});
