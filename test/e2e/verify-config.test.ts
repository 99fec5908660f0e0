/** `godwit verify` with the configuration of the job: what a sync has filtered and renamed verifies clean; over TLS, and stopped by a signal. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VerifyResult } from '../../src/pipeline/verify/verify-result.ts';
import { makeCertificates } from '../support/certificates.ts';
import { runGodwit } from '../support/run-godwit.ts';
import { startServer } from '../support/server.ts';
import { makeSyncUser, REPAIR_RIGHTS, VERIFY_RIGHTS } from '../support/sync-users.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';
import { ALIKE, PLANTED, run } from '../support/verify/planted.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'godwit-verify-config-'));
const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('a job with rules', () => {
  let scene: SyncScene;

  beforeAll(async () => {
    scene = await openScene();
    const keys = Array.from({ length: 200 }, (_, i) => [
      ['HSET', `user:${i}`, 'name', `n${i}`],
      ['SET', `tmp:${i}`, 'x'],
      ['SET', `other:${i}`, randomBytes(i).toString('hex')],
    ]).flat();
    await Promise.all([run(scene.source, keys), run(scene.source, [['SET', 'dropped', '1']], 1), run(scene.source, keys, 2)]);
  });

  afterAll(() => scene.close());

  const verify = async (config: string, ...args: string[]): Promise<VerifyResult> => {
    const { stdout, stderr } = await runGodwit(['verify', '--config', config, '--format', 'json', '--settle', '200ms', ...args]);
    expect(stderr).not.toContain('has no effect');
    return JSON.parse(stdout) as VerifyResult;
  };

  test('verifies clean with its godwit.toml, and what is wrong or too much there is found', async () => {
    const config = file(
      'godwit.toml',
      `[source]\nurl = "${scene.sourceUrl}"\n[target]\nurl = "${scene.targetUrl}"\n[filter]\nblock_key_prefix = ["tmp:"]\nsize_max = "100"\n` +
        `[transform]\nrename = ["prefix:user:=>app:user:"]\ndb_map = "1=drop,2=5"\n[spool]\ndir = "${scene.spoolDir}"\n`,
    );
    expect((await runGodwit(['sync', '--config', config, '--stop-after', 'full-sync', '--log-format', 'json'])).code).toBe(0);
    const clean = await verify(config);
    expect([clean.differences, clean.counts.equal > 400, clean.counts.unwanted > 50]).toEqual([[], true, true]);
    await run(
      scene.target,
      [
        ['HSET', 'app:user:7', 'name', 'other'],
        ['SET', 'app:user:999', 'stranger'],
      ],
      5,
    );
    const names = ({ differences }: VerifyResult): string[] => differences.map(({ database, key, kind }) => `${database} ${key} ${kind}`).toSorted();
    expect(names(await verify(config))).toEqual(['2 app:user:999 extra', '2 user:7 value']);
    expect(names(await verify(config, '--prefix', 'other:'))).toEqual([]);
    expect(names(await verify(config, '--prefix', 'user:7'))).toEqual(['2 user:7 value']);
  });

  test('verifies clean with its shake.toml', async () => {
    await run(scene.target, [['FLUSHALL']]);
    const address = (url: string): string => url.replace('redis://', '');
    const config = file(
      'shake.toml',
      `[sync_reader]\naddress = "${address(scene.sourceUrl)}"\n[redis_writer]\naddress = "${address(scene.targetUrl)}"\n` +
        `[filter]\nallow_db = [0]\nallow_key_prefix = ["user:", "other:"]\n[advanced]\ndir = "${dir}/data"\n`,
    );
    const args = ['sync', '--config', config, '--stop-after', 'full-sync', '--job', 'shake', '--log-format', 'json', '--status-port', 'off'];
    expect((await runGodwit(args)).code).toBe(0);
    const clean = await verify(config);
    expect([clean.differences, clean.counts.equal]).toEqual([[], 400]);
    await run(scene.target, [['DEL', 'user:3']]);
    expect((await verify(config)).differences.map(({ key, kind }) => `${key} ${kind}`)).toEqual(['user:3 missing']);
  });

  test('ends with a report of what is known at Ctrl-C', async () => {
    const args = ['verify', scene.sourceUrl, scene.targetUrl, '--format', 'json', '--rate', '100'];
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    // A line of progress: it is under way.
    while (!stderr.includes('keys of the source')) await once(child.stderr, 'data');
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number | null];
    expect([code, stderr]).toEqual([130, expect.stringContaining('stopped by SIGINT')]);
    expect(JSON.parse(stdout)).toMatchObject({ isComplete: false });
  });
});

test('both sides are read over TLS with client certificates', async () => {
  const certificates = await makeCertificates();
  const tls = certificates.server;
  const [source, target] = await Promise.all([startServer({ server: 'redis-7.0', tls }), startServer({ server: 'valkey-8.1', tls })]);
  try {
    const data = Array.from({ length: 3_000 }, (_, i) => ['HSET', `key:${i}`, 'f', `value ${i}`]);
    await Promise.all([run(source, data), run(target, data)]);
    await run(target, [['HSET', 'key:5', 'f', 'other']]);
    const { caFile, certFile, keyFile } = certificates.client;
    const flags = ['source', 'target'].flatMap((side) => [`--${side}-tls-ca`, caFile, `--${side}-tls-cert`, certFile, `--${side}-tls-key`, keyFile]);
    const { stdout, code } = await runGodwit(['verify', source.tlsUrl, target.tlsUrl, ...flags, '--settle', '200ms', '--format', 'json']);
    expect([code, (JSON.parse(stdout) as VerifyResult).differences.map(({ key }) => key)]).toEqual([8, ['key:5']]);
    expect((await runGodwit(['verify', source.tlsUrl, target.tlsUrl, '--reconnect-attempts', '1'])).code).toBe(3);
  } finally {
    await Promise.all([source.stop(), target.stop()]);
    certificates.remove();
  }
});

describe('users and functions', () => {
  test('libraries of functions are compared by their code', async () => {
    const [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'valkey-9.1' })]);
    try {
      const library = (name: string, value: number): string => `#!lua name=${name}\nredis.register_function('${name}_f', function() return ${value} end)`;
      for (const server of [source, target])
        await run(
          server,
          ['same', 'changed', 'lost'].map((name) => ['FUNCTION', 'LOAD', library(name, 1)]),
        );
      const verify = async (...args: string[]): Promise<VerifyResult> =>
        JSON.parse((await runGodwit(['verify', source.url, target.url, '--settle', '100ms', '--format', 'json', ...args])).stdout) as VerifyResult;
      expect((await verify()).differences).toEqual([]);
      await run(target, [
        ['FUNCTION', 'LOAD', 'REPLACE', library('changed', 2)],
        ['FUNCTION', 'DELETE', 'lost'],
        ['FUNCTION', 'LOAD', library('more', 1)],
      ]);
      const found = (result: VerifyResult): string[] => result.differences.map(({ key, kind, source: own, target: other }) => `${kind} ${key} ${own} ${other}`);
      const code = '\\d+ bytes of code, SHA-1 [0-9a-f]{8}';
      const all = found(await verify());
      for (const [i, form] of [`changed ${code} ${code}`, `lost ${code} none`, `more none ${code}`].entries())
        expect(all[i]).toMatch(new RegExp(`^function ${form}$`));
      expect(all.length).toBe(3);
      expect(found(await verify('--one-way')).length).toBe(2);
      expect(found(await verify('--prefix', 'x'))).toEqual([]);
    } finally {
      await Promise.all([source.stop(), target.stop()]);
    }
  });

  test('the rights of docs/rights.md are enough to verify, and to repair', async () => {
    const [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'valkey-8.1' })]);
    try {
      const data = [...PLANTED.filter(({ fields }) => fields !== true), ...ALIKE].flatMap(({ make }) => make);
      await Promise.all([run(source, data), run(target, data)]);
      const [reader, other, writer] = [
        await makeSyncUser(source, VERIFY_RIGHTS),
        await makeSyncUser(target, VERIFY_RIGHTS),
        () => makeSyncUser(target, `${VERIFY_RIGHTS} ${REPAIR_RIGHTS}`),
      ];
      const plain = await runGodwit(['verify', reader, other, '--settle', '100ms', '--large-above', '1kb']);
      expect([plain.code, plain.stderr]).toEqual([0, '']);
      await run(target, [
        ['DEL', 'planted:one byte'],
        ['SET', 'planted:list order', 'x'],
        ['SET', 'stranger', '1'],
      ]);
      const refused = await runGodwit(['verify', reader, other, '--settle', '100ms', '--repair', '--spool-dir', dir]);
      expect([refused.code, refused.stdout]).toEqual([8, expect.stringContaining('NOPERM')]);
      const mended = await runGodwit(['verify', reader, await writer(), '--settle', '100ms', '--repair', '--spool-dir', dir]);
      expect([mended.code, mended.stderr]).toEqual([0, '']);
    } finally {
      await Promise.all([source.stop(), target.stop()]);
    }
  });
});
