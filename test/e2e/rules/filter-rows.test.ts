/** Every row of RedisShake's `[filter]`, in full sync and stream of one run each, against real servers; and the rules that Godwit has beside them. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openRulesScene, type RulesScene } from '../../support/rules-scene.ts';

let scene: RulesScene;

beforeAll(async () => {
  scene = await openRulesScene();
});
beforeEach(() => scene.clear());
afterAll(() => scene.close());

/** Of both phases: `f:` came by the snapshot, `s:` by the stream. */
async function write(phase: 'f' | 's'): Promise<void> {
  const { from } = scene;
  for (const database of [0, 1, 2]) {
    await from.select(database);
    await from.set(`user:${phase}${database}`, 'text');
    await from.hset(`user:${phase}${database}:h`, 'f', 'v');
    await from.zadd(`item:${phase}${database}:z`, 1, 'm');
    await from.rpush(`item:${phase}${database}`, 'a', 'b');
  }
  await from.select(0);
}

/** What of the pattern of keys (without phase and database) passed, in each phase and database. */
async function passed(filter: string): Promise<string[]> {
  await write('f');
  const godwit = await scene.shake(`[filter]\n${filter}`, () => write('s'));
  const keys = await scene.keys();
  expect((await godwit.stop()).code).toBe(143);
  const ofPhase = (phase: string): string[] => keys.filter((key) => key.includes(`:${phase}`)).map((key) => key.replace(`:${phase}`, ':'));
  expect(ofPhase('s')).toEqual(ofPhase('f'));
  return ofPhase('f');
}

const USERS = ['1/user:1', '1/user:1:h', '2/user:2', '2/user:2:h', 'user:0', 'user:0:h'];
const ITEMS = ['1/item:1', '1/item:1:z', '2/item:2', '2/item:2:z', 'item:0', 'item:0:z'];

describe('rows of RedisShake', () => {
  test.each([
    ['allow_key_prefix = ["user:"]', USERS],
    ['block_key_prefix = ["user:"]', ITEMS],
    ['allow_key_suffix = [":h", ":z"]', ['1/item:1:z', '1/user:1:h', '2/item:2:z', '2/user:2:h', 'item:0:z', 'user:0:h']],
    ['block_key_suffix = [":h", ":z"]', ['1/item:1', '1/user:1', '2/item:2', '2/user:2', 'item:0', 'user:0']],
    ['allow_keys = ["user:f0", "user:s0"]', ['user:0']],
    ['allow_key_prefix = ["user:"]\nblock_keys = ["user:f0", "user:s0"]', USERS.filter((key) => key !== 'user:0')],
    ['allow_key_regex = ["^user:[fs][01]$"]', ['1/user:1', 'user:0']],
    ['allow_key_prefix = ["user:"]\nblock_key_regex = [":h$"]', ['1/user:1', '2/user:2', 'user:0']],
    ['allow_db = [1]', ['1/item:1', '1/item:1:z', '1/user:1', '1/user:1:h']],
    ['allow_db = [0, 1]\nblock_db = [1]', ['item:0', 'item:0:z', 'user:0', 'user:0:h']],
    ['allow_command = ["SET", "HSET"]', USERS],
    ['block_command = ["set", "hset"]', ITEMS],
    ['allow_command_group = ["STRING", "SORTED_SET"]', ['1/item:1:z', '1/user:1', '2/item:2:z', '2/user:2', 'item:0:z', 'user:0']],
    ['block_command_group = ["STRING", "SORTED_SET"]', ['1/item:1', '1/user:1:h', '2/item:2', '2/user:2:h', 'item:0', 'user:0:h']],
  ])('%s', async (filter, keys) => expect(await passed(filter)).toEqual(keys));
});

test('a mixed command is split, or dropped as RedisShake does; what has no keys passes', async () => {
  await scene.shake('[filter]\nallow_key_prefix = ["a"]', async () => {
    await scene.from.mset('a1', '1', 'b1', '1');
    await scene.from.eval('redis.call("SET", KEYS[1], 1) redis.call("SET", KEYS[2], 1)', 2, 'a2', 'b2');
    await scene.from.set('b3', '1');
    await scene.from.rename('b3', 'a3');
    await scene.from.call('FUNCTION', 'LOAD', '#!lua name=mylib\nredis.register_function("f", function() return 1 end)');
  });
  expect(await scene.keys()).toEqual(['a1', 'a2']);
  expect(await scene.to.call('FUNCTION', 'LIST')).toHaveLength(1);
});

describe('rules of Godwit', () => {
  test('types, sizes, times to live, globs and slots; what only a snapshot tells is said', async () => {
    const { from } = scene;
    await from.set('small', 'x');
    await from.set('large', randomBytes(5000));
    await from.set('brief', 'x', 'EX', 100);
    await from.hset('h:1', 'f', 'v');
    await from.sadd('s:1', 'm');
    const left = async (...args: string[]): Promise<string[]> => {
      await scene.to.flushall();
      expect(await scene.copy(...args)).toMatchObject({ code: 0, stderr: '' });
      return scene.keys();
    };
    expect(await left('--type', 'hash,set')).toEqual(['h:1', 's:1']);
    expect(await left('--block-type', 'string')).toEqual(['h:1', 's:1']);
    expect(await left('--size-min', '1kb')).toEqual(['large']);
    expect(await left('--expiring', 'only')).toEqual(['brief']);
    expect(await left('--ttl-min', '1h', '--type', 'string')).toEqual(['large', 'small']);
    expect(await left('--glob', '?:1', '--block-glob', 's*')).toEqual(['h:1']);
    expect(await left('--slots', '0-8191')).toEqual(['brief', 's:1', 'small']);
    expect((await scene.copy('--size-max', '1kb', '--on-existing', 'replace')).stdout).toMatch(/rules by size hold for the snapshot alone/);
  });

  test('what cannot be decided stops before it is applied, and is kept aside if that is asked for', async () => {
    const mixed = async (): Promise<void> => {
      await scene.from.set('a', '1');
      await scene.from.set('b', '1');
      await scene.from.rename('b', 'a');
      await scene.from.set('a-behind', '1');
    };
    const stopped = scene.follow('--prefix', 'a');
    await stopped.waitForPhase('incremental-sync');
    await mixed();
    const { code, stderr } = await stopped.exit;
    expect([code, stderr]).toEqual([6, expect.stringMatching(/COMMAND_UNDECIDED.*RENAME at offset \d+ \(database 0\): mixed/)]);
    await scene.clear();
    const kept = scene.follow('--prefix', 'a', '--on-mixed', 'dead-letter', '--dead-letter-file', 'letters');
    await kept.waitForPhase('incremental-sync');
    await mixed();
    await kept.waitForLagZero(scene.source);
    expect(await scene.content()).toEqual({ a: '1', 'a-behind': '1' });
    expect((await kept.status()).rules?.decided).toContainEqual({ rule: 'mixed: cannot be split', effect: 'dead-letter', count: 1 });
    const [letter] = scene.read('letters').split('\n');
    expect(Buffer.from((JSON.parse(letter) as { command: string }).command, 'base64').toString()).toMatch(/rename\r\n\$1\r\nb\r\n\$1\r\na/i);
  });
});
