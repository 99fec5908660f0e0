import { expect, test } from 'vitest';
import { findCommand } from '../../../src/command/built-in-commands.ts';
import { CommandArguments } from '../../../src/command/command-arguments.ts';
import type { Command } from '../../../src/command/command.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { slotOf } from '../../../src/model/slot.ts';
import { splitCommand } from '../../../src/route/split-command.ts';

function split(...words: string[]): string[] | undefined {
  const bytes = encodeCommand(words);
  const args = new CommandArguments();
  args.read(bytes, 0, bytes.length);
  const parts = splitCommand(findCommand(bytes, 0, bytes.length) as Command, args);
  return parts?.map(({ slot, words: { count, bytes: part } }) => {
    const [, , ...rest] = Buffer.from(part).toString('latin1').split('\r\n');
    const text = rest.filter((_, i) => i % 2 === 0).join(' ');
    const first = text.split(' ')[1];
    expect(count).toBe(1);
    expect(slot).toBe(slotOf(Buffer.from(first)));
    return text;
  });
}

test('each part has the keys of one slot, in their order', () => {
  expect(split('DEL', '{a}1', '{b}1', '{a}2')).toEqual(['DEL {a}1 {a}2', 'DEL {b}1']);
  expect(split('unlink', 'x', 'y')).toEqual(['unlink x', 'unlink y']);
});

test('a value goes with its key, the later of two for one key behind the earlier', () => {
  expect(split('MSET', '{a}1', 'one', '{b}1', 'two', '{a}1', 'three')).toEqual(['MSET {a}1 one {a}1 three', 'MSET {b}1 two']);
});

test('what reads one key to write another, or does all or nothing, is not split', () => {
  for (const words of [
    ['RENAME', 'a', 'b'],
    ['MSETNX', 'a', '1', 'b', '2'],
    ['PFMERGE', 'a', 'b'],
    ['SUNIONSTORE', 'a', 'b', 'c'],
    ['MSET', 'a', '1', 'b'],
  ])
    expect(split(...words)).toBeUndefined();
});
