/** Differences of every kind, planted in a target that was equal: what is done to it, and what has to be reported of it. */
import type { RealServer } from '../server.ts';

type Word = string | number | Buffer;

export interface Planted {
  /** Also begins the keys that it is about. */
  readonly name: string;
  /** Made at both sides. */
  readonly make: readonly (readonly Word[])[];
  /** Done at the target alone. */
  readonly spoil: readonly (readonly Word[])[];
  readonly kind: string;
  readonly where: RegExp;
  /** Only servers that expire fields have it. */
  readonly fields?: boolean;
}

const HOUR = 3_600_000;
const soon = Date.now() + HOUR;
/** Times of deliveries: servers take none that is still to come. */
const past = Date.now() - HOUR;
const numbers = (count: number, before = ''): string[] => Array.from({ length: count }, (_, i) => before + i);
const pairs = (count: number): string[] => numbers(count).flatMap((i) => [`f${i}`, `v${i}`]);
const LONG = 'abc'.repeat(40_000);

/** @param k the key */
const entries = (k: string): Word[][] => [1, 2, 3, 4].map((i) => ['XADD', k, `${i}-0`, 'n', i, 'text', `entry ${i}`]);
const group = (k: string): Word[][] => [
  ...entries(k),
  ['XGROUP', 'CREATE', k, 'g', '0'],
  ['XREADGROUP', 'GROUP', 'g', 'alice', 'COUNT', 2, 'STREAMS', k, '>'],
  ['XCLAIM', k, 'g', 'alice', 0, '1-0', '2-0', 'TIME', past, 'RETRYCOUNT', 1],
];

const plant = (name: string, kind: string, where: RegExp, make: (k: string) => Word[][], spoil: (k: string) => Word[][], fields = false): Planted => {
  const key = `planted:${name}`;
  return { name: key, kind, where, make: make(key), spoil: spoil(key), fields };
};

