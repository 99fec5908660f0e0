/** Keys of `[advanced]` for the log. */
import type { NativeSetting, ShakeContext, ShakeKey } from './shake-key.ts';

const MIB = 1024 ** 2;
const DAY_MS = 86_400_000;
/** What 0 means to the library that RedisShake writes its log with. */
const SIZE_OF_ZERO_MIB = 100;

const hasFile = ({ kind }: ShakeContext): boolean => kind !== 'export';
const rotates = (context: ShakeContext): boolean =>
  hasFile(context) && context.value('advanced', 'log_file') !== '' && context.value('advanced', 'log_rotation') === true;

const rotation = (
  key: string,
  type: 'integer' | 'boolean',
  fallback: number | boolean,
  becomes: NativeSetting['key'],
  raw: (value: number) => unknown,
): ShakeKey => ({
  section: 'advanced',
  key,
  type,
  fallback,
  mapsDefault: true,
  isHarmless: true,
  becomes: `\`${becomes}\``,
  map: (value, context) => (rotates(context) ? [{ key: becomes, raw: typeof value === 'number' ? raw(value) : value }] : []),
});

export const LOG_KEYS: readonly ShakeKey[] = [
  {
    section: 'advanced',
    key: 'log_file',
    type: 'text',
    fallback: 'shake.log',
    mapsDefault: true,
    isHarmless: true,
    becomes: '`log.file`',
    note: 'JSON lines, as in RedisShake, with other fields. An export has no log.',
    map: (value, context) => (value === '' || !hasFile(context) ? [] : [{ key: 'log.file', raw: context.path(value as string, 'write') }]),
  },
  {
    section: 'advanced',
    key: 'log_level',
    type: 'text',
    fallback: 'info',
    words: ['debug', 'info', 'warn'],
    becomes: '`log.level`',
    map: (value) => [{ key: 'log.level', raw: value }],
  },
  {
    section: 'advanced',
    key: 'log_interval',
    type: 'integer',
    fallback: 5,
    becomes: '`log.interval`',
    note: 'Seconds; 0 or less is off.',
    map: (value) => [{ key: 'log.interval', raw: Math.max(0, value as number) * 1000 }],
  },
  {
    section: 'advanced',
    key: 'log_rotation',
    type: 'boolean',
    fallback: true,
    becomes: 'whether the next four count',
    isHarmless: true,
    map: () => [],
  },
  rotation('log_max_size', 'integer', 512, 'log.file_bytes_max', (value) => (value === 0 ? SIZE_OF_ZERO_MIB : value) * MIB),
  rotation('log_max_age', 'integer', 7, 'log.file_age_max', (value) => value * DAY_MS),
  rotation('log_max_backups', 'integer', 3, 'log.files_max', (value) => value),
  rotation('log_compress', 'boolean', true, 'log.compress', (value) => value),
];
