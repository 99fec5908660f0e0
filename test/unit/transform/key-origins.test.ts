/** Renaming rules backwards. */
import { expect, test } from 'vitest';
import { KeyOrigins } from '../../../src/transform/key-origins.ts';
import type { RenameRule } from '../../../src/transform/transform-rules.ts';

const prefix = (from: string, to: string): RenameRule => ({ kind: 'prefix', from: Buffer.from(from), to: Buffer.from(to) });
const suffix = (from: string, to: string): RenameRule => ({ kind: 'suffix', from: Buffer.from(from), to: Buffer.from(to) });
const tag = (from: string, to: string): RenameRule => ({ kind: 'tag', from: Buffer.from(from), to: Buffer.from(to) });

test.each<[string, RenameRule[], string, string[]]>([
  ['nothing', [], 'a', ['a']],
  ['replaced', [prefix('old:', 'new:')], 'new:1', ['new:1', 'old:1']],
  ['not touched', [prefix('old:', 'new:')], 'other', ['other']],
  ['cannot be', [prefix('old:', 'new:')], 'old:1', []],
  ['added', [prefix('', 'app:')], 'app:x', ['x']],
  ['added everywhere', [prefix('', 'app:')], 'x', []],
  ['taken away', [prefix('app:', '')], 'x', ['app:x', 'x']],
  ['suffix', [suffix(':v1', ':v2')], 'a:v2', ['a:v1', 'a:v2']],
  ['both', [prefix('a:', 'b:'), suffix('.x', '.y')], 'b:k.y', ['a:k.x', 'a:k.y', 'b:k.x', 'b:k.y']],
  ['in a row', [prefix('a:', 'b:'), prefix('b:', 'c:')], 'c:1', ['a:1', 'b:1', 'c:1']],
  ['tag', [tag('n1', 'n2')], 'x{n2}y', ['x{n1}y', 'x{n2}y']],
])('%s', (_, rules, target, origins) => {
  expect(new KeyOrigins(rules).of(Buffer.from(target)).map(String).toSorted()).toEqual(origins);
});

test('expressions and braces cannot be turned around', () => {
  expect(new KeyOrigins([{ kind: 'regex', pattern: 'a', replacement: 'b' }]).canTell).toBe(false);
  expect(new KeyOrigins([{ kind: 'braces', open: Buffer.from(''), close: Buffer.from('') }]).canTell).toBe(false);
});
