import { describe, expect, test } from 'vitest';
import { possibleCollisions } from '../../../src/transform/collisions.ts';
import { KeyRename } from '../../../src/transform/key-rename.ts';
import type { RenameRule } from '../../../src/transform/transform-rules.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const prefix = (from: string, to: string): RenameRule => ({ kind: 'prefix', from: bytes(from), to: bytes(to) });
const suffix = (from: string, to: string): RenameRule => ({ kind: 'suffix', from: bytes(from), to: bytes(to) });
const braces = (open: string, close: string): RenameRule => ({ kind: 'braces', open: bytes(open), close: bytes(close) });
const tag = (from: string, to: string): RenameRule => ({ kind: 'tag', from: bytes(from), to: bytes(to) });
const regex = (pattern: string, replacement: string): RenameRule => ({ kind: 'regex', pattern, replacement });

function renamed(key: string, ...rules: RenameRule[]): string {
  const rename = new KeyRename(rules);
  const inside = bytes(`{x}${key}{y}`);
  const isRenamed = rename.rename(inside, 3, 3 + key.length);
  const text = Buffer.from(rename.bytes.subarray(rename.start, rename.end)).toString('latin1');
  expect(isRenamed || text === key).toBe(true);
  return text;
}

test.each<[string, RenameRule[], string]>([
  ['k', [prefix('', 'app:')], 'app:k'],
  ['app:k', [prefix('app:', '')], 'k'],
  ['app:', [prefix('app:', '')], ''],
  ['ap', [prefix('app:', '')], 'ap'],
  ['old:k', [prefix('old:', 'new:')], 'new:k'],
  ['k:v1', [suffix(':v1', ':v2')], 'k:v2'],
  ['k', [suffix('', '~')], 'k~'],
  ['v1', [suffix(':v1', '')], 'v1'],
  ['a{b}c{d}', [braces('<', '>')], 'a<b>c{d}'],
  ['a{}c{d}', [braces('<', '>')], 'a{}c{d}'],
  ['a{b', [braces('<', '>')], 'a{b'],
  ['{b}', [braces('', '')], 'b'],
  ['a{b}c', [tag('b', 'node1')], 'a{node1}c'],
  ['a{bb}c', [tag('b', 'x')], 'a{bb}c'],
  ['user:12:name', [regex('^user:(\\d+):(?P<what>.*)$', 'u/${what}/$1')], 'u/name/12'],
  ['a-b-c', [regex('-', '_')], 'a_b_c'],
  ['ab', [regex('(a)|(x)', '[$1$2]')], '[a]b'],
  ['ab', [regex('b', '$$1')], 'a$1'],
  ['a1', [regex('(\\d)', '${1}0')], 'a10'],
  ['\u00ffk\u00fe', [regex('k', '\u00e9')], '\u00ff\u00e9\u00fe'],
  ['k', [prefix('', 'a:'), suffix('', ':z'), regex('^a', 'b')], 'b:k:z'],
  ['x'.repeat(1000), [prefix('x', 'y'.repeat(600))], 'y'.repeat(600) + 'x'.repeat(999)],
])('%s', (key, rules, expected) => {
  expect(renamed(key, ...rules)).toBe(expected);
});

test('text that is UTF-8 is seen as its characters', () => {
  const rename = new KeyRename([regex('^.(.)$', '$1')]);
  const key = Buffer.from('äö');
  expect(rename.rename(key, 0, key.length)).toBe(true);
  expect(Buffer.from(rename.bytes.subarray(rename.start, rename.end)).toString()).toBe('ö');
});

test.each([
  ['a(', 'x'],
  ['a', '$1'],
  ['a', 'x$'],
  ['(?P<b>a)', '${c}'],
])('%s to %s is refused', (pattern, replacement) => {
  expect(() => new KeyRename([regex(pattern, replacement)])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
});

describe('two keys that could get one name are told', () => {
  test.each<[string, RenameRule[], string[], number]>([
    ['adding', [prefix('', 'a:'), suffix('', ':z')], [], 0],
    ['making longer', [prefix('a:', 'a:b:')], [], 0],
    ['taking away', [prefix('a:', '')], [], 1],
    ['taking away what all keys have', [prefix('a:', '')], ['a:x', 'a:y'], 0],
    ['taking away what some have not', [prefix('a:', '')], ['a:x', 'b'], 1],
    ['in the place of another one', [prefix('a:', 'b:')], [], 1],
    ['only the first rule knows the filter', [prefix('', 'x'), prefix('xa:', '')], ['a:'], 1],
    ['braces, tags, expressions', [braces('<', '>'), tag('a', 'b'), regex('a', 'b')], [], 3],
  ])('%s', (_, rename, prefixes, count) => {
    expect(possibleCollisions({ rename }, prefixes.map(bytes))).toHaveLength(count);
  });

  test('databases that join', () => {
    const shared = (others: 'keep' | 'drop' | number, ...entries: [number, number | 'drop'][]): number =>
      possibleCollisions({ databases: { map: new Map(entries), others } }).length;
    expect([shared('keep', [0, 1]), shared('keep', [0, 1], [1, 0]), shared('drop', [0, 1]), shared('keep', [0, 1], [1, 'drop'])]).toEqual([1, 0, 0, 0]);
    expect([shared(0), shared('drop', [0, 5], [1, 5]), shared('keep')]).toEqual([1, 2, 0]);
  });
});
