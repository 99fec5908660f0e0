/** Functions in Lua and JavaScript in a sync (snapshot and stream) and a load: those that RedisShake's documents show, what they may do wrong, and what a kill leaves. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { GodwitProcess } from '../../support/godwit-process.ts';
import { LiveLoad } from '../../support/live-load.ts';
import { openRulesScene, type RulesScene } from '../../support/rules-scene.ts';
import { runGodwit } from '../../support/run-godwit.ts';

let scene: RulesScene;

beforeAll(async () => {
  scene = await openRulesScene();
});
beforeEach(() => scene.clear());
afterAll(() => scene.close());

async function write(phase: string): Promise<void> {
  const { from } = scene;
  for (const database of [0, 1]) {
    await from.select(database);
    await from.set(`user:${phase}`, `in ${database}`);
    await from.mset({ [`old_${phase}a`]: '1', [`${phase}b`]: '2' });
    await from.hset(`old_${phase}h`, 'f', 'v');
    await from.zadd(`${phase}z`, 1.5, 'm');
    await from.rpush(`${phase}l`, 'a', 'b');
  }
  await from.select(0);
}

type Content = Record<string, string>;

/** What a function leaves of the same writes, in snapshot, stream, and load of a file; all three have to agree. */
async function outcome(lua: string): Promise<Content> {
  await write('p');
  const ofFile = async (): Promise<Content> => {
    await scene.save();
    const { code, stderr } = await runGodwit([...LOAD(), '--function', lua], { cwd: scene.dir });
    expect([code, stderr]).toEqual([0, '']);
    const content = await scene.content();
    await scene.to.flushall();
    return content;
  };
  const loaded = await ofFile();
  const godwit = await scene.shake(`[filter]\nfunction = """\n${lua}\n"""`, () => write('q'));
  const content = await scene.content();
  await godwit.stop();
  const of = (phase: string): Content => Object.fromEntries(Object.entries(content).filter(([key]) => key.includes(phase)));
  expect(Object.fromEntries(Object.entries(of('q')).map(([key, value]) => [key.replace('q', 'p'), value]))).toEqual(of('p'));
  expect(loaded).toEqual(of('p'));
  return of('p');
}

let loads = 0;
const LOAD = (): string[] => ['load', 'dump.rdb', '--target', scene.target.url, '--job', `load-${++loads}`, '--spool-dir', 'spool'];

describe('functions that the documents of RedisShake show', () => {
  test('keys with a prefix pass', async () => {
    const lua = 'local p = "user:"\nif not KEYS[1] or string.sub(KEYS[1], 1, #p) ~= p then return end\nshake.call(DB, ARGV)';
    expect(await outcome(lua)).toEqual({ '1/user:p': 'in 1', 'user:p': 'in 0' });
  });

  test('database 0 is left out', async () => {
    const lua = 'if DB == 0\nthen\n    return\nend\nshake.call(DB, ARGV)';
    expect(Object.keys(await outcome(lua))).toEqual(['1/old_pa', '1/old_ph', '1/pb', '1/pl', '1/pz', '1/user:p']);
  });

  test('hashes are left out by their group, though a snapshot knows no commands', async () => {
    const lua = 'if GROUP == "HASH" then return end shake.call(DB, ARGV)';
    expect(Object.keys(await outcome(lua))).toEqual(['1/old_pa', '1/pb', '1/pl', '1/pz', '1/user:p', 'old_pa', 'pb', 'pl', 'pz', 'user:p']);
  });

  test('prefixes of keys are replaced', async () => {
    const lua = `local old, new = "old_", "new_"
for _, index in ipairs(KEY_INDEXES) do
  local key = ARGV[index]
  if key and string.sub(key, 1, #old) == old then ARGV[index] = new .. string.sub(key, #old + 1) end
end
shake.call(DB, ARGV)`;
    const content = await outcome(lua);
    expect([content['new_ph'], content['1/new_pa'], content['pz'], 'old_pa' in content]).toEqual(['f v', '1', 'm 1.5', false]);
  });

  test('databases are swapped', async () => {
    const lua = 'if DB == 1 then DB = 2 elseif DB == 0 then DB = 1 end shake.call(DB, ARGV)';
    const content = await outcome(lua);
    expect([content['2/user:p'], content['1/user:p'], content['user:p']]).toEqual(['in 1', 'in 0', undefined]);
  });

  test('MSET becomes SETs in another database', async () => {
    const lua = 'if CMD == "MSET" then\n for i = 2, #ARGV, 2 do\n shake.call(1, {"SET", ARGV[i], ARGV[i + 1]})\n end\n return\nend\nshake.call(DB, ARGV)';
    const godwit = scene.follow('--function', lua);
    await godwit.waitForPhase('incremental-sync');
    await scene.from.mset('a', '1', 'b', '2');
    await scene.from.incr('n');
    await godwit.waitForLagZero(scene.source);
    expect(await scene.content()).toEqual({ '1/a': '1', '1/b': '2', n: '1' });
  });
});

