import { expect, test } from 'vitest';
import { printableKey } from '../../../src/rdb/inspect/printable-key.ts';

test.each([
  ['plain:key', 'plain:key'],
  ['', ''],
  ['ключ 鍵 🔑', 'ключ 鍵 🔑'],
  ['a\u001b[2Jb\r\n\t', 'a\\x1b[2Jb\\x0d\\x0a\\x09'],
  ['right\u202eto left', 'right\\u202eto left'],
  ['back\\slash', 'back\\\\slash'],
])('shows %j as %s', (key, shown) => {
  expect(printableKey(Buffer.from(key))).toBe(shown);
});

test('shows what is not UTF-8 byte by byte', () => {
  expect(printableKey(Buffer.from([0x61, 0xff, 0x5c, 0x00]))).toBe('a\\xff\\\\\\x00');
});

test('cuts long keys at a character, and says how long they are', () => {
  expect(printableKey(Buffer.from('é'.repeat(200)))).toBe(`${'é'.repeat(128)}… (400 bytes)`);
  expect(printableKey(Buffer.from(`a${'é'.repeat(200)}`))).toBe(`a${'é'.repeat(127)}… (401 bytes)`);
  expect(printableKey(Buffer.from('x'.repeat(512)), 70_000)).toBe(`${'x'.repeat(256)}… (70000 bytes)`);
});
