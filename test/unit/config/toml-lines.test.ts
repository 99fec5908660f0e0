import { expect, test } from 'vitest';
import { parse } from 'smol-toml';
import { TomlLines } from '../../../src/config/toml-lines.ts';

const DOCUMENT = [
  '# head', // 1
  'top = 1', // 2
  '[source] # c', // 3
  'url = "a # = [b]"', // 4
  "'quoted' = 'x'", // 5
  'tls = { ca = "x", deep = { "key" = [1, 2], last = 1 } }', // 6
  'tls2.enabled = true', // 7
  '', // 8
  'text = """', // 9
  'not = a key', // 10
  '[nor] "a" \\""" header"""""', // 11
  'list = [ # comment ]', // 12
  "  1, 'two', ''']", // 13
  "''', { in = 1 },", // 14
  ']', // 15
  'date = 2020-01-01 10:00:00 # c', // 16
  '[ target . "tls" ]', // 17
  'ca="x"', // 18
].join('\r\n');

test('knows the line of every key, past strings, comments, lists and inline tables', () => {
  expect(() => parse(DOCUMENT)).not.toThrow();
  const lines = new TomlLines(DOCUMENT);
  const expected = {
    top: 2,
    source: 3,
    'source.url': 4,
    'source.quoted': 5,
    'source.tls.ca': 6,
    'source.tls.deep.key': 6,
    'source.tls.deep.last': 6,
    'source.tls2.enabled': 7,
    'source.text': 9,
    'source.list': 12,
    'source.date': 16,
    'target.tls': 17,
    'target.tls.ca': 18,
  };
  for (const [path, line] of Object.entries(expected)) expect([path, lines.lineOf(path)]).toEqual([path, line]);
  expect(lines.lineOf('source.not')).toBeUndefined();
  expect(lines.lineOf('nor')).toBeUndefined();
});
