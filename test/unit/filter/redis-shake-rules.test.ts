/** RedisShake's rules, one by one in their order, under its policies; where Godwit differs, that is what the test says. */
import { describe, expect, test } from 'vitest';
import { Filter } from '../../../src/filter/filter.ts';
import { type FilterRules, type RuleSide, SHAKE_POLICIES } from '../../../src/filter/filter-rules.ts';
import { streamBatch, streamLines } from '../../support/stream-rows.ts';

const list = (...words: string[]): Buffer[] => words.map((word) => Buffer.from(word));

function left(rules: { allow?: RuleSide; block?: RuleSide }, ...lines: string[]): string[] {
  const shake: FilterRules = { ...rules, policies: SHAKE_POLICIES };
  return streamLines(new Filter(shake).stream.apply(streamBatch(lines))).map((line) => line.slice(3));
}

describe('keys', () => {
  test('allow_key_prefix, allow_key_suffix, allow_keys, allow_key_regex: any of them', () => {
    const allow = { prefixes: list('p:'), suffixes: list(':s'), keys: list('k'), regexes: ['^r\\d+$'] };
    expect(left({ allow }, 'set p:1 v', 'set 1:s v', 'set k v', 'set r7 v', 'set r v', 'set x v')).toEqual(['set p:1 v', 'set 1:s v', 'set k v', 'set r7 v']);
  });

  test('block_... beats allow_...', () => {
    expect(left({ allow: { prefixes: list('a') }, block: { suffixes: list('z') } }, 'set a v', 'set az v', 'set z v')).toEqual(['set a v']);
  });

  test('without allow_... all keys pass that are not blocked', () => {
    expect(left({ block: { keys: list('a') } }, 'set a v', 'set b v')).toEqual(['set b v']);
  });

  test('a mixed command: where it can be split it is, else it is dropped', () => {
    expect(left({ allow: { prefixes: list('a') } }, 'mset a 1 b 2', 'eval s 2 a b', 'set a v')).toEqual(['mset a 1', 'set a v']);
  });

  test('what has no keys passes every rule on keys, unknown commands too', () => {
    const lines = ['flushall', 'publish c m', 'swapdb 0 1', 'script load s', 'some.module k'];
    expect(left({ allow: { prefixes: list('a') } }, ...lines)).toEqual(lines);
  });
});

test('allow_db, then block_db: the database of the source', () => {
  expect(left({ allow: { databases: [0, 1] }, block: { databases: [1] } }, 'set a v', 'select 1', 'set b v', 'select 2', 'set c v')).toEqual(['set a v']);
});

test('allow_command, block_command: names, XGROUP-CREATE for subcommands, in any case', () => {
  const lines = ['set a v', 'SET b v', 'xgroup create k g 0', 'xgroup destroy k g', 'get a'];
  expect(left({ allow: { commands: ['SET', 'XGROUP-CREATE'] } }, ...lines)).toEqual(lines.slice(0, 3));
  expect(left({ block: { commands: ['SET', 'XGROUP-CREATE'] } }, ...lines)).toEqual(lines.slice(3));
});

test('allow_command_group, block_command_group: its names of groups', () => {
  const lines = ['set k v', 'zadd k 1 m', 'pfadd k e', 'publish c m', 'eval s 0', 'xadd k * f v', 'some.module k'];
  expect(left({ allow: { groups: ['STRING', 'SORTED_SET', 'HYPERLOGLOG'] } }, ...lines)).toEqual(lines.slice(0, 3));
  expect(left({ block: { groups: ['PUBSUB', 'SCRIPTING', 'STREAM', 'UNKNOWN'] } }, ...lines)).toEqual(lines.slice(0, 3));
});

test('all rules have to be passed', () => {
  const rules = { allow: { prefixes: list('a'), databases: [0], commands: ['SET', 'DEL'], groups: ['STRING'] } };
  expect(left(rules, 'set a v', 'set b v', 'del a', 'get a', 'select 1', 'set a v')).toEqual(['set a v']);
});
