import { describe, expect, test } from 'vitest';
import { LuaTransform } from '../../../src/transform/lua/lua-transform.ts';
import { TransformOutput } from '../../../src/transform/transform-output.ts';
import { rowsOf, runLua } from '../../support/transform/transform-run.ts';

describe('at the start', () => {
  test.each([
    ['x = = 1', "function:1: unexpected symbol near '='"],
    ['local a\nlocal b = "open', "function:2: unfinished string near '<eof>'"],
    ['if x then\n\n', "function:3: 'end' expected (to close 'if' at line 1) near '<eof>'"],
    ['\ngoto done\n::done::', "function:2: '=' expected near 'done' (line 2 has a goto, which is not in Lua 5.1)"],
    ['  \n', 'function is empty, so that it would drop everything'],
  ])('%j is refused', (source, message) => {
    expect(() => new LuaTransform({ source })).toThrow(expect.objectContaining({ code: 'TRANSFORM_INVALID', exitCode: 6, message }));
  });

  test('the name of a file stands in messages', () => {
    expect(() => new LuaTransform({ source: 'x', name: 'rename.lua' })).toThrow("rename.lua:1: '=' expected near '<eof>'");
  });
});

describe('while it runs', () => {
  test.each([
    ['error("no")', 'function:1: no', 1, undefined],
    ['local x = KEYS[1].y.z', "function:1: attempt to index field 'y' (a nil value)", 1, undefined],
    ['local function rename()\n  local x = nil .. "a"\nend\nrename()', 'function:2: attempt to concatenate a nil value (in rename)', 2, 'rename'],
    [
      'function outer()\n  local s = string.rep()\n  return s\nend\nouter()',
      "function:2: bad argument #1 to 'rep' (string expected, got no value) (in outer)",
      2,
      'outer',
    ],
    ['\nerror("no place", 0)', 'no place (line 2)', 2, undefined],
    ['error({})', 'an error that is a table (line 1)', 1, undefined],
    ['error()', 'an error that is a nil (line 1)', 1, undefined],
    ['shake.call(DB)', "function:1: bad argument #2 to 'call' (table expected, got no value)", 1, undefined],
    ['shake.call(nil, {"A"})', "function:1: bad argument #1 to 'call' (number expected, got nil)", 1, undefined],
    ['shake.call(-1, {"A"})', "function:1: bad argument #1 to 'call' (no database has this number)", 1, undefined],
    ['shake.call(0, {})', "function:1: bad argument #2 to 'call' (an empty list is no command)", 1, undefined],
    ['shake.call(0, {"A", {}})', "function:1: bad argument #2 to 'call' (element 2 is a table)", 1, undefined],
    ['ARGV[3] = print shake.call(0, ARGV)', "function:1: bad argument #2 to 'call' (element 3 is a function)", 1, undefined],
    ['shake.call(0, {[2e6] = 1})', "function:1: bad argument #2 to 'call' (too many elements)", 1, undefined],
    ['string.format("%d", "x")', "function:1: bad argument #2 to 'format' (number expected, got string)", 1, undefined],
    ['string.format("%y", 1)', "function:1: invalid option '%y' to 'format'", 1, undefined],
    ['string.format("%f", "x")', "function:1: bad argument #2 to 'format' (number expected, got string)", 1, undefined],
    ['string.format("%d %q", 1)', "function:1: bad argument #3 to 'format' (string expected, got no value)", 1, undefined],
    ['string.format("%s")', "function:1: bad argument #2 to 'format' (string expected, got no value)", 1, undefined],
    ['tonumber("1", 99)', "function:1: bad argument #2 to 'tonumber' (base out of range)", 1, undefined],
    ['os.time({})', "function:1: field 'year' missing in date table", 1, undefined],
    ['coroutine.yield()', 'attempt to yield across metamethod/C-call boundary (line 1)', 1, undefined],
  ])('%j', (source, message, line, functionName) => {
    expect(runLua(source, [['SET', 'k', 'v', 'more', 'and', 'more', 'and', 'more', 'x']]).failure).toEqual({ row: 0, message, line, functionName });
  });

  test('the entry makes nothing, those before it stay, and the run goes on behind it when it is told to', () => {
    const engine = new LuaTransform({ source: 'shake.call(DB, {"FIRST"}) if KEYS[1] == "b" then error("b") end shake.call(DB, ARGV)' });
    const output = new TransformOutput();
    const rows = rowsOf([
      ['GET', 'a'],
      ['GET', 'b'],
      ['GET', 'c'],
    ]);
    expect(engine.run(rows, 0, output)).toMatchObject({ row: 1, message: 'function:1: b' });
    expect(output.count).toBe(2);
    expect(engine.run(rows, 2, output)).toBeUndefined();
    expect(Array.from(output.row.subarray(0, output.count))).toEqual([0, 0, 2, 2]);
  });

  test('an error in a long command leaves no part of it', () => {
    const { commands } = runLua('ARGV[3] = print shake.call(0, ARGV)', [['RPUSH', ...Array.from({ length: 20 }, String)]]);
    expect(commands).toEqual([]);
  });
});
