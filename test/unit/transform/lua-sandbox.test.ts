import { describe, expect, test } from 'vitest';
import { LuaTransform } from '../../../src/transform/lua/lua-transform.ts';
import { TransformOutput } from '../../../src/transform/transform-output.ts';
import { rowsOf, runEngine, runLua, type TransformRun } from '../../support/transform/transform-run.ts';

const MIB = 1024 * 1024;
const LIMITS = { callMsMax: 50, memoryBytesMax: 32 * MIB };
/** For what is not to run out of time. */
const MEMORY_ONLY = { ...LIMITS, callMsMax: 60_000 };

const run = (source: string): TransformRun => runLua(source, [['SET', 'k', 'v']], LIMITS);

describe('there is no way out:', () => {
  test.each([
    'io',
    'debug',
    'package',
    'require',
    'module',
    'dofile',
    'loadfile',
    'newproxy',
    'string.dump',
    'os.execute',
    'os.exit',
    'os.getenv',
    'os.remove',
    'os.rename',
    'os.tmpname',
  ])('%s is not there', (name) => {
    expect(run(`assert(${name} == nil)`).failure).toBeUndefined();
  });

  test.each([
    ['loadstring', 'shake.call(0, {tostring(loadstring("\\27Lua\\81")), select(2, loadstring("\\27Lua\\81"))})'],
    [
      'load',
      'local pieces = {"\\27L", "ua\\81"} shake.call(0, {tostring(load(function() return table.remove(pieces, 1) end)), "compiled code is not loaded"})',
    ],
  ])('%s takes no compiled code', (_, source) => {
    expect(run(source)).toMatchObject({ commands: [[0, 'nil', 'compiled code is not loaded']], failure: undefined });
  });

  test('nor does the script itself', () => {
    expect(() => run('\u001bLua')).toThrow('function is compiled code');
  });

  test('load takes pieces of text, and tells a mistake as loadstring does', () => {
    const source =
      'local p = {"return ", "1", "+1", nil} local f = load(function() return table.remove(p, 1) end) local g, m = load(function() return nil end) shake.call(0, {f(), type(g)})';
    expect(run(source).commands).toEqual([[0, '2', 'function']]);
    expect(run('local n = 0 shake.call(0, {select(2, load(function() n = n + 1 if n == 1 then return "x =" end end))})').commands[0][1]).toContain(
      'unexpected',
    );
  });

  test('getfenv of anything is the globals of the script', () => {
    expect(run('for _, f in ipairs({0, 1, print, shake.call, string.format}) do assert(getfenv(f) == _G) end').failure).toBeUndefined();
  });

  test('what a script breaks is its own', () => {
    const broken = 'for k in pairs(string) do string[k] = nil end shake.call = nil _G.print = nil table.maxn = nil unpack = nil';
    expect(run(broken).failure).toBeUndefined();
    expect(run('shake.call(DB, {"SET", ("%d"):format(1)})').commands).toEqual([[0, 'SET', '1']]);
  });

  test('shake.call works without what the script has broken', () => {
    expect(run('table.maxn = nil unpack = nil tostring = nil shake.call(0, {"A", 1})').commands).toEqual([[0, 'A', '1']]);
  });
});

