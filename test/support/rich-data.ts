/**
 * Data of every type, encoding and edge that the server's version has, spread over databases 0, 1 and 15.
 *
 * When you add a value type to the product, also add it here and to compare.ts.
 */
import { DataWriter } from './rich-data/data-writer.ts';
import { addExpiries, addHashes, addLists, addPlainNodes, addSets, addSortedSets, addStrings } from './rich-data/plain-values.ts';
import { addStreams } from './rich-data/streams.ts';
import type { RealServer } from './server.ts';

export interface RichDataOptions {
  /** Elements of the big collections; 5000 unless told. */
  bigElements?: number;
  /** Also values of modules that the server brings along (vector sets of Redis 8.0), which nothing can say in other words; no unless told. */
  modules?: boolean;
}

const LIBRARY = `#!lua name=godwit_test
redis.register_function('double', function(keys, args) return tonumber(args[1]) * 2 end)
redis.register_function{function_name='read_only', callback=function(keys, args) return redis.call('GET', keys[1]) end, flags={'no-writes'}}
`;

/** @returns how many keys there are then, over all databases. */
export async function loadRichData(server: RealServer, options: RichDataOptions = {}): Promise<number> {
  const { product } = server;
  const vectors = options.modules === true && product === 'redis' && server.atLeast(8);
  const abilities = { product, vectors, isSeven: server.atLeast(7), fieldExpiry: product === 'valkey' ? server.atLeast(9) : server.atLeast(7, 4) };
  const client = server.client();
  try {
    const data = new DataWriter(client, abilities, options.bigElements ?? 5_000);
    for (const add of [addStrings, addLists, addPlainNodes, addSets, addSortedSets, addHashes, addStreams, addExpiries]) add(data);
    if (abilities.isSeven) data.add('FUNCTION', 'LOAD', 'REPLACE', LIBRARY);
    if (vectors) addVectors(data);
    addOtherDatabases(data);
    await data.send();
    return await countKeys(client);
  } finally {
    client.disconnect();
  }
}

function addVectors(data: DataWriter): void {
  for (let i = 0; i < 50; i++) data.add('VADD', 'vectors', 'VALUES', 4, i, -i / 3, 1, 0.5, `member ${i}`);
  data.add('VSETATTR', 'vectors', 'member 7', '{"a":1}');
  data.add('VADD', 'vectors:whole-numbers', 'VALUES', 2, 1, 2, 'x', 'NOQUANT');
}

function addOtherDatabases(data: DataWriter): void {
  data.add('SELECT', '1');
  data.add('SET', 'string:int:0', 'the same name in another database');
  data.add('RPUSH', 'list', 'a', 'b');
  data.add('SELECT', '15');
  data.add('HSET', 'hash', 'f', 'v');
  data.add('SET', 'expiring', 'v', 'PX', 3_600_000);
  data.add('SELECT', '0');
}

async function countKeys(client: DataWriter['client']): Promise<number> {
  return [...(await client.info('keyspace')).matchAll(/^db\d+:keys=(\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0);
}
