/**
 * How values of a snapshot and commands of the stream answer to the same words: the group that a type belongs to, the command that makes it, and the type of a
 * group.
 */
import { ValueKind } from '../model/value-kind.ts';

export interface ValueWords {
  readonly group: string;
  /** The command that would make such a value; '' for modules. */
  readonly maker: string;
}

/** By ValueKind. */
export const VALUE_WORDS: readonly ValueWords[] = [
  { group: 'string', maker: 'set' },
  { group: 'list', maker: 'rpush' },
  { group: 'set', maker: 'sadd' },
  { group: 'sorted-set', maker: 'zadd' },
  { group: 'hash', maker: 'hset' },
  { group: 'stream', maker: 'xadd' },
  { group: 'array', maker: 'arset' },
  { group: 'module', maker: '' },
];

/** What the commands of a group work on; groups that are not here work on any type. */
export const KIND_OF_GROUP: Readonly<Record<string, ValueKind>> = {
  string: ValueKind.String,
  bitmap: ValueKind.String,
  hyperloglog: ValueKind.String,
  list: ValueKind.List,
  set: ValueKind.Set,
  'sorted-set': ValueKind.Zset,
  geo: ValueKind.Zset,
  hash: ValueKind.Hash,
  stream: ValueKind.Stream,
  array: ValueKind.Array,
  module: ValueKind.Module,
};

/** The word for a group as the table has it: SORTED_SET and `sorted set` are `sorted-set`. */
export function groupName(word: string): string {
  return word.trim().toLowerCase().replace(/[_ ]/g, '-');
}