describe('nothing runs without end:', () => {
  test.each([
    ['a loop', 'while true do end'],
    ['a loop that catches errors', 'while true do pcall(function() while true do end end) end'],
    ['calls without end', 'local function f() return f() end f()'],
    ['a loop in a coroutine', 'coroutine.wrap(function() while true do end end)()'],
    ['a pattern that goes back and forth', 'string.find(("a"):rep(40), ("a?"):rep(40) .. ("a"):rep(40))'],
    ['a pattern of many stars', 'string.find(("a"):rep(200), (".-"):rep(30) .. "b")'],
    ['a repetition of nothing', 'string.rep("", 1e10)'],
    ['a sort that is never content', 'local t = {} for i = 1, 1e5 do t[i] = i end table.sort(t, function() for i = 1, 1e3 do end return true end)'],
    ['gsub of everything in a large text', 'local s = ("a"):rep(1e6) while true do s = s:gsub("a", "a") end'],
    ['output', 'while true do shake.call(DB, ARGV) end'],
    ['copies of a large text', 'local s = ("x"):rep(1e6) while true do local t = s .. "y" end'],
    ['a list that is counted', 'local t = setmetatable({}, {__index = function() return 1 end}) for _ in ipairs(t) do end while true do table.maxn(t) end'],
  ])('%s', (_, source) => {
    const start = performance.now();
    const { failure, commands } = run(source);
    expect(failure?.message).toMatch(/stopped after 50 ms|invalid order function/);
    expect(commands).toEqual([]);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('the error of a loop names its line and its function', () => {
    const { failure } = run('local function spin()\n  while true do\n  end\nend\nspin()');
    expect(failure).toMatchObject({ line: expect.toSatisfy((line: number) => line === 2 || line === 3), functionName: 'spin' });
  });
});

test('large values that are read again and again count too', () => {
  const start = performance.now();
  const { failure } = runLua('while true do local v = ARGV[3] end', [['SET', 'k', Buffer.alloc(2 * MIB), ...Array.from('abcdefgh')]], { callMsMax: 50 });
  expect(failure?.message).toContain('stopped after 50 ms');
  expect(performance.now() - start).toBeLessThan(5000);
});

describe('memory is bounded:', () => {
  test.each([
    ['string.rep', '("x"):rep(1e9)'],
    ['string.rep of 2^40', '("x"):rep(2 ^ 40)'],
    ['a table', 'local t = {} for i = 1, 1e9 do t[i] = {} end'],
    ['a text that doubles', 'local s = "x" while true do s = s .. s end'],
    ['gsub', '(("x"):rep(1e5)):gsub(".", ("y"):rep(1e4))'],
    ['table.concat', 'local t = {} for i = 1, 1e4 do t[i] = ("x"):rep(1e4) end table.concat(t)'],
    ['string.format', 'local s = ("x"):rep(1e7) s = string.format("%s%s%s%s", s, s, s, s)'],
  ])('%s', (_, source) => {
    const { failure } = runLua(source, [['SET', 'k', 'v']], MEMORY_ONLY);
    expect(failure?.message).toBe(`not enough memory (the limit is ${32 * MIB} bytes)`);
  });

  test('the script goes on after it, with its globals', () => {
    const engine = new LuaTransform({
      source: 'n = (n or 0) + 1 if n == 1 then local s = "x" while true do s = s .. s end end shake.call(0, {n})',
      ...MEMORY_ONLY,
    });
    const output = new TransformOutput();
    const rows = rowsOf([['PING'], ['PING']]);
    expect(engine.run(rows, 0, output)?.row).toBe(0);
    expect(engine.run(rows, 1, output)).toBeUndefined();
    expect(engine.restarts).toBe(0);
    expect(output.bytes.toString('latin1', 0, output.length)).toBe('*1\r\n$1\r\n2\r\n');
  });

  test('a value larger than the memory fails if the script looks at it, and passes if not', () => {
    const large = Buffer.alloc(40 * MIB);
    expect(runLua('local v = ARGV[3]', [['SET', 'k', large]], MEMORY_ONLY).failure?.message).toContain('not enough memory');
    expect(runLua('if KEYS[1] then shake.call(DB, ARGV) end', [['SET', 'k', large]], MEMORY_ONLY).failure).toBeUndefined();
  });

  test('garbage of earlier entries does not count', () => {
    const large = Buffer.alloc(5 * MIB, 'x');
    const commands = Array.from({ length: 30 }, () => ['SET', 'k', large]);
    const { failure } = runLua('local v = ARGV[3] .. "!" shake.call(0, {#v})', commands, MEMORY_ONLY);
    expect(failure).toBeUndefined();
  });

  test('what one entry makes is bounded', () => {
    const { failure } = runLua('for i = 1, 1000 do shake.call(DB, ARGV) end', [['SET', 'k', 'v']], { outputBytesMax: 10_000 });
    expect(failure?.message).toBe('function:1: the entry makes more than 10027 bytes');
  });

  test('so is how deep calls go', () => {
    expect(run('local function f() return 1 + f() end f()').failure?.message).toContain('stack overflow');
    expect(run('local function f() return pcall(f) end f() local s = ("(a"):rep(40) pcall(string.find, "a", s)').failure).toBeUndefined();
    expect(run('local t = setmetatable({}, {}) getmetatable(t).__index = t local x = t.x').failure?.message).toContain('loop in gettable');
    expect(run(`loadstring("return " .. ("("):rep(1e4))`).failure).toBeUndefined();
  });
});

test('after an end by force the script begins anew', () => {
  const source = 'n = (n or 0) + 1 if KEYS[1] == "bad" then string.find(("a"):rep(40), ("a?"):rep(40) .. ("a"):rep(40)) end shake.call(0, {n})';
  const engine = new LuaTransform({ source, ...LIMITS });
  const output = new TransformOutput();
  const rows = rowsOf([
    ['GET', 'a'],
    ['GET', 'bad'],
    ['GET', 'c'],
  ]);
  expect(engine.run(rows, 0, output)).toMatchObject({ row: 1, message: 'function: stopped after 50 ms, and begins anew' });
  expect(engine.run(rows, 2, output)).toBeUndefined();
  expect(engine.restarts).toBe(1);
  expect(output.bytes.toString('latin1', 0, output.length)).toBe('*1\r\n$1\r\n1\r\n*1\r\n$1\r\n1\r\n');
});

test('coroutines see and make the same as the script itself', () => {
  const source = 'coroutine.wrap(function() ARGV[1] = CMD .. "X" shake.call(DB, ARGV) coroutine.yield() end)() shake.call(DB, {KEYS[1]})';
  for (const words of [
    ['set', 'k', 'v'],
    ['del', 'k', ...Array.from('abcdefghij')],
  ]) {
    expect(runLua(source, [words, words]).commands).toEqual(
      [0, 1].flatMap(() => [
        [0, `${words[0].toUpperCase()}X`, ...words.slice(1)],
        [0, 'k'],
      ]),
    );
  }
});

test('two transforms know nothing of each other', () => {
  const rows = rowsOf([['PING']]);
  const [a, b] = ['shake.call(0, {tostring(x)}) x = 1', 'x = (x or 10) + 1 shake.call(0, {x})'].map((source) => new LuaTransform({ source }));
  expect([a, b, a, b].map((engine) => runEngine(engine, rows).commands[0][1])).toEqual(['nil', '11', '1', '12']);
});
