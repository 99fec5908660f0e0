/** The functions that RedisShake's documentation shows, in words of our own, and what they do with commands of all kinds. */
import { expect, test } from 'vitest';
import { runLua } from '../../support/transform/transform-run.ts';

test('a function without shake.call drops the command', () => {
  expect(runLua('local nothing = 1', [['SET', 'a', '1']]).commands).toEqual([]);
});

test('keys with a prefix pass, others and commands without keys do not', () => {
  const source = 'local p = "user:"\nif not KEYS[1] or string.sub(KEYS[1], 1, #p) ~= p then return end\nshake.call(DB, ARGV)';
  const commands = [['SET', 'user:1', 'a'], ['SET', 'other', 'b'], ['PING'], ['DEL', 'user:2', 'x']];
  expect(runLua(source, commands, { database: 2 }).commands).toEqual([
    [2, 'SET', 'user:1', 'a'],
    [2, 'DEL', 'user:2', 'x'],
  ]);
});

test('database 0 is dropped and logged', () => {
  const source = 'shake.log(DB)\nif DB == 0\nthen\n    return\nend\nshake.call(DB, ARGV)';
  expect(runLua(source, [['SET', 'a', '1']])).toMatchObject({ commands: [], logged: ['0'] });
  expect(runLua(source, [['SET', 'a', '1']], { database: 7 })).toMatchObject({ commands: [[7, 'SET', 'a', '1']], logged: ['7'] });
});

test('groups and names are those of the documentation', () => {
  const source = 'shake.call(0, {CMD, GROUP, #KEYS})';
  const commands = [
    ['hset', 'h', 'f', 'v'],
    ['eval', 'return 1', '0'],
    ['zadd', 'z', '1', 'm'],
    ['xgroup', 'create', 's', 'g', '0'],
    ['expire', 'k', '1'],
    ['mystery', 'x'],
  ];
  expect(runLua(source, commands).commands).toEqual([
    [0, 'HSET', 'HASH', '1'],
    [0, 'EVAL', 'SCRIPTING', '0'],
    [0, 'ZADD', 'SORTED_SET', '1'],
    [0, 'XGROUP-CREATE', 'STREAM', '1'],
    [0, 'EXPIRE', 'GENERIC', '1'],
    [0, 'MYSTERY', 'unknown', '0'],
  ]);
});

test('hashes are dropped by group', () => {
  const source = 'if GROUP == "HASH" then return end shake.call(DB, ARGV)';
  expect(
    runLua(source, [
      ['HSET', 'h', 'f', 'v'],
      ['SET', 'a', '1'],
    ]).commands,
  ).toEqual([[0, 'SET', 'a', '1']]);
});

test('MSET becomes one SET for each key, in another database', () => {
  const source = 'if CMD == "MSET" then\n for i = 2, #ARGV, 2 do\n shake.call(1, {"SET", ARGV[i], ARGV[i + 1]})\n end\n return\nend\nshake.call(DB, ARGV)';
  expect(
    runLua(source, [
      ['mset', 'a', '1', 'b', '2'],
      ['INCR', 'n'],
    ]).commands,
  ).toEqual([
    [1, 'SET', 'a', '1'],
    [1, 'SET', 'b', '2'],
    [0, 'INCR', 'n'],
  ]);
});

test('prefixes of all keys are replaced, and both forms are logged', () => {
  const source = `local old, new = "old_", "new_"
shake.log("old=" .. table.concat(ARGV, " "))
for _, index in ipairs(KEY_INDEXES) do
  local key = ARGV[index]
  if key and string.sub(key, 1, #old) == old then
    ARGV[index] = new .. string.sub(key, #old + 1)
  end
end
shake.log("new=" .. table.concat(ARGV, " "))
shake.call(DB, ARGV)`;
  expect(runLua(source, [['MSET', 'old_a', '1', 'b', 'old_v', 'old_c', '3']])).toMatchObject({
    commands: [[0, 'MSET', 'new_a', '1', 'b', 'old_v', 'new_c', '3']],
    logged: ['old=MSET old_a 1 b old_v old_c 3', 'new=MSET new_a 1 b old_v new_c 3'],
  });
});

test('databases are swapped by setting DB, which is set anew for the next command', () => {
  const source = 'if DB == 1 then DB = 2 elseif DB == 2 then DB = 1 end shake.call(DB, ARGV)';
  const commands = [
    ['SET', 'a', '1'],
    ['SET', 'b', '2'],
  ];
  expect(runLua(source, commands, { database: 1 }).commands.map(([database]) => database)).toEqual([2, 2]);
  expect(runLua(source, commands, { database: 2 }).commands.map(([database]) => database)).toEqual([1, 1]);
});

test('keys, their indexes in ARGV, and their slots', () => {
  const source = 'for i = 1, #KEYS do shake.call(0, {KEYS[i], KEY_INDEXES[i], SLOTS[i], ARGV[KEY_INDEXES[i]]}) end';
  expect(
    runLua(source, [
      ['MSET', 'key1', 'v', 'key2', 'v'],
      ['XADD', '{key1}x', '*', 'f', 'v'],
      ['ZUNIONSTORE', 'd', '2', 'a', 'b'],
    ]).commands,
  ).toEqual([
    [0, 'key1', '2', '9189', 'key1'],
    [0, 'key2', '4', '4998', 'key2'],
    [0, '{key1}x', '2', '9189', '{key1}x'],
    [0, 'd', '2', '11298', 'd'],
    [0, 'a', '4', '15495', 'a'],
    [0, 'b', '5', '3300', 'b'],
  ]);
});

test('globals of the script live on from entry to entry, in order', () => {
  const source = 'count = (count or 0) + 1\nif not first then first = true function name() return KEYS[1] end end\nshake.call(DB, {"SET", name(), count})';
  expect(
    runLua(source, [
      ['GET', 'a'],
      ['GET', 'b'],
      ['GET', 'c'],
    ]).commands,
  ).toEqual([
    [0, 'SET', 'a', '1'],
    [0, 'SET', 'b', '2'],
    [0, 'SET', 'c', '3'],
  ]);
});

test('what is logged: texts and numbers as they are, others by their kind; print goes to the log too', () => {
  const source = 'shake.log("x\\ty") shake.log(2^53) shake.log(nil) shake.log(false) shake.log({}) shake.log() print("a", 1, nil)';
  expect(runLua(source, [['PING']]).logged).toEqual(['x\ty', '9007199254740992', 'nil', 'false', 'table', 'no value', 'a\t1\tnil']);
});
