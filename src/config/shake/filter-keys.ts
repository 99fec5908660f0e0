/** Keys of `[filter]`. */
import type { OptionKey } from '../schema.ts';
import type { NativeSetting, ShakeKey } from './shake-key.ts';

/** Only an empty text in a list says what no list says: RedisShake's samples have [""]. */
const withoutEmpty = (value: unknown): unknown => (Array.isArray(value) && value.every((item) => item === '') ? [] : value);

const KEY_LISTS = [
  'allow_keys',
  'allow_key_prefix',
  'allow_key_suffix',
  'allow_key_regex',
  'block_keys',
  'block_key_prefix',
  'block_key_suffix',
  'block_key_regex',
] as const;

/** What RedisShake does with commands that rules on keys cannot decide. */
const POLICIES: readonly NativeSetting[] = [
  { key: 'filter.on_mixed', raw: 'drop' },
  { key: 'filter.on_unknown', raw: 'pass' },
  { key: 'filter.on_flush', raw: 'pass' },
];

function list(key: string, type: 'texts' | 'integers', note?: string): ShakeKey {
  const native = `filter.${key}` as OptionKey;
  return { section: 'filter', key, type, fallback: [], becomes: `\`${native}\``, note, map: (value) => [{ key: native, raw: withoutEmpty(value) }] };
}

/** A rule on keys; the first of them that asks for something brings the policies. */
function keyList(key: (typeof KEY_LISTS)[number]): ShakeKey {
  const row = list(key, 'texts', 'Commands of which only some keys pass are split where that is exact, and dropped else, as in RedisShake.');
  const asks = (value: unknown): boolean => (withoutEmpty(value) as readonly unknown[]).length > 0;
  return {
    ...row,
    becomes: `${row.becomes}, \`filter.on_mixed\`, \`filter.on_unknown\`, \`filter.on_flush\``,
    map: (value, context) => {
      const isFirst = KEY_LISTS.find((other) => asks(context.value('filter', other))) === key;
      return [...(row.map?.(value, context) ?? []), ...(isFirst ? POLICIES : [])];
    },
  };
}

export const FILTER_KEYS: readonly ShakeKey[] = [
  ...KEY_LISTS.map(keyList),
  list('allow_db', 'integers'),
  list('block_db', 'integers'),
  list('allow_command', 'texts'),
  list('block_command', 'texts'),
  list('allow_command_group', 'texts'),
  list('block_command_group', 'texts'),
  {
    section: 'filter',
    key: 'function',
    type: 'text',
    fallback: '',
    becomes: '`transform.function`',
    note: 'An error in it stops the job; --on-error dead-letter goes on behind the command. docs/functions.md says what differs.',
    map: (value) => (String(value).trim() === '' ? [] : [{ key: 'transform.function', raw: value }]),
  },
];
