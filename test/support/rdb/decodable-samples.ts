/** Values of every type and form with what they hold: written by hand after the formats of the servers. */
import { type Dialect, dialectOf } from '../../../src/rdb/dialect.ts';
import type { TemplateNames } from '../../../src/rdb/template-names.ts';
import { intset, listpack, type Packed, streamNode, ziplist, zipmap } from './packed-bytes.ts';
import { integer, length, list, lzf, string } from './rdb-bytes.ts';
import { base64, type CollectedValue } from './value-collector.ts';

export interface DecodableSample {
  readonly name: string;
  readonly type: number;
  readonly dialect: Dialect;
  readonly value: Buffer;
  readonly expected: Partial<CollectedValue>;
}

const OLD = dialectOf('REDIS', 9);
const REDIS = dialectOf('REDIS', 15);
const VALKEY = dialectOf('VALKEY', 80);
const MS = 4_102_444_800_123;
const UNCOUNTED = 'zipmap that does not say its count';
const LONG = 'long text '.repeat(30);

/** Template 7, to which the samples refer. */
export const DECODABLE_TEMPLATES: TemplateNames = new Map([[7, ['a', 'bb', '5'].map((name) => Buffer.from(name))]]);

const b64 = (entry: Packed): string => base64(Buffer.from(String(entry)));
const b64s = (entries: readonly Packed[]): string[] => entries.map(b64);
const pairs = (entries: readonly Packed[]): string[][] => entries.flatMap((_, i) => (i % 2 === 0 ? [b64s(entries.slice(i, i + 2))] : []));
const scored = (entries: readonly (readonly [Packed, string])[]): unknown => entries.map(([member, score]) => [b64(member), score]);
const join = (...parts: readonly (Buffer | string)[]): Buffer => Buffer.concat(parts.map((part) => (typeof part === 'string' ? string(part) : part)));

function int64le(value: number | bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigInt64LE(BigInt(value));
  return out;
}

function doubleLe(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeDoubleLE(value);
  return out;
}

function id(ms: number | bigint, seq: number | bigint): Buffer {
  const out = Buffer.alloc(16);
  out.writeBigUInt64BE(BigInt(ms), 0);
  out.writeBigUInt64BE(BigInt(seq), 8);
  return out;
}

