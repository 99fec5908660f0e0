/** What a server says of its own keys: what an inspection of its snapshot has to agree with. */
import type { Redis } from 'ioredis';
import type { RealServer } from '../server.ts';

export interface ServerCounts {
  readonly keys: number;
  readonly expiring: number;
  /** Keys by database, type, and `type encoding`; elements by type. */
  readonly databases: Readonly<Record<string, number>>;
  readonly types: Readonly<Record<string, number>>;
  readonly encodings: Readonly<Record<string, number>>;
  readonly elements: Readonly<Record<string, number>>;
  /** Sum of MEMORY USAGE, every element looked at; by type. */
  readonly memory: Readonly<Record<string, number>>;
}

const LENGTH_COMMANDS: Readonly<Record<string, string>> = { list: 'LLEN', set: 'SCARD', zset: 'ZCARD', hash: 'HLEN', stream: 'XLEN' };

export async function serverCounts(server: RealServer): Promise<ServerCounts> {
  const client = server.client();
  try {
    const sizes = [...(await client.info('keyspace')).matchAll(/^db(\d+):keys=(\d+),expires=(\d+)/gm)].map(([, ...numbers]) => numbers.map(Number));
    const sums = { databases: {}, types: {}, encodings: {}, elements: {}, memory: {} } as Record<string, Record<string, number>>;
    for (const [database, keys] of sizes) {
      sums['databases'][`db${database}`] = keys;
      await client.select(database);
      for (const key of await client.keysBuffer('*')) await addKey(client, key, sums);
    }
    const sumOf = (column: number): number => sizes.reduce((sum, row) => sum + row[column], 0);
    return { keys: sumOf(1), expiring: sumOf(2), ...sums } as unknown as ServerCounts;
  } finally {
    client.disconnect();
  }
}

async function addKey(client: Redis, key: Buffer, sums: Record<string, Record<string, number>>): Promise<void> {
  const type = await client.type(key);
  const [encoding, elements, memory] = await Promise.all([
    client.object('ENCODING', key),
    type === 'string' ? 1 : client.call(LENGTH_COMMANDS[type], key),
    client.call('MEMORY', 'USAGE', key, 'SAMPLES', '0'),
  ]);
  add(sums['types'], type, 1);
  add(sums['encodings'], `${type} ${String(encoding)}`, 1);
  add(sums['elements'], type, Number(elements));
  add(sums['memory'], type, Number(memory));
}

function add(sums: Record<string, number>, name: string, count: number): void {
  sums[name] = (sums[name] ?? 0) + count;
}
