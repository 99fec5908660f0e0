/** Globs fit the same keys here as at real servers: some written by hand, thousands of random ones. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GlobPattern } from '../../../src/filter/glob-pattern.ts';
import { Seeded } from '../../support/rdb/seeded.ts';
import { type RealServer, startServer } from '../../support/server.ts';

const KEYS = [
  '',
  'a',
  'b',
  'ab',
  'ba',
  'abc',
  'aXc',
  'a-c',
  '-',
  ']',
  '[',
  '^',
  '\\',
  '\\a',
  'a\\',
  'a*',
  '*',
  '?',
  'aab',
  'abab',
  'bb]',
  'a]',
  '\u00ff',
  '\u00ffa',
  '\u0080',
];
const BY_HAND = [
  '*',
  '**',
  'a*',
  '*a',
  '*a*',
  'a?c',
  '[ab]',
  '[^ab]',
  '[a-c]',
  '[c-a]*',
  '[\\]]',
  '[]',
  '[^]',
  '[a',
  '[^a',
  '[a-',
  '[a-]',
  '[-a]',
  '\\*',
  'a\\',
  '\\\\*',
  '[\\',
  '\\a',
  '?',
  '??',
];
BY_HAND.push('', '[]a]', 'a**b', '*?', '?*', '[\u0080-\u00ff]*', '[^\u00ff]', '*[ab]b*', '[a-c-e]', '*]');
const ALPHABET = ['a', 'b', 'c', '*', '?', '[', ']', '^', '-', '\\'];

describe.each(['redis-7.0', 'valkey-9.1'] as const)('%s', (name) => {
  let server: RealServer & AsyncDisposable;
  let redis: Redis;

  beforeAll(async () => {
    server = await startServer({ server: name });
    redis = new Redis(server.port, server.host);
    await redis.mset(...KEYS.flatMap((key) => [Buffer.from(key, 'latin1'), 'v']));
  });

  afterAll(async () => {
    redis.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test('says the same', async () => {
    const random = new Seeded(7);
    const patterns = [
      ...BY_HAND,
      ...Array.from({ length: 3000 }, () => Array.from({ length: random.below(7) }, () => ALPHABET[random.below(ALPHABET.length)]).join('')),
    ];
    const pipeline = redis.pipeline();
    for (const pattern of patterns) pipeline.call('scan', 0, 'match', Buffer.from(pattern, 'latin1'), 'count', 1000);
    const replies = (await pipeline.exec()) ?? [];
    const differing = patterns.flatMap((pattern, i) => {
      const [, keys] = replies[i][1] as [string, string[]];
      const theirs = keys.length;
      const glob = new GlobPattern(Buffer.from(pattern, 'latin1'));
      const ours = KEYS.filter((key) => glob.matches(Buffer.from(key, 'latin1'), 0, key.length)).length;
      return theirs === ours ? [] : [{ pattern, theirs, ours }];
    });
    expect(differing).toEqual([]);
  });
});
