import { expect, test } from 'vitest';
import { CommandArguments } from '../../../src/command/command-arguments.ts';
import { channelIndexes, keyIndexes, keyRanges } from '../../../src/command/key-indexes.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { readLine } from '../../support/commands/resp-command.ts';

function keysOf(line: string): string[] {
  const { bytes, args, command } = readLine(line);
  const ranges = keyRanges(command!, args);
  return Array.from({ length: ranges.length / 2 }, (_, i) => bytes.toString('latin1', ranges[2 * i], ranges[2 * i + 1]));
}

test.each([
  ['migrate host 1 k 0 5', ['k']],
  ["migrate host 1 '' 0 5 keys a b c", ['a', 'b', 'c']],
  ["migrate host 1 '' 0 5 copy auth keys keys a b", ['a', 'b']],
  ["migrate host 1 '' 0 5 auth2 keys keys replace keys a", ['a']],
  ['migrate host 1 k 0 5 keys a', ['k']],
  ['sort k', ['k']],
  ['sort k by store get store limit 0 store store a store b', ['k', 'b']],
  ['sort_ro k by nosort', ['k']],
  ['georadius k 1 2 3 km store a storedist b', ['k', 'b']],
  ['georadius k 1 2 3 km', ['k']],
  ['georadiusbymember k store 3 km store a', ['k', 'a']],
  ['xread count 1 streams a b 0 0', ['a', 'b']],
  ['xreadgroup group streams c streams a b > >', ['a', 'b']],
  ['xreadgroup count 1 group streams streams noack streams a >', ['a']],
  ['xread streams streams 0', ['streams']],
  ['xread block 0 count streams streams a 0', ['a']],
  ['xread streams a b 0', []],
  ['eval script 2 a b c', ['a', 'b']],
  ['eval script 0 a', []],
  ['fcall f 1 a b', ['a']],
  ['msetex 2 a 1 b 2 ex 5', ['a', 'b']],
  ['bzmpop 1 2 a b min', ['a', 'b']],
  ['zunionstore d 2 a b weights 1 2', ['d', 'a', 'b']],
  ['bitop and d a b', ['d', 'a', 'b']],
  ['object encoding k', ['k']],
  ['xgroup create k g 0', ['k']],
  ['memory usage k', ['k']],
  ['spublish channel message', []],
  ['flushall', []],
  ['xackdel k g keepref ids 1 5-1', ['k']],
])('the keys of %s', (line, keys) => {
  expect(keysOf(line)).toEqual(keys);
});

test.each(['eval script 3 a b', 'eval script x a', 'eval script -1 a', 'eval script 9999999999999 a', 'zunionstore', 'xread streams', 'migrate host', 'get'])(
  'a call that no server would take does not lead beyond its arguments: %s',
  (line) => {
    const { args, command } = readLine(line);
    for (const index of keyIndexes(command!, args)) expect(index).toBeLessThan(args.count);
  },
);

test('a channel that is routed as a key is no key', () => {
  const { args, command } = readLine('spublish channel message');
  expect(channelIndexes(command!, args)).toEqual([1]);
});

test('an array is used again, emptied first', () => {
  const into = [7, 8, 9];
  const { args, command } = readLine('get k');
  expect(keyIndexes(command!, args, into)).toBe(into);
  expect(into).toEqual([1]);
});

test('bytes that are no whole command are refused, wherever they are cut', () => {
  const bytes = encodeCommand(['SET', 'key', '']);
  const args = new CommandArguments();
  for (let end = 0; end < bytes.length; end++) expect(args.read(bytes, 0, end)).toBe(false);
  expect(args.read(bytes, 0, bytes.length)).toBe(true);
  expect([args.count, args.isEmpty(2), args.integer(2)]).toEqual([3, true, Number.NaN]);
  for (const text of ['*0\r\n', '*-1\r\n', '*9999999999\r\n$1\r\na\r\n', '*1\r\n$-1\r\n', 'PING\r\n', '*1\r\n$3\r\nab\r\n']) {
    expect([text, args.read(Buffer.from(text), 0, text.length)]).toEqual([text, false]);
  }
});

test('more arguments than ever before fit', () => {
  const words = ['DEL', ...Array.from({ length: 1000 }, (_, i) => `key:${i}`)];
  expect(keysOf(words.join(' '))).toEqual(words.slice(1));
});
