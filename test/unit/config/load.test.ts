import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { explainTable, explainValues } from '../../../src/config/explain.ts';
import type { ConfigInput } from '../../../src/config/gather-settings.ts';
import { ConfigError } from '../../../src/config/config-error.ts';
import { loadConfig, resolveConfig } from '../../../src/config/load.ts';
import { optionsOf } from '../../../src/config/options-of.ts';
import { OPTIONS } from '../../../src/config/schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'godwit-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BASE: ConfigInput = { flags: {}, sourceArgument: 'redis://127.0.0.1', targetArgument: 'redis://10.0.0.2:6380', env: { HOME: '/home/u' }, cwd: folder };
const NO_ADDRESSES: ConfigInput = { ...BASE, sourceArgument: undefined, targetArgument: undefined };

function file(text: string, name = 'godwit.toml'): string {
  writeFileSync(join(folder, name), text);
  return name;
}

function problemsOf(input: Partial<ConfigInput>): string[] {
  try {
    loadConfig({ ...BASE, ...input });
  } catch (error) {
    if (error instanceof ConfigError) return error.toLine().split('\n');
    throw error;
  }
  return [];
}

const fromOf = (input: Partial<ConfigInput>, key: string): string =>
  explainValues(resolveConfig({ ...BASE, ...input }).effective).find((row) => row.key === key)!.from;

describe('defaults', () => {
  test('two addresses are enough', () => {
    const { config, warnings, secrets } = loadConfig(BASE);
    expect(config).toEqual({
      source: { host: '127.0.0.1', port: 6379 },
      sourceSide: { kind: 'auto', seeds: [{ host: '127.0.0.1', port: 6379 }], announced: { addressMap: new Map(), preferHostname: false } },
      preferReplica: false,
      psyncCommands: [],
      otherSources: [],
      target: { host: '10.0.0.2', port: 6380 },
      targetSide: { kind: 'auto', seeds: [{ host: '10.0.0.2', port: 6380 }], announced: { addressMap: new Map(), preferHostname: false } },
      job: { name: '127.0.0.1-6379-to-10.0.0.2-6380' },
      sync: {
        onExisting: 'fail',
        flushTarget: false,
        yes: false,
        onError: 'stop',
        onUnsupported: 'stop',
        onCrossSlot: 'split',
        onLostPosition: 'resync',
        stopAfter: 'never',
        stopWhenLagBelowBytes: -1,
        fullSync: true,
        dryRun: false,
        finish: false,
        fullSyncConcurrency: 1,
      },
      rules: null,
      rate: { commands: 0, bytes: 0 },
      limits: { valueBytesMax: 0, unansweredBytesMax: 0 },
      keepalive: { intervalMs: 0, idleLimitMs: 0, deadAfterMs: 0 },
      reconnect: { delayMinMs: 100, delayMaxMs: 10_000, attemptsMax: 0, connectTimeoutMs: 5000 },
      spool: { dir: '/home/u/.local/state/godwit', maxBytes: 0, retainMs: 60_000, retainBytes: 268_435_456 },
      checkpoint: { prefix: '__godwit' },
      doctor: { intervalMs: 60_000 },
      deadLetter: { file: '' },
      report: { file: '' },
      status: { port: -1, host: '127.0.0.1', token: '', isShake: false },
      alerts: expect.objectContaining({ webhooks: [], awayMs: 30_000, reconnectsMax: 6, lagBytes: 1024 ** 3, repeatMs: 4 * 3_600_000 }) as unknown,
      log: { level: 'info', format: 'auto', intervalMs: 5000, file: { path: '', bytesMax: 0, ageMaxMs: 0, filesMax: 0, compress: false } },
    });
    expect(warnings).toEqual([]);
    expect(secrets).toEqual([]);
  });

  test('the spool follows XDG_STATE_HOME, and its lack is told', () => {
    expect(loadConfig({ ...BASE, env: { XDG_STATE_HOME: '/state/', HOME: '/h' } }).config.spool.dir).toBe('/state/godwit');
    expect(problemsOf({ env: {} })).toEqual([expect.stringMatching(/^\[CONFIG_MISSING\] spool.dir is not given/)]);
  });

  test('the name of the job is stable, valid and at most 64 characters long', () => {
    const long = `redis://${'a'.repeat(60)}.example:7000`;
    const name = loadConfig({ ...BASE, sourceArgument: long }).config.job.name;
    expect(name).toMatch(/^a+\.?[a-z.]*-[0-9a-f]{12}$/);
    expect(name).toHaveLength(64);
    expect(loadConfig({ ...BASE, sourceArgument: 'redis://[::1]:6380', targetArgument: 'Host:1' }).config.job.name).toBe('1-6380-to-host-1');
  });
});

