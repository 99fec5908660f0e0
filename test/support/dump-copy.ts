/** Reads all keys of a server as DUMP payloads, and decodes those. */
import type { Redis } from 'ioredis';
import { type Dialect, dialectOf } from '../../src/rdb/dialect.ts';
import { ValueDecoder } from '../../src/rdb/values/value-decoder.ts';
import type { ValueVisitor } from '../../src/rdb/values/value-visitor.ts';
import { callForBytes } from './compare/comparable.ts';

export interface DumpedKey {
  readonly database: number;
  readonly key: Buffer;
  readonly payload: Buffer;
  /** Unix ms, -1 = none. Exact to the ms or two before Redis 7.0. */
  readonly expiryMs: number;
}

const FOOTER_BYTES = 10;

/** In each of the databases. */
export async function dumpAll(client: Redis, databases: readonly number[]): Promise<DumpedKey[]> {
  const dumped: DumpedKey[] = [];
  for (const database of databases) {
    await client.select(database);
    for (const key of (await callForBytes(client, 'KEYS', '*')) as Buffer[]) {
      const [payload, lifeMs] = await Promise.all([client.dumpBuffer(key), client.pttl(key)]);
      dumped.push({ database, key, payload, expiryMs: lifeMs < 0 ? -1 : Date.now() + lifeMs });
    }
  }
  return dumped;
}

export function dialectOfDump(payload: Buffer): Dialect {
  const version = payload.readUInt16LE(payload.length - FOOTER_BYTES);
  return dialectOf(version >= 80 ? 'VALKEY' : 'REDIS', version);
}

export function decodeDump(payload: Buffer, values: ValueVisitor): void {
  const end = payload.length - FOOTER_BYTES;
  const decoder = new ValueDecoder();
  decoder.begin(payload[0], dialectOfDump(payload), values, end - 1);
  if (decoder.feed(payload, 1, end) !== end || !decoder.done) throw new Error('a payload was not read to its end');
}
