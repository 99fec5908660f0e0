/** Values in snapshots of real servers: decoded whole, byte by byte and from any pieces, and compared with what the server said they hold. */
import { describe, expect, test } from 'vitest';
import { contentsOf, type FixtureContent, librdbExpectation, librdbFiles, ownFiles } from '../support/rdb/fixture-files.ts';
import { decodeAsNeeded, decodeByteByByte, decodeInPieces, decodeWhole, type ValueBytes } from '../support/rdb/decode-value.ts';
import { Seeded } from '../support/rdb/seeded.ts';
import { decodedInfo, toldInfo } from '../support/rdb/stream-info.ts';
import type { CollectedValue } from '../support/rdb/value-collector.ts';
import { keyRows, type Row, walkWhole } from '../support/rdb/walk.ts';

interface Entry extends ValueBytes {
  readonly row: Row;
}

/** More are too many to be fed one by one with a copy of what is left each time. */
const BYTE_BY_BYTE_MAX = 5000;
const CUTS_MAX = 40;

function entriesOf(bytes: Uint8Array): Entry[] {
  const { rows, decoder } = walkWhole(bytes);
  const { dialect, templates } = decoder;
  if (!dialect) throw new Error('the file has no header');
  return keyRows(rows).map((row) => ({ row, type: row.type, dialect, templates, value: new Uint8Array(Buffer.from(row.value, 'latin1')) }));
}

function isTheSameInPieces(entry: Entry): void {
  const whole = decodeWhole(entry);
  expect(decodeWhole(entry, 0x01), 'with other bytes around it').toEqual(whole);
  if (entry.value.length <= BYTE_BY_BYTE_MAX) expect(decodeByteByByte(entry), 'byte by byte').toEqual(whole);
  expect(decodeAsNeeded(entry).result, 'with as many bytes as needed').toEqual(whole);
  const random = new Seeded();
  for (let round = 0; round < 5; round++) {
    const cuts = random.cuts(1 + random.below(CUTS_MAX), entry.value.length);
    expect(decodeInPieces(entry, cuts), `seed ${random.seed}: cut at ${cuts.join(', ')}`).toEqual(whole);
  }
}

const ordered = (value: unknown): unknown => (value as unknown[]).map((item) => JSON.stringify(item)).toSorted();
const scores = (value: unknown): [string, number][] =>
  (value as [string, string][]).map(([member, score]) => [member, Number(score.replace('inf', 'Infinity'))]);

function holdsWhatWasTold(decoded: CollectedValue, told: FixtureContent): void {
  if (told.type === 'vectorset') {
    expect(decoded.type).toBe('module');
    return;
  }
  expect(decoded.type).toBe(told.type);
  if (told.type === 'set' || told.type === 'hash') expect(ordered(decoded.value)).toEqual(ordered(told.value));
  else if (told.type === 'zset') expect(Object.fromEntries(scores(decoded.value))).toEqual(Object.fromEntries(scores(told.value)));
  else expect(decoded.value).toEqual(told.value);
  if (told.fieldExpireAtMs_f1_f9_f2) {
    const fields = new Map(decoded.value as [string, string][]);
    const expiries = ['f1', 'f9', 'f2']
      .map((name) => Buffer.from(name).toString('base64'))
      .map((name) => decoded.expiries?.[name] ?? (fields.has(name) ? -1 : -2));
    expect(expiries).toEqual(told.fieldExpireAtMs_f1_f9_f2);
  }
  if (told.info && decoded.stream) expect(decodedInfo(decoded.stream, told.info)).toEqual(toldInfo(told.info));
}

describe.each(ownFiles())('$name', ({ name, bytes }) => {
  const entries = entriesOf(bytes);

  test('every value holds what its server told of it', () => {
    const told = new Map(contentsOf(name).map((content) => [`${content.db} ${content.key}`, content]));
    expect(told.size).toBe(entries.length);
    for (const entry of entries) {
      const content = told.get(`${entry.row.database} ${Buffer.from(entry.row.key, 'latin1').toString('base64')}`);
      if (!content) throw new Error(`nothing was told of ${entry.row.key}`);
      holdsWhatWasTold(decodeWhole(entry), content);
    }
  });

  test('every value is the same whole, byte by byte, cut anywhere, and with no more bytes than it asks for', { timeout: 60_000 }, () => {
    for (const entry of entries) isTheSameInPieces(entry);
  });

  test('a value that the file has no room for is refused', () => {
    for (const entry of entries) {
      const shorter = { ...entry, value: entry.value.subarray(0, entry.value.length - 1) };
      expect(() => decodeWhole(shorter), entry.row.key).toThrow(/the snapshot is damaged/);
    }
  });
});

