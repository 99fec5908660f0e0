import { expect, test } from 'vitest';
import type { ConfigError } from '../../../src/config/config-error.ts';
import type { ConfigInput } from '../../../src/config/gather-settings.ts';
import { resolveLoadConfig } from '../../../src/config/load-config.ts';

const BASE: ConfigInput = { flags: { 'target.url': 'redis://10.0.0.2' }, fileArgument: 'backup/dump.rdb', env: { HOME: '/h' }, cwd: '/here' };

function problemsOf(input: ConfigInput): string {
  try {
    resolveLoadConfig(input);
    return '';
  } catch (error) {
    return (error as ConfigError).message;
  }
}

test('a file and a target are enough, and the job is named after both', () => {
  const { config } = resolveLoadConfig(BASE);
  expect(config.load).toEqual({ file: '/here/backup/dump.rdb', format: 'auto', untilMs: -1, onTruncated: 'leave-out' });
  expect(config.job.name).toBe('load-dump.rdb-to-10.0.0.2-6379');
});

test('standard input and URLs are no paths, and what can be secret in a URL is in no name', () => {
  expect(resolveLoadConfig({ ...BASE, fileArgument: '-' }).config).toMatchObject({ load: { file: '-' }, job: { name: 'load-stdin-to-10.0.0.2-6379' } });
  const { config, secrets } = resolveLoadConfig({ ...BASE, fileArgument: 'https://user:planted@backups.example/a/dump.rdb?signature=hidden' });
  expect(config.load.file).toContain('planted');
  expect(config.job.name).toBe('load-dump.rdb-to-10.0.0.2-6379');
  expect(secrets).toEqual(expect.arrayContaining(['planted', 'signature=hidden']));
});

test.each([
  ['2026-01-31T12:00:00Z', Date.UTC(2026, 0, 31, 12)],
  ['2026-01-31T13:00:00.250+01:00', Date.UTC(2026, 0, 31, 12, 0, 0, 250)],
  ['1700000000', 1_700_000_000_000],
  ['end', -1],
])('--until %s is read', (text, untilMs) => {
  expect(resolveLoadConfig({ ...BASE, flags: { ...BASE.flags, 'load.until': text } }).config.load.untilMs).toBe(untilMs);
});

test.each(['2026-01-31T12:00:00', '2026-01-31', 'yesterday', '2026-13-31T12:00:00Z'])(
  '--until %s is refused: it would mean another time elsewhere, or none',
  (text) => {
    expect(problemsOf({ ...BASE, flags: { ...BASE.flags, 'load.until': text } })).toContain('load.until');
  },
);

test('says what is missing and what excludes each other', () => {
  expect(problemsOf({ ...BASE, fileArgument: undefined, flags: {} })).toMatch(
    /no target was given[^]*the file to read is not given|the file to read is not given[^]*no target was given/,
  );
  expect(problemsOf({ ...BASE, fileArgument: '-', flags: { ...BASE.flags, 'sync.flush_target': true } })).toContain('standard input is the file');
  expect(resolveLoadConfig({ ...BASE, fileArgument: undefined, flags: { ...BASE.flags, 'sync.finish': true, 'job.name': 'old' } }).config.job.name).toBe('old');
});
