import { describe, expect, test } from 'vitest';
import type { FilterRules } from '../../../src/filter/filter-rules.ts';
import { KeyRules } from '../../../src/filter/key-rules.ts';
import { RuleTally } from '../../../src/filter/rule-tally.ts';
import { slotOf } from '../../../src/model/slot.ts';

const bytes = (...words: string[]): Buffer[] => words.map((word) => Buffer.from(word, 'latin1'));

function passing(rules: FilterRules, ...keys: string[]): string[] {
  const engine = new KeyRules(rules, new RuleTally());
  return keys.filter((key) => {
    const inside = Buffer.from(`user:${key}:tmp`, 'latin1');
    return engine.check(inside, 5, 5 + key.length) >= 0;
  });
}

describe('patterns of keys', () => {
  test('those of allow are one list: any of them is enough', () => {
    const allow = { keys: bytes('one'), prefixes: bytes('a:'), suffixes: bytes(':z'), globs: bytes('g?b', 'pre*', '*post', 'exact'), regexes: ['[0-9]{3}'] };
    const keys = ['one', 'one1', 'a:', 'a', 'x:z', 'gob', 'goob', 'prefix', 'the post', 'exact', 'exactly', 'k123k', 'k12', ''];
    expect(passing({ allow }, ...keys)).toEqual(['one', 'a:', 'x:z', 'gob', 'prefix', 'the post', 'exact', 'k123k']);
  });

  test('block beats allow', () => {
    const rules: FilterRules = { allow: { prefixes: bytes('a') }, block: { keys: bytes('ab'), suffixes: bytes('c'), regexes: ['^a\\d'] } };
    expect(passing(rules, 'a', 'ab', 'abc', 'abd', 'a1', 'b')).toEqual(['a', 'abd']);
    expect(passing({ block: { prefixes: bytes('a') } }, 'a', 'b', '')).toEqual(['b', '']);
  });

  test('are bytes: no key need be text', () => {
    expect(passing({ allow: { prefixes: bytes('\u00ff\u0000') } }, '\u00ff\u0000k', '\u00ff', '\u0000')).toEqual(['\u00ff\u0000k']);
    // Bytes that are no UTF-8 are one character each, as in Go.
    expect(passing({ allow: { regexes: ['^..k$'] } }, '\u00e2\u0082k', '\u00ffk')).toEqual(['\u00e2\u0082k']);
  });

  test('expressions take the syntax of Go, and say what they cannot read', () => {
    expect(passing({ allow: { regexes: ['(?i)^USER', '\\bx\\b'] } }, 'user1', 'a x', 'ax')).toEqual(['user1', 'a x']);
    expect(() => passing({ block: { regexes: ['(?=a)'] } })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
  });

  test('an expression that takes others exponentially long is linear', () => {
    const started = performance.now();
    expect(passing({ allow: { regexes: ['^(a+)+$'], globs: bytes(`${'*a'.repeat(20)}b`) } }, `${'a'.repeat(5000)}c`)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('slots', () => {
  const slot = slotOf(Buffer.from('k'));

  test('are a question of their own, with hash tags', () => {
    const allow = { slots: [{ first: slot, last: slot }] };
    expect(passing({ allow }, 'k', 'x{k}y', 'j')).toEqual(['k', 'x{k}y']);
    expect(passing({ allow: { ...allow, prefixes: bytes('x') } }, 'k', 'x{k}y', 'x')).toEqual(['x{k}y']);
    expect(passing({ block: allow }, 'k', 'x{k}y', 'j')).toEqual(['j']);
    expect(passing({ allow: { slots: [{ first: 0, last: 16_383 }] }, block: allow }, 'k', 'j')).toEqual(['j']);
  });

  test.each([
    [-1, 5],
    [5, 4],
    [0, 16_384],
    [0.5, 1],
  ])('%s-%s is refused', (first, last) => {
    expect(() => passing({ allow: { slots: [{ first, last }] } })).toThrow('no range of slots');
  });
});
