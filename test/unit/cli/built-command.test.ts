/** The built command as a process of its own: what needs no server. Built into a folder of its own, so that no other test's build is touched. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const BUILD_TIMEOUT_MS = 120_000;
let folder = '';
let main = '';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const options = { cwd: folder, env: { PATH: process.env.PATH, HOME: folder, ...env } };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], options, (_error, out, err) => resolve({ code: child.exitCode, out, err }));
    child.stdin?.end();
  });
}

beforeAll(async () => {
  mkdirSync(join(root, '.cache'), { recursive: true });
  folder = mkdtempSync(join(root, '.cache', 'cli-'));
  main = join(folder, 'dist', 'cli', 'main.js');
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const child = spawn(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', join(folder, 'dist')], { stdio: 'ignore' });
  await once(child, 'exit');
}, BUILD_TIMEOUT_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the built command', () => {
  test('starts as a program of its own', async () => {
    expect(readFileSync(main, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(await run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
    expect(await run(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('sync'), err: '' });
    expect((await run(['sync', '--help'])).out).toContain('GODWIT_KEEPALIVE_INTERVAL');
    expect((await run([])).code).toBe(2);
  });

  test('explains a file, the environment and flags together', async () => {
    writeFileSync(join(folder, 'godwit.toml'), '[source]\nurl = "redis://u:planted@a"\n\n[target]\naddress = "b"\n');
    const { code, out, err } = await run(['explain', '--config', 'godwit.toml', '--job', 'mine'], { GODWIT_LOG_LEVEL: 'warn', GODWIT_NONSENSE: '1' });
    expect(code).toBe(0);
    expect(out).toMatch(/^source\.url +redis:\/\/u:\*\*\*\*@a +godwit\.toml:2$/m);
    expect(out).toMatch(/^target\.address +b:6379 +godwit\.toml:5$/m);
    expect(out).toMatch(/^log\.level +warn +env GODWIT_LOG_LEVEL$/m);
    expect(out).toMatch(/^job\.name +mine +flag --job$/m);
    expect(err).toBe('godwit: warning: the environment variable GODWIT_NONSENSE is not known and has no effect\n');
    expect(out).not.toContain('planted');
  });

  test('reports all mistakes of a file, one line each, and exits with 2', async () => {
    writeFileSync(join(folder, 'bad.toml'), '[sync]\non_exsting = "skip"\non_error = "carry on"\n');
    const { code, out, err } = await run(['sync', 'a', 'b', '--config', 'bad.toml']);
    expect([code, out]).toEqual([2, '']);
    expect(err.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^godwit: \[CONFIG_UNKNOWN_KEY\] bad\.toml:2: /),
      expect.stringMatching(/^godwit: \[CONFIG_INVALID\] bad\.toml:3: /),
    ]);
  });

  test.runIf(process.getuid?.() !== 0)('a file without the right to read it is said', async () => {
    writeFileSync(join(folder, 'closed.toml'), '');
    chmodSync(join(folder, 'closed.toml'), 0);
    expect(statSync(join(folder, 'closed.toml')).size).toBe(0);
    expect((await run(['sync', '--config', 'closed.toml'])).err).toMatch(/^godwit: \[CONFIG_UNREADABLE\] .*permission denied/);
  });

  test('--flush-target without a terminal wants --yes, before any connection is made', async () => {
    const { code, err } = await run(['sync', 'a', 'b', '--flush-target']);
    expect(code).toBe(2);
    expect(err).toMatch(/^godwit: \[FLUSH_NOT_CONFIRMED\] .*--yes/);
  });

  test('a status port that is taken is one line', async () => {
    const taken: Server = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { code, err } = await run(['sync', '127.0.0.1:1', '127.0.0.1:2', '--status-port', String((taken.address() as AddressInfo).port)]);
    taken.close();
    expect(code).toBe(2);
    expect(err).toMatch(/^godwit: \[CONFIG_INVALID\] the status server cannot listen on 127\.0\.0\.1:\d+: the port is taken\..*\n$/);
  });

  test('a reader that goes away early is no failure', async () => {
    const child = spawn(process.execPath, [main, 'sync', '--help'], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH } });
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const [code] = (await once(child, 'exit')) as [number];
    expect([code, err]).toEqual([0, '']);
  });
});