describe('layers', () => {
  const configFile = file('[sync]\non_existing = "skip"\n[log]\nlevel = "debug"\n[spool]\ndir = "spools"\n', 'layers.toml');
  const env = { HOME: '/h', GODWIT_ON_EXISTING: 'replace', GODWIT_LOG_LEVEL: 'warn', GODWIT_STATUS_PORT: '' };

  test('flag over environment over file over default, and each knows where it came from', () => {
    const input = { configFile, env, flags: { 'sync.on_existing': 'fail' } } as const;
    const { config } = loadConfig({ ...BASE, ...input });
    expect(config.sync.onExisting).toBe('fail');
    expect(config.log.level).toBe('warn');
    expect(config.spool.dir).toBe(join(folder, 'spools'));
    expect(config.status.port).toBe(-1);
    expect(fromOf(input, 'sync.on_existing')).toBe('flag --on-existing');
    expect(fromOf(input, 'log.level')).toBe('env GODWIT_LOG_LEVEL');
    expect(fromOf(input, 'spool.dir')).toBe('layers.toml:6');
    expect(fromOf(input, 'status.port')).toBe('default');
    expect(fromOf(input, 'source.url')).toBe('argument SOURCE');
  });

  test('the file may be named by GODWIT_CONFIG', () => {
    expect(loadConfig({ ...BASE, env: { HOME: '/h', GODWIT_CONFIG: configFile } }).config.sync.onExisting).toBe('skip');
  });

  test('an unknown GODWIT_ variable is a warning with the nearest name', () => {
    const { warnings } = loadConfig({ ...BASE, env: { HOME: '/h', GODWIT_ON_EXISTIN: 'skip' } });
    expect(warnings).toEqual(['the environment variable GODWIT_ON_EXISTIN is not known and has no effect; did you mean GODWIT_ON_EXISTING?']);
  });

  test('${...} is not expanded in the file', () => {
    const { config } = loadConfig({
      ...NO_ADDRESSES,
      configFile: file('source.url="redis://:${PW}@a"\ntarget.address="b"', 'x.toml'),
      env: { HOME: '/h', PW: 'no' },
    });
    expect(config.source.password).toBe('${PW}');
  });
});

