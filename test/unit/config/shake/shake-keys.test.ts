/** Every key of shake.toml: what it becomes. */
import { describe, expect, test } from 'vitest';
import { type Origin } from '../../../../src/config/origin.ts';
import { readShakeDocument } from '../../../../src/config/shake/shake-document.ts';
import { isShakeText, SHAKE_KEYS } from '../../../../src/config/shake/shake-keys.ts';
import { type ShakeTranslation, translateShake } from '../../../../src/config/shake/translate-shake.ts';

const ORIGIN: Origin = { kind: 'file', path: 'shake.toml', line: 1 };
type Tables = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function translate(tables: Tables, strict = false): ShakeTranslation {
  return translateShake(
    readShakeDocument(tables, () => ORIGIN),
    { cwd: '/here', exists: () => false, strict },
  );
}

/** Whole file beside the section of the key. */
const READER_OF: Readonly<Record<string, string>> = { scan_reader: 'scan_reader', rdb_reader: 'rdb_reader', aof_reader: 'aof_reader' };

function tablesFor(section: string, table: Record<string, unknown>): Tables {
  const reader = READER_OF[section] ?? 'sync_reader';
  const writer = section === 'file_writer' ? 'file_writer' : 'redis_writer';
  return { [reader]: {}, [writer]: {}, [section]: table };
}

/** The settings that the key adds or changes. */
function effect(section: string, table: Record<string, unknown>, without: Record<string, unknown>): Record<string, unknown> {
  const settings = (tables: Tables): Map<string, unknown> => new Map(translate(tables).settings.map(({ key, raw }) => [key, raw]));
  const before = settings(tablesFor(section, without));
  const after = settings(tablesFor(section, table));
  const changed = [...after].filter(([key, raw]) => JSON.stringify(before.get(key)) !== JSON.stringify(raw));
  const gone = [...before.keys()].filter((key) => !after.has(key)).map((key) => [key, undefined]);
  return Object.fromEntries([...changed, ...gone]) as Record<string, unknown>;
}

/** Section, key, value, its effect; and what has to be given beside it. */
type Row = [string, string, unknown, Record<string, unknown>, Record<string, unknown>?];

const tlsRows = (section: string, native: string, inside = '', beside: Record<string, unknown> = {}): Row[] => [
  [section, `${inside}tls`, 'true', { [`${native}.tls.enabled`]: true, [`${native}.tls.verify`]: false }, beside],
  [section, `${inside}tls_config.ca_cert`, '/ca', { [`${native}.tls.ca`]: '/ca', [`${native}.tls.verify`]: true }, { ...beside, [`${inside}tls`]: true }],
  [section, `${inside}tls_config.cert`, 'cert', { [`${native}.tls.cert`]: '/here/data/cert' }, { ...beside, [`${inside}tls`]: true }],
  [section, `${inside}tls_config.key`, '/key', { [`${native}.tls.key`]: '/key' }, { ...beside, [`${inside}tls`]: true }],
];

const endpointRows = (section: string, side: string): Row[] => [
  [section, 'cluster', 1, { [`${side}.cluster`]: true }],
  [section, 'address', 'a:1', { [`${side}.address`]: 'a:1' }],
  [section, 'username', 'u', { [`${side}.username`]: 'u' }, { password: 'p' }],
  [section, 'password', 12, { [`${side}.password`]: '12' }],
  ...tlsRows(section, side),
  [section, 'sentinel.master_name', 'mymaster', { [`${side}.sentinel.primary`]: 'mymaster', [`${side}.sentinel.tls.enabled`]: false }],
  [section, 'sentinel.address', 's:1', { [`${side}.sentinel.address`]: 's:1' }, { 'sentinel.master_name': 'm' }],
  [section, 'sentinel.username', 'u', { [`${side}.sentinel.username`]: 'u' }, { 'sentinel.master_name': 'm', 'sentinel.password': 'p' }],
  [section, 'sentinel.password', 'p', { [`${side}.sentinel.password`]: 'p' }, { 'sentinel.master_name': 'm' }],
  ...tlsRows(section, `${side}.sentinel`, 'sentinel.', { 'sentinel.master_name': 'm' }),
];

const filterRow = (key: string, raw: unknown = ['a'], value: unknown = raw): Row => ['filter', key, raw, { [`filter.${key}`]: value }];

