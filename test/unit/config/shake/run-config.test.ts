/** What `godwit run` makes of whole files: the samples of RedisShake's documents, its container's variables, Godwit's own file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../../../src/config/config-error.ts';
import { type ConfigInput, gatherSettings } from '../../../../src/config/gather-settings.ts';
import { explainValues } from '../../../../src/config/explain.ts';
import { explainRun, resolveRunConfig, type RunConfig } from '../../../../src/config/run-config.ts';
import { SAMPLE_READERS, SAMPLE_REST, SAMPLE_WRITERS } from './shake-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'godwit-shake-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BASE: ConfigInput = { flags: {}, env: { HOME: '/home/u' }, cwd: folder };

function file(text: string, name = 'shake.toml'): string {
  writeFileSync(join(folder, name), text);
  return name;
}

function run(text: string, input: Partial<ConfigInput> = {}): RunConfig {
  return resolveRunConfig({ ...BASE, configFile: file(text), ...input });
}

function problemsOf(text: string, input: Partial<ConfigInput> = {}): string[] {
  try {
    run(text, input);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.toLine().split('\n');
    throw error;
  }
}

const TWO = '[sync_reader]\naddress = "a:1"\n[redis_writer]\naddress = "b:2"\n';

const KINDS: Readonly<Record<string, string>> = { sync_reader: 'sync', scan_reader: 'scan' };

describe('the samples of the documents', () => {
  const combinations = Object.keys(SAMPLE_READERS).flatMap((reader) => Object.keys(SAMPLE_WRITERS).map((writer) => [reader, writer] as const));

  test.each(combinations)('%s and %s', (reader, writer) => {
    const sample = SAMPLE_READERS[reader as keyof typeof SAMPLE_READERS] + SAMPLE_WRITERS[writer as keyof typeof SAMPLE_WRITERS] + SAMPLE_REST;
    const { settings, warnings, problems } = explainRun({ ...BASE, configFile: file(sample), strict: true });
    expect(warnings).toEqual([]);
    // What is not built yet is refused by its own code, and nothing else is.
    const isRefused = reader === 'sync_reader' && writer === 'file_writer';
    expect(problems.map(({ code }) => code)).toEqual(isRefused ? ['NOT_YET'] : []);
    expect(settings.shake?.outcomes.length).toBeGreaterThan(30);
    if (isRefused) expect(problemsOf(sample)).toEqual([expect.stringMatching(/^\[NOT_YET\] shake\.toml:\d+: /)]);
    else expect(run(sample).kind).toBe(writer === 'file_writer' ? 'export' : (KINDS[reader] ?? 'load'));
  });

  test('two addresses are enough', () => {
    const { kind, loaded } = run(TWO);
    expect(kind).toBe('sync');
    expect(loaded).toMatchObject({
      config: {
        source: { host: 'a', port: 1 },
        target: { host: 'b', port: 2 },
        sync: { onExisting: 'fail', stopAfter: 'never', flushTarget: false },
        spool: { dir: join(folder, 'data') },
        status: { port: -1 },
        log: { level: 'info', intervalMs: 5000, file: { path: join(folder, 'data/shake.log'), bytesMax: 512 * 1024 ** 2, filesMax: 3, compress: true } },
      },
      warnings: [],
    });
  });

  test('a restore behaviour, an emptied target, a status port and passwords reach the job', () => {
    const { loaded } = run(
      `${TWO}username = "u"\npassword = "p$w\${X}"\n[advanced]\nrdb_restore_command_behavior = "rewrite"\nempty_db_before_sync = true\nstatus_port = 8080\nlog_interval = 0\n`,
      { env: { HOME: '/h', X: '"\\' } },
    );
    expect(loaded).toMatchObject({
      config: {
        target: { username: 'u', password: 'p$w"\\' },
        sync: { onExisting: 'replace', flushTarget: true, yes: true },
        status: { port: 8080, host: '0.0.0.0' },
        log: { intervalMs: 0 },
      },
      secrets: ['p$w"\\'],
    });
  });

  test('TLS is checked if there is something to check it with', () => {
    writeFileSync(join(folder, 'ca.pem'), 'x');
    const tls = (more: string): unknown => run(`[sync_reader]\naddress = "a:1"\ntls = true\n${more}\n[redis_writer]\naddress = "b:2"\n`).loaded;
    expect(tls('')).toMatchObject({ config: { source: { tls: { verify: false } } } });
    expect(tls('[sync_reader.tls_config]\nca_cert = "ca.pem"')).toMatchObject({
      config: { source: { tls: { verify: true, caFile: join(folder, 'ca.pem') } } },
    });
    expect(run(`${TWO}tls_config = { ca_cert = "ca.pem" }`).loaded).not.toMatchObject({ config: { target: { tls: expect.anything() as unknown } } });
  });

  test('a scan gets what its reader says, and what it says against itself is refused', () => {
    const scan = (more: string, writer = ''): string => `[scan_reader]\naddress = "a:1"\n${more}\n[redis_writer]\naddress = "b:2"\n${writer}`;
    expect(run(scan('ksn = true\nscan = false\ncount = 50\ndbs = [0, 11]\nskip_unknown_type = ["stream"]\nprefer_replica = true')).loaded).toMatchObject({
      scan: { notifications: true, full: false, count: 50, databases: [0, 11], skipTypes: ['stream'], partBytes: 64 * 1024 ** 2 },
      config: { preferReplica: true, spool: { dir: join(folder, 'data') } },
    });
    expect(run(scan('')).loaded).toMatchObject({ scan: { notifications: false, full: true, count: 0, databases: [] } });
    expect(problemsOf(scan('scan = false'))).toEqual([expect.stringContaining('there is nothing to do') as string]);
    expect(problemsOf(scan('ksn = true', '[advanced]\nrdb_restore_command_behavior = "skip"'))).toEqual([
      expect.stringMatching(/^\[CONFIG_INVALID\] shake\.toml:7: sync\.on_existing is skip: keys that change again/) as string,
    ]);
  });

  test('files are loaded up to the second, and exported in the format of their kind', () => {
    expect(run('[aof_reader]\nfilepath = "/a"\ntimestamp = 1700000000\n[redis_writer]\naddress = "b:2"').loaded).toMatchObject({
      config: { load: { file: '/a', untilMs: 1_700_000_000_000 } },
    });
    const { loaded } = run(
      '[rdb_reader]\nfilepath = "/a.rdb"\n[file_writer]\nfilepath = "x.json"\ntype = "json"\n[filter]\nallow_db = [0]\nallow_key_prefix = "u:"',
    );
    expect(loaded).toMatchObject({
      from: { kind: 'file', place: '/a.rdb', untilMs: -1 },
      to: join(folder, 'data/x.json'),
      format: 'jsonl',
      filter: { allow: { databases: [0], prefixes: [Buffer.from('u:')] }, policies: { onMixed: 'drop' } },
    });
  });
});

describe('layers', () => {
  test('flags and variables of Godwit count before the file, and a variable before a default of RedisShake', () => {
    const { loaded } = run(`${TWO}[advanced]\nlog_level = "warn"\n`, {
      flags: { 'sync.on_existing': 'skip' },
      env: { HOME: '/h', GODWIT_SPOOL_DIR: '/spool', GODWIT_LOG_LEVEL: 'error' },
    });
    expect(loaded).toMatchObject({ config: { sync: { onExisting: 'skip' }, spool: { dir: '/spool' }, log: { level: 'error' } } });
  });

  test('each value says where it comes from', () => {
    const { effective } = explainRun({ ...BASE, configFile: file(`${TWO}[advanced]\nstatus_port = 5\n`) });
    const from = new Map(explainValues(effective).map((row) => [row.key, row.from]));
    expect([from.get('source.address'), from.get('target.address'), from.get('status.port'), from.get('spool.dir'), from.get('sync.on_error')]).toEqual([
      'shake.toml:2',
      'shake.toml:4',
      'shake.toml:6',
      'default of RedisShake',
      'default',
    ]);
  });

  test('--finish ends a job whose file empties its target, and does not give it up', () => {
    const text = `${TWO}[advanced]\nempty_db_before_sync = true\n`;
    const sync = { finish: true, flushTarget: false, yes: false };
    expect(run(text, { flags: { 'sync.finish': true } }).loaded).toMatchObject({ config: { sync } });
    expect(run(text, { flags: { 'sync.finish': true, 'sync.yes': true } }).loaded).toMatchObject({ config: { sync: { ...sync, yes: true } } });
    expect(problemsOf(text, { flags: { 'sync.finish': true, 'sync.flush_target': true } })).toEqual([expect.stringContaining('exclude each other')]);
  });

  test('a flag that the job has no use for is refused', () => {
    expect(problemsOf('[rdb_reader]\nfilepath = "/x"\n[redis_writer]\naddress = "b:2"', { flags: { 'sync.stop_after': 'full-sync' } })).toEqual([
      '[CONFIG_INVALID] flag --stop-after has no meaning for a job of the kind load. Leave it out.',
    ]);
  });
});

describe('mistakes name the line', () => {
  test.each<[string, RegExp]>([
    ['[sync_reader]\n[redis_writer]\naddress = "b:2"', /^\[CONFIG_MISSING\] no source was given\. Write address = "host:port" below \[sync_reader\]\.$/],
    ['[rdb_reader]\n[redis_writer]\naddress = "b:2"', /^\[CONFIG_MISSING\] the file to read is not given\. Write filepath = "\.\.\." below \[rdb_reader\]\.$/],
    ['[rdb_reader]\nfilepath="/x"\n[file_writer]', /^\[CONFIG_MISSING\] the file to write is not given\. Write filepath = "\.\.\." below \[file_writer\]\.$/],
    ['[rdb_reader]\n[file_writer]\nfilepath="/x"', /^\[CONFIG_MISSING\] the file to read is not given/],
    ['[sync_reader]\naddress = "a:1"', /^\[CONFIG_MISSING\] the file has no section of a writer\. Write one of \[file_writer\], \[redis_writer\]/],
    [`${TWO}off_reply = "maybe"`, /^\[CONFIG_INVALID\] shake\.toml:5: redis_writer\.off_reply is "maybe", allowed is true or false/],
    [`${TWO}\n[advanced]\n\nstatus_port = 70000`, /^\[CONFIG_INVALID\] shake\.toml:8: status\.port is 70000, allowed is a whole number from 0 to 65535/],
    [`${TWO}x = [1,`, /^\[CONFIG_SYNTAX\] shake\.toml:5:/],
    [
      '[sync_reader]\naddress = "redis://u:planted@a:1"\n[redis_writer]\naddress = "b:2"',
      /^\[CONFIG_INVALID\] shake\.toml:2: source\.address "redis:\/\/u:\*\*\*\*@a:1" takes host:port alone/,
    ],
    [
      '[sync_reader]\naddress = \'${A}\'\n[redis_writer]\naddress = "b:2"',
      /^\[CONFIG_INVALID\] shake\.toml:2: the value of the variable A cannot stand here: it has a '/,
    ],
  ])('%s', (text, words) => {
    const problems = problemsOf(text, { env: { HOME: '/h', A: "it's" } });
    expect(problems[0]).toMatch(words);
    expect(problems.join()).not.toContain('planted');
  });

  test('a variable that is not set, and a key that is not known, are warnings; with strict the key is a mistake', () => {
    const text = '[sync_reader]\naddress = "a:1"\nadress = "x"\n[redis_writer]\naddress = "b:2"\npassword = "${NONE}"';
    expect(run(text).loaded.warnings).toEqual([
      'shake.toml:6: the variable NONE is not set; ${NONE} stays as it is written',
      'shake.toml:3: the key sync_reader.adress is not known and has no effect. Did you mean sync_reader.address?',
    ]);
    expect(problemsOf(text, { strict: true })).toEqual([
      '[CONFIG_UNKNOWN_KEY] shake.toml:3: the key sync_reader.adress is not known. Did you mean sync_reader.address?',
    ]);
  });

  test('what there is not yet is refused, with its line; its default is not', () => {
    const text = '[sync_reader]\naddress = "a:1"\n[file_writer]\nfilepath = "/x"\n[filter]\nallow_db = []\nfunction = """\nshake.log(1)\n"""\n';
    expect(problemsOf(text).map((line) => line.replace(/, but there is no .*/, ''))).toEqual(['[NOT_YET] default of RedisShake: export.follow is true']);
  });
});

