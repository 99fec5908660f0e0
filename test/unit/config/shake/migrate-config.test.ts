import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type ConfigInput, gatherSettings } from '../../../../src/config/gather-settings.ts';
import { OPTIONS } from '../../../../src/config/schema.ts';
import type { Settings } from '../../../../src/config/settings.ts';
import { migratedConfig } from '../../../../src/config/shake/migrate-config.ts';
import { SAMPLE_READERS, SAMPLE_REST, SAMPLE_WRITERS } from './shake-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'godwit-migrate-'));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string, name: string, input: Partial<ConfigInput> = {}): Settings {
  writeFileSync(join(folder, name), text);
  return gatherSettings({ flags: {}, env: { HOME: '/h' }, cwd: folder, configFile: name, ...input });
}

function migrated(text: string, input: Partial<ConfigInput> = {}): { before: Settings; after: Settings; written: string } {
  const before = read(text, 'shake.toml', input);
  const written = migratedConfig(before.shake!, before, 'shake.toml');
  return { before, written, after: read(written, 'godwit.toml', input) };
}

/** Of every option that is given, or has a default. */
const valuesOf = (settings: Settings): unknown => Object.fromEntries(OPTIONS.map(({ key }) => [key, settings.value(key)]));

const EVERYTHING = `[sync_reader]
address = "a:1"
username = "u"
password = 'a"b\\c#d'
tls = true
prefer_replica = true
sync_rdb = false
sync_aof = false
[sync_reader.tls_config]
ca_cert = "ca.pem"
cert = "/cert.pem"
key = "/key.pem"
[redis_writer]
cluster = true
address = "[::1]:2"
off_reply = true
[redis_writer.sentinel]
master_name = "m"
address = "s:1"
password = "sentinel"
tls = true
[filter]
allow_keys = ["a\\"b", "c,d", "\\u0000\\u007f"]
block_db = [1, 2]
allow_command = "SET,GET"
function = """
-- a comment with # and "quotes"
shake.call(DB, ARGV)
"""
[advanced]
dir = "/var/shake"
status_port = 8080
log_level = "debug"
log_interval = 7
log_max_size = 3
rdb_restore_command_behavior = "skip"
target_redis_client_max_querybuf_len = 12345
target_redis_proto_max_bulk_len = 1048576
target_redis_max_qps = 1
aws_psync = "a:1@x,b:1@y"
empty_db_before_sync = true
ncpu = 3
`;

describe('the file that is written has the same settings', () => {
  test.each([
    ...Object.entries(SAMPLE_READERS).flatMap(([reader, readerText]) =>
      Object.entries(SAMPLE_WRITERS).map(([writer, writerText]) => [`${reader} and ${writer}`, readerText + writerText + SAMPLE_REST]),
    ),
    ['everything', EVERYTHING],
    ['a load up to a time', '[aof_reader]\nfilepath = "a.aof"\ntimestamp = 1700000000\n[redis_writer]\naddress = "b:1"'],
    ['an export', '[scan_reader]\naddress = "a:1"\ncount = 7\ndbs = [3]\nskip_unknown_type = ["x"]\nksn = true\n[file_writer]\nfilepath = "x"\ntype = "aof"'],
  ])('%s', (_, text) => {
    const { before, after } = migrated(text);
    expect(before.problems).toEqual([]);
    expect(after.problems).toEqual([]);
    expect(after.warnings).toEqual([]);
    expect(after.shake).toBeUndefined();
    expect(valuesOf(after)).toEqual(valuesOf(before));
  });
});

test('each line says what it comes from, and what has become nothing is listed', () => {
  const { written } = migrated(EVERYTHING);
  expect(written).toMatch(/^# Written by `godwit migrate-config` from shake\.toml\.\n/);
  expect(written).toMatch(/\n\[source\]\n# sync_reader\.address\naddress = "a:1"\n/);
  expect(written).toMatch(/# advanced\.log_max_age, left out\nfile_age_max = "7d"\n/);
  expect(written).toMatch(/\n# Keys that became no setting:\n(?:#.*\n)*# {3}advanced\.ncpu = 3 \(shake\.toml:\d+\): How many/);
});

test('a password of a variable is not copied, and the comment names both variables', () => {
  const text = '[sync_reader]\naddress = "${HOST}:1"\npassword = "${PW}"\n[redis_writer]\naddress = "b:1"\npassword = "plain"';
  const { written, after } = migrated(text, { env: { HOME: '/h', HOST: 'a', PW: 'planted' } });
  expect(written).not.toContain('planted');
  expect(written).toContain('# password is not copied, since it comes from PW: set GODWIT_SOURCE_PASSWORD to it, or write password_file.');
  expect(written).toContain('# was made of ${HOST}\naddress = "a:1"');
  expect(after.value('target.password')).toBe('plain');
});
