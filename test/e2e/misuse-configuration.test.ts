/** Mistakes in files, flags and variables: one clear line each, before any connection is made. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { optionsOf } from '../../src/config/options-of.ts';
import { OPTIONS } from '../../src/config/schema.ts';
import type { ErrorCode } from '../../src/errors/codes.ts';
import { oneLine } from '../support/one-line.ts';
import { runGodwit } from '../support/run-godwit.ts';

/** Nobody listens there: a run that went on to connect would say something else. */
const ADDRESSES = ['redis://127.0.0.1:1', 'redis://127.0.0.1:2'] as const;

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'godwit-misuse-'));
  mkdirSync(join(folder, 'a-directory'));
  symlinkSync('nowhere.toml', join(folder, 'broken-link.toml'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function refused(code: ErrorCode, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const run = await runGodwit(['sync', ...args], { cwd: folder, env: { HOME: folder, ...env } });
  expect(run.stdout.split('\n').filter((line) => !line.startsWith('{"level":"error"'))).toEqual(['']);
  return oneLine(run, code);
}

function withFile(text: string | Buffer): string[] {
  writeFileSync(join(folder, 'godwit.toml'), text);
  return [...ADDRESSES, '--config', 'godwit.toml'];
}

describe('a configuration file', () => {
  test.each([
    ['is not there', 'nowhere.toml', /^the configuration file nowhere\.toml cannot be read: there is no such file\. Check/],
    ['is a directory', 'a-directory', /a-directory cannot be read: it is a directory\./],
    ['is a link to nowhere', 'broken-link.toml', /broken-link\.toml cannot be read: there is no such file\./],
    ['lies below a file', 'godwit.toml/below', /godwit\.toml\/below cannot be read: a part of its path is a file\./],
  ])('%s', async (_, file, words) => {
    withFile('');
    expect(await refused('CONFIG_UNREADABLE', [...ADDRESSES, '--config', file])).toMatch(words);
    expect(await refused('CONFIG_UNREADABLE', ADDRESSES, { GODWIT_CONFIG: file })).toMatch(words);
  });

  test.each<[string, ErrorCode, string | Buffer, RegExp]>([
    ['is no text', 'CONFIG_UNREADABLE', Buffer.from([0xff, 0xfe, 0, 1]), /cannot be read: it is not UTF-8 text/],
    ['is not TOML', 'CONFIG_SYNTAX', '[spool]\nmax_bytes = 20gb\n', /^godwit\.toml:2:15 \(line 2, column 15\): /],
    [
      'has a mistyped key',
      'CONFIG_UNKNOWN_KEY',
      '[keepalive]\nidel_limit = "4m"\n',
      /^godwit\.toml:2: the key keepalive\.idel_limit is not known\. Did you mean keepalive\.idle_limit\?/,
    ],
    [
      'has a mistyped section',
      'CONFIG_UNKNOWN_KEY',
      '[keepalve]\nidle_limit = "4m"\n',
      /^godwit\.toml:1: the key keepalve is not known\. Did you mean keepalive\?/,
    ],
    [
      'has a value of another type',
      'CONFIG_INVALID',
      '[spool]\nmax_bytes = true\n',
      /^godwit\.toml:2: spool\.max_bytes is true, allowed is a size such as 64mb/,
    ],
    [
      'has a value with an unknown unit',
      'CONFIG_INVALID',
      '[keepalive]\nidle_limit = "4 mins"\n',
      /^godwit\.toml:2: keepalive\.idle_limit is "4 mins", allowed is a duration such as/,
    ],
    ['has a value out of range', 'CONFIG_INVALID', '[spool]\nmax_bytes = "1mb"\n', /^godwit\.toml:2: spool\.max_bytes is "1mb", allowed is .* from 16mb to /],
    ['has a mistyped choice', 'CONFIG_INVALID', '[sync]\non_existing = "skp"\n', /^godwit\.toml:2: sync\.on_existing is "skp", .* Did you mean skip\?/],
    [
      'names a password file that is not there',
      'CONFIG_INVALID',
      '[source]\npassword_file = "gone"\n',
      /^godwit\.toml:2: source\.password_file names .*gone, which cannot be read: there is no such file\./,
    ],
  ])('%s', async (_, code, text, words) => {
    expect(await refused(code, withFile(text))).toMatch(words);
  });
});

describe('a command line', () => {
  test.each<[string, ErrorCode, string[], RegExp]>([
    [
      'a scheme of others',
      'CONFIG_INVALID',
      ['http://127.0.0.1:1', ADDRESSES[1]],
      /has the unknown scheme http:\/\/ .*Write redis:\/\/<user>:<password>@<host>:<port>/,
    ],
    ['a port that is none', 'CONFIG_INVALID', [ADDRESSES[0], '127.0.0.1:99999'], /^argument TARGET: .* has a port that is not a number from 1 to 65535/],
    ['a unix socket', 'CONFIG_INVALID', ['/run/redis.sock', ADDRESSES[1]], /^argument SOURCE: .* names a unix socket/],
    [
      'a user without a password',
      'CONFIG_MISSING',
      ['redis://user@127.0.0.1:1', ADDRESSES[1]],
      /the source has a user but no password\. Write redis:\/\/<user>:<password>@<host>/,
    ],
    ['no target', 'CONFIG_MISSING', [ADDRESSES[0]], /^no target was given\. Give it as TARGET/],
    ['the same address twice', 'SAME_SERVER', [ADDRESSES[0], '127.0.0.1:1'], /are the same address, 127\.0\.0\.1:1\. Check both addresses/],
    ['an unknown flag', 'CONFIG_INVALID', [...ADDRESSES, '--on-exsting', 'skip'], /^unknown option '--on-exsting'\. Did you mean --on-existing\?/],
    ['a flag without its value', 'CONFIG_INVALID', [...ADDRESSES, '--on-existing'], /argument missing\. See `godwit --help`/],
    [
      'a value that is not allowed',
      'CONFIG_INVALID',
      [...ADDRESSES, '--reconnect-attempts', 'few'],
      /^flag --reconnect-attempts: .* allowed is a whole number/,
    ],
    ['a flush that nobody can confirm', 'FLUSH_NOT_CONFIRMED', [...ADDRESSES, '--flush-target'], /no terminal to ask on\. Add --yes/],
  ])('%s', async (_, code, args, words) => {
    expect(await refused(code, args)).toMatch(words);
  });

  test('an unknown command', async () => {
    expect(oneLine(await runGodwit(['synch', ...ADDRESSES]), 'CONFIG_INVALID')).toMatch(/^unknown command 'synch'\. Did you mean sync\?/);
  });

  test('a value in the environment that is not allowed', async () => {
    expect(await refused('CONFIG_INVALID', ADDRESSES, { GODWIT_KEEPALIVE_INTERVAL: 'often' })).toMatch(
      /^env GODWIT_KEEPALIVE_INTERVAL: keepalive\.interval is "often"/,
    );
  });

  test('a status port that is in use, and a status host that this machine has not', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const words = await refused('CONFIG_INVALID', [...ADDRESSES, '--status-port', String(port)]);
    taken.close();
    expect(words).toMatch(/^the status server cannot listen on 127\.0\.0\.1:\d+: the port is taken\. Choose another --status-port/);
    const elsewhere = await refused('CONFIG_INVALID', [...ADDRESSES, '--status-port', '0', '--status-host', '203.0.113.7']);
    expect(elsewhere).toMatch(/203\.0\.113\.7:0: this machine has no such address\./);
  });
});

test('what is documented is what the built command knows', async () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z_.]+)` \| `([^`]+)` \| `(GODWIT_\w+)` \|/gm)].map(([, key = '', flag = '', env = '']) => ({
    key,
    flag: flag.replace('[no-]', ''),
    env,
  }));
  const { stdout: explained } = await runGodwit(['explain', '--json'], { env: { HOME: folder } });
  const explainable = (JSON.parse(explained) as { key: string; flag: string; env: string }[]).map(({ key, flag, env }) => ({ key, flag, env }));
  expect(explainable.length).toBeGreaterThan(40);
  expect(explainable).toEqual(optionsOf('sync').map(({ key, flag, env }) => ({ key, flag, env })));
  expect(rows).toEqual(OPTIONS.map(({ key, flag, env }) => ({ key, flag, env })));
  for (const command of ['sync', 'load', 'run'] as const) {
    const { stdout: help } = await runGodwit([command, '--help']);
    const keys = new Set<string>(optionsOf(command).map(({ key }) => key));
    for (const { key, flag, env } of rows) {
      const shown = [`${flag} `, `${flag.replace('--', '--no-')} `].some((word) => help.includes(`  ${word}`)) && help.includes(`${env})`);
      expect([command, flag, shown]).toEqual([command, flag, keys.has(key)]);
    }
  }
});
