import { expect, test } from 'vitest';
import type { PrefixAmount } from '../../../src/rdb/inspect/inspection-report.ts';
import { PrefixTree } from '../../../src/rdb/inspect/prefix-tree.ts';

function treeOf(keys: Iterable<string>, delimiters = ':./', childrenMax = 100): PrefixAmount {
  const tree = new PrefixTree(delimiters);
  for (const key of keys) {
    const bytes = Buffer.from(key);
    tree.add(bytes, 0, bytes.length, 2, 10);
  }
  return tree.report(childrenMax);
}

const namesOf = (node: PrefixAmount): string[] => node.children.flatMap((child) => [`${child.name} ${child.keys}`, ...namesOf(child)]);

test('counts each key below each of its first three prefixes', () => {
  const root = treeOf(['user:1:a', 'user:1:b', 'user:2', 'a.b/c:d:e', 'plain', '']);
  expect(root).toMatchObject({ name: '', keys: 6, elements: 12, bytes: 60, others: null });
  expect(namesOf(root)).toEqual(['user: 3', 'user:1: 2', 'a. 1', 'a.b/ 1', 'a.b/c: 1']);
});

test('takes the delimiters that it is given; none make no prefixes', () => {
  expect(namesOf(treeOf(['a|b:c'], '|'))).toEqual(['a| 1']);
  expect(namesOf(treeOf(['a|b:c'], ''))).toEqual([]);
});

test('keeps bytes that are no text apart, and escapes them', () => {
  const tree = new PrefixTree(':');
  for (const byte of [0xff, 0xfe]) tree.add(Buffer.from([byte, 0x3a, 0x31]), 0, 3, 1, 1);
  expect(namesOf(tree.report(10))).toEqual(['\\xff: 1', '\\xfe: 1']);
});

test('shows the largest children, and sums up the others', () => {
  const root = treeOf(['a:1', 'a:2', 'b:1', 'c:1'], ':', 1);
  expect(namesOf(root)).toEqual(['a: 2']);
  expect(root.others).toEqual({ keys: 2, elements: 4, bytes: 20 });
});

test('folds the smallest of very many, loses no key, and keeps the large ones', () => {
  function* keys(): Generator<string> {
    for (let i = 0; i < 100_000; i++) {
      yield `session:${i}:data`;
      if (i % 10 === 0) yield `config:${i % 100}`;
    }
  }
  const root = treeOf(keys());
  expect(root.keys).toBe(110_000);
  expect(root.children.map(({ name, keys: count }) => [name, count])).toEqual([
    ['session:', 100_000],
    ['config:', 10_000],
  ]);
  const [sessions] = root.children;
  expect(sessions.children.length).toBe(100);
  expect(sessions.children.reduce((sum, child) => sum + child.keys, 0) + (sessions.others?.keys ?? 0)).toBe(100_000);
});