describe('endpoints', () => {
  const twoParts =
    '[source]\naddress = "a:1"\nusername = "u"\npassword = "file-pw"\n[target]\nurl = "rediss://t:2"\ntls = { verify = false, server_name = "n" }\n';

  test('are made of parts or of a URL', () => {
    const { config, secrets } = loadConfig({ ...NO_ADDRESSES, configFile: file(twoParts, 'parts.toml') });
    expect(config.source).toEqual({ host: 'a', port: 1, username: 'u', password: 'file-pw' });
    expect(config.target).toEqual({ host: 't', port: 2, tls: { verify: false, serverName: 'n' } });
    expect(secrets).toEqual(['file-pw']);
  });

  test('take the password from the environment, and say so without showing it', () => {
    const input = { ...BASE, sourceArgument: 'redis://u@a', env: { HOME: '/h', GODWIT_SOURCE_PASSWORD: 'planted-secret' } };
    expect(loadConfig(input).config.source).toEqual({ host: 'a', port: 6379, username: 'u', password: 'planted-secret' });
    const table = explainTable(resolveConfig(input).effective);
    expect(table).toMatch(/source\.password +\*\*\*\* +env GODWIT_SOURCE_PASSWORD/);
    expect(table + JSON.stringify(explainValues(resolveConfig(input).effective))).not.toContain('planted-secret');
  });

  test('take the password from a file, without its line end', () => {
    writeFileSync(join(folder, 'pw'), 'from-file \n');
    const input = { ...BASE, configFile: file('[source]\npassword_file = "pw"', 'pwfile.toml') };
    expect(loadConfig(input).config.source.password).toBe('from-file ');
    expect(fromOf(input, 'source.password')).toBe('pwfile.toml:2');
    expect(problemsOf({ flags: { 'target.password_file': 'absent' } })[0]).toMatch(
      /^\[CONFIG_INVALID\] flag --target-password-file: .*absent, which cannot be read: there is no such file/,
    );
  });

  test('never send the password of one address to another', () => {
    const configFile = file('source.url = "redis://u:for-a@a"', 'own.toml');
    expect(loadConfig({ ...BASE, configFile, sourceArgument: 'redis://b' }).config.source).toEqual({ host: 'b', port: 6379 });
  });

  test('the higher rank of two passwords wins, the same rank is refused', () => {
    expect(loadConfig({ ...BASE, sourceArgument: 'redis://:flag@a', env: { HOME: '/', GODWIT_SOURCE_PASSWORD: 'env' } }).config.source.password).toBe('flag');
    expect(problemsOf({ sourceArgument: 'redis://:one@a', flags: { 'source.password': 'two' } })).toEqual([
      '[CONFIG_INVALID] source.password is given twice: flag --source-password and argument SOURCE. Give it once, in the URL or by itself.',
    ]);
    expect(problemsOf({ flags: { 'source.url': 'redis://x' } })[0]).toMatch(/source.url is given twice: flag --source and argument SOURCE/);
  });

  test.each([
    [{ sourceArgument: undefined }, /^\[CONFIG_MISSING\] no source was given. Give it as SOURCE .*GODWIT_SOURCE_URL/],
    [{ sourceArgument: 'redis://secretword@a' }, /^\[CONFIG_MISSING\] argument SOURCE: the source has a user but no password\./],
    [{ sourceArgument: 'redis://u:secretword@a/2' }, /^\[CONFIG_INVALID\] argument SOURCE: source.url "redis:\/\/u:\*\*\*\*@a\/2" selects database 2/],
    [{ flags: { 'source.tls.server_name': 'x' } }, /source.tls.server_name is given, but TLS is off for the source/],
    [{ sourceArgument: 'rediss://a?tls_ca=/nonexistent' }, /source.tls.ca names \/nonexistent, which cannot be read: there is no such file/],
    [{ sourceArgument: 'rediss://a', flags: { 'source.tls.enabled': false } }, /source.tls.enabled is given twice/],
    [{ sourceArgument: undefined, flags: { 'source.address': 'redis://secretword@a' } }, /takes host:port alone/],
    [{ sourceArgument: '10.0.0.2:6380' }, /^\[SAME_SERVER\] source \(argument SOURCE\) and target \(argument TARGET\) are the same address/],
  ] as [Partial<ConfigInput>, RegExp][])('a misuse is one line: %j', (input, line) => {
    const lines = problemsOf(input);
    expect(lines).toEqual([expect.stringMatching(line)]);
    expect(lines[0]).not.toContain('secretword');
  });

  test('a client certificate needs its key', () => {
    writeFileSync(join(folder, 'cert.pem'), 'x');
    expect(problemsOf({ sourceArgument: 'rediss://a', flags: { 'source.tls.cert': 'cert.pem' } })[0]).toMatch(
      /source.tls.cert is given without source.tls.key/,
    );
  });
});