describe("the variables of RedisShake's container", () => {
  const fromEnv = (env: Record<string, string>): Partial<ConfigInput> => ({ configFile: undefined, containerVariables: true, env: { HOME: '/h', ...env } });
  const ADDRESSES = { SHAKE_SRC_ADDRESS: 'a:1', SHAKE_DST_ADDRESS: 'b:2' };

  test('are a sync with what charts have added', () => {
    const env = {
      SYNC: 'true',
      ...ADDRESSES,
      SHAKE_SRC_PASSWORD: 'p',
      SHAKE_SRC_USERNAME: 'u',
      SHAKE_DST_TLS: 'true',
      SHAKE_DST_CLUSTER: 'false',
      SHAKE_DST_OFF_REPLY: '',
    };
    expect(resolveRunConfig({ ...BASE, ...fromEnv(env) })).toMatchObject({
      kind: 'sync',
      loaded: { config: { source: { host: 'a', username: 'u', password: 'p' }, target: { tls: { verify: false } }, spool: { dir: join(folder, 'data') } } },
    });
  });

  test.each<[Record<string, string>, RegExp]>([
    [ADDRESSES, /^\[CONFIG_MISSING\] neither SYNC nor SCAN is true/],
    [{ SYNC: 'true', SHAKE_DST_ADDRESS: 'b:2' }, /^\[CONFIG_MISSING\] no source was given\. Set SHAKE_SRC_ADDRESS to host:port\.$/],
    [
      { SYNC: 'true', SHAKE_SRC_ADDRESS: 'a:1', SHAKE_DST_ADRESS: 'b:2' },
      /^\[CONFIG_MISSING\] no target was given\. The environment variable SHAKE_DST_ADRESS is not known and has no effect\. Did you mean SHAKE_DST_ADDRESS\?$/,
    ],
    [
      { SYNC: 'true', SHAKE_SRC_ADDRESS: 'a:1', GODWIT_TARGET_ADRESS: 'b:2' },
      /no target was given\. The environment variable GODWIT_TARGET_ADRESS is not known and has no effect; did you mean GODWIT_TARGET_ADDRESS\?$/,
    ],
    [{ SYNC: 'true', ...ADDRESSES, SHAKE_SRC_TLS: 'on' }, /^\[CONFIG_INVALID\] env SHAKE_SRC_TLS: sync_reader\.tls is "on"/],
  ])('%j', (env, words) => {
    expect(problemsOf('', fromEnv(env))[0]).toMatch(words);
  });

  test('a key of the file that was meant to be the address is named when there is none', () => {
    expect(problemsOf('[sync_reader]\nadress = "a:1"\n[redis_writer]\naddress = "b:2"\n')).toEqual([
      '[CONFIG_MISSING] no source was given. shake.toml:2: the key sync_reader.adress is not known and has no effect. Did you mean sync_reader.address?',
    ]);
  });

  test('that are not known are told', () => {
    const { warnings } = gatherSettings({ ...BASE, ...fromEnv({ SYNC: '1', ...ADDRESSES, SHAKE_SRC_PASWORD: 'x', SHAKE_EMPTY: '' }) });
    expect(warnings).toEqual(['the environment variable SHAKE_SRC_PASWORD is not known and has no effect. Did you mean SHAKE_SRC_PASSWORD?']);
  });
});

