import { describe, expect, test, vi } from 'vitest';
import { commandLine } from '../../../src/cli/closing-words.ts';
import { runCli } from '../../../src/cli/run-cli.ts';
import { optionsOf } from '../../../src/config/options-of.ts';
import { FakeIo } from './fake-io.ts';

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  const io = new FakeIo(args, { env });
  const createJob = vi.fn();
  const code = await runCli(io, createJob);
  expect(createJob).not.toHaveBeenCalled();
  return { code, out: io.stdout.text, err: io.stderr.text };
}

describe('misuse is one line and exit code 2', () => {
  test.each([
    [['sync'], 'CONFIG_MISSING', /no source was given\. Give it as SOURCE/],
    [['sync', 'a', 'b', '--on-exsting', 'skip'], 'CONFIG_INVALID', /unknown option '--on-exsting'\. Did you mean --on-existing\?/],
    [['sync', 'a', 'b', '--on-existing', 'never'], 'CONFIG_INVALID', /flag --on-existing: sync\.on_existing is "never", allowed is one of fail, replace, skip/],
    [['sync', 'a', 'b', '--on-existing'], 'CONFIG_INVALID', /argument missing\. See `godwit --help`/],
    [['sync', 'a', 'b', 'c'], 'CONFIG_INVALID', /too many arguments/],
    [['snc', 'a', 'b'], 'CONFIG_INVALID', /unknown command 'snc'\. Did you mean sync\?/],
    [['redis://u:planted@a', 'b'], 'CONFIG_INVALID', /unknown command 'redis:\/\/u:\*\*\*\*@a'/],
    [['sync', 'redis://u:planted@a/1', 'b'], 'CONFIG_INVALID', /selects database 1/],
    [['sync', 'a', 'b', '--config', '/nonexistent.toml'], 'CONFIG_UNREADABLE', /there is no such file/],
    [['sync', 'a', 'a:6379'], 'SAME_SERVER', /are the same address/],
  ])('%j', async (args, code, line) => {
    const ended = await run(args);
    const expected = code === 'SAME_SERVER' ? 4 : 2;
    expect([ended.code, ended.out]).toEqual([expected, '']);
    const first = ended.err.split('\n')[0];
    expect(first.startsWith(`godwit: [${code}] `)).toBe(true);
    expect(first).toMatch(line);
    expect(ended.err).not.toMatch(/planted|\n +at /);
  });

  test('both missing addresses are told in one go', async () => {
    expect((await run(['sync'])).err.trimEnd().split('\n')).toHaveLength(2);
  });

  test('no arguments at all show the help', async () => {
    const ended = await run([]);
    expect(ended.code).toBe(2);
    expect(ended.err).toMatch(/Usage: godwit/);
  });
});

test('--source may be given several times, and passwords of all of them stay hidden', async () => {
  const { code, out } = await run(['explain', '--source', 'redis://a:1', '--source', 'redis://u:planted@b:2', '--source', 'c', '--target', 'd']);
  expect(code).toBe(0);
  expect(out).toMatch(/^source\.url +redis:\/\/a:1 /m);
  expect(out).toMatch(/^source\.others +redis:\/\/u:\*+@b:2 c /m);
  expect(out).not.toContain('planted');
});

describe('help', () => {
  test('names every option with its default and its variable, in groups, and ends with examples', async () => {
    const { code, out } = await run(['sync', '--help']);
    expect(code).toBe(0);
    const flat = out.replace(/\s+/g, ' ');
    for (const { flag, env, type, fallback } of optionsOf('sync')) {
      expect(flat).toContain(type.kind === 'boolean' && fallback === true ? `--no-${flag.slice(2)}` : flag);
      expect(flat).toContain(env);
    }
    expect(flat).toContain('(default: fail; GODWIT_ON_EXISTING)');
    expect(out.indexOf('Keepalive:')).toBeGreaterThan(out.indexOf('Sync:'));
    expect(out.indexOf('Examples:')).toBeGreaterThan(out.indexOf('Log:'));
  });

  test('a load has what makes sense for a file, and nothing of a source', async () => {
    const { code, out } = await run(['load', '--help']);
    expect(code).toBe(0);
    for (const { flag, type, fallback } of optionsOf('load'))
      expect(out).toContain(type.kind === 'boolean' && fallback === true ? `--no-${flag.slice(2)}` : flag);
    for (const word of ['--source', '--stop-after', '--spool-retain']) expect(out).not.toContain(word);
  });

  test('--version is the version of the package', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/), err: '' });
  });
});

describe('explain', () => {
  test('shows each value with its origin, secrets hidden', async () => {
    const { code, out } = await run(['explain', 'redis://u:planted@a', 'b', '--no-target-tls', '--keepalive-idle-limit', '4m'], { GODWIT_STATUS_PORT: '0' });
    expect(code).toBe(0);
    expect(out).toMatch(/^source\.url +redis:\/\/u:\*\*\*\*@a +argument SOURCE$/m);
    expect(out).toMatch(/^source\.password +\*\*\*\* +argument SOURCE$/m);
    expect(out).toMatch(/^target\.tls\.enabled +false +flag --no-target-tls$/m);
    expect(out).toMatch(/^keepalive\.idle_limit +4m +flag --keepalive-idle-limit$/m);
    expect(out).toMatch(/^keepalive\.interval +auto +default$/m);
    expect(out).toMatch(/^status\.port +0 +env GODWIT_STATUS_PORT$/m);
    expect(out).toMatch(/^job\.name +a-6379-to-b-6379 +default$/m);
    expect(out).not.toContain('planted');
  });

  test('lists all options without any address, and says what is missing', async () => {
    const { code, out, err } = await run(['explain']);
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(optionsOf('sync').length + 1);
    expect(err).toBe('godwit: note: no source was given\ngodwit: note: no target was given\n');
  });

  test('--json is for programs, without secrets', async () => {
    const { out } = await run(['explain', 'redis://:planted@a', 'b', '--json', '--spool-max-bytes', '2gb']);
    const rows = JSON.parse(out) as { key: string }[];
    expect(rows).toHaveLength(optionsOf('sync').length);
    expect(rows.find((row) => row.key === 'spool.max_bytes')).toEqual({
      key: 'spool.max_bytes',
      value: '2gb',
      raw: 2 * 1024 ** 3,
      from: 'flag --spool-max-bytes',
      flag: '--spool-max-bytes',
      env: 'GODWIT_SPOOL_MAX_BYTES',
    });
    expect(rows.find((row) => row.key === 'source.password')).toMatchObject({ value: '****', raw: null });
    expect(out).not.toContain('planted');
  });

  test('refuses what sync would refuse', async () => {
    expect(await run(['explain', 'a', 'b', '--log-level', 'loud'])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^godwit: \[CONFIG_INVALID\] flag --log-level/),
    });
  });
});

test('the command line is repeated without passwords, quoted for a shell', () => {
  const args = ['sync', 'redis://u:planted@a', '--target-password', 'planted', '--source-password=planted', '--dead-letter-file', "it's here"];
  expect(commandLine(args)).toBe(String.raw`godwit sync redis://u:****@a --target-password **** --source-password=**** --dead-letter-file 'it'\''s here'`);
});
