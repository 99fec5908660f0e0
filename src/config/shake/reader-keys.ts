/** Keys of readers and writers beside those of their servers. */
import { same, type ShakeKey } from './shake-key.ts';

const FORMATS: Readonly<Record<string, string>> = { cmd: 'cmd', aof: 'aof', json: 'jsonl' };

const SYNC_KEYS: readonly ShakeKey[] = [
  {
    section: 'sync_reader',
    key: 'sync_rdb',
    type: 'boolean',
    fallback: true,
    becomes: '`sync.full_sync`',
    note: 'With false the source is asked for its snapshot all the same, which says from where on to follow; its values are dropped. A target that holds keys is taken as it is.',
    map: same('sync.full_sync'),
  },
  {
    section: 'sync_reader',
    key: 'sync_aof',
    isHarmless: true,
    type: 'boolean',
    fallback: true,
    mapsDefault: true,
    becomes: '`sync.stop_after`; with a file_writer `export.follow`',
    note: 'false is stop_after = "full-sync": what is written while the full sync runs is not applied, as in RedisShake.',
    map: (value, { kind }) => {
      if (kind === 'export') return value === true ? [{ key: 'export.follow', raw: true }] : [];
      return value === true ? [] : [{ key: 'sync.stop_after', raw: 'full-sync' }];
    },
  },
  {
    section: 'sync_reader',
    key: 'try_diskless',
    type: 'boolean',
    fallback: false,
    becomes: 'nothing to set',
    note: 'A snapshot is taken with or without a disk of the source, as it sends it.',
    isHarmless: true,
  },
];

const preferReplica = (section: 'sync_reader' | 'scan_reader'): ShakeKey => ({
  section,
  key: 'prefer_replica',
  type: 'boolean',
  fallback: false,
  becomes: '`source.prefer_replica`',
  note: 'Of a cluster, and of what sentinels name. For one server alone it has no effect, which is told: give the address of the replica.',
  map: same('source.prefer_replica'),
});

const SCAN_KEYS: readonly ShakeKey[] = [
  {
    section: 'scan_reader',
    key: 'scan',
    type: 'boolean',
    fallback: true,
    mapsDefault: true,
    isHarmless: true,
    becomes: '`scan.full`; with a file_writer `export.scan`',
    map: (value, { kind }) => {
      if (kind === 'export') return [{ key: 'export.scan', raw: true }];
      return value === true ? [] : [{ key: 'scan.full', raw: value }];
    },
  },
  {
    section: 'scan_reader',
    key: 'ksn',
    type: 'boolean',
    fallback: false,
    becomes: '`scan.notifications`',
    note: 'notify-keyspace-events of the source is set where it lacks something and that is granted, and put back at the end; RedisShake leaves it to you.',
    map: same('scan.notifications'),
  },
  {
    section: 'scan_reader',
    key: 'count',
    type: 'integer',
    fallback: 1,
    becomes: '`scan.count`',
    note: '1, the default of RedisShake, is auto.',
    isHarmless: true,
    map: (value) => (value === 1 ? [] : [{ key: 'scan.count', raw: value }]),
  },
  { section: 'scan_reader', key: 'dbs', type: 'integers', fallback: [], becomes: '`scan.databases`', map: same('scan.databases') },
  { section: 'scan_reader', key: 'skip_unknown_type', type: 'texts', fallback: [], becomes: '`scan.skip_types`', map: same('scan.skip_types') },
];

const filePath = (section: 'rdb_reader' | 'aof_reader', note?: string, aliases?: readonly string[]): ShakeKey => ({
  section,
  key: 'filepath',
  type: 'text',
  fallback: '',
  aliases,
  becomes: '`load.file`',
  note,
  map: (value, { path }) => (value === '' ? [] : [{ key: 'load.file', raw: path(value as string, 'read') }]),
});

const FILE_KEYS: readonly ShakeKey[] = [
  filePath('rdb_reader', 'Also .gz, an http(s) URL, or - for standard input.'),
  filePath('aof_reader', 'A file, a manifest or its folder. The documents of RedisShake call the key aoffilepath, which it does not read; here both are.', [
    'aoffilepath',
  ]),
  {
    section: 'aof_reader',
    key: 'timestamp',
    type: 'integer',
    fallback: 0,
    aliases: ['aoftimestamp'],
    becomes: '`load.until`',
    note: 'Unix seconds; 0 is all. A base that is later than the time is refused (AOF_TOO_LATE); RedisShake replays it.',
    map: (value) => (value === 0 ? [] : [{ key: 'load.until', raw: value }]),
  },
];

const WRITER_KEYS: readonly ShakeKey[] = [
  {
    section: 'redis_writer',
    key: 'off_reply',
    type: 'boolean',
    fallback: false,
    becomes: '`sync.on_error`',
    note: 'Replies are read all the same: exactly-once rests on them, and nothing waits for each of them. What the target refuses, which nobody would see, is written to the dead-letter file, and the job goes on.',
    map: (value, { kind }) => (value === true && kind !== 'export' ? [{ key: 'sync.on_error', raw: 'dead-letter' }] : []),
  },
  {
    section: 'file_writer',
    key: 'filepath',
    type: 'text',
    fallback: '',
    becomes: '`export.to`',
    note: 'The file gets its name when it is whole.',
    map: (value, { path }) => (value === '' ? [] : [{ key: 'export.to', raw: path(value as string, 'write') }]),
  },
  {
    section: 'file_writer',
    key: 'type',
    type: 'text',
    fallback: 'cmd',
    words: Object.keys(FORMATS),
    mapsDefault: true,
    becomes: '`export.format`',
    note: 'cmd is quoted, cmd and aof have SELECT, json is one object per key (docs/export.md) and takes no commands of an AOF; there is no PING in the file.',
    map: (value) => [{ key: 'export.format', raw: FORMATS[value as string] }],
  },
];

export const READER_KEYS: readonly ShakeKey[] = [
  ...SYNC_KEYS,
  preferReplica('sync_reader'),
  ...SCAN_KEYS,
  preferReplica('scan_reader'),
  ...FILE_KEYS,
  ...WRITER_KEYS,
];
