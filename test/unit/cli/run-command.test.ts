/** `godwit run`, `godwit FILE.toml`, `godwit explain FILE.toml` and `godwit migrate-config`, without a process and without servers. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.ts';
import type { SyncConfig } from '../../../src/config/sync-config.ts';
import { FakeIo } from './fake-io.ts';
import { FakeJob } from './fake-job.ts';

const root = mkdtempSync(join(tmpdir(), 'godwit-run-'));
afterAll(() => rmSync(root, { recursive: true }));
let folder = '';
let shake = '';

const TEXT = '[sync_reader]\naddress = "a:1"\npassword = "planted"\n[redis_writer]\naddress = "b:2"\n[advanced]\ndir = "DIR"\nncpu = 3\n';

beforeEach(() => {
  folder = mkdtempSync(join(root, 'x-'));
  shake = write('shake.toml', TEXT.replace('DIR', folder));
});

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly jobs: readonly SyncConfig[];
}

/** Jobs end at once. */
async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const io = new FakeIo(args, { env });
  const jobs: SyncConfig[] = [];
  const code = await runCli(io, (config, dependencies) => {
    jobs.push(config);
    dependencies.log.info({}, 'a line at the level info');
    const job = new FakeJob(config, dependencies);
    job.end('full-sync-done');
    return job;
  });
  return { code, out: io.stdout.text, err: io.stderr.text, jobs };
}

describe('a file that is named instead of a command is run', () => {
  test.each([[(file: string) => [file]], [(file: string) => ['run', file]], [(file: string) => ['run', '--config', file]]])('%s', async (args) => {
    const { code, err, jobs } = await run([...args(shake), '--on-existing', 'skip']);
    expect([code, err]).toEqual([0, '']);
    expect(jobs).toMatchObject([{ source: { host: 'a' }, target: { host: 'b' }, sync: { onExisting: 'skip' } }]);
  });

  test('and sync takes it too, but not one that describes a load', async () => {
    expect((await run(['sync', '--config', shake])).jobs).toHaveLength(1);
    const rdb = write('rdb.toml', '[rdb_reader]\nfilepath = "/x"\n[redis_writer]\naddress = "b:2"\n');
    expect((await run(['sync', '--config', rdb])).err).toMatch(
      /\[CONFIG_INVALID\] .*rdb\.toml:1: the file describes a job of the kind load, and this is one of the kind sync/,
    );
    expect((await run(['load', '--config', shake])).err).toMatch(/describes a job of the kind sync, and this is one of the kind load/);
  });

  test('a scan can be run as a sync', async () => {
    const scan = write('scan.toml', TEXT.replace('sync_reader', 'scan_reader').replace('DIR', folder));
    expect((await run(['explain', scan])).out).toMatch(/^Kind of job: scan\n/);
    expect((await run([scan, '--run-kind', 'sync'])).jobs).toHaveLength(1);
  });

  test.each([
    [['FILE', '--config', 'other.toml'], /FILE and --config exclude each other/],
    [['FILE', '--from-env'], /FILE and --from-env exclude each other/],
    [['nowhere.toml'], /\[CONFIG_UNREADABLE\] the configuration file nowhere\.toml cannot be read: there is no such file/],
    [['run'], /no source was given/],
  ])('%j is refused', async (args, words) => {
    const { code, err, jobs } = await run(args.map((word) => (word === 'FILE' ? shake : word)));
    expect([code, err, jobs]).toEqual([2, expect.stringMatching(words), []]);
  });
});

describe('the log', () => {
  const linesOf = (): string[] =>
    readFileSync(join(folder, 'shake.log'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { message: string }).message);

  test('is written to the file that shake.toml names, beside what is shown', async () => {
    const { out } = await run([shake]);
    expect(linesOf()).toEqual([expect.stringContaining('ncpu has no effect'), 'a line at the level info', expect.stringContaining('the full sync is applied')]);
    expect(out).toContain('a line at the level info');
  });

  test('has in the file the level that was asked for, where the live view shows less', async () => {
    const io = new FakeIo([shake], { terminal: true });
    await runCli(io, (config, dependencies) => {
      dependencies.log.info({}, 'a line at the level info');
      const job = new FakeJob(config, dependencies);
      job.end('full-sync-done');
      return job;
    });
    expect(linesOf()).toContain('a line at the level info');
    expect(io.stdout.text).not.toContain('a line at the level info');
    expect(io.stdout.text).toContain('ncpu has no effect');
  });

  test('that cannot be written ends the run before it begins', async () => {
    const { code, err, jobs } = await run([shake, '--log-file', folder]);
    expect([code, jobs]).toEqual([2, []]);
    expect(err).toMatch(/\[CONFIG_INVALID\] log\.file names .*, which cannot be written: it is a directory/);
  });
});