describe('several sources', () => {
  const others = (word: string, env = {}): ReturnType<typeof resolveConfig> =>
    resolveConfig({ ...BASE, env: { ...BASE.env, ...env }, flags: { 'source.others': word } });

  test('have credentials of their own, or those that were given for the side by themselves', () => {
    const { config } = others('redis://u:secret@b:1 c', { GODWIT_SOURCE_PASSWORD: 'common' });
    expect(config?.otherSources).toEqual([
      { host: 'b', port: 1, username: 'u', password: 'secret' },
      { host: 'c', port: 6379, password: 'common' },
    ]);
    expect(config?.job.name).toBe('127.0.0.1-6379-and-b-1-and-c-6379-to-10.0.0.2-6380');
    expect(resolveConfig({ ...BASE, sourceArgument: 'redis://:mine@a', flags: { 'source.others': 'c' } }).config?.otherSources).toEqual([
      { host: 'c', port: 6379 },
    ]);
  });

  test('stop when a position is lost, unless told otherwise', () => {
    expect(others('b').config?.sync.onLostPosition).toBe('stop');
    expect(resolveConfig({ ...BASE, flags: { 'source.others': 'b', 'sync.on_lost_position': 'resync' } }).config?.sync.onLostPosition).toBe('resync');
    expect(loadConfig(BASE).config.sync.onLostPosition).toBe('resync');
  });

  test('are different servers, none of them the target, and no cluster', () => {
    const messages = (word: string): string =>
      others(word)
        .problems.map(({ code, message }) => `${code} ${message}`)
        .join();
    expect(messages('127.0.0.1:6379')).toMatch(/CONFIG_INVALID .*source.others names 127.0.0.1:6379, which is a source already/);
    expect(messages('b b')).toMatch(/names b:6379, which is a source already/);
    expect(messages('10.0.0.2:6380')).toMatch(/SAME_SERVER/);
    expect(messages('redis+cluster://b')).toMatch(/is not the address of one standalone server/);
  });
});

