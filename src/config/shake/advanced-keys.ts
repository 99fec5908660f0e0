/** Keys of `[advanced]` and `[module]`. */
import { LOG_KEYS } from './log-keys.ts';
import type { ShakeKey } from './shake-key.ts';

const QPS_DEFAULT = 300_000;
const QUERY_BUFFER_DEFAULT = 1_024_000_000;
const BULK_DEFAULT = 512_000_000;
const BEHAVIORS: Readonly<Record<string, string>> = { panic: 'fail', rewrite: 'replace', skip: 'skip' };

const PLACE_KEYS: readonly ShakeKey[] = [
  {
    section: 'advanced',
    key: 'dir',
    isHarmless: true,
    type: 'text',
    fallback: 'data',
    mapsDefault: true,
    becomes: '`spool.dir`',
    note: 'Each job has a folder in it. Relative paths of other keys count from dir, as in RedisShake; those of files to be read from the working directory if there is nothing.',
    map: (_, { kind, path }) => (kind === 'export' ? [] : [{ key: 'spool.dir', raw: path('.', 'write') }]),
  },
  {
    section: 'advanced',
    key: 'ncpu',
    type: 'integer',
    fallback: 0,
    becomes: 'nothing to set',
    note: 'How many processors are used follows from the job.',
  },
  {
    section: 'advanced',
    key: 'pprof_port',
    type: 'integer',
    fallback: 0,
    becomes: 'nothing to set',
    note: 'Profiles of a Go program; for Node.js there is NODE_OPTIONS=--cpu-prof.',
  },
  {
    section: 'advanced',
    key: 'status_port',
    type: 'integer',
    fallback: 0,
    becomes: '`status.port`, `status.host`',
    note: 'Listens on all interfaces and asks for no password to read, as in RedisShake; without shake.toml on 127.0.0.1 alone. Changes ask for a token. An export has no status.',
    map: (value, { kind }) => {
      if (value === 0 || kind === 'export') return [];
      return [
        { key: 'status.port', raw: value },
        { key: 'status.host', raw: '0.0.0.0' },
      ];
    },
  },
];

const WRITING_KEYS: readonly ShakeKey[] = [
  {
    section: 'advanced',
    key: 'rdb_restore_command_behavior',
    type: 'text',
    fallback: 'panic',
    words: Object.keys(BEHAVIORS),
    becomes: '`sync.on_existing`',
    note: 'panic is fail: a target that holds keys is refused before anything is written. A mistyped word is refused; in RedisShake it skips.',
    map: (value, { kind }) => (kind === 'export' ? [] : [{ key: 'sync.on_existing', raw: BEHAVIORS[value as string] }]),
  },
  {
    section: 'advanced',
    key: 'pipeline_count_limit',
    type: 'integer',
    fallback: 1024,
    becomes: 'nothing to set',
    note: 'What is under way is limited by bytes, not by commands.',
  },
  {
    section: 'advanced',
    key: 'target_redis_client_max_querybuf_len',
    type: 'integer',
    fallback: QUERY_BUFFER_DEFAULT,
    becomes: '`target.unanswered_bytes_max`',
    note: 'Godwit keeps far below the default, so that this or more needs nothing.',
    isHarmless: true,
    map: (value) => ((value as number) >= QUERY_BUFFER_DEFAULT ? [] : [{ key: 'target.unanswered_bytes_max', raw: value }]),
  },
  {
    section: 'advanced',
    key: 'target_redis_proto_max_bulk_len',
    type: 'integer',
    fallback: BULK_DEFAULT,
    becomes: '`target.value_bytes_max`',
    note: 'The target is asked for its own limit. 0, which RedisShake needs for an older target, needs nothing: what the target does not know is encoded anew.',
    isHarmless: true,
    map: (value) => (value === 0 || (value as number) >= BULK_DEFAULT ? [] : [{ key: 'target.value_bytes_max', raw: value }]),
  },
  {
    section: 'advanced',
    key: 'target_redis_max_qps',
    type: 'integer',
    fallback: QPS_DEFAULT,
    becomes: '`rate.commands`',
    note: 'The default is no limit; 300000, which RedisShake cannot go beyond, is read as that default.',
    isHarmless: true,
    map: (value) => (value === QPS_DEFAULT ? [] : [{ key: 'rate.commands', raw: value }]),
  },
  {
    section: 'advanced',
    key: 'aws_psync',
    type: 'text',
    fallback: '',
    becomes: '`source.psync_commands`',
    map: (value) => (value === '' ? [] : [{ key: 'source.psync_commands', raw: String(value).split(',') }]),
  },
  {
    section: 'advanced',
    key: 'empty_db_before_sync',
    type: 'boolean',
    fallback: false,
    becomes: '`sync.flush_target`, `sync.yes`',
    note: 'The target is emptied without a question, as in RedisShake. A run that is resumed does not empty it again.',
    map: (value, { kind }) => {
      if (value !== true || kind === 'export') return [];
      return [
        { key: 'sync.flush_target', raw: true },
        { key: 'sync.yes', raw: true },
      ];
    },
  },
  {
    section: 'advanced',
    key: 'temp_file_compression_rdb',
    type: 'boolean',
    fallback: false,
    becomes: 'nothing to set',
    note: 'Was proposed for RedisShake and is in no release of it.',
  },
];

export const ADVANCED_KEYS: readonly ShakeKey[] = [
  ...PLACE_KEYS,
  ...LOG_KEYS,
  ...WRITING_KEYS,
  {
    section: 'module',
    key: 'target_mbbloom_version',
    type: 'integer',
    fallback: 0,
    becomes: 'nothing to set',
    note: 'Values of modules go as the source dumps them.',
    isHarmless: true,
  },
];