const ROWS: readonly Row[] = [
  ...endpointRows('sync_reader', 'source'),
  ...endpointRows('scan_reader', 'source'),
  ...endpointRows('redis_writer', 'target'),
  ['sync_reader', 'sync_rdb', false, { 'sync.full_sync': false }],
  ['sync_reader', 'sync_aof', false, { 'sync.stop_after': 'full-sync' }],
  ['sync_reader', 'try_diskless', true, {}],
  ['sync_reader', 'prefer_replica', 'true', { 'source.prefer_replica': true }],
  ['scan_reader', 'scan', false, { 'scan.full': false }],
  ['scan_reader', 'ksn', true, { 'scan.notifications': true }],
  ['scan_reader', 'count', '100', { 'scan.count': 100 }],
  ['scan_reader', 'dbs', [0, '3'], { 'scan.databases': [0, 3] }],
  ['scan_reader', 'skip_unknown_type', ['ReJSON-RL'], { 'scan.skip_types': ['ReJSON-RL'] }],
  ['scan_reader', 'prefer_replica', true, { 'source.prefer_replica': true }],
  ['rdb_reader', 'filepath', 'dump.rdb', { 'load.file': '/here/data/dump.rdb' }],
  ['aof_reader', 'filepath', '/a.manifest', { 'load.file': '/a.manifest' }],
  ['aof_reader', 'timestamp', '1700000000', { 'load.until': 1_700_000_000 }],
  ['redis_writer', 'off_reply', true, { 'sync.on_error': 'dead-letter' }],
  ['redis_writer', 'sentinel', true, { 'target.sentinel.address': 's:1', 'target.address': undefined }, { address: 's:1' }],
  ['redis_writer', 'master', 'mymaster', { 'target.sentinel.primary': 'mymaster' }, { sentinel: true }],
  ['file_writer', 'filepath', 'out/x.cmd', { 'export.to': '/here/data/out/x.cmd' }],
  ['file_writer', 'type', 'json', { 'export.format': 'jsonl' }],
  ...['allow_keys', 'allow_key_prefix', 'allow_key_suffix', 'allow_key_regex', 'block_keys', 'block_key_prefix', 'block_key_suffix', 'block_key_regex'].map(
    (key): Row => ['filter', key, ['a'], { [`filter.${key}`]: ['a'], 'filter.on_mixed': 'drop', 'filter.on_unknown': 'pass', 'filter.on_flush': 'pass' }],
  ),
  ...['allow_command', 'block_command', 'allow_command_group', 'block_command_group'].map((key) => filterRow(key, 'A,B', ['A', 'B'])),
  filterRow('allow_db', [0, 1]),
  filterRow('block_db', '2', [2]),
  ['filter', 'function', 'shake.call(DB, ARGV)', { 'transform.function': 'shake.call(DB, ARGV)' }],
  ['advanced', 'dir', 'd', { 'spool.dir': '/here/d', 'log.file': '/here/d/shake.log' }],
  ['advanced', 'ncpu', 4, {}],
  ['advanced', 'pprof_port', 8080, {}],
  ['advanced', 'status_port', 6479, { 'status.port': 6479, 'status.host': '0.0.0.0' }],
  ['advanced', 'log_file', 'x.log', { 'log.file': '/here/data/x.log' }],
  ['advanced', 'log_level', 'warn', { 'log.level': 'warn' }],
  ['advanced', 'log_interval', -1, { 'log.interval': 0 }],
  [
    'advanced',
    'log_rotation',
    false,
    { 'log.file_bytes_max': undefined, 'log.file_age_max': undefined, 'log.files_max': undefined, 'log.compress': undefined },
  ],
  ['advanced', 'log_max_size', 1, { 'log.file_bytes_max': 1024 ** 2 }],
  ['advanced', 'log_max_age', 1, { 'log.file_age_max': 86_400_000 }],
  ['advanced', 'log_max_backups', 9, { 'log.files_max': 9 }],
  ['advanced', 'log_compress', false, { 'log.compress': false }],
  ['advanced', 'rdb_restore_command_behavior', 'rewrite', { 'sync.on_existing': 'replace' }],
  ['advanced', 'rdb_restore_command_behavior', 'skip', { 'sync.on_existing': 'skip' }],
  ['advanced', 'pipeline_count_limit', 10, {}],
  ['advanced', 'target_redis_client_max_querybuf_len', 1000, { 'target.unanswered_bytes_max': 1000 }],
  ['advanced', 'target_redis_proto_max_bulk_len', 1_000_000, { 'target.value_bytes_max': 1_000_000 }],
  ['advanced', 'target_redis_proto_max_bulk_len', 0, {}],
  ['advanced', 'target_redis_max_qps', 20, { 'rate.commands': 20 }],
  ['advanced', 'aws_psync', 'a:1@xpsync,b:1@ypsync', { 'source.psync_commands': ['a:1@xpsync', 'b:1@ypsync'] }],
  ['advanced', 'empty_db_before_sync', true, { 'sync.flush_target': true, 'sync.yes': true }],
  ['advanced', 'temp_file_compression_rdb', true, {}],
  ['module', 'target_mbbloom_version', 20603, {}],
];

