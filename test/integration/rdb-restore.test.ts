/** The raw values of a snapshot, given to a real server by RESTORE, make the same data as the snapshot itself. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Crc64 } from '../../src/bytes/crc64.ts';
import { EntryKind } from '../../src/model/batch.ts';
import { plainStringStart } from '../../src/rdb/plain-string.ts';
import { stringText } from '../../src/rdb/rdb-string.ts';
import { DUMP_FOOTER_BYTES, writeDumpFooter } from '../../src/rdb/restore-footer.ts';
import type { ServerName } from '../../scripts/servers.ts';
import { ownFile } from '../support/rdb/fixture-files.ts';
import { type Row, walkThroughWindows, walkWhole } from '../support/rdb/walk.ts';
import { type RealServer, startServer } from '../support/server.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/rdb', import.meta.url));
const DEBUG = ['--enable-debug-command', 'yes'];

/** Snapshots, and a server that is of the same version or newer (Debian's Redis 8.0 has no vector sets, so that it cannot take 8.0.6). */
const PAIRS: ReadonlyArray<readonly [file: string, server: ServerName]> = [
  ['redis-6.2.16', 'redis'],
  ['redis-7.0.15', 'redis'],
  ['valkey-8.1.1', 'valkey-8.1'],
  ['valkey-9.1.2', 'valkey-9.1'],
  ['redis-7.4.1', 'redis-8.0'],
];

function payload(row: Row, version: number): Buffer {
  const out = Buffer.alloc(1 + row.value.length + DUMP_FOOTER_BYTES);
  out[0] = row.type;
  out.write(row.value, 1, 'latin1');
  writeDumpFooter(new Crc64(), out, 0, 1 + row.value.length, version);
  return out;
}

async function restore(client: Redis, row: Row, version: number): Promise<unknown> {
  const key = Buffer.from(row.key, 'latin1');
  const value = Buffer.from(row.value, 'latin1');
  await client.select(row.database);
  const text = row.type === 0 ? plainStringStart(value, 0, value.length) : -1;
  if (row.kind === EntryKind.RdbFunction) return client.call('FUNCTION', 'LOAD', 'REPLACE', Buffer.from(stringText(value, 0)));
  if (text >= 0 && row.expiryMs < 0) return client.set(key, value.subarray(text));
  return client.call('RESTORE', key, Math.max(0, row.expiryMs), payload(row, version), 'ABSTTL');
}

/** The digest of the data of a server that has loaded the file by itself, and the libraries it has. */
async function digestOfFile(name: string, serverName: ServerName): Promise<{ digest: unknown; functions: unknown }> {
  const dir = mkdtempSync(join(tmpdir(), 'godwit-restore-'));
  copyFileSync(join(FIXTURES, `${name}.rdb`), join(dir, 'dump.rdb'));
  const server = await startServer({ server: serverName, args: DEBUG, dir });
  try {
    return await factsOf(server.client());
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function factsOf(redis: Redis): Promise<{ digest: unknown; functions: unknown }> {
  return { digest: await redis.call('DEBUG', 'DIGEST'), functions: await redis.call('FUNCTION', 'LIST', 'WITHCODE') };
}

describe.each(PAIRS)('%s at %s', (name, serverName) => {
  let target: RealServer;
  let client: Redis;

  beforeAll(async () => {
    target = await startServer({ server: serverName, args: DEBUG });
    client = target.client();
  });

  afterAll(() => target.stop());

  test.each([
    ['whole', walkWhole],
    ['through small windows', (file: Uint8Array) => walkThroughWindows(file, 64)],
  ])('read %s, its values are accepted and make the same data', async (_, walk) => {
    await client.call('FLUSHALL');
    await client.call('FUNCTION', 'FLUSH');
    const { rows, decoder } = walk(ownFile(name));
    for (const row of rows) {
      const reply = await restore(client, row, decoder.version);
      if (row.kind === EntryKind.RdbValue) expect(reply, row.key).toBe('OK');
    }
    expect(rows.length).toBeGreaterThan(30);
    expect(await factsOf(client)).toEqual(await digestOfFile(name, serverName));
  });
});
