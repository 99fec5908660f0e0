/** What passes and what is made of it: `[filter]` and `[transform]`. */
import { textsType, numbersType, stringType } from '../option-type.ts';
import { option, optional } from '../option-spec.ts';

const texts = (help: string) => option(textsType(), [], help);
const numbers = (help: string) => option(numbersType(), [], help);

export const FILTER_OPTIONS = {
  'filter.allow_keys': texts('Only these keys; of all rules that allow keys one is enough'),
  'filter.allow_key_prefix': texts('Only keys that begin so'),
  'filter.allow_key_suffix': texts('Only keys that end so'),
  'filter.allow_key_regex': texts('Only keys that match'),
  'filter.block_keys': texts('Not these keys; a rule that blocks counts for more than those that allow'),
  'filter.block_key_prefix': texts('No keys that begin so'),
  'filter.block_key_suffix': texts('No keys that end so'),
  'filter.block_key_regex': texts('No keys that match'),
  'filter.allow_db': numbers('Only these databases of the source'),
  'filter.block_db': numbers('Not these databases of the source'),
  'filter.allow_command': texts('Only these commands, e.g. SET or XGROUP-CREATE'),
  'filter.block_command': texts('Not these commands'),
  'filter.allow_command_group': texts('Only commands of these groups, e.g. STRING; a value of a snapshot has the group of its type'),
  'filter.block_command_group': texts('No commands of these groups'),

  'transform.function': optional(
    stringType('the text of a Lua function', /[^]/, true),
    'none',
    'Lua that is called with every command: KEYS, ARGV, DB, CMD, shake.call',
  ),
} as const;