describe('each key has its effect', () => {
  test.each<Row>(ROWS)('[%s] %s = %j', (section, key, value, changes, beside = {}) => {
    expect(effect(section, nested({ ...beside, [key]: value }), nested(beside))).toEqual(changes);
  });

  test('and none is left out of this list', () => {
    const listed = new Set(ROWS.map(([section, key]) => `${section}.${key}`));
    expect(SHAKE_KEYS.map(({ section, key }) => `${section}.${key}`).filter((name) => !listed.has(name))).toEqual([]);
  });
});

/** `{ 'a.b': 1 }` as TOML would give it. */
function nested(flat: Record<string, unknown>): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(flat)) {
    const parts = path.split('.');
    let table = tree;
    for (const part of parts.slice(0, -1)) table = (table[part] ??= {}) as Record<string, unknown>;
    table[parts.at(-1)!] = value;
  }
  return tree;
}

describe('what has no effect is told', () => {
  test.each([
    ['advanced', { ncpu: 4 }, /advanced\.ncpu has no effect here/],
    ['advanced', { pprof_port: 1 }, /advanced\.pprof_port has no effect/],
    ['advanced', { pipeline_count_limit: 1 }, /advanced\.pipeline_count_limit has no effect/],
    ['sync_reader', { username: 'u' }, /sync_reader\.username has no effect here. Without a password/],
    ['redis_writer', { master: 'm' }, /redis_writer\.master has no effect/],
  ])('[%s] %j', (section, table, words) => {
    expect(translate(tablesFor(section, table)).warnings).toEqual([expect.stringMatching(words)]);
  });

  test('but not where nothing is lost by it', () => {
    const tables = {
      ...tablesFor('sync_reader', { try_diskless: true, username: '' }),
      advanced: { ncpu: 0, target_redis_max_qps: 300_000 },
      module: { target_mbbloom_version: 20603 },
    };
    expect(translate(tables).warnings).toEqual([]);
  });
});

describe('sections', () => {
  test('the first reader counts, and a file before a server; the others are told', () => {
    const { kind, reader, writer, warnings } = translate({ redis_writer: {}, file_writer: {}, rdb_reader: {}, scan_reader: {} });
    expect([kind, reader, writer]).toEqual(['export', 'scan_reader', 'file_writer']);
    expect(warnings).toEqual([
      'shake.toml:1: [rdb_reader] is not used, since [scan_reader] counts before it',
      'shake.toml:1: [redis_writer] is not used, since [file_writer] counts before it',
    ]);
  });

  test.each([
    ['sync_reader', 'redis_writer', 'sync'],
    ['sync_reader', 'file_writer', 'export'],
    ['scan_reader', 'redis_writer', 'scan'],
    ['rdb_reader', 'redis_writer', 'load'],
    ['rdb_reader', 'file_writer', 'export'],
    ['aof_reader', 'redis_writer', 'load'],
    ['aof_reader', 'file_writer', 'export'],
  ])('%s and %s are a job of the kind %s...', (reader, writer, kind) => {
    expect(translate({ [reader]: {}, [writer]: {} }).kind).toBe(kind);
  });

  test('a reader and a writer have to be there', () => {
    expect(translate({ advanced: {} }).problems.map(({ message }) => message)).toEqual([
      'the file has no section of a reader',
      'the file has no section of a writer',
    ]);
  });
});

