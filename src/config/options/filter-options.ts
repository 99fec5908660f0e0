/** What passes: `[filter]`. Flags have the names that `godwit export` has for them (cli/filter-options.ts). docs/filters.md says what the rules mean. */
import { choiceType, durationType, numbersType, sizeType, textsType } from '../option-type.ts';
import { option, optional, type OptionSpec } from '../option-spec.ts';

const TIB = 1024 ** 4;
const YEARS_MS = 100 * 365 * 86_400_000;
const SLOTS = /^\d{1,5}(?:-\d{1,5})?$/;

const named = <Spec>(flag: string, spec: Spec): Spec & { readonly flag: string } => ({ ...spec, flag });
/** Each flag is one of them, as it is: a key may have commas. */
const texts = (flag: string, help: string): OptionSpec<readonly string[]> => named(flag, option(textsType({ isSplit: false }), [], help));
const words = (flag: string, help: string): OptionSpec<readonly string[]> => named(flag, option(textsType({ isSplit: true }), [], help));
const ranges = (flag: string, help: string): OptionSpec<readonly string[]> =>
  named(flag, option(textsType({ isSplit: true, pattern: SLOTS, allowed: 'a list of slots and ranges of slots such as 0-8191' }), [], help));
const numbers = (flag: string, help: string): OptionSpec<readonly number[]> => named(flag, option(numbersType(), [], help));
const policy = <const Default extends 'pass' | 'drop' | 'stop'>(flag: string, fallback: Default, help: string) =>
  named(flag, option(choiceType('pass', 'drop', 'dead-letter', 'stop'), fallback, help));

export const FILTER_OPTIONS = {
  'filter.allow_keys': texts('key', 'Only these keys; of all rules that allow keys one is enough'),
  'filter.allow_key_prefix': texts('prefix', 'Only keys that begin so'),
  'filter.allow_key_suffix': texts('suffix', 'Only keys that end so'),
  'filter.allow_key_glob': texts('glob', 'Only keys that fit, as KEYS takes it: user:*:[0-9]'),
  'filter.allow_key_regex': texts('regex', 'Only keys in which it is found (syntax of Go)'),
  'filter.block_keys': texts('block-key', 'Not these keys; a rule that blocks counts for more than those that allow'),
  'filter.block_key_prefix': texts('block-prefix', 'No keys that begin so'),
  'filter.block_key_suffix': texts('block-suffix', 'No keys that end so'),
  'filter.block_key_glob': texts('block-glob', 'No keys that fit'),
  'filter.block_key_regex': texts('block-regex', 'No keys in which it is found'),
  'filter.allow_db': numbers('db', 'Only these databases of the source'),
  'filter.block_db': numbers('block-db', 'Not these databases of the source'),
  'filter.allow_slots': ranges('slots', 'Only keys of these hash slots, by their names at the source'),
  'filter.block_slots': ranges('block-slots', 'No keys of these hash slots'),
  'filter.allow_type': words('type', 'Only values of these types, and commands on them: hash, zset, module, ReJSON-RL ...'),
  'filter.block_type': words('block-type', 'No values of these types'),
  'filter.allow_command': words('command', 'Only these commands, e.g. SET or XGROUP-CREATE, and values that they make'),
  'filter.block_command': words('block-command', 'Not these commands'),
  'filter.allow_command_group': words('group', 'Only commands of these groups, e.g. STRING; a value of a snapshot has the group of its type'),
  'filter.block_command_group': words('block-group', 'No commands of these groups'),
  'filter.size_min': named('size-min', optional(sizeType({ min: 0, max: TIB }), 'none', 'Only values of at least so many bytes, as a snapshot stores them')),
  'filter.size_max': named('size-max', optional(sizeType({ min: 0, max: TIB }), 'none', 'Only values of at most so many bytes')),
  'filter.ttl_min': named(
    'ttl-min',
    optional(durationType({ min: 0, max: YEARS_MS }), 'none', 'Only keys that live so long at least; those without an expiry do'),
  ),
  'filter.ttl_max': named('ttl-max', optional(durationType({ min: 0, max: YEARS_MS }), 'none', 'Only keys that live so long at most')),
  'filter.expiring': named('expiring', option(choiceType('any', 'only', 'none'), 'any', 'Only keys with an expiry, or none of them')),
  'filter.on_mixed': policy('on-mixed', 'stop', 'A command of which some keys pass, and that cannot be split'),
  'filter.on_unknown': policy('on-unknown', 'stop', 'A command that is not known, where rules ask for keys'),
  'filter.on_flush': policy('on-flush', 'stop', 'FLUSHALL, FLUSHDB and SWAPDB, where rules ask for keys'),
  'filter.on_keyless': policy('on-keyless', 'pass', 'Other commands without keys, where rules ask for keys'),
} as const;