/** Entries of all kinds of a packed blob. */
const NUMBERS = [
  0,
  12,
  13,
  127,
  128,
  -1,
  -4096,
  4095,
  4096,
  -32_768,
  8_388_607,
  -8_388_608,
  2 ** 31 - 1,
  -(2 ** 31),
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const MIXED: readonly Packed[] = ['', 'a', ...NUMBERS, 'x'.repeat(63), 'y'.repeat(64), 'z'.repeat(300), 'w'.repeat(4096), 'v'.repeat(17_000), 'end'];
const SCORES = [
  ['minus', '-Infinity'],
  [5, '-9007199254740992'],
  ['b', '0.1'],
  ['c', '3'],
  ['d', '1e+300'],
  ['e', 'Infinity'],
] as const;
const PACKED_SCORES: readonly Packed[] = ['minus', '-inf', 5, -9007199254740992n, 'b', '0.1', 'c', 3, 'd', '1e+300', 'e', 'inf'];

function strings(): DecodableSample[] {
  const text = (name: string, value: Buffer, expected: string): DecodableSample => ({
    name: `0 ${name}`,
    type: 0,
    dialect: OLD,
    value,
    expected: { type: 'string', value: b64(expected) },
  });
  return [
    text('plain', string('abc'), 'abc'),
    text('empty', string(''), ''),
    text('long', string(LONG.repeat(60)), LONG.repeat(60)),
    text('number', integer(-70_000, 4), '-70000'),
    text('compressed', lzf(LONG), LONG),
  ];
}

function listsAndSets(): DecodableSample[] {
  const elements = ['one', '', '-7', LONG, 'two'];
  const plain = join(length(5), 'one', '', integer(-7, 1), lzf(LONG), 'two');
  const rows: [number, Dialect, string, Buffer, 'list' | 'set', readonly Packed[]][] = [
    [1, OLD, 'elements', plain, 'list', elements],
    [1, OLD, 'none', length(0), 'list', []],
    [2, OLD, 'elements', plain, 'set', elements],
    [10, OLD, 'ziplist', string(ziplist(MIXED)), 'list', MIXED],
    [10, OLD, 'ziplist that does not say its count', string(ziplist(['a', 'b'], 0xffff)), 'list', ['a', 'b']],
    [10, OLD, 'compressed ziplist', lzf(ziplist(['a', 'b'])), 'list', ['a', 'b']],
    [11, OLD, 'intset of 16 bits', string(intset([-32_768, 0, 7, 32_767], 2)), 'set', [-32_768, 0, 7, 32_767]],
    [11, OLD, 'intset of 32 bits', string(intset([-(2 ** 31), 65_536], 4)), 'set', [-(2 ** 31), 65_536]],
    [
      11,
      OLD,
      'intset of 64 bits',
      string(intset([-(2n ** 63n), -1n, 0n, 2n ** 33n, 2n ** 63n - 1n], 8)),
      'set',
      [-(2n ** 63n), -1, 0, 2n ** 33n, 2n ** 63n - 1n],
    ],
    [14, OLD, 'quicklist', list(2, (i) => string(ziplist(i === 0 ? MIXED : ['a']))), 'list', [...MIXED, 'a']],
    [
      18,
      REDIS,
      'quicklist',
      join(length(3), length(2), string(listpack(MIXED)), length(1), lzf(LONG), length(2), string(listpack([1]))),
      'list',
      [...MIXED, LONG, 1],
    ],
    [20, VALKEY, 'listpack', string(listpack(MIXED)), 'set', MIXED],
    [20, VALKEY, 'listpack that does not say its count', string(listpack(['a', 1], 0xffff)), 'set', ['a', 1]],
  ];
  return rows.map(([type, dialect, name, value, kind, items]) => ({
    name: `${type} ${name}`,
    type,
    dialect,
    value,
    expected: { type: kind, value: b64s(items) },
  }));
}

function zsets(): DecodableSample[] {
  const asText = ['-inf', '-9007199254740992', '0.10000000000000001', '3', '1e300', 'inf'];
  const textDouble = (text: string): Buffer => (text.endsWith('inf') ? Buffer.of(text === 'inf' ? 254 : 255) : join(Buffer.of(text.length), Buffer.from(text)));
  const binary = SCORES.flatMap(([member, score]) => [string(String(member)), doubleLe(Number(score))]);
  const zset = (type: number, dialect: Dialect, name: string, value: Buffer): DecodableSample => ({
    name: `${type} ${name}`,
    type,
    dialect,
    value,
    expected: { type: 'zset', count: 6, value: scored(SCORES) },
  });
  return [
    zset(3, OLD, 'scores as text', join(length(6), ...SCORES.flatMap(([member], i) => [string(String(member)), textDouble(asText[i])]))),
    zset(5, OLD, 'scores as doubles', join(length(6), ...binary)),
    zset(12, OLD, 'ziplist', string(ziplist(PACKED_SCORES))),
    zset(17, REDIS, 'listpack', string(listpack(PACKED_SCORES))),
  ];
}

function hashes(): DecodableSample[] {
  const plain: readonly Packed[] = ['f', 'v', '', LONG, 5, -6];
  const texts = plain.map((entry) => (typeof entry === 'number' ? integer(entry, 1) : string(String(entry))));
  const expiring = { f: MS, '5': MS + 1 };
  const expiries = Object.fromEntries(Object.entries(expiring).map(([field, ms]) => [b64(field), ms]));
  const triplets: readonly Packed[] = ['f', 'v', MS, '', LONG, 0, 5, -6, MS + 1];
  const times = (offset: number): Buffer[] => [length(MS - offset), length(0), length(MS + 1 - offset)];
  const withTimes = (head: Buffer[], offset: number): Buffer =>
    join(...head, length(3), ...times(offset).flatMap((time, i) => [time, ...texts.slice(i * 2, i * 2 + 2)]));
  const last = [MS, -1, MS + 1].flatMap((ms, i) => [...texts.slice(i * 2, i * 2 + 2), int64le(ms)]);
  const rows: [number, Dialect, string, Buffer, boolean][] = [
    [4, OLD, 'fields', join(length(3), ...texts), false],
    [
      9,
      OLD,
      'zipmap',
      string(
        zipmap(
          [
            ['f', 'v'],
            ['', LONG],
            ['5', '-6'],
          ],
          3,
        ),
      ),
      false,
    ],
    [
      9,
      OLD,
      UNCOUNTED,
      string(
        zipmap(
          [
            ['f', 'v'],
            ['', LONG],
            ['5', '-6'],
          ],
          0,
          254,
        ),
      ),
      false,
    ],
    [13, OLD, 'ziplist', string(ziplist(plain)), false],
    [16, REDIS, 'listpack', string(listpack(plain)), false],
    [22, REDIS, 'expiry of 7.4 RC', withTimes([], 0), true],
    [23, REDIS, 'listpack with expiry of 7.4 RC', string(listpack(triplets)), true],
    [24, REDIS, 'expiry', withTimes([int64le(MS)], MS - 1), true],
    [25, REDIS, 'listpack with expiry', join(int64le(MS), string(listpack(triplets))), true],
    [22, VALKEY, 'expiry', join(length(3), ...last), true],
  ];
  return rows.map(([type, dialect, name, value, expires]) => ({
    name: `${type} ${dialect.magic} ${name}`,
    type,
    dialect,
    value,
    expected: { type: 'hash', count: name === UNCOUNTED ? -1 : 3, value: pairs(plain), ...(expires ? { expiries } : {}) },
  }));
}

function templateHashes(): DecodableSample[] {
  const names = ['a', 'bb', '5'];
  const values: readonly Packed[] = ['one', 2, LONG];
  const one = values.map((value) => (typeof value === 'number' ? integer(value, 1) : string(String(value))));
  const namesPacked = join(length(0), string(listpack(['a', 'bb', 5])));
  const namesPlain = join(length(1), length(3), ...names);
  const rows: [number, string, Buffer][] = [
    [29, 'names packed, values packed', join(namesPacked, string(listpack([0, ...values])))],
    [29, 'names one by one, values packed', join(namesPlain, string(listpack([99, ...values])))],
    [30, 'reference, values packed', string(listpack([7, ...values]))],
    [31, 'names one by one', join(namesPlain, ...one)],
    [31, 'names packed', join(namesPacked, ...one)],
    [32, 'reference', join(length(7), ...one)],
  ];
  const value = names.map((name, i) => b64s([name, values[i]]));
  return rows.map(([type, name, bytes]) => ({ name: `${type} ${name}`, type, dialect: REDIS, value: bytes, expected: { type: 'hash', count: 3, value } }));
}

function arrays(): DecodableSample[] {
  const element = (index: number | bigint, tag: number, value: Buffer): Buffer => join(length(index), length(tag), value);
  const body = [
    element(0, 3, string('small')),
    element(5, 1, int64le(-(2n ** 61n))),
    element(6, 2, doubleLe(1)),
    element(70_000, 2, doubleLe(-2.5e-9)),
    element(2n ** 64n - 2n, 0, lzf(LONG)),
  ];
  const value = [
    ['0', b64('small')],
    ['5', b64(-(2n ** 61n))],
    ['6', b64('1.0')],
    ['70000', b64('-2.5e-9')],
    [String(2n ** 64n - 2n), b64(LONG)],
  ];
  return [
    {
      name: '28 without cursor',
      type: 28,
      dialect: REDIS,
      value: join(length(5), length(0), ...body),
      expected: { type: 'array', count: 5, cursor: null, value },
    },
    {
      name: '28 with cursor',
      type: 28,
      dialect: REDIS,
      value: join(length(5), length(1), length(2n ** 64n - 2n), ...body),
      expected: { type: 'array', cursor: String(2n ** 64n - 2n), value },
    },
    { name: '28 empty', type: 28, dialect: REDIS, value: join(length(0), length(0)), expected: { type: 'array', count: 0, cursor: null, value: [] } },
  ];
}

const MODULE = join(
  length(2n ** 63n + 5n),
  length(2),
  length(7),
  length(5),
  string(LONG),
  length(4),
  Buffer.alloc(8, 1),
  length(3),
  Buffer.alloc(4),
  length(0),
);

export function decodableSamples(): DecodableSample[] {
  const module = { name: '7 module', type: 7, dialect: OLD, value: MODULE, expected: { type: 'module', value: base64(MODULE) } };
  return [...strings(), ...listsAndSets(), ...zsets(), ...hashes(), ...templateHashes(), ...arrays(), module, ...streams()];
}

const NODE_ID = id(1000, 2n ** 64n - 1n);
const NODE_ENTRIES = [
  { ms: 0, seq: 0, fields: ['v1', 7], same: true },
  { ms: 1, seq: 1, fields: ['other', 'v', 3, LONG] },
  { ms: 2n ** 62n, seq: -5, fields: ['gone', 'v'], deleted: true },
  { ms: 300_000, seq: -(2n ** 63n), fields: ['v3', ''], same: true },
];
const NODE = join(string(NODE_ID), string(streamNode(['f', 5], NODE_ENTRIES)));
const STREAM_VALUE = [
  [`1000-${2n ** 64n - 1n}`, b64s(['f', 'v1', 5, 7])],
  ['1001-0', b64s(['other', 'v', 3, LONG])],
  [`301000-${2n ** 63n - 1n}`, b64s(['f', 'v3', 5, ''])],
];

/** Of all forms, with ids in their order: what servers take. */
export function soundStreams(): DecodableSample[] {
  const entries = NODE_ENTRIES.map((item) => (item.deleted === true ? { ...item, ms: 2 } : item));
  return streams(join(string(NODE_ID), string(streamNode(['f', 5], entries))));
}

function streams(node = NODE): DecodableSample[] {
  const form = (type: number, counters: boolean, active: boolean, producers: boolean, nacks: boolean): DecodableSample => {
    const pending = list(2, (i) => join(id(1000 + i, 1), int64le(MS), length(i + 1)));
    const consumer = (i: number): Buffer =>
      join(
        `c${i}`,
        int64le(MS + i),
        active ? int64le(i === 0 ? -1 : MS) : Buffer.alloc(0),
        list(i === 0 && nacks ? 0 : 1, () => id(1001 - i, 1)),
      );
    const returned = nacks ? list(1, () => id(1001, 1)) : Buffer.alloc(0);
    const group = (i: number): Buffer =>
      join(`g${i}`, length(1001), length(1), counters ? length(i === 0 ? 2n ** 64n - 1n : 3) : Buffer.alloc(0), pending, list(2, consumer), returned);
    const facts = join(length(3), length(301_000), length(2n ** 64n - 1n), ...(counters ? [length(1000), length(5), length(0), length(9), length(4)] : []));
    const producer = join(
      'p',
      list(2, (i) => join(`key${i}`, length(1000 + i), length(2n ** 64n - 1n))),
    );
    const idempotence = producers ? join(length(60), length(200), length(1), producer, length(12), length(3)) : Buffer.alloc(0);
    const groups = [0, 1].map((i) => ({
      name: b64(`g${i}`),
      lastId: '1001-1',
      entriesRead: counters && i === 1 ? 3 : -1,
      pending: [
        ['1000-1', MS, 1],
        ['1001-1', MS, 2],
      ] as [string, number, number][],
      consumers: [0, 1].map((c) => ({
        name: b64(`c${c}`),
        seenMs: MS + c,
        activeMs: active && c === 1 ? MS : -1,
        pending: c === 1 ? ['1000-1'] : nacks ? [] : ['1001-1'],
      })),
      returned: nacks ? ['1001-1'] : [],
    }));
    const stream = {
      length: 3,
      lastId: `301000-${2n ** 64n - 1n}`,
      firstId: counters ? '1000-5' : null,
      maxDeletedId: counters ? '0-9' : null,
      entriesAdded: counters ? 4 : -1,
      deleted: [`${1000n + 2n ** 62n}-${2n ** 64n - 6n}`],
      groups,
      ...(producers ? { idempotence: { durationS: 60, maxEntries: 200, producers: 1, added: 12, duplicates: 3 } } : {}),
      ...(producers ? { producers: [{ name: b64('p'), ids: [0, 1].map((i): [string, string] => [b64(`key${i}`), `${1000 + i}-${2n ** 64n - 1n}`]) }] } : {}),
    };
    return {
      name: `${type} stream`,
      type,
      dialect: REDIS,
      value: join(length(1), node, facts, list(2, group), idempotence),
      expected: { type: 'stream', value: STREAM_VALUE, stream },
    };
  };
  const none = join(length(0), ...Array.from({ length: 9 }, () => length(0)));
  return [
    form(15, false, false, false, false),
    form(19, true, false, false, false),
    form(21, true, true, false, false),
    form(26, true, true, true, false),
    form(27, true, true, true, true),
    { name: '21 empty stream', type: 21, dialect: VALKEY, value: none, expected: { type: 'stream', value: [] } },
  ];
}
