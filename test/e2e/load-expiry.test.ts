/** AOFs whose keys have expired meanwhile: what is loaded ends as a server that loads the same file does. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { encodeCommand } from '../../src/resp/encode.ts';
import { compareServers } from '../support/compare.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { entry, file as rdbFile, string } from '../support/rdb/rdb-bytes.ts';
import { startServer } from '../support/server.ts';

const dir = mkdtempSync(join(tmpdir(), 'godwit-load-expiry-'));
const godwits: GodwitProcess[] = [];
const PAST = String(Date.now() - 60_000);
const FUTURE = String(Date.now() + 3_000_000);

afterEach(() => Promise.all(godwits.splice(0).map((godwit) => godwit.kill())));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function load(file: string, target: { readonly url: string }, ...args: string[]): Promise<{ code: number | null; said: string }> {
  const godwit = startGodwit({ file, target: target.url, spoolDir: join(dir, 'spool'), args });
  godwits.push(godwit);
  const { code } = await godwit.exit;
  return { code, said: String(godwit.lines.at(-1)?.message) };
}

const COMMANDS = [
  ['SELECT', '0'],
  ['SET', 'gone', 'v', 'PXAT', PAST],
  ['SET', 'renewed', 'v', 'PXAT', PAST],
  ['PEXPIREAT', 'renewed', FUTURE],
  ['SET', 'persisted', 'v', 'PXAT', PAST],
  ['APPEND', 'persisted', '-more'],
  ['PERSIST', 'persisted'],
  ['SET', 'counter', '5', 'PXAT', PAST],
  ['INCR', 'counter'],
  ['HSET', 'hash', 'field', 'value'],
  ['PEXPIREAT', 'hash', PAST],
  ['HSET', 'hash', 'other', 'value'],
  ['SET', 'deleted', 'v', 'PXAT', PAST],
  ['DEL', 'deleted'],
  ['SET', 'set anew', 'v', 'PXAT', PAST],
  ['DEL', 'set anew'],
  ['SET', 'set anew', 'w'],
  ['SELECT', '3'],
  ['SET', 'gone', 'v', 'PXAT', PAST],
  ['MULTI'],
  ['SET', 'kept', 'v', 'PXAT', PAST],
  ['PERSIST', 'kept'],
  ['EXEC'],
];

test.each(['redis-7.0', 'redis-6.0', 'valkey-9.1'] as const)('%s ends as the server of the file', { timeout: 30_000 }, async (name) => {
  const file = join(dir, 'expired.aof');
  writeFileSync(file, Buffer.concat(COMMANDS.map((command) => encodeCommand(command))));
  const folder = mkdtempSync(join(dir, 'server-'));
  copyFileSync(file, join(folder, 'appendonly.aof'));
  await using server = await startServer({ server: 'redis-7.0', dir: folder, args: { appendonly: 'yes' } });
  await using target = await startServer({ server: name });
  expect(await load(file, target)).toMatchObject({ code: 0, said: expect.stringContaining('4 keys left out because they had expired') as string });
  expect(await compareServers(server, target)).toEqual([]);
  expect((await target.client().keys('*')).filter((key) => !key.startsWith('__godwit')).toSorted()).toEqual(['persisted', 'renewed', 'set anew']);
  expect(await target.client().get('persisted')).toBe('v-more');
  expect(await target.client({ db: 3 }).keys('*')).toEqual(['kept']);
});

test('what a snapshot in front of commands had expired goes too, and what expires while the file is read waits for what may be appended', async () => {
  await using target = await startServer({ server: 'redis-7.0' });
  const base = join(dir, 'mixed.aof');
  const expired = Buffer.alloc(9, 0xfc);
  expired.writeBigUInt64LE(BigInt(PAST), 1);
  const entries = ['of snapshot', 'renewed'].flatMap((key) => [expired, entry(0, key, string('v'))]);
  writeFileSync(base, rdbFile('REDIS0009', ...entries));
  const soon = String(Date.now() + 1_000);
  const more = [
    ['PEXPIREAT', 'renewed', FUTURE],
    ['SET', 'soon', 'v', 'PXAT', soon],
  ];
  writeFileSync(base, Buffer.concat(more.map((command) => encodeCommand(command))), { flag: 'a' });
  expect((await load(base, target)).code).toBe(0);
  const keys = (await target.client().keys('*')).filter((key) => !key.startsWith('__godwit')).toSorted();
  expect(keys).toEqual(['renewed', 'soon']);
  writeFileSync(base, encodeCommand(['PERSIST', 'soon']), { flag: 'a' });
  expect((await load(base, target)).code).toBe(0);
  expect(await target.client().pttl('soon')).toBe(-1);
});
