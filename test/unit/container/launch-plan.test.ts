import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type LaunchGiven, type LaunchPlan, planLaunch } from '../../../src/cli/container/launch-plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'godwit-launch-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ADDRESSES = { SHAKE_SRC_ADDRESS: 'a:1', SHAKE_DST_ADDRESS: 'b:2' };

function plan(given: Partial<LaunchGiven> & { readonly mounted?: readonly string[] } = {}): LaunchPlan {
  const mounted = (given.mounted ?? []).map((name) => `/etc/godwit/${name}`);
  return planLaunch({ args: [], env: {}, cwd: folder, isFile: (path) => mounted.includes(path), ...given });
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('without words', () => {
  test.each<[string, Parameters<typeof plan>[0], readonly string[]]>([
    ['SYNC', { env: { SYNC: 'true', ...ADDRESSES } }, ['run', '--from-env']],
    ['SCAN', { env: { SCAN: '1', ...ADDRESSES } }, ['run', '--from-env']],
    ['addresses alone, which godwit asks SYNC for', { env: ADDRESSES }, ['run', '--from-env']],
    ['a mounted shake.toml', { mounted: ['shake.toml'] }, ['run', '/etc/godwit/shake.toml']],
    ['a mounted godwit.toml, and SYNC that is off', { mounted: ['godwit.toml'], env: { SYNC: 'false' } }, ['run', '/etc/godwit/godwit.toml']],
    ['a mounted shake.toml whose variables are set', { mounted: ['shake.toml'], env: ADDRESSES }, ['run', '/etc/godwit/shake.toml']],
    ['a named file, before mounted ones', { mounted: ['shake.toml', 'godwit.toml'], env: { GODWIT_CONFIG: 'x.toml' } }, ['run']],
    ['a file as an option', { mounted: ['shake.toml'], args: ['--config', 'y.toml'] }, ['run', '--config', 'y.toml']],
    ['options alone', { mounted: ['shake.toml'], args: ['--finish'] }, ['run', '/etc/godwit/shake.toml', '--finish']],
    ['variables of Godwit', { env: { GODWIT_SOURCE_URL: 'a', GODWIT_TARGET_URL: 'b' } }, ['run']],
  ])('%s', (_name, given, words) => {
    expect(plan(given).words).toEqual(words);
  });

  test.each<[string, Parameters<typeof plan>[0], RegExp]>([
    ['nothing', { env: { PATH: '/bin', GODWIT_STATUS_PORT: '1', SYNC: '' } }, /^\[CONFIG_MISSING\] the container was not told what to do\. Mount /],
    [
      'two files',
      { mounted: ['shake.toml', 'godwit.toml'] },
      /^\[CONFIG_INVALID\] \/etc\/godwit\/godwit\.toml and \/etc\/godwit\/shake\.toml exclude each other/,
    ],
    ['a file and SYNC', { mounted: ['shake.toml'], env: { SYNC: 'true' } }, /^\[CONFIG_INVALID\] \/etc\/godwit\/shake\.toml and SYNC=true exclude each other/],
  ])('%s is a mistake', (_name, given, words) => {
    expect(() => plan(given)).toThrow(expect.objectContaining({ toLine: expect.anything() as unknown }) as Error);
    try {
      plan(given);
    } catch (error) {
      expect((error as { toLine(): string }).toLine()).toMatch(words);
    }
  });
});

describe('words', () => {
  test.each([
    [
      ['sync', 'a', 'b'],
      ['sync', 'a', 'b'],
    ],
    [
      ['godwit', 'load', 'x.rdb'],
      ['load', 'x.rdb'],
    ],
    [
      ['./redis-shake', '/conf/shake.toml', '--strict'],
      ['run', '/conf/shake.toml', '--strict'],
    ],
    [['--help'], ['--help']],
    [['-V'], ['-V']],
    [
      ['explain', 'x.toml'],
      ['explain', 'x.toml'],
    ],
  ])('%j are %j', (args, words) => {
    expect(plan({ args, mounted: ['shake.toml'] }).words).toEqual(words);
  });
});

describe('the status', () => {
  const sides = { GODWIT_SOURCE_URL: 'a', GODWIT_TARGET_URL: 'b' };
  const DEFAULTS = { GODWIT_STATUS_PORT: '8080', GODWIT_STATUS_HOST: '0.0.0.0' };
  const native = '[source]\nurl = "a"\n[target]\nurl = "b"\n';
  const shake = '[sync_reader]\naddress = "a:1"\n[redis_writer]\naddress = "b:2"\n[advanced]\n';
  const none = { host: '', port: null };

  test.each<[string, Parameters<typeof plan>[0], LaunchPlan['variables'], LaunchPlan['status']]>([
    ['listens on 8080', { env: sides }, DEFAULTS, { host: '0.0.0.0', port: 8080 }],
    ['an empty variable is none', { env: { ...sides, GODWIT_STATUS_PORT: '' } }, DEFAULTS, { host: '0.0.0.0', port: 8080 }],
    ['a variable', { env: { ...sides, GODWIT_STATUS_PORT: '9' } }, { GODWIT_STATUS_HOST: '0.0.0.0' }, { host: '0.0.0.0', port: 9 }],
    ['flags', { args: ['sync', '--status-port', '7', '--status-host=::'] }, {}, { host: '::', port: 7 }],
    ['off', { env: { ...sides, GODWIT_STATUS_PORT: 'off' } }, { GODWIT_STATUS_HOST: '0.0.0.0' }, none],
    ['any free port', { args: ['sync', '--status-port=0'] }, { GODWIT_STATUS_HOST: '0.0.0.0' }, none],
    ['a file', { args: [file('a.toml', `${native}[status]\nport = 81\nhost = "10.0.0.9"\n`)] }, {}, { host: '10.0.0.9', port: 81 }],
    ['a file of RedisShake', { args: [file('b.toml', `${shake}status_port = 82\n`)] }, {}, { host: '0.0.0.0', port: 82 }],
    ['a file that says nothing of it', { env: { GODWIT_CONFIG: file('c.toml', shake) } }, DEFAULTS, { host: '0.0.0.0', port: 8080 }],
    ['a file that cannot be read', { args: ['run', 'nowhere.toml'] }, DEFAULTS, { host: '0.0.0.0', port: 8080 }],
    [
      'a load',
      { args: ['load', 'x.rdb', '--config', file('d.toml', '[status]\nport = 83\n')] },
      { GODWIT_STATUS_HOST: '0.0.0.0' },
      { host: '0.0.0.0', port: 83 },
    ],
    ['an export by a file', { args: [file('e.toml', '[load]\nfile = "x"\n[export]\nto = "y.jsonl"\n')] }, {}, none],
    ['an export', { args: ['export', 'a:1', '--to', 'x'] }, {}, none],
    ['no job', { args: ['--version'] }, {}, none],
  ])('%s', (_name, given, variables, status) => {
    expect(plan(given)).toMatchObject({ variables, status });
    expect(plan(given).variables).toEqual(variables);
  });
});
