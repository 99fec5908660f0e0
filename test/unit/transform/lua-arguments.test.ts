/** ARGV is made in three ways, depending on what the script does with it; none of them may be seen. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lookAtScript } from '../../../src/transform/lua/script-look.ts';
import { runLua, type Words } from '../../support/transform/transform-run.ts';

const LONG: Words = ['RPUSH', 'list', ...Array.from({ length: 30 }, (_, i) => `item${i}`)];
/** Makes any script get plain tables of everything. */
const PLAIN = 'local _ = loadstring\n';

const indexes = fc.integer({ min: -1, max: 40 });
const reads = fc.oneof(
  indexes.map((i) => `ARGV[${i}]`),
  fc.constantFrom('#ARGV', 'ARGV["1"]', 'ARGV[1.5]', 'nil', '7', '"new"', 'true', 'ARGV[#ARGV]', 'ARGV[# --[[ x ]] ARGV - 1]'),
);
const statements = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(indexes, reads).map(([i, value]) => `ARGV[${i}] = ${value}`) },
  fc.constant('ARGV[#ARGV + 1] = "more"'),
  fc.constant('ARGV[#ARGV] = nil'),
  fc.constant('ARGV["x"] = 1'),
  reads.map((value) => `shake.call(0, {"READ", tostring(${value})})`),
  fc.constant('shake.call(1, ARGV)'),
);

test('what a script does with ARGV comes out the same with a lazy one and a plain one', () => {
  fc.assert(
    fc.property(fc.array(statements, { maxLength: 12 }), fc.constantFrom<Words>(LONG, ['SET', 'k', 'v'], ['PING']), (list, command) => {
      const source = `${list.join('\n')}\nshake.call(DB, ARGV)`;
      expect(lookAtScript(source).argv).toBe('lazy');
      const [lazy, plain] = [runLua(source, [command, command]), runLua(PLAIN + source, [command, command])];
      expect(lazy.commands).toEqual(plain.commands);
      expect(lazy.failure?.message.replace(/:\d+:/, '')).toBe(plain.failure?.message.replace(/:\d+:/, ''));
    }),
    { numRuns: 100 },
  );
});

test('an element that was assigned and then taken away is nil', () => {
  const source = 'ARGV[5] = "x" ARGV[5] = nil shake.call(0, {tostring(ARGV[5]), ARGV[6]}) ARGV[5] = "y" shake.call(0, {ARGV[5]})';
  expect(runLua(source, [LONG]).commands).toEqual([
    [0, 'nil', 'item3'],
    [0, 'y'],
  ]);
});

