/** The entry point and the health check of the container image, as scripts: there is no docker here. Those of the Dockerfile itself: test/unit/container. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compareServers } from '../support/compare.ts';
import { freePort } from '../support/free-port.ts';
import { type GodwitExit, type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { LiveLoad } from '../support/live-load.ts';
import { type RealServer, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

const HEALTHCHECK = fileURLToPath(new URL('../../dist/cli/container/healthcheck.js', import.meta.url));
/** Makes the program the first process of a namespace, as a container does: signals without a listener do not reach it there. */
const FIRST_PROCESS = ['unshare', ...(process.getuid?.() === 0 ? [] : ['--map-root-user']), '--pid', '--fork', '--kill-child'];
const godwits: GodwitProcess[] = [];
let root = '';
let dir = '';
let source: RealServer;
let target: RealServer;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'godwit-container-'));
  [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'redis-7.0' })]);
});

beforeEach(async () => {
  dir = mkdtempSync(join(root, 'run-'));
  mkdirSync(join(dir, 'config'));
  await ask(target, 'FLUSHALL');
});

afterAll(async () => {
  await Promise.all(godwits.map((godwit) => godwit.kill()));
  await Promise.all([source.stop(), target.stop()]);
  rmSync(root, { recursive: true, force: true });
});

async function ask(server: RealServer, command: string, ...args: readonly string[]): Promise<unknown> {
  const client = server.client();
  try {
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

const addressOf = (server: RealServer): string => `127.0.0.1:${server.port}`;

function start(env: Readonly<Record<string, string>>, args: readonly string[] = [], launcher: readonly string[] = []): GodwitProcess {
  const godwit = startGodwit({ container: { args, env: { GODWIT_CONFIG_DIR: join(dir, 'config'), ...env } }, cwd: dir, launcher });
  godwits.push(godwit);
  return godwit;
}

/** Of the container whose files are in `dir`. */
function healthcheck(path: string, env: Readonly<Record<string, string>> = {}): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [HEALTHCHECK, path], { env: { TMPDIR: dir, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** SIGTERM to the program itself, not to what has made its namespace. */
async function terminate(godwit: GodwitProcess): Promise<GodwitExit> {
  const inner = await waitFor('the first process', () => readFileSync(`/proc/${godwit.pid}/task/${godwit.pid}/children`, 'utf8').trim());
  process.kill(Number(inner), 'SIGTERM');
  return godwit.exit;
}

describe('the variables of the image of RedisShake', () => {
  test('follow the source as the first process; SIGTERM writes the mark and ends with 143; the same container goes on', async () => {
    const port = await freePort();
    const env = { SYNC: 'true', SHAKE_SRC_ADDRESS: addressOf(source), SHAKE_DST_ADDRESS: addressOf(target), GODWIT_STATUS_PORT: String(port) };
    const load = new LiveLoad(source);
    const before = Number(await counter('sync_full'));
    try {
      const first = start(env, [], FIRST_PROCESS);
      await first.waitForPhase('incremental-sync');
      expect(await healthcheck('/healthz')).toMatchObject({ code: 0, stdout: expect.stringContaining('"incremental-sync"') as string });
      expect(await healthcheck('/readyz')).toMatchObject({ code: 0, stdout: expect.stringContaining('"ready": true') as string });
      await load.more(200);
      expect(await terminate(first)).toMatchObject({ code: 143, stderr: '' });
      const [mark = ''] = (await ask(target, 'KEYS', '__godwit:*')) as string[];
      expect(Number(await ask(target, 'HGET', mark, 'offset'))).toBeGreaterThan(0);
      const ended = await healthcheck('/healthz');
      expect(ended).toMatchObject({ code: 1, stderr: `godwit: http://127.0.0.1:${port}/healthz does not answer: connect ECONNREFUSED 127.0.0.1:${port}\n` });

      const second = start(env);
      await second.waitForPhase('incremental-sync');
      await load.more(200);
      await load.stop();
      await second.waitForLagZero(source);
      expect(await compareServers(source, target)).toEqual([]);
      expect(await second.stop()).toMatchObject({ code: 143 });
      expect(Number(await counter('sync_full'))).toBe(before + 1);
    } finally {
      await load.stop().catch(() => {});
    }
  });

  test('one that is missing is one line, and ends with 2', async () => {
    const { code, stderr } = await start({ SYNC: 'true', SHAKE_SRC_ADDRESS: addressOf(source) }).exit;
    expect([code, stderr]).toEqual([2, 'godwit: [CONFIG_MISSING] no target was given. Set SHAKE_DST_ADDRESS to host:port.\n']);
  });
});

describe('a mounted configuration', () => {
  const once = ['--stop-after', 'full-sync'];

  test('shake.toml, with its variables and what is given behind the name of the image', async () => {
    const text = '[sync_reader]\naddress = "${SHAKE_SRC_ADDRESS}"\n[redis_writer]\naddress = "${TARGET:-nowhere:1}"\n[advanced]\nlog_file = ""\n';
    writeFileSync(join(dir, 'config', 'shake.toml'), text);
    const { code, stderr } = await start({ SHAKE_SRC_ADDRESS: addressOf(source), TARGET: addressOf(target), GODWIT_STATUS_PORT: 'off' }, once).exit;
    expect([code, stderr]).toEqual([0, '']);
    expect(await compareServers(source, target)).toEqual([]);
  });

  test('godwit.toml, and the health check finds the port that it says', async () => {
    const port = await freePort();
    const text = `[source]\nurl = "${addressOf(source)}"\n[target]\nurl = "${addressOf(target)}"\n[status]\nport = ${port}\n`;
    writeFileSync(join(dir, 'config', 'godwit.toml'), text);
    const godwit = start({});
    await waitFor('the status', async () => (await healthcheck('/healthz')).code === 0, { timeoutMs: 20_000 });
    expect((await godwit.status()).source.address).toBe(addressOf(source));
    expect(await godwit.stop()).toMatchObject({ code: 143, stderr: '' });
  });

  test('two of them, and none at all, are one line', async () => {
    expect(await start({}).exit).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^godwit: \[CONFIG_MISSING\] the container was not told what to do\. Mount .*config\/godwit\.toml or .*\n$/) as string,
    });
    for (const name of ['shake.toml', 'godwit.toml']) writeFileSync(join(dir, 'config', name), '');
    expect(await start({}).exit).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^godwit: \[CONFIG_INVALID\] .* exclude each other\. .*\n$/) as string,
    });
  });
});