/** Files of librdb and what belongs to each. */
const EXPECTATIONS: Readonly<Record<string, string>> = {
  hash_lp_v11: 'hash_lp_v11_data',
  hash_lp_with_hexpire_v12: 'hash_lp_ex_v12_data',
  hash_v3: 'hash_data',
  hash_with_expire_v12: 'hash_ex_v12_data',
  hash_zl_v6: 'hash_zl_v6_data',
  hash_zm_v2: 'hash_zm_v2_data',
  cluster_slot_info: 'cluster_slot_info',
  module: 'module_raw',
  mem_policy_lfu: 'mem_policy_lfu',
  mem_policy_lru: 'mem_policy_lru',
  multiple_dbs: 'multiple_dbs_data',
  multiple_lists_strings: 'multiple_lists_strings_data',
  plain_list_v6: 'plain_list_v6_data',
  plain_set_v6: 'plain_set_v6_data',
  plain_zset_2_v11: 'plain_zset_2_v11_data',
  plain_zset_v6: 'plain_zset_v6_data',
  quicklist: 'quicklist_data',
  quicklist2_v11: 'single_list_data',
  set_is_v11: 'set_is_v11_data',
  set_not_expired_v11: 'set_not_expired',
  set_lp_v11: 'set_lp_v11_data',
  single_key: 'single_key_data',
  stream_v11: 'stream_data_with_meta',
  string_int_encoded: 'string_int_encoded',
  ziplist_v3: 'ziplist_data',
  zset_lp_v11: 'zset_lp_v11_data',
  zset_zl_v6: 'zset_zl_v6_data',
};

const latin1 = (base64: unknown): string => Buffer.from(base64 as string, 'base64').toString('latin1');

/** As librdb writes it. */
function asLibrdb({ type, value, stream }: CollectedValue): unknown {
  const items = value as unknown[];
  if (type === 'string') return latin1(value);
  if (type === 'module') return `\u0007${latin1(value)}`;
  if (type === 'list') return items.map(latin1);
  if (type === 'set') return items.map(latin1).toSorted();
  if (type === 'hash') return Object.fromEntries(items.map((item) => (item as string[]).map(latin1)));
  if (type === 'zset') return Object.fromEntries(scores(value).map(([member, score]) => [latin1(member), withoutSign(score)]));
  return streamAsLibrdb(items as [string, string[]][], stream);
}

/** librdb prints -0 as 0. */
const withoutSign = (score: number): number => score + 0;

function streamAsLibrdb(entries: [string, string[]][], stream: CollectedValue['stream']): unknown {
  const fields = (list: string[]): unknown => Object.fromEntries(list.flatMap((name, i) => (i % 2 === 0 ? [[latin1(name), latin1(list[i + 1])]] : [])));
  return {
    entries: entries.map(([id, list]) => ({ id, items: fields(list) })),
    length: stream?.length,
    entriesAdded: stream?.entriesAdded,
    firstID: stream?.firstId,
    lastID: stream?.lastId,
    maxDelEntryID: stream?.maxDeletedId,
    groups: stream?.groups.map((group) => ({
      name: latin1(group.name),
      lastid: group.lastId,
      entriesRead: group.entriesRead,
      ...(group.pending.length > 0 ? { pending: group.pending.map(([id, sent, count]) => ({ sent, id, count })) } : {}),
      consumers: group.consumers.map(({ name, activeMs, seenMs, pending }) => ({
        name: latin1(name),
        activeTime: activeMs,
        seenTime: seenMs,
        ...(pending.length > 0 ? { pending: pending.map((id) => ({ id })) } : {}),
      })),
    })),
  };
}

function expected(value: unknown, type: string): unknown {
  if (type === 'set') return (value as string[]).toSorted();
  if (type !== 'zset') return value;
  return Object.fromEntries(scores(Object.entries(value as Record<string, string>)));
}

/** Without what librdb tells of the file. */
function keysAlone(database: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(database).filter(([name]) => !name.startsWith('__')));
}

const foreign = librdbFiles().filter(({ name }) => name !== 'future_v19');

describe.skipIf(foreign.length === 0)(foreign.length === 0 ? 'librdb: its files are absent here' : 'librdb', () => {
  test.each(foreign)('$name: every value is the same whole, byte by byte and cut anywhere', ({ bytes }) => {
    for (const entry of entriesOf(bytes)) isTheSameInPieces(entry);
  });

  test.each(foreign.filter(({ name }) => name in EXPECTATIONS))('$name holds what librdb finds in it', ({ name, bytes }) => {
    const databases = librdbExpectation(EXPECTATIONS[name])?.map(keysAlone) ?? [];
    const entries = entriesOf(bytes);
    const numbers = [...new Set(entries.map(({ row }) => row.database))];
    expect(numbers.length).toBe(databases.length);
    for (const [index, number] of numbers.entries()) {
      const values = entries.filter(({ row }) => row.database === number).map((entry) => [entry.row.key, decodeWhole(entry)] as const);
      const found = Object.fromEntries(values.map(([key, value]) => [key, asLibrdb(value)]));
      const types = Object.fromEntries(values.map(([key, value]) => [key, value.type]));
      expect(found).toEqual(Object.fromEntries(Object.entries(databases[index]).map(([key, value]) => [key, expected(value, types[key])])));
    }
  });
});