export const PLANTED: readonly Planted[] = [
  plant(
    'missing',
    'missing',
    /^$/,
    (k) => [['SET', k, 'v']],
    (k) => [['DEL', k]],
  ),
  plant(
    'extra',
    'extra',
    /^$/,
    () => [],
    (k) => [['SET', k, 'v']],
  ),
  plant(
    'type',
    'type',
    /^$/,
    (k) => [['SET', k, 'v']],
    (k) => [
      ['DEL', k],
      ['SADD', k, 'v'],
    ],
  ),
  plant(
    'one byte',
    'value',
    /^byte 3$/,
    (k) => [['SET', k, 'abcdef']],
    (k) => [['SETRANGE', k, 3, 'D']],
  ),
  plant(
    'one byte more',
    'value',
    /^byte 6 \(6 and 7 bytes\)$/,
    (k) => [['SET', k, 'abcdef']],
    (k) => [['APPEND', k, 'g']],
  ),
  plant(
    'one bit',
    'value',
    /^byte 1$/,
    (k) => [['SET', k, 'aaaa']],
    (k) => [['SETBIT', k, 15, 0]],
  ),
  plant(
    'number',
    'value',
    /^byte 2$/,
    (k) => [['SET', k, '1234']],
    (k) => [
      ['INCR', k],
      ['INCRBY', k, 9],
    ],
  ),
  plant(
    'one byte of a long string',
    'value',
    /^byte 100001$/,
    (k) => [['SET', k, LONG]],
    (k) => [['SETRANGE', k, 100_001, 'X']],
  ),
  plant(
    'empty string',
    'value',
    /^byte 0/,
    (k) => [['SET', k, '']],
    (k) => [['SET', k, ' ']],
  ),
  plant(
    'list element',
    'value',
    /^index 1$/,
    (k) => [['RPUSH', k, 'a', 'b', 'c']],
    (k) => [['LSET', k, 1, 'B']],
  ),
  plant(
    'list order',
    'value',
    /^index 0$/,
    (k) => [['RPUSH', k, 'a', 'b']],
    (k) => [
      ['DEL', k],
      ['RPUSH', k, 'b', 'a'],
    ],
  ),
  plant(
    'list longer',
    'value',
    /^index 3$/,
    (k) => [['RPUSH', k, 'a', 'b', 'c']],
    (k) => [['RPUSH', k, 'd']],
  ),
  plant(
    'long list',
    'value',
    /^index 9000$/,
    (k) => [['RPUSH', k, ...numbers(10_000, 'element ')]],
    (k) => [['LSET', k, 9_000, 'other']],
  ),
  plant(
    'set member',
    'value',
    /^member "b"$/,
    (k) => [['SADD', k, 'a', 'b']],
    (k) => [
      ['SREM', k, 'b'],
      ['SADD', k, 'B'],
    ],
  ),
  plant(
    'set member more',
    'value',
    /^member "c"$/,
    (k) => [['SADD', k, 'a', 'b']],
    (k) => [['SADD', k, 'c']],
  ),
  plant(
    'set of numbers',
    'value',
    /^member "2"$/,
    (k) => [['SADD', k, 1, 2, 3]],
    (k) => [['SREM', k, 2]],
  ),
  plant(
    'large set',
    'value',
    /^member "m77"$/,
    (k) => [['SADD', k, ...numbers(20_000, 'm')]],
    (k) => [
      ['SREM', k, 'm77'],
      ['SADD', k, 'x77'],
    ],
  ),
  plant(
    'hash value',
    'value',
    /^field "f1"$/,
    (k) => [['HSET', k, ...pairs(3)]],
    (k) => [['HSET', k, 'f1', 'other']],
  ),
  plant(
    'hash field',
    'value',
    /^field "f2"$/,
    (k) => [['HSET', k, ...pairs(3)]],
    (k) => [['HDEL', k, 'f2']],
  ),
  plant(
    'hash field more',
    'value',
    /^field "more"$/,
    (k) => [['HSET', k, ...pairs(3)]],
    (k) => [['HSET', k, 'more', '1']],
  ),
  plant(
    'large hash',
    'value',
    /^field "f4321"$/,
    (k) => [['HSET', k, ...pairs(10_000)]],
    (k) => [['HSET', k, 'f4321', 'other']],
  ),
  plant(
    'score by one ulp',
    'value',
    /^member "m"$/,
    (k) => [['ZADD', k, '0.1', 'm']],
    (k) => [['ZADD', k, '0.10000000000000002', 'm']],
  ),
  plant(
    'sorted member',
    'value',
    /^member "b"$/,
    (k) => [['ZADD', k, 1, 'a', 2, 'b']],
    (k) => [
      ['ZREM', k, 'b'],
      ['ZADD', k, 2, 'B'],
    ],
  ),
  plant(
    'large sorted set',
    'value',
    /^member "m9"$/,
    (k) => [['ZADD', k, ...numbers(20_000).flatMap((i) => [i, `m${i}`])]],
    (k) => [['ZINCRBY', k, '0.5', 'm9']],
  ),
  plant(
    'infinite score',
    'value',
    /^member "m"$/,
    (k) => [['ZADD', k, 'inf', 'm']],
    (k) => [['ZADD', k, '-inf', 'm']],
  ),
  plant(
    'expiry',
    'ttl',
    /^$/,
    (k) => [
      ['SET', k, 'v'],
      ['PEXPIREAT', k, soon],
    ],
    (k) => [['PEXPIREAT', k, soon + 5_000]],
  ),
  plant(
    'no expiry',
    'ttl',
    /^$/,
    (k) => [
      ['SET', k, 'v'],
      ['PEXPIREAT', k, soon],
    ],
    (k) => [['PERSIST', k]],
  ),
  plant(
    'expiry more',
    'ttl',
    /^$/,
    (k) => [['RPUSH', k, 'v']],
    (k) => [['PEXPIREAT', k, soon]],
  ),
  plant('stream entry', 'stream', /^entry 2-0$/, entries, (k) => [['XDEL', k, '2-0']]),
  plant('stream entry more', 'stream', /^entry 5-0$/, entries, (k) => [['XADD', k, '5-0', 'n', '5']]),
  plant(
    'stream field',
    'stream',
    /^entry 1-0$/,
    (k) => [['XADD', k, '1-0', 'a', '1']],
    (k) => [
      ['DEL', k],
      ['XADD', k, '1-0', 'a', '2'],
    ],
  ),
  plant('stream last id', 'stream', /^last id$/, entries, (k) => [['XSETID', k, '99-0']]),
  plant('group missing', 'stream', /^group "g" /, group, (k) => [['XGROUP', 'DESTROY', k, 'g']]),
  plant('group more', 'stream', /^group "more" /, group, (k) => [['XGROUP', 'CREATE', k, 'more', '$']]),
  plant('group cursor', 'stream', /^group "g" last delivered id$/, group, (k) => [['XGROUP', 'SETID', k, 'g', '1-0']]),
  plant('pending acknowledged', 'stream', /^group "g" pending 1-0$/, group, (k) => [['XACK', k, 'g', '1-0']]),
  plant('pending of another consumer', 'stream', /^group "g" consumer/, group, (k) => [['XCLAIM', k, 'g', 'bob', 0, '2-0', 'TIME', past, 'RETRYCOUNT', 1]]),
  plant('deliveries', 'stream', /^group "g" pending 2-0$/, group, (k) => [['XCLAIM', k, 'g', 'alice', 0, '2-0', 'TIME', past, 'RETRYCOUNT', 7]]),
  plant('delivered later', 'stream', /^group "g" pending 2-0$/, group, (k) => [['XCLAIM', k, 'g', 'alice', 0, '2-0', 'TIME', past - 60_000, 'RETRYCOUNT', 1]]),
  plant('consumer missing', 'stream', /^group "g" (consumer|pending)/, group, (k) => [['XGROUP', 'DELCONSUMER', k, 'g', 'alice']]),
  plant(
    'bytes in a key \0\r\n',
    'value',
    /^byte 0$/,
    (k) => [['SET', k, '1']],
    (k) => [['SET', k, '2']],
  ),
  plant(
    'field expiry',
    'field-ttl',
    /^field "f1"$/,
    (k) => [
      ['HSET', k, ...pairs(3)],
      ['HPEXPIREAT', k, soon, 'FIELDS', 1, 'f1'],
    ],
    (k) => [['HPEXPIREAT', k, soon + 9_000, 'FIELDS', 1, 'f1']],
    true,
  ),
  plant(
    'no field expiry',
    'field-ttl',
    /^field "f2"$/,
    (k) => [
      ['HSET', k, ...pairs(3)],
      ['HPEXPIREAT', k, soon, 'FIELDS', 2, 'f1', 'f2'],
    ],
    (k) => [['HPERSIST', k, 'FIELDS', 1, 'f2']],
    true,
  ),
];