describe('mistakes', () => {
  const problemsOf = (tables: Tables, strict = false): string[] => translate(tables, strict).problems.map(({ message, fix = '' }) => `${message}. ${fix}`);

  test('keys and sections are known in any case', () => {
    const { settings, warnings } = translate({ Sync_Reader: { ADDRESS: 'a:1', TLS_Config: { CA_cert: '' } }, REDIS_WRITER: { Address: 'b:1' } });
    expect(settings.filter(({ key }) => key.endsWith('.address')).map(({ raw }) => raw)).toEqual(['a:1', 'b:1']);
    expect(warnings).toEqual([]);
  });

  test('a key that is there twice in another case is refused', () => {
    expect(problemsOf(tablesFor('sync_reader', { address: 'a', Address: 'b' }))).toEqual([expect.stringMatching(/^sync_reader\.address is given twice/)]);
  });

  test('a key that is not known is a warning with the nearest name, and a mistake if that is asked for', () => {
    const tables = { ...tablesFor('sync_reader', { adress: 'a' }), filters: { x: 1 }, advanced: { filepath: 'x', ksn: true, foobarbaz: 1 } };
    expect(translate(tables).warnings).toEqual([
      'shake.toml:1: the key sync_reader.adress is not known and has no effect. Did you mean sync_reader.address?',
      'shake.toml:1: the key filters is not known and has no effect. Did you mean filter?',
      expect.stringMatching(/the key advanced\.filepath is not known/),
      'shake.toml:1: the key advanced.ksn is not known and has no effect. Did you mean scan_reader.ksn?',
      'shake.toml:1: the key advanced.foobarbaz is not known and has no effect',
    ]);
    expect(translate(tables, true).problems).toHaveLength(5);
    expect(translate(tables, true).warnings).toEqual([]);
    expect(problemsOf(tables, true)[0]).toBe('shake.toml:1: the key sync_reader.adress is not known. Did you mean sync_reader.address?');
  });

  test('the names of the documents of RedisShake for aof_reader are known', () => {
    const { settings, warnings } = translate({ aof_reader: { aoffilepath: '/x', aoftimestamp: 5 }, redis_writer: {} });
    expect(settings).toEqual(
      expect.arrayContaining([expect.objectContaining({ key: 'load.file', raw: '/x' }), expect.objectContaining({ key: 'load.until', raw: 5 })]),
    );
    expect(warnings).toEqual([]);
  });

  test.each([
    [{ advanced: { rdb_restore_command_behavior: 'rewrit' } }, /is "rewrit", allowed is one of panic, rewrite, skip\. Did you mean rewrite\?/],
    [{ advanced: { rdb_restore_command_behavior: 'ignore' } }, /is "ignore", allowed is one of panic, rewrite, skip/],
    [{ advanced: { log_level: 'inf' } }, /Did you mean info\?/],
    [{ advanced: { ncpu: 'many' } }, /advanced\.ncpu is "many", allowed is a whole number/],
    [{ sync_reader: { tls: 'yes' } }, /sync_reader\.tls is "yes", allowed is true or false/],
    [{ sync_reader: { password: ['planted'] } }, /sync_reader\.password is \*\*\*\*, allowed is a text/],
    [{ filter: { allow_db: ['x'] } }, /filter\.allow_db is a list, allowed is a list of whole numbers/],
    [{ advanced: 5 } as unknown as Tables, /advanced is a section, not a value\. Write \[advanced\]/],
  ])('%j', (tables, words) => {
    expect(problemsOf({ sync_reader: {}, redis_writer: {}, ...tables })).toEqual([expect.stringMatching(words)]);
  });
});

describe('paths', () => {
  test('count from dir, and those to be read from the working directory if only there is something', () => {
    const file = (exists: readonly string[], tables: Tables): unknown => {
      const document = readShakeDocument(tables, () => ORIGIN);
      const { settings } = translateShake(document, { cwd: '/here', exists: (path) => exists.includes(path), strict: false });
      return settings.find(({ key }) => key === 'load.file')?.raw;
    };
    const tables = { rdb_reader: { filepath: 'a.rdb' }, redis_writer: {} };
    expect(file([], tables)).toBe('/here/data/a.rdb');
    expect(file(['/here/a.rdb', '/here/data/a.rdb'], tables)).toBe('/here/data/a.rdb');
    expect(file(['/here/a.rdb'], tables)).toBe('/here/a.rdb');
    expect(file([], { ...tables, advanced: { dir: '/var/d' } })).toBe('/var/d/a.rdb');
    expect(file([], { ...tables, rdb_reader: { filepath: 'https://h/a.rdb' } })).toBe('https://h/a.rdb');
  });
});

test('an export is given no settings of a target', () => {
  const { settings } = translate({
    sync_reader: { sync_aof: false },
    file_writer: { filepath: '/x' },
    advanced: { dir: 'd', rdb_restore_command_behavior: 'skip', empty_db_before_sync: true, status_port: 5 },
  });
  expect(settings.map(({ key }) => key).toSorted()).toEqual(['export.format', 'export.to', 'run.kind']);
});

test.each([
  ['[sync_reader]\n', true],
  ['# x\n  [ "Redis_Writer" ] # y\n', true],
  ['[[rdb_reader]]', true],
  ['file_writer.type = "cmd"', true],
  ['sync_reader = { address = "a" }', true],
  ['[sync_reader.sentinel]', true],
  ['# [sync_reader]\n[source]\nurl = "a"', false],
  ['[filter]\nallow_db = [0]\n[advanced]\n', false],
  ['', false],
])('%j: whether it is a file of RedisShake is %s', (text, isShake) => {
  expect(isShakeText(text)).toBe(isShake);
});