describe('explain', () => {
  test.each([[(file: string) => [file]], [(file: string) => ['--config', file]]])('%s shows what becomes of each key, and the rest', async (args) => {
    const { code, out, err } = await run(['explain', ...args(shake)]);
    expect(code).toBe(0);
    expect(out).toMatch(/^Kind of job: sync\n/);
    expect(out).toMatch(/shake\.toml:3 +sync_reader\.password +\*{4} +source\.password = \*{4}\n/);
    expect(out).toMatch(/^target\.address +b:2 +.*shake\.toml:5$/m);
    expect(err).toMatch(/^godwit: warning: .*ncpu has no effect here/);
    expect(out).not.toContain('planted');
  });

  test('tells what there is not yet behind it, and fails for what is wrong', async () => {
    const exported = write('c.toml', '[scan_reader]\naddress = "a:1"\nksn = true\n[file_writer]\nfilepath = "/b"\n');
    const { code, err } = await run(['explain', exported]);
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/godwit: note: .*c\.toml:3: scan\.notifications is true, but there is no export that follows notifications .* yet\n$/),
    ]);
    expect((await run(['explain', write('w.toml', `${TEXT}tls = [1]\n`.replace('DIR', folder)), '--strict'])).code).toBe(2);
  });

  test('--json is for programs', async () => {
    const { out } = await run(['explain', shake, '--json']);
    const { kind, shake: keys, options } = JSON.parse(out) as { kind: string; shake: { key: string; settings: object }[]; options: { key: string }[] };
    expect(kind).toBe('sync');
    expect(keys.find(({ key }) => key === 'sync_reader.address')).toMatchObject({ value: '"a:1"', settings: { 'source.address': 'a:1' } });
    expect(options.map(({ key }) => key)).toContain('spool.dir');
    expect(out).not.toContain('planted');
  });

  test('the variables of the container', async () => {
    const { out } = await run(['explain', '--from-env'], { SYNC: 'true', SHAKE_SRC_ADDRESS: 'a:1', SHAKE_DST_ADDRESS: 'b:2' });
    expect(out).toMatch(/^env SHAKE_SRC_ADDRESS +sync_reader\.address/m);
  });
});

describe('migrate-config', () => {
  test('writes to standard output, or to a file that only its owner can read', async () => {
    const { code, out } = await run(['migrate-config', shake]);
    expect([code, out]).toEqual([0, expect.stringContaining('[source]\n# sync_reader.address\naddress = "a:1"\n')]);
    const file = join(folder, 'godwit.toml');
    expect(await run(['migrate-config', shake, '--out', file])).toMatchObject({ code: 0, out: '' });
    expect(readFileSync(file, 'utf8')).toBe(out);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await run(['run', file])).jobs).toMatchObject([{ source: { host: 'a', password: 'planted' } }]);
  });

  test('is not changed by the variables of Godwit', async () => {
    const { out } = await run(['migrate-config', shake], { GODWIT_SOURCE_ADDRESS: 'elsewhere:1', GODWIT_CONFIG: 'other.toml' });
    expect(out).toContain('address = "a:1"');
  });

  test.each<[(file: string) => string[], RegExp]>([
    [() => [], /\[CONFIG_MISSING\] no file was given/],
    [(file) => [file, '--out', file], /\[OUTPUT_FAILED\] .*shake\.toml cannot be written: a file is in its place/],
    [() => [write('g.toml', '[source]\nurl = "a"\n')], /\[CONFIG_INVALID\] .*g\.toml is no configuration of RedisShake/],
    [() => [write('u.toml', `${TEXT}x = 1\n`), '--strict'], /\[CONFIG_UNKNOWN_KEY\] .*u\.toml:9: the key advanced\.x is not known/],
  ])('refuses %s', async (args, words) => {
    const { code, err } = await run(['migrate-config', ...args(shake)]);
    expect([code, err]).toEqual([2, expect.stringMatching(words)]);
    expect(existsSync(join(folder, 'godwit.toml'))).toBe(false);
  });
});
