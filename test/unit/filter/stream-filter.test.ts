import { describe, expect, test } from 'vitest';
import { Filter } from '../../../src/filter/filter.ts';
import { type FilterRules, type Policies, SHAKE_POLICIES } from '../../../src/filter/filter-rules.ts';
import { streamBatch, streamLines } from '../../support/stream-rows.ts';

const bytes = (...words: string[]): Buffer[] => words.map((word) => Buffer.from(word, 'latin1'));
const ALLOW_A: FilterRules = { allow: { prefixes: bytes('a') } };

function left(rules: FilterRules, ...lines: string[]): string[] {
  const filter = new Filter(rules);
  return streamLines(filter.stream.apply(streamBatch(lines)));
}

describe('keys that all pass or all do not', () => {
  test.each([
    ['set a 1', ['0> set a 1']],
    ['set b 1', []],
    ['SET b 1', []],
    ['del a1 a2', ['0> del a1 a2']],
    ['del b1 b2', []],
    ['rename a1 a2', ['0> rename a1 a2']],
    ['rename b1 b2', []],
    ['xgroup create a g 0', ['0> xgroup create a g 0']],
    ['XGROUP create b g 0', []],
    ['zunionstore b 2 b1 b2', []],
    ['eval script 1 a', ['0> eval script 1 a']],
    ['eval script 1 b', []],
    ['georadius b 1 2 3 km store b', []],
    ['sort b store b2', []],
    ['publish b message', ['0> publish b message']],
    ['spublish b message', ['0> spublish b message']],
    ["set '' 1", []],
  ])('%s', (line, lines) => {
    expect(left(ALLOW_A, line)).toEqual(lines);
  });
});

describe('mixed commands that can be split', () => {
  test.each([
    ['del a1 b1 a2', '0> del a1 a2'],
    ['unlink b1 a1', '0> unlink a1'],
    ['touch a1 b1', '0> touch a1'],
    ['mset b1 1 a1 2 b2 3 a2 4', '0> mset a1 2 a2 4'],
    ['msetnx a1 1 b1 2', '0> msetnx a1 1'],
    ['msetex 3 b1 1 a1 2 a2 3 px 5', '0> msetex 2 a1 2 a2 3 px 5'],
    ['rename a1 b1', '0> DEL a1'],
    ['renamenx a1 b1', '0> DEL a1'],
    ['smove a1 b1 m', '0> SREM a1 m'],
    ['smove b1 a1 m', '0> SADD a1 m'],
    ['lmove a1 b1 left right', '0> LPOP a1'],
    ['lmove a1 b1 RIGHT left', '0> RPOP a1'],
    ['rpoplpush a1 b1', '0> RPOP a1'],
  ])('%s', (line, expected) => {
    expect(left(ALLOW_A, line)).toEqual([expected]);
  });

  test.each(['sunionstore b1 a1', 'pfmerge b1 a1 a2', 'zunionstore b1 1 a1', 'zrangestore b1 a1 0 -1', 'bitop and b1 a1', 'copy a1 b1', 'sort a1 store b1'])(
    'nothing that passes would change: %s',
    (line) => expect(left(ALLOW_A, line)).toEqual([]),
  );
});

describe('mixed commands that cannot', () => {
  const LINES = [
    'rename b1 a1',
    'sunionstore a1 b1',
    'pfmerge a1 b1',
    'bitop or a1 a2 b1',
    'copy b1 a1',
    'lmove b1 a1 left left',
    'georadius b1 1 2 3 km store a1',
    'eval script 2 a1 b1',
    'zunionstore a1 2 a2 b1',
  ];

  test.each(LINES)('stop, with name and offset: %s', (line) => {
    expect(() => left(ALLOW_A, line)).toThrow(expect.objectContaining({ code: 'COMMAND_UNDECIDED', message: expect.stringContaining('offset') }) as Error);
  });

  test.each(LINES)('drop, pass and dead-letter: %s', (line) => {
    const rules = (onMixed: Policies['onMixed']): FilterRules => ({ ...ALLOW_A, policies: { onMixed } });
    expect(left(rules('drop'), line, 'set a 1')).toEqual(['0> set a 1']);
    expect(left(rules('pass'), line, 'set b 1')).toEqual([`0> ${line}`]);
    const filter = new Filter(rules('dead-letter'));
    expect(filter.stream.apply(streamBatch([line])).count).toBe(0);
    const [letter] = filter.stream.takeLeftOut();
    expect(Buffer.from(letter.command).toString('latin1')).toContain(line.split(' ')[0]);
    expect(filter.stream.takeLeftOut()).toEqual([]);
  });
});

describe('what has no key that can be told', () => {
  test('stops or passes by policy, each by its own', () => {
    for (const line of ['flushall', 'flushdb async', 'swapdb 0 1', 'unheard.of b']) expect(() => left(ALLOW_A, line)).toThrow('offset');
    const shake: FilterRules = { ...ALLOW_A, policies: SHAKE_POLICIES };
    expect(left(shake, 'flushall', 'unheard.of b', 'publish c m', 'eval s 0')).toHaveLength(4);
    expect(
      left({ ...shake, policies: { ...SHAKE_POLICIES, onUnknown: 'drop', onFlush: 'drop', onKeyless: 'drop' } }, 'flushall', 'unheard.of a', 'publish a m'),
    ).toEqual([]);
  });

  test('passes if no rule asks for keys', () => {
    expect(left({ block: { commands: ['del'] } }, 'flushall', 'unheard.of b', 'del a', 'unlink a')).toEqual(['0> flushall', '0> unheard.of b', '0> unlink a']);
  });
});