/** What looks different and is not: other encodings, another order, times within the tolerance. */
export const ALIKE: readonly Planted[] = [
  plant(
    'order of a set',
    '',
    /^$/,
    (k) => [['SADD', k, ...numbers(600, 'm')]],
    (k) => [
      ['DEL', k],
      ['SADD', k, ...numbers(600, 'm').toReversed()],
    ],
  ),
  plant(
    'order of a hash',
    '',
    /^$/,
    (k) => [['HSET', k, 'a', '1', 'b', '2']],
    (k) => [
      ['DEL', k],
      ['HSET', k, 'b', '2', 'a', '1'],
    ],
  ),
  plant(
    'table instead of a listpack',
    '',
    /^$/,
    (k) => [['HSET', k, 'a', '1']],
    (k) => [
      ['HSET', k, 'long', LONG],
      ['HDEL', k, 'long'],
    ],
  ),
  plant(
    'nodes of a list',
    '',
    /^$/,
    (k) => [['RPUSH', k, ...numbers(5_000)]],
    (k) => [['DEL', k], ...numbers(50).map((i) => ['RPUSH', k, ...numbers(100).map((j) => String(Number(i) * 100 + Number(j)))])],
  ),
  plant(
    'number as text',
    '',
    /^$/,
    (k) => [['SET', k, '123']],
    (k) => [
      ['SET', k, '12'],
      ['APPEND', k, '3'],
    ],
  ),
  plant(
    'expiry within the tolerance',
    '',
    /^$/,
    (k) => [
      ['SET', k, 'v'],
      ['PEXPIREAT', k, soon],
    ],
    (k) => [['PEXPIREAT', k, soon + 900]],
  ),
  plant(
    'expired',
    '',
    /^$/,
    (k) => [['SET', k, 'v']],
    (k) => [['SET', k, 'other', 'PX', 1]].slice(1).concat([['GET', k]]),
  ),
];

export async function run(server: RealServer, commands: readonly (readonly Word[])[], database = 0): Promise<void> {
  const client = server.client();
  try {
    await client.select(database);
    const pipeline = client.pipeline();
    for (const [name, ...args] of commands) pipeline.call(String(name), ...args);
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  } finally {
    client.disconnect();
  }
}