test('a module in JavaScript, with values as commands', async () => {
  const module = scene.file(
    'rename.mjs',
    `export const expand = true;
export function transform(entry) {
  if (entry.group === 'LIST') return null;
  for (const index of entry.keyIndexes) entry.args[index] = Buffer.concat([Buffer.from(entry.command === 'HSET' || entry.command === 'UNLINK' ? 'h:' : 'x:'), entry.args[index]]);
  return entry;
}`,
  );
  await write('p');
  const godwit = scene.follow('--module', module, '--db', '0');
  await godwit.waitForPhase('incremental-sync');
  await write('q');
  await godwit.waitForLagZero(scene.source);
  expect(await scene.content()).toEqual(
    Object.fromEntries(
      ['p', 'q'].flatMap((p) => [
        [`h:old_${p}h`, 'f v'],
        [`x:old_${p}a`, '1'],
        [`x:user:${p}`, 'in 0'],
        [`x:${p}b`, '2'],
        [`x:${p}z`, 'm 1.5'],
      ]),
    ),
  );
});

describe('what a function does wrong', () => {
  const lua = 'if KEYS[1] == "bad" then error("no such thing") end shake.call(DB, ARGV)';
  const around = async (): Promise<void> => {
    for (const key of ['before', 'bad', 'behind']) await scene.from.set(key, '1');
  };

  test('ends the job behind what came before it, and with the function mended the job goes on there', async () => {
    const godwit = scene.follow('--function', lua, '--job', 'wrong');
    await godwit.waitForPhase('incremental-sync');
    await scene.from.multi().set('before', '1').exec();
    await scene.from.multi().set('first', '1').set('bad', '1').exec();
    await scene.from.set('behind', '1');
    const { code, stderr } = await godwit.exit;
    expect([code, stderr]).toEqual([6, expect.stringMatching(/TRANSFORM_FAILED\] function:1: no such thing.*offset \d+/)]);
    expect(await scene.keys()).toEqual(['before']);
    const mended = scene.follow('--function', lua.replace('bad', 'none'), '--job', 'wrong');
    await mended.waitForLagZero(scene.source);
    expect(await scene.keys()).toEqual(['bad', 'before', 'behind', 'first']);
    expect(mended.lines.some(({ message }) => String(message).includes('goes on with other rules'))).toBe(true);
  });

  test('is kept aside, and the job goes on behind it', async () => {
    await around();
    const godwit = scene.follow('--function', lua, '--on-error', 'dead-letter', '--dead-letter-file', 'kept');
    await godwit.waitForPhase('incremental-sync');
    await scene.from.set('bad', '2');
    await scene.from.set('late', '1');
    await godwit.waitForLagZero(scene.source);
    expect(await scene.keys()).toEqual(['before', 'behind', 'late']);
    expect(
      scene
        .read('kept')
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { error: string }).error),
    ).toEqual(['function:1: no such thing', 'function:1: no such thing']);
  });

  test('cannot be loaded: nothing is written', async () => {
    await around();
    expect(await scene.copy('--function', 'if then')).toMatchObject({ code: 6, stderr: expect.stringMatching(/TRANSFORM_INVALID\] function:1:/) as string });
    expect(await scene.copy('--function', 'shake.call(DB, ARGV)', '--function-file', 'x')).toMatchObject({ code: 2 });
    expect(await scene.copy('--function', 'shake.call(DB, {CMD})', '--on-existing', 'skip')).toMatchObject({ code: 2 });
    expect(await scene.copy('--function', 'shake.call(DB, {"SELECT", "1"})')).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(/made SELECT/) as string,
    });
    expect(await scene.keys()).toEqual([]);
  });
});