describe('names and groups', () => {
  test.each(['xgroup-create', 'XGROUP|CREATE', 'Xgroup Create'])('a subcommand as %s, in any case', (name) => {
    expect(left({ block: { commands: [name] } }, 'XGROUP CREATE k g 0', 'xgroup destroy k g')).toEqual(['0> xgroup destroy k g']);
  });

  test('a container stands for all of its subcommands, a dash in a name for itself', () => {
    expect(left({ block: { commands: ['xgroup'] } }, 'XGROUP CREATE k g 0', 'xgroup destroy k g')).toEqual([]);
    expect(left({ allow: { commands: ['SET', 'json-thing'] } }, 'set a 1', 'json-thing k', 'get-thing k')).toEqual(['0> set a 1', '0> json-thing k']);
  });

  test('groups as RedisShake writes them; unknown ones are of the group unknown', () => {
    expect(left({ allow: { groups: ['SORTED_SET', 'HASH'] } }, 'zadd k 1 m', 'hset k f v', 'set k v', 'pexpireat k 9', 'foo.bar k')).toEqual([
      '0> zadd k 1 m',
      '0> hset k f v',
    ]);
    expect(left({ block: { groups: ['unknown'] } }, 'foo.bar k', 'set k v')).toEqual(['0> set k v']);
  });

  test('words that nobody knows are told', () => {
    expect(new Filter({ allow: { commands: ['sett', 'set'], groups: ['strings', 'array'] } }).strangeWords).toEqual(['SETT', 'strings']);
  });
});

describe('databases', () => {
  const ONLY_0: FilterRules = { allow: { databases: [0, 2] }, block: { databases: [2] } };

  test.each([
    [['set a 1', 'select 1', 'set b 1', 'select 2', 'set c 1'], ['0> set a 1']],
    [['move a 1'], ['0> DEL a']],
    [['copy a b DB 1'], []],
    [['copy a b'], ['0> copy a b']],
    [['swapdb 1 3'], []],
    [['select 1', 'flushdb'], []],
    [['select 1', 'flushall async'], ['0> FLUSHDB async']],
  ])('%s', (lines, expected) => {
    expect(left(ONLY_0, ...lines)).toEqual(expected);
  });

  test.each([
    ['select 1', 'move a 0'],
    ['select 1', 'copy a b DB 0'],
    ['swapdb 0 1', 'set a 1'],
  ])('what comes from where nothing passes is undecided: %s; %s', (...lines) => {
    expect(() => left(ONLY_0, ...lines)).toThrow('offset');
  });

  test('FLUSHALL becomes a FLUSHDB of each database that passes, more rows than there were', () => {
    const filter = new Filter({ allow: { databases: [0, 3, 5] } });
    const batch = filter.stream.apply(streamBatch(['set a 1', 'flushall', 'set b 1']));
    expect(streamLines(batch)).toEqual(['0> set a 1', '0> FLUSHDB', '3> FLUSHDB', '5> FLUSHDB', '0> set b 1']);
    expect(new Set(batch.endOffset.subarray(1, 4)).size).toBe(1);
    expect(() => left({ block: { databases: [1] } }, 'flushall')).toThrow('FLUSHALL');
  });
});

test('a transaction loses commands one by one, and what is left keeps its offset', () => {
  const lines = ['set a 1', 'multi', 'set a1 1', 'set b1 1', 'del a2 b2', 'exec', 'multi', 'set b 1', 'exec', 'set a 2'];
  const batch = streamBatch(lines);
  const ends = [...batch.endOffset.subarray(0, batch.count)];
  const result = new Filter(ALLOW_A).stream.apply(batch);
  expect(streamLines(result)).toEqual(['0> set a 1', '0> set a1 1', '0> del a2', '0> set a 2']);
  expect([...result.endOffset.subarray(0, 4)]).toEqual([ends[0], ends[1], ends[1], ends[5]]);
});

test('a batch in which nothing is split keeps its bytes', () => {
  const batch = streamBatch(['set b 1', 'set a 1']);
  const { bytes: before } = batch;
  expect(new Filter(ALLOW_A).stream.apply(batch)).toBe(batch);
  expect(batch.bytes).toBe(before);
});

test('types: groups that work on one, others pass; a RESTORE by its payload', () => {
  const payload = (type: number, length: number): string => String.fromCharCode(type) + 'x'.repeat(length + 10);
  const lines = ['set k v', 'pfadd k e', 'hset k f v', 'geoadd k 1 1 m', 'expire k 5', `restore k 0 ${payload(0, 5)}`, `restore k 0 ${payload(4, 5)}`];
  const rules: FilterRules = { allow: { types: ['String'] }, policies: { onUnknown: 'pass' } };
  expect(left(rules, ...lines).map((line) => line.slice(3, 9))).toEqual(['set k ', 'pfadd ', 'expire', 'restor']);
  expect(left({ valueBytesMax: 4 }, ...lines)).toHaveLength(5);
  expect(left({ allow: { groups: ['hash'] } }, ...lines).map((line) => line.slice(3, 10))).toEqual(['hset k ', 'restore']);
});

test('counts by rule, with samples, and names rules that never decided', () => {
  const filter = new Filter({ allow: { prefixes: bytes('a', 'z') }, block: { suffixes: bytes(':tmp') } });
  filter.stream.apply(streamBatch(['set a 1', 'set a:tmp 1', 'set b 1', 'del a b', 'del b a:tmp']));
  const counts = Object.fromEntries(filter.report().map(({ rule, count }) => [rule, count]));
  expect(counts).toMatchObject({
    'allow prefix "a"': 1,
    'allow prefix "z"': 0,
    'block suffix ":tmp"': 1,
    'no key pattern of allow': 2,
    'mixed: split': 1,
  });
  expect(
    filter
      .report()
      .find(({ rule }) => rule === 'block suffix ":tmp"')
      ?.samples.map(String),
  ).toEqual(['a:tmp']);
});
