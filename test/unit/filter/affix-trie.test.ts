import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AffixTrie } from '../../../src/filter/affix-trie.ts';

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const trieOf = (place: 'begin' | 'end' | 'whole', ...words: string[]): AffixTrie =>
  new AffixTrie(
    words.map((word, id) => ({ bytes: bytesOf(word), id })),
    place,
  );

test('finds the shortest string that a key begins with', () => {
  const trie = trieOf('begin', 'user:', 'user:admin:', 'u2', 'order:');
  const found = (key: string): number => trie.beginOf(bytesOf(`--${key}--`), 2, key.length + 2);
  expect(['user:1', 'user:admin:1', 'user:', 'user', 'u2', 'u', 'order:9', 'xorder:', ''].map(found)).toEqual([0, 0, 0, -1, 2, -1, 3, -1, -1]);
});

test('finds the shortest string that a key ends with', () => {
  const trie = trieOf('end', ':tmp', ':old:tmp', '~');
  const found = (key: string): number => trie.endOf(bytesOf(`:${key}:tmp`), 1, key.length + 1);
  expect(['a:tmp', ':tmp', 'tmp', 'a~', 'a:old:tmp', '', 'a:tmpx'].map(found)).toEqual([0, 0, -1, 2, 0, -1, -1]);
});

test('finds whole keys, also those that begin with others', () => {
  const trie = trieOf('whole', 'a', 'ab', 'abc', '');
  const found = (key: string): number => trie.whole(bytesOf(`${key}c`), 0, key.length);
  expect(['', 'a', 'ab', 'abc', 'abcd', 'b'].map(found)).toEqual([3, 0, 1, 2, -1, -1]);
});

test('an empty string begins and ends every key; no strings at all none', () => {
  expect([trieOf('begin', '').beginOf(bytesOf(''), 0, 0), trieOf('end', '').endOf(bytesOf('a'), 0, 1)]).toEqual([0, 0]);
  for (const place of ['begin', 'end', 'whole'] as const) {
    const trie = trieOf(place);
    expect([trie.beginOf(bytesOf('a'), 0, 1), trie.endOf(bytesOf('a'), 0, 1), trie.whole(bytesOf(''), 0, 0)]).toEqual([-1, -1, -1]);
  }
});

test('all 256 bytes are told apart', () => {
  const trie = new AffixTrie(
    Array.from({ length: 256 }, (_, byte) => ({ bytes: Uint8Array.of(byte, 255 - byte), id: byte })),
    'begin',
  );
  for (let byte = 0; byte < 256; byte++) {
    expect(trie.beginOf(Uint8Array.of(byte, 255 - byte, 7), 0, 3)).toBe(byte);
    expect(trie.beginOf(Uint8Array.of(byte, (256 - byte) & 255), 0, 2)).toBe(-1);
  }
});

test('a string of 100,000 times the same byte, and all of its halves, need no deep stack', () => {
  const words = Array.from({ length: 17 }, (_, i) => 'x'.repeat(100_000 >> i));
  const trie = trieOf('whole', ...words);
  expect(words.map((word) => trie.whole(bytesOf(word), 0, word.length))).toEqual(words.map((_, i) => i));
});

test('says what comparing one by one says, of any strings and keys', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\u00ff', '\u0000'), maxLength: 6 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 30 }), text, (words, key) => {
      const bytes = bytesOf(`a${key}a`);
      const [start, end] = [1, key.length + 1];
      expect(trieOf('begin', ...words).beginOf(bytes, start, end) >= 0).toBe(words.some((word) => key.startsWith(word)));
      expect(trieOf('end', ...words).endOf(bytes, start, end) >= 0).toBe(words.some((word) => key.endsWith(word)));
      expect(trieOf('whole', ...words).whole(bytes, start, end)).toBe(words.indexOf(key));
    }),
    { numRuns: 2000 },
  );
});