test('a value larger than the window is given to a function, too', async () => {
  const { from } = scene;
  for (let i = 0; i < 60; i++) await from.rpush('large', ...Array.from({ length: 1000 }, (_, n) => `${i}:${n}:${'x'.repeat(200)}${Math.random()}`));
  expect(await scene.copy('--function', 'for _, i in ipairs(KEY_INDEXES) do ARGV[i] = "new:" .. ARGV[i] end shake.call(DB, ARGV)')).toMatchObject({ code: 0 });
  expect(await scene.to.llen('new:large')).toBe(60_000);
  await scene.to.flushall();
  expect(await scene.copy('--function', 'if CMD == "RPUSH" then ARGV[2] = "r:" .. ARGV[2] end shake.call(DB, ARGV)')).toMatchObject({ code: 0 });
  expect(await scene.to.lrange('r:large', -1, -1)).toEqual(await from.lrange('large', -1, -1));
});

test('counters are exact behind a function, however often the process is killed', async () => {
  const lua =
    'for _, i in ipairs(KEY_INDEXES) do ARGV[i] = "new:" .. ARGV[i] end shake.call(DB, ARGV)\nif CMD == "INCR" then shake.call(DB, {"INCR", "seen"}) end';
  const begin = (): GodwitProcess => scene.follow('--function', lua, '--job', 'kills');
  let godwit = begin();
  await godwit.waitForPhase('incremental-sync');
  await scene.from.call('CONFIG', 'RESETSTAT');
  const load = new LiveLoad(scene.source, { pauseMs: 2 });
  try {
    for (let kill = 0; kill < 3; kill++) {
      await load.more(400);
      await godwit.kill();
      godwit = begin();
      await godwit.waitForPhase('incremental-sync');
    }
    await load.stop();
    await godwit.waitForLagZero(scene.source);
    const keys = (await scene.from.keys('*')).toSorted();
    expect((await scene.to.keys('new:*')).toSorted()).toEqual(keys.map((key) => `new:${key}`));
    for (const key of keys) expect([key, await digest(scene.to, `new:${key}`)]).toEqual([key, await digest(scene.from, key)]);
    expect(await scene.to.get('seen')).toBe(/cmdstat_incr:calls=(\d+)/.exec(await scene.from.info('commandstats'))?.[1]);
  } finally {
    await load.stop().catch(() => {});
  }
});

async function digest(client: RulesScene['from'], key: string): Promise<unknown> {
  return client.call('DEBUG', 'DIGEST-VALUE', key);
}

test('in a load what a function makes of a value is applied once, with the mark behind it', async () => {
  const { from } = scene;
  await from.eval("for i = 1, 60000 do redis.call('RPUSH', 'list:' .. (i % 500), i) end", 0);
  await scene.save();
  const lua = 'if CMD == "RPUSH" then shake.call(DB, {"INCR", "seen"}) end shake.call(DB, ARGV)';
  expect(await runGodwit([...LOAD(), '--function', lua], { cwd: scene.dir })).toMatchObject({ code: 0, stderr: '' });
  expect([await scene.to.get('seen'), await scene.to.dbsize()]).toEqual(['500', 502]);
});