describe('words', () => {
  test('behind the name of the image are those of the command', async () => {
    const { code, stderr } = await start({ GODWIT_STATUS_PORT: 'off' }, ['godwit', 'sync', source.url, target.url, '--stop-after', 'full-sync']).exit;
    expect([code, stderr]).toEqual([0, '']);
    expect(await compareServers(source, target)).toEqual([]);
  });

  test('SIGTERM ends the first process, while it does not listen for signals yet and while it waits for a server that is silent', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const words = ['inspect', `127.0.0.1:${(silent.address() as AddressInfo).port}`];
    const early = start({}, words, FIRST_PROCESS);
    // What runs is written down before it runs.
    await waitFor('the start', () => readFileSync(join(dir, 'godwit-status.json'), 'utf8'));
    expect(await terminate(early)).toMatchObject({ code: 143, stderr: '' });
    expect(await healthcheck('/healthz')).toMatchObject({ code: 0, stdout: 'what runs here has no status server\n' });

    const connected = once(silent, 'connection');
    const waiting = start({}, words, FIRST_PROCESS);
    await connected;
    expect(await terminate(waiting)).toMatchObject({ code: 143, stderr: 'godwit: stopped by SIGTERM; nothing was written\n' });
    silent.close();
  }, 10_000);
});

async function counter(name: string): Promise<string | undefined> {
  return new RegExp(`^${name}:(\\d+)`, 'm').exec(String(await ask(source, 'INFO', 'stats')))?.[1];
}
