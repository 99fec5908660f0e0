/** Rows 29 to 31 of test/e2e/redisshake/README.md, and that its other rows name tests that are there. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { keyRanges } from '../../src/command/key-indexes.ts';
import { parseServerVersion } from '../../src/model/server-version.ts';
import { slotOf } from '../../src/model/slot.ts';
import { dialectOf } from '../../src/rdb/dialect.ts';
import { RdbType } from '../../src/rdb/opcodes.ts';
import { readLine } from '../support/commands/resp-command.ts';
import { decodeWhole } from '../support/rdb/decode-value.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('every row of the table names a file and a test that are there', () => {
  const table = readFileSync(`${root}test/e2e/redisshake/README.md`, 'utf8');
  const rows = [...table.matchAll(/^\|.*\| `(test\/[^`]+)`(?:: (.*))? \|$/gm)];
  expect(rows.length).toBeGreaterThan(35);
  for (const [, file, name] of rows) {
    expect(existsSync(`${root}${file}`), file).toBe(true);
    if (name !== undefined) expect(readFileSync(`${root}${file}`, 'utf8'), `${file}: ${name}`).toContain(`'${name}'`);
  }
  const numbers = new Set([...table.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number)));
  expect([...numbers]).toEqual(Array.from({ length: 31 }, (_, i) => i + 1));
});

test('keys and slots as its cases have them', () => {
  const keysOf = (line: string): string[] => {
    const { bytes, args, command } = readLine(line);
    const ranges = keyRanges(command!, args);
    return Array.from({ length: ranges.length / 2 }, (_, i) => bytes.toString('latin1', ranges[2 * i], ranges[2 * i + 1]));
  };
  expect(keysOf('SET key value')).toEqual(['key']);
  expect(keysOf('MSET key1 value1 key2 value2')).toEqual(['key1', 'key2']);
  expect(keysOf('XADD key * field1 value1')).toEqual(['key']);
  expect(keysOf('ZUNIONSTORE key 2 key1 key2')).toEqual(['key', 'key1', 'key2']);
  expect(keysOf('COMMAND')).toEqual([]);
  const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  // Slots that CLUSTER KEYSLOT of a server gives.
  const slots: readonly (readonly [Buffer, number])[] = [
    [Buffer.from(''), 0],
    [Buffer.from('a'), 15_495],
    [Buffer.from('abc'), 7_638],
    [Buffer.from('123456789'), 12_739],
    [Buffer.from('foo'), 12_182],
    [Buffer.from('{user1000}.following'), 3_443],
    [Buffer.from('{user1000}.followers'), 3_443],
    [Buffer.from('foo{}{bar}'), 8_363],
    [Buffer.from('\u4e2d\u6587'), 13_257],
    [all, 16_155],
  ];
  for (const [key, slot] of slots) expect([key.toString('latin1'), slotOf(key)]).toEqual([key.toString('latin1'), slot]);
});

test('sets of the types 2, 11 and 20', () => {
  const dialect = dialectOf('REDIS', 11);
  const membersOf = (type: number, value: Buffer): string[] =>
    (decodeWhole({ type, dialect, value }).value as readonly string[]).map((member) => Buffer.from(member, 'base64').toString()).toSorted();
  const text = (word: string): Buffer => Buffer.concat([Buffer.from([word.length]), Buffer.from(word)]);
  const sized = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const plain = Buffer.concat([Buffer.from([3]), text('a'), text('b'), text('12')]);
  const intset = Buffer.from([2, 0, 0, 0, 3, 0, 0, 0, 0xff, 0xff, 1, 0, 2, 0]);
  const listpack = Buffer.from([13, 0, 0, 0, 3, 0, 0x81, 0x61, 2, 0x05, 1, 0xff]);
  listpack.writeUInt32LE(listpack.length, 0);
  listpack.writeUInt16LE(2, 4);
  expect(membersOf(RdbType.Set, plain)).toEqual(['12', 'a', 'b']);
  expect(membersOf(RdbType.SetIntset, sized(intset))).toEqual(['-1', '1', '2']);
  expect(membersOf(RdbType.SetListpack, sized(listpack))).toEqual(['5', 'a']);
});

test('versions of servers', () => {
  const seen = (info: string): unknown => {
    const version = parseServerVersion(info);
    return version && [version.product, version.major, version.minor, version.patch];
  };
  expect(seen('# Server\r\nredis_version:7.0.15\r\n')).toEqual(['redis', 7, 0, 15]);
  expect(seen('redis_version:2.8.24\r\nredis_mode:standalone\r\n')).toEqual(['redis', 2, 8, 24]);
  expect(seen('redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0\r\n')).toEqual(['valkey', 8, 1, 0]);
  expect(seen('redis_version:abc\r\n')).toBeUndefined();
  expect(seen('')).toBeUndefined();
});
