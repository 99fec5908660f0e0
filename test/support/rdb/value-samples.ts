/** A value of every type and form, written by hand after the formats of the servers, with strings from a source that the test chooses. */
import { type Dialect, dialectOf } from '../../../src/rdb/dialect.ts';
import { listpack } from './packed-bytes.ts';
import { fixed, integer, length, list, lzf, string } from './rdb-bytes.ts';

export interface ValueSample {
  readonly name: string;
  readonly type: number;
  readonly dialect: Dialect;
  readonly value: Buffer;
}

const MAX = 2n ** 64n - 1n;
const scalar = (): Buffer => length(MAX);
const many = (count: number, make: () => Buffer): Buffer => Buffer.concat(Array.from({ length: count }, make));

interface StreamForm {
  counters?: boolean;
  active?: boolean;
  producers?: boolean;
  nacks?: boolean;
}

function stream(text: () => Buffer, { counters, active, producers, nacks }: StreamForm): Buffer {
  const group = (): Buffer =>
    Buffer.concat([
      text(),
      many(counters ? 3 : 2, scalar),
      list(3, () => Buffer.concat([fixed(24), length(1)])),
      list(2, () => Buffer.concat([text(), fixed(active ? 16 : 8), list(2, () => fixed(16))])),
      nacks ? list(2, () => fixed(16)) : Buffer.alloc(0),
    ]);
  const producer = (): Buffer => Buffer.concat([text(), list(2, () => Buffer.concat([text(), scalar(), scalar()]))]);
  return Buffer.concat([
    list(3, () => Buffer.concat([string(fixed(16)), text()])),
    many(counters ? 8 : 3, scalar),
    list(2, group),
    producers ? Buffer.concat([length(100), length(100), list(2, producer), scalar(), scalar()]) : Buffer.alloc(0),
  ]);
}

function moduleItems(text: () => Buffer): Buffer {
  const items = [
    [1, scalar()],
    [2, length(5)],
    [3, fixed(4)],
    [4, fixed(8)],
    [5, text()],
    [5, string('')],
  ] as const;
  return Buffer.concat([...items.flatMap(([kind, operand]) => [length(kind), operand]), length(0)]);
}

function array(text: () => Buffer, cursor: Buffer): Buffer {
  const element = (index: number): Buffer => {
    const tag = index % 4;
    return Buffer.concat([index === 3 ? length(MAX - 1n) : length(index), length(tag), tag === 0 || tag === 3 ? text() : fixed(8)]);
  };
  return Buffer.concat([length(9), cursor, Buffer.concat(Array.from({ length: 9 }, (_, index) => element(index)))]);
}

/** A double as text of zset (type 3): 3.5, nan, inf, -inf. */
const textDoubles = [Buffer.from('\u00033.5', 'latin1'), Buffer.of(253), Buffer.of(254), Buffer.of(255)];

/** Templates that the samples refer to: id 7 has 3 fields. */
export const SAMPLE_TEMPLATES: ReadonlyMap<number, number> = new Map([[7, 3]]);

/** @param text gives one string of RDB after the other */
export function valueSamples(text: () => Buffer): ValueSample[] {
  const samples: ValueSample[] = [];
  const add = (dialect: Dialect, type: number, name: string, value: Buffer): void => void samples.push({ dialect, type, name: `${type} ${name}`, value });
  const old = dialectOf('REDIS', 9);
  const redis = dialectOf('REDIS', 15);
  const valkey = dialectOf('VALKEY', 80);
  for (const type of [0, 9, 10, 11, 12, 13]) add(old, type, 'one string', text());
  for (const type of [16, 17, 20]) add(valkey, type, 'one string', text());
  for (const type of [1, 2, 14]) add(old, type, 'strings', list(20, text));
  add(old, 1, 'no strings', length(0));
  add(
    old,
    3,
    'zset with scores as text',
    list(8, (index) => Buffer.concat([text(), textDoubles[index % 4]])),
  );
  add(
    old,
    4,
    'hash',
    list(20, () => Buffer.concat([text(), text()])),
  );
  add(
    old,
    5,
    'zset',
    list(8, () => Buffer.concat([text(), fixed(8)])),
  );
  add(old, 7, 'module', Buffer.concat([scalar(), moduleItems(text)]));
  add(
    redis,
    18,
    'quicklist',
    list(5, (index) => Buffer.concat([length(1 + (index % 2)), text()])),
  );
  add(old, 15, 'stream', stream(text, {}));
  add(redis, 19, 'stream', stream(text, { counters: true }));
  add(valkey, 21, 'stream', stream(text, { counters: true, active: true }));
  add(redis, 26, 'stream with producers', stream(text, { counters: true, active: true, producers: true }));
  add(redis, 27, 'stream with nacks', stream(text, { counters: true, active: true, producers: true, nacks: true }));
  add(
    valkey,
    22,
    'hash with field expiry',
    list(6, () => Buffer.concat([text(), text(), fixed(8)])),
  );
  add(
    redis,
    22,
    'hash with field expiry of 7.4 RC',
    list(6, () => Buffer.concat([length(1_700_000_000_000), text(), text()])),
  );
  add(redis, 23, 'hash listpack of 7.4 RC', text());
  add(redis, 24, 'hash with field expiry', Buffer.concat([fixed(8), list(6, () => Buffer.concat([length(5), text(), text()]))]));
  add(redis, 25, 'hash listpack with field expiry', Buffer.concat([fixed(8), text()]));
  add(redis, 28, 'array', array(text, length(0)));
  add(redis, 28, 'array with cursor', array(text, Buffer.concat([length(1), length(MAX - 1n)])));
  add(redis, 28, 'array without elements', Buffer.concat([length(0), length(0)]));
  add(redis, 29, 'template, names packed', Buffer.concat([length(0), text(), text()]));
  add(redis, 29, 'template, names one by one', Buffer.concat([length(1), list(3, text), text()]));
  add(redis, 30, 'template reference, packed', text());
  add(redis, 31, 'template array', Buffer.concat([length(1), list(3, text), many(3, text)]));
  const names = listpack(['a', 'bb', 'c'.repeat(300)]);
  add(redis, 31, 'template array, names packed', Buffer.concat([length(0), string(names), many(3, text)]));
  add(redis, 31, 'template array, names packed and compressed', Buffer.concat([length(0), lzf(names), many(3, text)]));
  add(redis, 31, 'template array, names compressed byte by byte', Buffer.concat([length(0), lzf(names, 1), many(3, text)]));
  add(redis, 32, 'template reference, array', Buffer.concat([length(7), many(3, text)]));
  return samples;
}

/** Strings of all encodings, in turn. */
export function everyString(): () => Buffer {
  const forms = [
    string('abc'),
    string(''),
    integer(-5, 1),
    string('x'.repeat(70)),
    integer(1000, 2),
    lzf('long'.repeat(20)),
    integer(-70_000, 4),
    string('y'.repeat(16_400)),
  ];
  let next = 0;
  return () => forms[next++ % forms.length];
}
