import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { repeatabilityPage } from '../../../scripts/generate-command-docs.ts';
import { builtInCommands } from '../../../src/command/built-in-commands.ts';
import { REPEATABILITY_RULES, repeatabilityRules } from '../../../src/command/repeatability-rules.ts';
import { repeatability } from '../../../src/command/repeatability.ts';
import { readLine } from '../../support/commands/resp-command.ts';

const of = (line: string): string => {
  const { command, args } = readLine(line);
  return repeatability(command, args);
};

test('every command that writes has been reviewed', () => {
  const rules = repeatabilityRules();
  const writing = builtInCommands.commands.filter(({ writes, isContainer }) => writes && !isContainer);
  expect(writing.length).toBeGreaterThan(130);
  expect(writing.map(({ name }) => name).filter((name) => !rules.has(name))).toEqual([]);
});

test('each rule is for a command of the table, and no command has two', () => {
  const names = REPEATABILITY_RULES.flatMap(([text]) => text.split(' '));
  expect(names.filter((name) => builtInCommands.named(name) === undefined)).toEqual([]);
  expect(names).toHaveLength(new Set(names).size);
});

test.each([
  'set k v',
  'set k nx',
  'set k v keepttl',
  'set k v pxat 5',
  'SET k v EXAT 5',
  'msetex 2 nx 1 ex 2 pxat 9',
  'bitfield k set u8 0 1 get u8 0',
  'zadd k 1 nx',
  'zadd k ch 1 a',
  'xadd k 5-1 a 1',
  'xadd k nomkstream maxlen = 3 limit 10 5-1 limit 1',
  'xadd k 5 a 1',
  'pexpireat k 5',
  'restore k 0 x replace',
  'restore k 5 x replace absttl',
  'hset k ex 1',
  'del a b',
])('%s may be repeated', (line) => {
  expect(of(line)).toBe('repeatable');
});

test.each([
  'set k v nx',
  'set k v get',
  'set k v EX 5',
  'set k v ifeq w',
  'msetex 1 k v ex 5',
  'msetex 1 k v xx',
  'msetex x k v',
  'bitfield k incrby u8 0 1',
  'bitfield k set u8 0 1 overflow fail incrby u8 0 1',
  'bitfield k nonsense',
  'zadd k gt 1 a',
  'zadd k incr 1 a',
  'xadd k * a 1',
  'xadd k 5-* a 1',
  'xadd k idmp p i 5-1 a 1',
  'xadd k',
  'xtrim k maxlen 5',
  'xtrim k minid 5',
  'xtrim k minid ~ 5',
  'pexpireat k 5 nx',
  'restore k 0 x',
  'restore k 5 x replace',
  'srem k a',
  'hdel k a',
  'zrem k a',
  'incr k',
  'eval script 0',
  'json.set k . 1',
  'flushall',
  'publish channel message',
  'get k',
])('%s may not', (line) => {
  expect(of(line)).toBe('not');
});

test('docs/repeatability.md says what the rules say', () => {
  expect(readFileSync(new URL('../../../docs/repeatability.md', import.meta.url), 'utf8')).toBe(repeatabilityPage());
});
