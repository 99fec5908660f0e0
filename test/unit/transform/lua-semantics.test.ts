import { expect, test } from 'vitest';
import { LUA_CASES } from '../../support/transform/lua-cases.ts';
import { runLua } from '../../support/transform/transform-run.ts';
import { numberText } from '../../../src/transform/lua/number-text.ts';

const SHOW = 'local function S(...) local t = {} for i = 1, select("#", ...) do t[i] = tostring((select(i, ...))) end return table.concat(t, "|") end ';

test.each(LUA_CASES)('%s', (expression, expected) => {
  const { commands, failure } = runLua(`${SHOW}shake.call(0, {S(${expression})})`, [['PING']]);
  expect(failure).toBeUndefined();
  expect(commands).toEqual([[0, expected]]);
});

test('there are more than 200 cases', () => {
  expect(LUA_CASES.length).toBeGreaterThan(200);
});

test.each([
  ['1700000000123', '1700000000123'],
  ['2^53', '9007199254740992'],
  ['-5', '-5'],
  ['0.5', '0.5'],
  ['nil', 'nil'],
  ['true', 'true'],
  ['"text"', 'text'],
])('the element %s is passed to shake.call as %s', (element, expected) => {
  expect(runLua(`shake.call(3, {"SET", ${element}, "end"})`, [['PING']]).commands).toEqual([[3, 'SET', expected, 'end']]);
});

test('a list ends with its last element that is not nil', () => {
  expect(runLua('shake.call(0, {"A", nil, "b", nil}) local t = {"X", "y", "z"} t[2] = nil t[3] = nil shake.call(0, t)', [['PING']]).commands).toEqual([
    [0, 'A', 'nil', 'b'],
    [0, 'X'],
  ]);
});

test('numbers are read back as the same number, whatever their size', () => {
  for (let exponent = -320; exponent < 308; exponent++) {
    const value = 1.234567890123456 * 10 ** exponent;
    expect(Number(numberText(value))).toBe(value);
    expect(numberText(value).length).toBeLessThan(25);
  }
});

test('dates are told in the local time and in UTC', () => {
  const source = `shake.call(0, {os.date("!%a %A %b %B %d %m %y %Y %H %I %M %S %w %x %X %D %%", 1700000000), os.date("!%c", 0), os.date("!*t", 3600).hour,
    os.date("%H", 0) == os.date("*t", 0).hour, os.time(), os.time(os.date("*t", 86400)), os.date("!%F %T")})`;
  const { commands, failure } = runLua(source, [['PING']], { nowMs: () => 1_700_000_000_999 });
  expect(failure).toBeUndefined();
  expect(commands[0].slice(1)).toEqual([
    'Tue Tuesday Nov November 14 11 23 2023 22 10 13 20 2 11/14/23 22:13:20 %D %',
    'Thu Jan  1 00:00:00 1970',
    '1',
    'false',
    '1700000000',
    '86400',
    '2023-11-14 22:13:20',
  ]);
});
