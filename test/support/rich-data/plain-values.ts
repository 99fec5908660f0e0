/** Strings, lists, sets, sorted sets and hashes in each of their encodings, and at the edges of them. */
import { ALL_BYTES, type DataWriter, range } from './data-writer.ts';

/** Not longer than the elements of a listpack may be. */
const LOW_BYTES = ALL_BYTES.subarray(0, 64);
const HIGH_BYTES = ALL_BYTES.subarray(192);

export function addStrings(data: DataWriter): void {
  const integers = ['0', '-1', '63', '64', '127', '128', '255', '32767', '-32768', '32768', '65536', '2147483647', '-2147483648', '4294967296'];
  for (const [i, value] of [...integers, '9223372036854775807', '-9223372036854775808'].entries()) data.add('SET', `string:int:${i}`, value);
  const lookLikeIntegers = ['007', '+1', '-0', ' 1', '1 ', '9223372036854775808', '1e3', '3.25'];
  for (const [i, value] of lookLikeIntegers.entries()) data.add('SET', `string:almost-int:${i}`, value);
  for (const length of [1, 20, 21, 44, 45, 63, 64, 16_383, 16_384, 100_000])
    data.add('SET', `string:lzf:${length}`, 'ab'.repeat(length / 2 + 1).slice(0, length));
  data.add('SET', 'string:not-compressible', pseudoRandomBytes(20_000));
  data.add('SET', 'string:all-bytes', ALL_BYTES);
  data.add('SET', 'string:crlf', '\r\n*1\r\n$4\r\nPING\r\n');
  data.add('SET', 'string:empty', '');
  data.add('SET', '', 'the key with the empty name');
  data.add('SET', ALL_BYTES, 'a key of all bytes');
  data.add('SET', Buffer.concat([Buffer.from('zero\0inside'), Buffer.from([0xff, 0xfe])]), 'binary key');
  data.add('SET', 'ключ:鍵:🔑', 'значение');
  data.add('SET', `long:${'k'.repeat(20_000)}`, 'a long key');
  data.add('SET', 'tagged{one}{two}', 'hash tags');
  data.add('APPEND', 'string:appended', 'one');
  data.add('APPEND', 'string:appended', 'two');
  for (const bit of [0, 7, 1_000, 80_000]) data.add('SETBIT', 'bitmap', bit, 1);
  data.add('BITFIELD', 'bitfield', 'SET', 'u8', '0', 255, 'SET', 'i5', '100', -10);
  data.add('PFADD', 'hll:sparse', 'a', 'b', 'c');
  data.addMany(
    'PFADD',
    'hll:dense',
    range(data.bigElements).map((i) => `visitor ${i}`),
  );
  data.add('PFADD', 'hll:empty');
}

export function addLists(data: DataWriter): void {
  data.add('RPUSH', 'list:one', 'x');
  data.add(
    'RPUSH',
    'list:mixed',
    '',
    '0',
    '12',
    '-1',
    '4095',
    '4096',
    '70000',
    '9223372036854775807',
    'text',
    ALL_BYTES,
    'a'.repeat(63),
    'a'.repeat(64),
    'a'.repeat(5_000),
  );
  data.addMany(
    'RPUSH',
    'list:big',
    range(data.bigElements).map((i) => `element ${i}`),
  );
  // An element over the limit of a node is a node of its own.
  data.add('RPUSH', 'list:large-elements', 'b'.repeat(9_000), 'small', 'c'.repeat(20_000));
  data.add('CONFIG', 'SET', 'list-compress-depth', '1');
  data.addMany(
    'RPUSH',
    'list:compressed',
    range(data.bigElements).map((i) => `compressible ${i % 7} ${'z'.repeat(30)}`),
  );
  data.add('CONFIG', 'SET', 'list-compress-depth', '0');
}

