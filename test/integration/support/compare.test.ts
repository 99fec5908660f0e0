import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Redis } from 'ioredis';
import { SERVER_CATALOGUE } from '../../../scripts/servers.ts';
import { compareServers } from '../../support/compare.ts';
import { loadRichData } from '../../support/rich-data.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Makes `replica` a copy of `primary` by the server's own replication, and then a primary. */
async function copy(primary: RealServer, replica: RealServer): Promise<void> {
  const client = replica.client();
  await client.call('REPLICAOF', primary.host, primary.port);
  await waitFor('the native copy', async () => (await client.info('replication')).includes('master_link_status:up'));
  await client.call('REPLICAOF', 'NO', 'ONE');
  client.disconnect();
}

describe.each(SERVER_CATALOGUE.map((entry) => entry.name))('%s', (name) => {
  test('rich data loads, and its native copy is found equal', async () => {
    await using left = await startServer({ server: name });
    await using right = await startServer({ server: name });
    expect(await loadRichData(left)).toBeGreaterThan(90);
    expect((await compareServers(left, right)).length).toBe(50);
    await copy(left, right);
    expect(await compareServers(left, right)).toEqual([]);
  });
});

describe('a planted difference is found:', () => {
  let left: RealServer;
  let right: RealServer;
  let client: Redis;
  beforeAll(async () => {
    [left, right] = [await startServer({ server: 'redis-8.0' }), await startServer({ server: 'redis-8.0' })];
    client = right.client();
  });
  afterAll(() => Promise.all([left.stop(), right.stop()]));
  beforeEach(async () => {
    await left.client().flushall();
    await loadRichData(left, { bigElements: 1_500 });
    await copy(left, right);
  });

  test.each([
    ['SET string:int:3 65', '"string:int:3": value'],
    ['DEL string:empty', '"string:empty": type: string | none'],
    ['SET extra v', '"extra": type: none | string'],
    ['SETRANGE string:lzf:100000 99999 X', '"string:lzf:100000": value'],
    ['PERSIST expiry:hour', '"expiry:hour": expires at'],
    ['PEXPIRE expiry:rpush 3599999', '"expiry:rpush": expires at'],
    ['LSET list:mixed 3 x', '"list:mixed": value: element 3'],
    ['LSET list:big 1234 x', '"list:big": value: from 1000 on: element 234'],
    ['RPUSH list:big x', '"list:big": size: 1500 | 1501'],
    ['SMOVE set:intset-16 extra 1', '"set:intset-16": value'],
    ['EVAL redis.call("SREM",KEYS[1],"member\\0327");redis.call("SADD",KEYS[1],"x") 1 set:big', '"set:big": value: member "member 7" is missing'],
    ['ZADD zset:listpack 1e-323 member\\0324', '"zset:listpack": value'],
    ['ZINCRBY zset:big 0.000001 member\\032700', '"zset:big": value: from 0 on'],
    ['EVAL redis.call("ZREM",KEYS[1],"member\\0323");redis.call("ZADD",KEYS[1],0,"member\\0323") 1 zset:skiplist', '"zset:skiplist": value'],
    ['HSET hash:listpack field other', '"hash:listpack": value'],
    ['HSET hash:big field\\0327 other', '"hash:big": value'],
    ['HPERSIST hash:ttl-listpack FIELDS 1 a', '"hash:ttl-listpack": value'],
    ['HPEXPIRE hash:ttl-table 1000000 FIELDS 1 field\\0323', '"hash:ttl-table": value'],
    ['XADD stream:one 1-2 f v', '"stream:one": size: 1 | 2'],
    ['XDEL stream:big 5-4', '"stream:big": size: 1500 | 1499'],
    ['XSETID stream:one 9-9', '"stream:one": stream: last-generated-id'],
    ['XSETID stream:set-id 99-9 ENTRIESADDED 1001 MAXDELETEDID 98-1', '"stream:set-id": stream: entries-added'],
    ['XSETID stream:set-id 99-9 ENTRIESADDED 1000 MAXDELETEDID 98-2', '"stream:set-id": stream: max-deleted-entry-id'],
    ['XGROUP DESTROY stream:groups from-end', '"stream:groups": stream: groups'],
    ['XGROUP DELCONSUMER stream:groups from-end idle', '"stream:groups": stream: groups "from-end": consumers'],
    ['XACK stream:groups from-start 106-0', '"stream:groups": stream: groups "from-start": '],
    ['XCLAIM stream:groups from-start carol 0 103-0 TIME 1700000000123 RETRYCOUNT 8', '"stream:groups": stream: groups "from-start": pending'],
    ['SETBIT bitmap 1001 1', '"bitmap": value'],
    ['PFADD hll:sparse d', '"hll:sparse": value'],
    ['FUNCTION DELETE godwit_test', 'function library "godwit_test"'],
    ['MOVE string:crlf 3', 'db 3 "string:crlf": type: none | string'],
  ])('%s', async (line, difference) => {
    const [command, ...args] = line.split(' ').map((word) => word.replaceAll('\\032', ' '));
    await client.call(command, ...args);
    expect((await compareServers(left, right)).join('\n')).toContain(difference);
  });

  test('but keys with the prefix of Godwit are not looked at', async () => {
    await client.set('__godwit:mark', '1');
    expect(await compareServers(left, right)).toEqual([]);
    expect(await compareServers(left, right, { ignorePrefix: '' })).toEqual(['db 0 "__godwit:mark": type: none | string']);
  });

  test('but expiries within the tolerance are equal', async () => {
    const at = Number(await client.call('PEXPIRETIME', 'expiry:hour'));
    await client.pexpireat('expiry:hour', at + 20);
    expect(await compareServers(left, right, { ttlToleranceMs: 20 })).toEqual([]);
    expect(await compareServers(left, right, { ttlToleranceMs: 19 })).toHaveLength(1);
  });
});

test('compares long streams and large strings in pieces', async () => {
  await using left = await startServer();
  await using right = await startServer();
  await left.client().eval(`for i = 1, 10500 do redis.call('XADD', 'stream', i .. '-1', 'n', i) end redis.call('SETRANGE', 'string', 20000000, 'end')`, 0);
  await copy(left, right);
  expect(await compareServers(left, right)).toEqual([]);
  await right.client().setrange('string', 15_000_000, 'x');
  await right.client().eval(`redis.call('XDEL', 'stream', '10300-1') redis.call('DEL', 'other')`, 0);
  expect((await compareServers(left, right)).join('\n')).toMatch(/"string": value: from 8388608 on/);
});