describe('as a plain table', () => {
  test.each([
    ['pairs', 'local n = 0 for k, v in pairs(ARGV) do n = n + k end shake.call(0, {n})', [[0, '6']]],
    ['ipairs', 'local s = "" for i, v in ipairs(ARGV) do s = s .. i .. v end shake.call(0, {s})', [[0, '1SET2k3v']]],
    ['next', 'shake.call(0, {next(ARGV)})', [[0, '1', 'SET']]],
    ['unpack', 'shake.call(0, {unpack(ARGV, 2)})', [[0, 'k', 'v']]],
    ['table.insert', 'table.insert(ARGV, "NX") shake.call(0, ARGV)', [[0, 'SET', 'k', 'v', 'NX']]],
    ['table.remove', 'table.remove(ARGV) shake.call(0, ARGV)', [[0, 'SET', 'k']]],
    ['table.concat', 'shake.call(0, {table.concat(ARGV, ".")})', [[0, 'SET.k.v']]],
    [
      'an alias',
      'local a = ARGV a[2] = "x" shake.call(0, a) shake.call(0, ARGV)',
      [
        [0, 'SET', 'x', 'v'],
        [0, 'SET', 'x', 'v'],
      ],
    ],
    ['another table in its place', 'ARGV = {"DEL", "y"} shake.call(0, ARGV)', [[0, 'DEL', 'y']]],
    ['a local of that name', 'local ARGV = {"A"} ARGV[2] = #ARGV shake.call(0, ARGV)', [[0, 'A', '1']]],
    ['a parameter of that name', 'local function f(ARGV) return #ARGV end shake.call(0, {f({1, 2})})', [[0, '2']]],
    ['a field of that name', 'local t = {} t.ARGV = "f" shake.call(0, {t.ARGV, #ARGV})', [[0, 'f', '3']]],
    ['nil in its place', 'ARGV = nil shake.call(0, {tostring(ARGV)})', [[0, 'nil']]],
    [
      'nil in its place, among others',
      'local x = 1 x, ARGV = 2 shake.call(0, {tostring(ARGV)}) ARGV, x = nil shake.call(0, {tostring(ARGV)})',
      [
        [0, 'nil'],
        [0, 'nil'],
      ],
    ],
    [
      'through _G',
      'shake.call(0, _G.ARGV) shake.call(0, {_G["CMD"]})',
      [
        [0, 'SET', 'k', 'v'],
        [0, 'SET'],
      ],
    ],
    ['through getfenv', 'shake.call(0, getfenv(1)["ARGV"])', [[0, 'SET', 'k', 'v']]],
    ['through loadstring', 'loadstring("shake.call(DB, ARG" .. "V)")()', [[0, 'SET', 'k', 'v']]],
    ['a class with a metatable', 'local c = setmetatable({}, {__index = function() return #ARGV end}) shake.call(0, {c.n, ARGV[1]})', [[0, '3', 'SET']]],
    ['own metatable of the globals', 'setmetatable(_G, {__index = function(_, k) return k end}) shake.call(0, {ARGV[2], other})', [[0, 'k', 'other']]],
    ['another shake.call', 'local own = shake local shake = {call = function(_, list) own.call(0, {#list}) end} shake.call(0, ARGV)', [[0, '3']]],
  ])('%s', (_, source, expected) => {
    expect(runLua(source, [['SET', 'k', 'v']])).toEqual({ commands: expected, failure: undefined, logged: [] });
  });

  test('a table of an earlier entry that the script has kept stays as it was', () => {
    const source = 'if last then shake.call(0, last) end last = ARGV';
    expect(runLua(source, [['SET', 'a', '1'], ['SET', 'b', '2'], ['PING']]).commands).toEqual([
      [0, 'SET', 'a', '1'],
      [0, 'SET', 'b', '2'],
    ]);
  });
});

describe('what is seen of a script', () => {
  test.each([
    ['shake.call(DB, ARGV)', 'lazy', ['DB', 'ARGV']],
    ['ARGV[2] = "x" .. ARGV[2] shake.call(DB, ARGV)', 'lazy', ['DB', 'ARGV']],
    ['for i = 1, #ARGV do f(ARGV[i]) end', 'lazy', ['ARGV']],
    ['f(ARGV)', 'touched', ['ARGV']],
    ['shake.call(f(DB, ARGV))', 'touched', ['DB', 'ARGV']],
    ['shake.call(DB, f(1, ARGV))', 'touched', ['DB', 'ARGV']],
    ['shake.call(DB, {1, ARGV})', 'touched', ['DB', 'ARGV']],
    ['t = setmetatable({}, {}) f(ARGV)', 'eager', ['ARGV']],
    ['x = _G', 'eager', ['DB', 'CMD', 'GROUP', 'KEYS', 'KEY_INDEXES', 'SLOTS', 'ARGV']],
    ["if KEYS[1] then end -- ARGV\nlocal s = \"CMD\" .. [[GROUP]] .. '\\'SLOTS'", 'unused', ['KEYS']],
    ['--[==[ ARGV ]] ]==] x = t.CMD', 'unused', []],
  ])('%s', (source, argv, names) => {
    expect(lookAtScript(source)).toMatchObject({ argv, names });
  });

  test.each([
    ['shake.call(DB, ARGV)', false, 'keys and databases only'],
    ['ARGV[KEY_INDEXES[1]] = "x" shake.call(DB, ARGV)', false, 'keys and databases only'],
    ['local a\nif CMD == "SET" then end', true, 'line 2 looks at CMD'],
    ['\n\nx = GROUP', true, 'line 3 looks at GROUP'],
    ['local v = ARGV[3]', true, 'line 1 looks at ARGV'],
    ['x = 1\nloadstring("x")()', true, 'line 2 uses loadstring'],
  ])('whether it is to see logical commands: %s', (source, wanted, because) => {
    expect(lookAtScript(source).expansion).toEqual({ wanted, because: expect.stringContaining(because) });
  });

  test('counting does not change lines or make nonsense into Lua', () => {
    const { runnable } = lookAtScript('a = #ARGV\nb = # -- one\n ARGV\nc = #ARGV[1]');
    expect(runnable.split('\n').map((line) => line.replaceAll(/__\w+\(\)/g, 'N'))).toEqual(['a =  N', 'b =   -- one', ' N', 'c = #ARGV[1]']);
    expect(() => runLua('local a = 1 #ARGV', [])).toThrow("function:1: unexpected symbol near '#'");
  });
});