describe('mistakes', () => {
  test('all of a file are reported at once, each with its line and its fix', () => {
    const configFile = file(
      [
        '[sync]',
        'on_exsting = "skip"',
        'on-error = "stop"',
        'on_lost_position = "resink"',
        '[keepalive]',
        'interval = "soon"',
        'max_bytes = 5',
        '[status]',
        'port = 70000',
        '[sorce]',
        'url = "x"',
        '[target]',
        'tls = true',
        'password = 12',
        '[spool]',
        'retain = true',
        '[source]',
        'url = ""',
        'tls.verfy = false',
      ].join('\n'),
      'bad.toml',
    );
    expect(problemsOf({ configFile })).toEqual([
      '[CONFIG_UNKNOWN_KEY] bad.toml:2: the key sync.on_exsting is not known. Did you mean sync.on_existing? `godwit explain` lists all keys.',
      '[CONFIG_UNKNOWN_KEY] bad.toml:3: the key sync.on-error is not known. Did you mean sync.on_error? `godwit explain` lists all keys.',
      '[CONFIG_INVALID] bad.toml:4: sync.on_lost_position is "resink", allowed is one of resync, stop. Did you mean resync?',
      expect.stringMatching(
        /^\[CONFIG_INVALID\] bad\.toml:6: keepalive\.interval is "soon", allowed is a duration such as 500ms.*, from 100ms to 1h, or auto\./,
      ),
      '[CONFIG_UNKNOWN_KEY] bad.toml:7: the key keepalive.max_bytes is not known. Did you mean spool.max_bytes? `godwit explain` lists all keys.',
      expect.stringMatching(/^\[CONFIG_INVALID\] bad\.toml:9: status\.port is 70000, allowed is a whole number from 0 to 65535, or off\./),
      '[CONFIG_UNKNOWN_KEY] bad.toml:10: the key sorce is not known. Did you mean source? `godwit explain` lists all keys.',
      expect.stringMatching(
        /^\[CONFIG_INVALID\] bad\.toml:13: target\.tls is a section, not a value\. Write \[target\.tls\] and below it its keys: enabled, verify/,
      ),
      expect.stringMatching(/^\[CONFIG_INVALID\] bad\.toml:14: target\.password is \*\*\*\*, allowed is a text\./),
      expect.stringMatching(/^\[CONFIG_INVALID\] bad\.toml:16: spool\.retain is true, allowed is a duration/),
      expect.stringMatching(/^\[CONFIG_INVALID\] bad\.toml:18: source\.url is empty, allowed is redis:/),
      '[CONFIG_UNKNOWN_KEY] bad.toml:19: the key source.tls.verfy is not known. Did you mean source.tls.verify? `godwit explain` lists all keys.',
    ]);
  });

  test('the wrong value of a flag and of a variable names its place, and a URL in it keeps its password', () => {
    expect(problemsOf({ flags: { 'log.level': 'loud' } })).toEqual([
      expect.stringMatching(/^\[CONFIG_INVALID\] flag --log-level: log.level is "loud", allowed is one of debug, info/),
    ]);
    const env = { HOME: '/', GODWIT_JOB: 'redis://u:planted@h', GODWIT_YES: 'perhaps' };
    const lines = problemsOf({ env });
    expect(lines).toEqual([
      expect.stringMatching(/env GODWIT_JOB: job.name is "redis:\/\/u:\*\*\*\*@h", allowed is 1 to 64/),
      expect.stringMatching(/env GODWIT_YES: sync.yes is "perhaps", allowed is true or false/),
    ]);
  });

  test.each([
    [
      { 'keepalive.interval': '10s', 'keepalive.idle_limit': '15s' },
      /^\[KEEPALIVE_TOO_LONG\] flag --keepalive-interval: keepalive.interval \(10s\) is longer than half of keepalive.idle_limit \(15s\)/,
    ],
    [{ 'keepalive.interval': '20s', 'keepalive.dead_after': '5s' }, /keepalive.dead_after \(5s\) is shorter than keepalive.interval \(20s\)/],
    [{ 'reconnect.delay_min': '1m' }, /flag --reconnect-delay-min: reconnect.delay_min \(1m\) is longer than reconnect.delay_max \(10s\)/],
    [{ 'sync.finish': true, 'sync.flush_target': true }, /exclude each other/],
  ] as [ConfigInput['flags'], RegExp][])('options that contradict each other: %j', (flags, line) => {
    expect(problemsOf({ flags })).toEqual([expect.stringMatching(line)]);
  });

  test('a file that cannot be read, and one that is no TOML, name the place', () => {
    expect(problemsOf({ configFile: 'absent.toml' })).toEqual([
      expect.stringMatching(/^\[CONFIG_UNREADABLE\] .*absent\.toml cannot be read: there is no such file\. Check the path/),
    ]);
    expect(problemsOf({ configFile: folder })).toEqual([expect.stringMatching(/it is a directory/)]);
    writeFileSync(join(folder, 'binary.toml'), Buffer.from([0xff, 0xfe, 0]));
    expect(problemsOf({ configFile: 'binary.toml' })).toEqual([expect.stringMatching(/it is not UTF-8 text/)]);
    const lines = problemsOf({ configFile: file('[source]\nurl = "redis://u:planted@h\n', 'syntax.toml') });
    expect(lines).toEqual([expect.stringMatching(/^\[CONFIG_SYNTAX\] syntax\.toml:2:\d+ \(line 2, column \d+\): .* Mend the line/)]);
    expect(lines[0]).not.toContain('planted');
  });
});

