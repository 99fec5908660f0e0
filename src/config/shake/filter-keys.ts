/** Keys of `[filter]`. */
import type { OptionKey } from '../schema.ts';
import type { ShakeKey } from './shake-key.ts';

/** Only an empty text in a list says what no list says: RedisShake's samples have [""]. */
const withoutEmpty = (value: unknown): unknown => (Array.isArray(value) && value.every((item) => item === '') ? [] : value);

function list(key: string, type: 'texts' | 'integers', note?: string): ShakeKey {
  const native = `filter.${key}` as OptionKey;
  return { section: 'filter', key, type, fallback: [], becomes: `\`${native}\``, note, map: (value) => [{ key: native, raw: withoutEmpty(value) }] };
}

export const FILTER_KEYS: readonly ShakeKey[] = [
  list('allow_keys', 'texts'),
  list('allow_key_prefix', 'texts', 'With a file_writer it acts already.'),
  list('allow_key_suffix', 'texts'),
  list('allow_key_regex', 'texts'),
  list('block_keys', 'texts'),
  list('block_key_prefix', 'texts'),
  list('block_key_suffix', 'texts'),
  list('block_key_regex', 'texts'),
  list('allow_db', 'integers', 'With a file_writer it acts already.'),
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
    map: (value) => (String(value).trim() === '' ? [] : [{ key: 'transform.function', raw: value }]),
  },
];