describe('bytes', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const latin1 = Buffer.from(all).toString('latin1');

  test.each([
    ['passed on', 'shake.call(DB, ARGV)'],
    ['by index', 'ARGV[1] = ARGV[1] shake.call(DB, ARGV)'],
    ['in a table', 'shake.call(DB, {ARGV[1], ARGV[2], ARGV[3]})'],
    ['with pairs', 'local t = {} for k, v in pairs(ARGV) do t[k] = v end shake.call(DB, t)'],
    ['byte by byte', 'shake.call(0, {ARGV[1], (ARGV[2]:gsub("(.)", "%1")), string.format("%s", ARGV[3])})'],
    ['cut and joined', 'shake.call(0, {ARGV[1], ARGV[2]:sub(1, 100) .. ARGV[2]:sub(101), string.char(ARGV[3]:byte(1, -1))})'],
  ])('all 256 values come through %s', (_, source) => {
    const { commands, failure } = runLua(source, [['SET', all, all]]);
    expect(failure).toBeUndefined();
    expect(commands).toEqual([[0, 'SET', latin1, latin1]]);
  });

  test('any bytes of any length come through in every way', () => {
    const texts = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 });
    const ways = ['shake.call(DB, ARGV)', 'ARGV[1] = "" .. ARGV[1] shake.call(DB, ARGV)', 'shake.call(DB, {unpack(ARGV)})'];
    fc.assert(
      fc.property(texts, fc.constantFrom(...ways), (words, source) => {
        expect(runLua(source, [words, words]).commands).toEqual(Array(2).fill([0, ...words.map((word) => Buffer.from(word).toString('latin1'))]));
      }),
      { numRuns: 40 },
    );
  });

  test('values and commands larger than any buffer come through', () => {
    const large = Buffer.alloc(3_000_000, 'ab');
    const { commands, failure } = runLua('ARGV[3] = ARGV[3] .. "!" shake.call(DB, ARGV) shake.call(DB, {"N", #ARGV[3]})', [['SET', 'k', large]]);
    expect(failure).toBeUndefined();
    expect(commands[0][3] === `${large.toString('latin1')}!`).toBe(true);
    expect(commands[1]).toEqual([0, 'N', '3000001']);
    const many = ['RPUSH', 'k', ...Array.from({ length: 10_000 }, (_, i) => `item${i}`)];
    expect(runLua('local t = {} for i, v in ipairs(ARGV) do t[i] = v end shake.call(0, t)', [many]).commands).toEqual([[0, ...many]]);
  });

  test('text of the script is UTF-8', () => {
    expect(runLua('shake.call(0, {"ключ", #"ключ"})', [['PING']]).commands).toEqual([[0, Buffer.from('ключ').toString('latin1'), '8']]);
  });
});
