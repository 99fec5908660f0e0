/**
 * A file of RESTORE commands for `redis-cli --pipe`, made once from the source by DUMP: the least that any tool which writes through commands must
 * send, with none of the work of getting it.
 */
import { createWriteStream, existsSync, renameSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { RealServer } from '../../test/support/server.ts';
import { cachedPath, makeFolder, removeFolder } from './cache-folder.ts';

const KEYS_A_TURN = 500;

/** @param name of the saved set. @returns the path of the file */
export async function restoreFile(name: string, source: RealServer): Promise<string> {
  const path = cachedPath(`${name}.restore`);
  if (existsSync(path)) return path;
  console.log(`the file of RESTOREs for ${name} is made (once)`);
  const client = source.client();
  const dir = makeFolder('restore');
  const unfinished = join(dir, 'unfinished');
  const file = createWriteStream(unfinished);
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'COUNT', KEYS_A_TURN);
    cursor = next;
    if (keys.length > 0 && !file.write(await restores(client, keys))) await once(file, 'drain');
  } while (cursor !== '0');
  file.end();
  await once(file, 'close');
  client.disconnect();
  renameSync(unfinished, path);
  removeFolder(dir);
  return path;
}

async function restores(client: Redis, keys: readonly string[]): Promise<Buffer> {
  const pipeline = client.pipeline();
  for (const key of keys) pipeline.pexpiretime(key).dumpBuffer(key);
  const results = (await pipeline.exec()) ?? [];
  const parts: Buffer[] = [];
  keys.forEach((key, i) => {
    const expiryMs = results[2 * i]?.[1] as number;
    const payload = results[2 * i + 1]?.[1] as Buffer;
    const options = expiryMs < 0 ? '' : '$6\r\nABSTTL\r\n';
    const ttl = String(Math.max(0, expiryMs));
    const head = `*${expiryMs < 0 ? 4 : 5}\r\n$7\r\nRESTORE\r\n$${Buffer.byteLength(key)}\r\n${key}\r\n$${ttl.length}\r\n${ttl}\r\n$${payload.length}\r\n`;
    parts.push(Buffer.from(head), payload, Buffer.from(`\r\n${options}`));
  });
  return Buffer.concat(parts);
}