/** Nodes that hold one element as it is, which need the debug command. */
export function addPlainNodes(data: DataWriter): void {
  if (!data.abilities.isSeven) return;
  data.add('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '100b');
  data.add('RPUSH', 'list:plain-nodes', 'o'.repeat(9_000), 'p'.repeat(200), 'small', 'q'.repeat(5_000));
  data.add('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '0');
}

export function addSets(data: DataWriter): void {
  data.add('SADD', 'set:intset-16', 1, 2, -3, 32_767);
  data.add('SADD', 'set:intset-32', 1, 70_000, -2_147_483_648);
  data.add('SADD', 'set:intset-64', 1, '9223372036854775807', '-9223372036854775808');
  data.addMany('SADD', 'set:intset-full', range(512));
  data.addMany('SADD', 'set:integers-in-a-table', range(513));
  data.add('SADD', 'set:listpack', 'a', 'b', '3', '', LOW_BYTES, HIGH_BYTES);
  data.add('SADD', 'set:table', 'a', '3', '', ALL_BYTES);
  data.addMany(
    'SADD',
    'set:big',
    range(data.bigElements).map((i) => `member ${i}`),
  );
}

export function addSortedSets(data: DataWriter): void {
  const scores = [
    'inf',
    '-inf',
    '0',
    '-0',
    '5e-324',
    '2.2250738585072014e-308',
    '1.7976931348623157e308',
    '0.1',
    '-3.3333333333333335',
    '9007199254740993',
    '1e21',
    '17',
  ];
  const edges = scores.flatMap((score, i) => [score, `member ${i}`]);
  data.add('ZADD', 'zset:listpack', ...edges, '1', LOW_BYTES, '1', HIGH_BYTES, '1', '');
  // The long member comes first: a score of -0 would not survive a listpack.
  data.add('ZADD', 'zset:skiplist', '2', 'm'.repeat(200));
  data.add('ZADD', 'zset:skiplist', ...edges);
  data.addMany(
    'ZADD',
    'zset:big',
    range(data.bigElements).flatMap((i) => [((i * 7919) % 1_000) + i / 3, `member ${i}`]),
    2,
  );
  data.addMany(
    'ZADD',
    'zset:same-scores',
    range(300).flatMap((i) => [1, `member ${i}`]),
    2,
  );
  data.add('GEOADD', 'geo', '13.361389', '38.115556', 'Palermo', '15.087269', '37.502669', 'Catania');
}

export function addHashes(data: DataWriter): void {
  data.add('HSET', 'hash:listpack', 'field', 'value', 'number', '12345', '', 'empty field', 'empty value', '', LOW_BYTES, HIGH_BYTES);
  data.add('HSET', 'hash:table', 'long value', 'v'.repeat(1_000), 'short', 'v', ALL_BYTES, ALL_BYTES);
  data.addMany(
    'HSET',
    'hash:big',
    range(data.bigElements).flatMap((i) => [`field ${i}`, `value ${i}`]),
    2,
  );
  if (!data.abilities.fieldExpiry) return;
  const at = Date.now() + 3_600_000;
  data.add('HSET', 'hash:ttl-listpack', 'a', '1', 'b', '2', 'c', '3');
  data.add('HPEXPIREAT', 'hash:ttl-listpack', at + 1, 'FIELDS', 2, 'a', 'c');
  data.addMany(
    'HSET',
    'hash:ttl-table',
    range(600).flatMap((i) => [`field ${i}`, `value ${i}`]),
    2,
  );
  for (const i of range(200)) data.add('HPEXPIREAT', 'hash:ttl-table', at + i * 1_000, 'FIELDS', 1, `field ${i * 3}`);
  data.add('HSET', 'hash:ttl-and-key-expiry', 'a', '1', 'b', '2');
  data.add('HPEXPIREAT', 'hash:ttl-and-key-expiry', at, 'FIELDS', 1, 'b');
  data.add('PEXPIREAT', 'hash:ttl-and-key-expiry', at + 60_000);
}

export function addExpiries(data: DataWriter): void {
  const now = Date.now();
  data.add('SET', 'expiry:hour', 'v', 'PX', 3_600_123);
  data.add('SET', 'expiry:ten-years', 'v', 'EX', 315_360_000);
  data.add('SET', 'expiry:int', '42', 'PX', 7_200_000);
  for (const [i, command] of [
    ['RPUSH', 'e'],
    ['SADD', 'e'],
    ['ZADD', '1', 'e'],
    ['HSET', 'f', 'v'],
    ['XADD', '1-1', 'f', 'v'],
  ].entries()) {
    const [name, ...args] = command as [string, ...string[]];
    data.add(name, `expiry:${name.toLowerCase()}`, ...args);
    data.add('PEXPIREAT', `expiry:${name.toLowerCase()}`, now + 3_600_000 + i * 1_001);
  }
}

/** The same bytes each time; LZF finds nothing in them. */
function pseudoRandomBytes(count: number): Buffer {
  let state = 0x2545f491;
  return Buffer.from(
    range(count).map(() => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    }),
  );
}
