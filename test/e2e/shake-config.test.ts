/** `godwit shake.toml` does what RedisShake's file says, with real servers and the built command. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeCertificates } from '../support/certificates.ts';
import { compareServers } from '../support/compare.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { LiveLoad } from '../support/live-load.ts';
import { oneLine } from '../support/one-line.ts';
import { loadRichData } from '../support/rich-data.ts';
import { type GodwitRun, runGodwit } from '../support/run-godwit.ts';
import { sendRaw } from '../support/send-raw.ts';
import { type RealServer, startServer } from '../support/server.ts';

const PASSWORD = 'pa$$w"o\\rd';
const godwits: GodwitProcess[] = [];
let root = '';
let dir = '';
let source: RealServer;
let target: RealServer;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'godwit-shake-'));
  [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'redis-7.0' })]);
  await loadRichData(source, { bigElements: 600 });
});

beforeEach(async () => {
  dir = mkdtempSync(join(root, 'run-'));
  await ask(target, 'FLUSHALL');
  await ask(target, 'FUNCTION', 'FLUSH');
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
const writer = (more = ''): string => `[redis_writer]\naddress = "${addressOf(target)}"\n${more}`;
const reader = (more = ''): string => `[sync_reader]\naddress = "${addressOf(source)}"\n${more}`;

function shakeToml(text: string): string {
  writeFileSync(join(dir, 'shake.toml'), text);
  return 'shake.toml';
}

function run(text: string, ...args: readonly string[]): Promise<GodwitRun> {
  return runGodwit([shakeToml(text), ...args], { cwd: dir, env: { HOME: dir } });
}

function start(config: string): GodwitProcess {
  const godwit = startGodwit({ config, cwd: dir });
  godwits.push(godwit);
  return godwit;
}

describe('sync_reader to redis_writer', () => {
  test('copies, follows, ends by SIGTERM, and goes on; its own file goes on where the other ended', async () => {
    await using secured = await startServer({ server: 'redis-7.0', args: { requirepass: PASSWORD } });
    const to = `[redis_writer]\nAddress = "${addressOf(secured)}"\npassword = '${PASSWORD}'\n`;
    const config = shakeToml(`${reader()}${to}[advanced]\nlog_interval = 1\nncpu = 2\n[module]\ntarget_mbbloom_version = 20603\n`);
    const load = new LiveLoad(source);
    try {
      const first = start(config);
      await first.waitForPhase('incremental-sync');
      await load.more(300);
      expect(await first.stop()).toMatchObject({ code: 143, stderr: '' });
      expect(await ask(source, 'INFO', 'stats')).toContain('sync_full:1');
      const { code, stderr } = await runGodwit(['migrate-config', config, '--out', 'godwit.toml'], { cwd: dir });
      expect([code, stderr]).toEqual([0, expect.stringMatching(/advanced\.ncpu has no effect here.*\ngodwit: written to godwit\.toml\n$/) as string]);
      const second = start('godwit.toml');
      await second.waitForPhase('incremental-sync');
      await load.more(300);
      await load.stop();
      await second.waitForLagZero(source);
      expect(await compareServers(source, secured)).toEqual([]);
      expect(await ask(source, 'INFO', 'stats')).toContain('sync_full:1');
      expect(await second.stop()).toMatchObject({ code: 143 });
    } finally {
      await load.stop().catch(() => {});
    }
    const log = readFileSync(join(dir, 'data', 'shake.log'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(log.length).toBeGreaterThan(5);
    expect(log.map((line) => (JSON.parse(line) as { message: string }).message).join('\n')).toMatch(/advanced\.ncpu has no effect/);
    expect(log.join()).not.toContain(PASSWORD);
  });

  test('with sync_aof = false ends behind the full sync, into a target that is emptied without a question', async () => {
    await ask(target, 'SET', 'stranger', '1');
    const text = `${reader('sync_aof = "false"')}\n${writer()}[advanced]\nempty_db_before_sync = true\n`;
    expect(await run(text)).toMatchObject({ code: 0, stderr: '' });
    expect(await compareServers(source, target)).toEqual([]);
    expect(await run(text, '--finish')).toMatchObject({ code: 0, stderr: '' });
    expect(await ask(target, 'KEYS', '__godwit:*')).toEqual([]);
    expect(await compareServers(source, target)).toEqual([]);
  });

  test('refuses a target with keys, as panic says, replaces with rewrite, leaves with skip', async () => {
    const [name] = (await ask(source, 'KEYS', '*')) as string[];
    const text = `${reader('sync_aof = false')}\n${writer()}`;
    await ask(target, 'DEL', name);
    await ask(target, 'SET', name, 'own');
    oneLine(await run(text), 'TARGET_NOT_EMPTY');
    expect(oneLine(await run(`${text}[advanced]\nrdb_restore_command_behavior = "rewrit"`), 'CONFIG_INVALID')).toMatch(
      /^shake\.toml:\d+: advanced\.rdb_restore_command_behavior is "rewrit", allowed is one of panic, rewrite, skip\. Did you mean rewrite\?/,
    );
    expect(await run(`${text}[advanced]\nrdb_restore_command_behavior = "skip"`, '--job', 'skip')).toMatchObject({ code: 0 });
    expect(await ask(target, 'GET', name)).toBe('own');
    expect(await run(`${text}[advanced]\nrdb_restore_command_behavior = "rewrite"`, '--job', 'rewrite')).toMatchObject({ code: 0 });
    await ask(target, 'DEL', '__godwit:skip');
    expect(await compareServers(source, target)).toEqual([]);
  });

  test('with tls alone no certificate is checked, with tls_config it is, and the client has one; users of ACL on both sides', async () => {
    const certificates = await makeCertificates();
    const { caFile, certFile, keyFile } = certificates.client;
    await using secured = await startServer({ server: 'redis-7.0', tls: certificates.server });
    await using strict = await startServer({ server: 'redis-7.0', tls: { ...certificates.server, clientsNeedCertificate: true } });
    try {
      for (const server of [secured, strict]) await ask(server, 'ACL', 'SETUSER', 'shaker', 'on', `>${PASSWORD}`, '~*', '&*', '+@all');
      await loadRichData(secured, { bigElements: 100 });
      const user = `username = "shaker"\npassword = '${PASSWORD}'\ntls = "1"\n`;
      const from = `[sync_reader]\naddress = "127.0.0.1:${secured.tlsPort}"\nsync_aof = false\n${user}`;
      const config = (ca: string): string =>
        `${from}[redis_writer]\naddress = "127.0.0.1:${strict.tlsPort}"\n${user}tls_config = { ca_cert = "${ca}", cert = "${certFile}", key = "${keyFile}" }\n`;
      oneLine(await run(config(certificates.otherCaFile)), 'TLS_FAILED');
      expect(await run(config(caFile))).toMatchObject({ code: 0, stderr: '' });
      expect(await compareServers(secured, strict)).toEqual([]);
    } finally {
      certificates.remove();
    }
  });

  test('the variables of the container do the same', async () => {
    const env = { HOME: dir, SYNC: 'true', SHAKE_SRC_ADDRESS: addressOf(source), SHAKE_DST_ADDRESS: addressOf(target) };
    const { code, stderr } = await runGodwit(['run', '--from-env', '--stop-after', 'full-sync'], { cwd: dir, env });
    expect([code, stderr]).toEqual([0, '']);
    expect(await compareServers(source, target)).toEqual([]);
    expect(existsSync(join(dir, 'data', 'shake.log'))).toBe(true);
  });
});

describe('rdb_reader', () => {
  beforeEach(async () => {
    await ask(source, 'SAVE');
    copyFileSync(join(source.dir, 'dump.rdb'), join(dir, 'dump.rdb'));
  });
  const rdb = '[rdb_reader]\nfilepath = "dump.rdb"\n';

  test('to redis_writer', async () => {
    const { code, stderr } = await run(rdb + writer());
    expect([code, stderr]).toEqual([0, '']);
    expect(await compareServers(source, target)).toEqual([]);
  });

  test.each(['cmd', 'aof', 'json'])('to file_writer of the type %s', async (type) => {
    const { code, stderr } = await run(`${rdb}[file_writer]\nfilepath = "${join(dir, 'out')}"\ntype = "${type}"\n`);
    expect([code, stderr]).toEqual([0, expect.stringContaining('exported to') as string]);
    const bytes = readFileSync(join(dir, 'out'));
    if (type === 'json') {
      const keys = bytes
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { type: string; key?: string });
      expect(keys.filter((entry) => entry.key !== undefined)).toHaveLength(await keyCount(source));
      return;
    }
    if (type === 'cmd') {
      expect(bytes.toString('latin1').split('\n')).toEqual(expect.arrayContaining([expect.stringMatching(/^SELECT /), expect.stringMatching(/^UNLINK /)]));
      expect(bytes.toString('latin1')).not.toMatch(/^PING/m);
      return;
    }
    await sendRaw(target, bytes);
    expect(await keyCount(target)).toBe(await keyCount(source));
  });
});

async function keyCount(server: RealServer): Promise<number> {
  const keyspace = String(await ask(server, 'INFO', 'keyspace'));
  return [...keyspace.matchAll(/keys=(\d+)/g)].reduce((sum, [, keys]) => sum + Number(keys), 0);
}

describe('aof_reader', () => {
  const part = (...lines: readonly (string | readonly string[])[]): string =>
    lines
      .map((line) => (typeof line === 'string' ? `${line}\r\n` : `*${line.length}\r\n${line.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`))
      .join('');

  test('to redis_writer, all parts of a manifest, up to a second', async () => {
    writeFileSync(join(dir, 'a.1.base.aof'), part(['SET', 'k1', 'base']));
    writeFileSync(join(dir, 'a.1.incr.aof'), part('#TS:1000', ['INCR', 'n'], '#TS:1233', ['INCR', 'n'], ['SET', 'k2', 'line\r\nline']));
    writeFileSync(join(dir, 'a.2.incr.aof'), part('#TS:1234', ['INCR', 'n'], '#TS:1235', ['INCR', 'n'], ['SET', 'late', '1']));
    writeFileSync(join(dir, 'a.manifest'), 'file a.1.base.aof seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n');
    const text = `[aof_reader]\nfilepath = "a.manifest"\n${writer()}`;
    const { code, stderr } = await run(text.replace('\n[redis', '\ntimestamp = "1234"\n[redis'));
    expect([code, stderr]).toEqual([0, '']);
    expect([await ask(target, 'GET', 'n'), await ask(target, 'GET', 'k2'), await ask(target, 'EXISTS', 'late')]).toEqual(['3', 'line\r\nline', 0]);
    await ask(target, 'FLUSHALL');
    expect(await run(text)).toMatchObject({ code: 0, stderr: '' });
    expect([await ask(target, 'GET', 'n'), await ask(target, 'GET', 'k1'), await ask(target, 'EXISTS', 'late')]).toEqual(['4', 'base', 1]);
  });
});

describe('mistakes', () => {
  test('a key that is not known is a warning, and ends the run with --strict', async () => {
    const text = `${reader('adress = "x"\nsync_aof = false')}\n${writer()}`;
    const words = oneLine(await run(text, '--strict'), 'CONFIG_UNKNOWN_KEY');
    expect(words).toBe('shake.toml:3: the key sync_reader.adress is not known. Did you mean sync_reader.address?');
    const { code, stdout } = await run(text);
    expect([code, stdout]).toEqual([0, expect.stringContaining('sync_reader.adress is not known and has no effect') as string]);
  });

  test('what there is not yet is refused before any connection', async () => {
    const text = `${reader('\n')}[file_writer]\nfilepath = "x"\n`;
    expect(oneLine(await run(text), 'NOT_YET')).toMatch(/^default of RedisShake: export\.follow is true, but there is no export that follows what changes/);
  });

  test('prefer_replica of one server alone is told to have no effect', async () => {
    const { code, stdout } = await run(`${reader('prefer_replica = true\nsync_aof = false')}\n${writer()}`);
    expect([code, stdout]).toEqual([0, expect.stringContaining('prefer_replica has no effect on one server alone') as string]);
  });

  test('explain shows what becomes of each key, without secrets', async () => {
    const config = shakeToml(`${reader('password = "planted"')}\n${writer()}[advanced]\nncpu = 3\n`);
    const { code, stdout } = await runGodwit(['explain', config], { cwd: dir, env: { HOME: dir } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^shake\.toml:3 +sync_reader\.password +\*{4} +source\.password = \*{4}$/m);
    expect(stdout).toMatch(/^target\.address +127\.0\.0\.1:\d+ +shake\.toml:5$/m);
    expect(stdout).not.toContain('planted');
  });
});