describe('schema', () => {
  test('keys, flags and variables are unique and well formed', () => {
    for (const [field, form] of [
      ['key', /^[a-z_]+(\.[a-z_]+)+$/],
      ['flag', /^--[a-z-]+$/],
      ['env', /^GODWIT_[A-Z_]+$/],
    ] as const) {
      const names = OPTIONS.map((option) => option[field]);
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(form);
    }
  });

  test('every default is shown as something that can be given again', () => {
    for (const { key, type, fallback } of OPTIONS) if (fallback !== undefined) expect([key, type.read(type.show(fallback), true)]).toEqual([key, fallback]);
  });

  test('every option reaches the configuration', () => {
    writeFileSync(join(folder, 'reach'), 'far-reach');
    writeFileSync(join(folder, 'hooks'), '# ours\nhttps://a.example/b\n');
    const other: Record<string, string> = {
      string: 'other',
      boolean: 'true',
      integer: '7',
      duration: '7s',
      size: '77mb',
      url: 'other',
      path: 'reach',
      secret: 'other',
      number: '7',
    };
    const own: Record<string, string | readonly string[]> = {
      'checkpoint.prefix': 'mine',
      'status.host': '0.0.0.0',
      'keepalive.interval': '7s',
      'source.psync_commands': ['a:1@x'],
      'transform.db_map': '0=3',
      'transform.rename': ['prefix:a=>b'],
    };
    // Only with something else beside them.
    const beside: Record<string, Partial<ConfigInput['flags']>> = {
      'transform.expand': { 'transform.function': 'x' },
      ...Object.fromEntries(['mixed', 'unknown', 'flush', 'keyless'].map((name) => [`filter.on_${name}`, { 'filter.allow_keys': ['a'] }])),
    };
    Object.assign(own, { 'status.token': 'long-enough', 'alerts.webhooks': 'https://a.example/b', 'alerts.webhooks_file': 'hooks' });
    for (const side of ['source', 'target']) own[`${side}.address_map`] = 'a=b';
    const asText = (config: unknown): string => JSON.stringify(config, (_key, value: unknown) => (value instanceof Map ? [...value] : value));
    for (const { key, type, fallback, section } of optionsOf('sync')) {
      const word = type.words.find((candidate) => candidate !== fallback);
      const value = own[key] ?? word ?? (fallback === true ? 'false' : type.kind === 'list' ? ['7'] : other[type.kind]);
      const isAddress = /^\w+\.(?:url|address)$/.test(key);
      // What is said of sentinels counts behind sentinels only, and their addresses stand alone.
      if (key.includes('.sentinel.')) continue;
      const base: ConfigInput = {
        ...BASE,
        sourceArgument:
          isAddress && section === 'source' ? undefined : `${key.startsWith('source.tls') && !key.endsWith('enabled') ? 'rediss' : 'redis'}://127.0.0.1`,
        targetArgument:
          isAddress && section === 'target' ? undefined : `${key.startsWith('target.tls') && !key.endsWith('enabled') ? 'rediss' : 'redis'}://10.0.0.2`,
        env: { HOME: '/h', GODWIT_SOURCE_PASSWORD: 'one', GODWIT_TARGET_PASSWORD: 'one' },
        flags:
          key in beside
            ? beside[key]
            : key.endsWith('.tls.cert')
              ? { [`${section}.tls.key`]: 'reach' }
              : key.endsWith('.tls.key')
                ? { [`${section}.tls.cert`]: 'reach' }
                : {},
      };
      const compare = isAddress ? { ...base, sourceArgument: 'redis://127.0.0.1', targetArgument: 'redis://10.0.0.2' } : base;
      const before = resolveConfig({ ...compare, flags: key.includes('.tls.cert') || key.includes('.tls.key') ? {} : base.flags });
      const after = resolveConfig({ ...base, flags: { ...base.flags, [key]: value } });
      expect([key, after.problems]).toEqual([key, []]);
      expect([key, asText(after.config)]).not.toEqual([key, asText(before.config)]);
    }
  });
});