describe("Godwit's own file", () => {
  test.each([
    ['[source]\nurl = "a:1"\n[target]\nurl = "b:2"', 'sync'],
    ['[load]\nfile = "x"\n[target]\nurl = "b:2"', 'load'],
    ['[load]\nfile = "x"\n[export]\nto = "y.jsonl"', 'export'],
    ['[source]\nurl = "a:1"\n[load]\nfile = "x"\n[target]\nurl = "b:2"\n[run]\nkind = "sync"', 'sync'],
  ])('%j is a job of the kind %s', (text, kind) => {
    expect(run(text).kind).toBe(kind);
  });

  test.each(['[target]\nurl = "b:2"', '[export]\nto = "y.jsonl"'])('names its losses in the file that it says: %j', (rest) => {
    const { kind, loaded } = run(`[load]\nfile = "x"\n${rest}\n[report]\nfile = "losses.jsonl"`);
    expect(kind === 'export' ? loaded.report : loaded.config.report.file).toBe(join(folder, 'losses.jsonl'));
  });

  test('refuses what there is not yet just so, but not what belongs to another kind of job', () => {
    expect(problemsOf('source.url = "a:1"\n[scan]\ncount = 5\n[export]\nto = "/x"\nfollow = true\n[rate]\ncommands = 7')).toEqual([
      expect.stringMatching(/^\[NOT_YET\] shake\.toml:6: export\.follow is true, but there is no export that follows/),
    ]);
  });
});
