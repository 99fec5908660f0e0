import { describe, expect, test } from 'vitest';
import { GodwitError } from '../../../src/errors/errors.ts';
import { dialectOf } from '../../../src/rdb/dialect.ts';
import { ValueDecoder } from '../../../src/rdb/values/value-decoder.ts';
import { ValueSkipper } from '../../../src/rdb/value-skipper.ts';
import { DECODABLE_TEMPLATES, decodableSamples } from '../../support/rdb/decodable-samples.ts';
import { decodeAsNeeded, decodeByteByByte, decodeInPieces, decodeWhole } from '../../support/rdb/decode-value.ts';
import { intset, listpack, ziplist, zipmap } from '../../support/rdb/packed-bytes.ts';
import { integer, length, list, lzf, string } from '../../support/rdb/rdb-bytes.ts';
import { Seeded } from '../../support/rdb/seeded.ts';
import { ValueCollector } from '../../support/rdb/value-collector.ts';

const REDIS = dialectOf('REDIS', 15);
const VALKEY = dialectOf('VALKEY', 80);

/** Its names are in a listpack, so that the skipper, which does not look into strings, cannot know how many values follow. */
const NOT_SKIPPABLE = '31 names packed';

describe.each(decodableSamples())('$name', ({ name, type, dialect, value, expected }) => {
  const bytes = { type, dialect, value: new Uint8Array(value), templates: DECODABLE_TEMPLATES };

  test('is decoded to what it holds', () => {
    expect(decodeWhole(bytes)).toMatchObject(expected);
  });

  test('is the same byte by byte, cut anywhere, and with no more bytes than it asks for', () => {
    const whole = decodeWhole(bytes, 0x01);
    const random = new Seeded();
    if (value.length < 3000) expect(decodeByteByByte(bytes)).toEqual(whole);
    for (let round = 0; round < 30; round++) {
      const cuts = random.cuts(1 + random.below(20), value.length);
      expect(decodeInPieces(bytes, cuts), `seed ${random.seed}: cut at ${cuts.join(', ')}`).toEqual(whole);
    }
    expect(decodeAsNeeded(bytes).result).toEqual(whole);
  });

  test.skipIf(name === NOT_SKIPPABLE)('ends where the skipper finds its end', () => {
    const skipper = new ValueSkipper();
    skipper.templates = new Map([...DECODABLE_TEMPLATES].map(([id, names]) => [id, names.length]));
    skipper.begin(type, dialect, value.length);
    expect(skipper.skip(value, 0, value.length)).toBe(value.length);
    expect(skipper).toMatchObject({ done: true, seek: 0 });
  });

  test('is refused when the file is one byte shorter', () => {
    expect(() => decodeWhole({ ...bytes, value: bytes.value.subarray(0, value.length - 1) })).toThrow(/the snapshot is damaged/);
  });
});

function decode(type: number, value: Uint8Array, dialect = REDIS): string {
  try {
    return JSON.stringify(decodeWhole({ type, dialect, value: new Uint8Array(value), templates: DECODABLE_TEMPLATES }));
  } catch (error) {
    if (!(error instanceof GodwitError)) throw error;
    expect(error.details['at']).toBeTypeOf('number');
    return `${error.code}: ${error.message}`;
  }
}

const changed = (bytes: Buffer, at: number, value: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at < 0 ? copy.length + at : at] = value;
  return copy;
};

describe('what lies about itself is damage', () => {
  const pack = listpack(['field', 'value']);
  const zip = ziplist(['field', 'value']);

  test.each([
    ['a listpack with another length', 16, string(changed(pack, 0, pack.length + 1)), /another length/],
    ['a listpack with more entries than there are', 16, string(changed(pack, 4, 4)), /says that it has 4 entries, and has 2/],
    ['a listpack with less entries than there are', 20, string(changed(pack, 4, 1)), /says that it has 1 entries, and has 2/],
    ['a listpack without end mark', 16, string(changed(pack, -1, 0)), /no end mark/],
    ['a listpack with another length backwards', 16, string(changed(pack, 12, 5)), /another length backwards/],
    ['a listpack with an entry beyond its end', 16, string(changed(pack, 6, 0xbf)), /beyond the end of its listpack/],
    [
      'a listpack with an entry of 4 GiB',
      16,
      string(Buffer.concat([Buffer.of(13, 0, 0, 0, 2, 0, 0xf0, 255, 255, 255, 255, 5, 255)])),
      /beyond the end of its listpack/,
    ],
    ['a listpack with an entry of no kind', 16, string(changed(pack, 6, 0xf5)), /cannot begin with byte 245/],
    ['a listpack that is too short', 16, string(Buffer.of(1, 2, 3)), /another length/],
    ['a hash of three entries', 16, string(listpack(['a', 'b', 'c'])), /within an item/],
    ['a hash of three entries, uncounted', 16, string(listpack(['a', 'b', 'c'], 0xffff)), /within an item/],
    ['an expiry that is a text', 23, string(listpack(['f', 'v', 'soon'])), /is no time/],
    ['an expiry before 1970', 23, string(listpack(['f', 'v', -5])), /is no time/],
    ['an expiry beyond all times', 24, Buffer.concat([Buffer.alloc(8, 0x7f), length(1), length(9), string('f'), string('v')]), /is no time/],
    ['a ziplist with another length', 13, string(changed(zip, 0, 99)), /another length/],
    ['a ziplist with another number of entries', 13, string(changed(zip, 8, 4)), /says that it has 4 entries, and has 2/],
    ['a ziplist with another last entry', 13, string(changed(zip, 4, 11)), /last entry is elsewhere/],
    ['a ziplist with another length backwards', 13, string(changed(zip, 17, 9)), /another length backwards/],
    ['a ziplist with an entry beyond its end', 13, string(changed(zip, 11, 0x3f)), /beyond the end of its ziplist/],
    ['a ziplist with an entry of no kind', 13, string(changed(zip, 11, 0xcf)), /cannot begin with byte 207/],
    ['a ziplist without end mark', 13, string(changed(zip, -1, 0)), /no end mark/],
    ['an intset of another width', 11, string(changed(intset([1, 2], 2), 0, 3)), /numbers of 3 bytes/],
    ['an intset with another count', 11, string(changed(intset([1, 2], 2), 4, 3)), /cannot have 3 numbers/],
    ['an intset that is not in order', 11, string(intset([2, 1], 4)), /not in order/],
    ['an intset with a number twice', 11, string(intset([2n ** 40n, 2n ** 40n], 8)), /not in order/],
    ['a zipmap with another count', 9, string(zipmap([['a', 'b']], 0, 2)), /says that it has 2 fields, and has 1/],
    ['a zipmap with a field beyond its end', 9, string(Buffer.of(1, 200, 97, 255)), /beyond the end of its zipmap/],
    ['a zipmap that ends behind a field', 9, string(Buffer.of(254, 1, 97, 255)), /says that it has/],
    ['a score that is a word', 17, string(listpack(['a', 'high'])), /score is not a number/],
    ['a score of nan', 17, string(listpack(['a', 'nan'])), /score is not a number/],
    ['a binary score of nan', 5, Buffer.concat([length(1), string('a'), Buffer.from('000000000000f87f', 'hex')]), /score is not a number/],
    ['a score of nan as text', 3, Buffer.concat([length(1), string('a'), Buffer.of(253)]), /score is not a number/],
    ['a node of a list of kind 3', 18, Buffer.concat([length(1), length(3), string('a')]), /cannot be of kind 3/],
    ['a compressed string that is damaged', 0, changed(lzf('some text'), 3, 31), /compressed string/],
    ['a compressed string of 1 TiB', 0, Buffer.concat([Buffer.of(0xc3, 1), length(2 ** 40), Buffer.of(0)]), /longer than it can be/],
    ['a count that the file has no room for', 2, length(2 ** 39), /do not fit/],
    ['a template that is not there', 32, Buffer.concat([length(8), string('v')]), /no hash template 8/],
    ['a template that is not there, packed', 30, string(listpack([8, 'v'])), /no hash template 8/],
    ['less values than the template has fields', 30, string(listpack([7, 'v'])), /another number of values/],
    ['more values than the template has fields', 30, string(listpack([7, 1, 2, 3, 4], 0xffff)), /another number of values/],
    ['a template without an id', 29, Buffer.concat([length(0), string(listpack(['a'])), string(listpack(['x', 'v']))]), /no id of its template/],
    ['a template without fields', 31, Buffer.concat([length(1), length(0)]), /no fields/],
    ['a template of form 2', 29, Buffer.concat([length(2), string('')]), /cannot have the form 2/],
    ['an array with a number that is not finite', 28, Buffer.concat([length(1), length(0), length(0), length(2), Buffer.alloc(8, 0xff)]), /not finite/],
    ['a node of a stream without an id', 21, Buffer.concat([length(1), string('short'), string(listpack([0, 0, 0, 0]))]), /node of a stream has no id/],
    ['a node with flags that there are not', 21, Buffer.concat([length(1), string(Buffer.alloc(16)), string(listpack([1, 0, 0, 0, 4, 0, 0, 3]))]), /flags/],
    [
      'a node that lacks an entry',
      21,
      Buffer.concat([length(1), string(Buffer.alloc(16)), string(listpack([2, 0, 0, 0, 2, 0, 0, 3]))]),
      /another number of entries/,
    ],
    [
      'a node with another count of elements',
      21,
      Buffer.concat([length(1), string(Buffer.alloc(16)), string(listpack([1, 0, 0, 0, 2, 0, 0, 4]))]),
      /number of elements/,
    ],
    ['a node whose entry has no id', 21, Buffer.concat([length(1), string(Buffer.alloc(16)), string(listpack([1, 0, 0, 0, 2, 'a', 0, 3]))]), /without an id/],
    [
      'a node that ends within an entry',
      21,
      Buffer.concat([length(1), string(Buffer.alloc(16)), string(listpack([1, 0, 1, 'f', 0, 2, 0]))]),
      /ends within an entry/,
    ],
    [
      'a node with more fields than entries',
      21,
      Buffer.concat([length(1), string(Buffer.alloc(16)), string(listpack([1, 0, 2 ** 31, 'f']))]),
      /ends within an entry/,
    ],
  ])('%s', (_, type, value, message) => {
    const result = decode(type, value);
    expect(result).toMatch(/^RDB_CORRUPT/);
    expect(result).toMatch(message);
  });
});

test('damage within a blob is told at its byte, and of a compressed blob at its begin', () => {
  const damaged = changed(listpack(['field', 'value']), 12, 5);
  const at = (value: Buffer): unknown => {
    try {
      return decodeWhole({ type: 16, dialect: REDIS, value: new Uint8Array(value) });
    } catch (error) {
      return error instanceof GodwitError ? Number(error.details['at']) - 24 : error;
    }
  };
  expect(at(string(damaged))).toBe(1 + 12);
  expect(at(lzf(damaged))).toBe(0);
});

test('a long string passes in the parts that come, without waiting for its end', () => {
  const decoder = new ValueDecoder();
  const collector = new ValueCollector();
  decoder.begin(0, VALKEY, collector);
  const bytes = string('x'.repeat(100_000));
  for (let at = 0; !decoder.done;) at = decoder.feed(bytes, at, Math.min(bytes.length, at + 1000));
  expect(collector.parts).toBe(101);
  expect(Buffer.from(String(collector.result?.value), 'base64').length).toBe(100_000);
});

test('what is not whole says how many bytes it needs', () => {
  const decoder = new ValueDecoder();
  const bytes = Buffer.concat([length(2), string('a'), string('b'.repeat(5000)), string('c')]);
  decoder.begin(1, REDIS, new ValueCollector());
  const at = decoder.feed(bytes, 0, 10);
  expect(at).toBe(3);
  expect(decoder.needed).toBe(5002);
  expect(decoder.feed(bytes, at, at + decoder.needed)).toBe(bytes.length - 2);
  expect(decoder.done).toBe(true);
});

test('a decoder can be used again after an error', () => {
  const decoder = new ValueDecoder();
  const collector = new ValueCollector();
  decoder.begin(18, REDIS, collector);
  expect(() => decoder.feed(Buffer.of(1, 9, 9), 0, 3)).toThrow(/kind 9/);
  decoder.begin(18, REDIS, collector);
  const bytes = list(1, () => Buffer.concat([length(1), integer(5, 1)]));
  expect(decoder.feed(bytes, 0, bytes.length)).toBe(bytes.length);
  expect(collector.result?.value).toEqual([Buffer.from('5').toString('base64')]);
});

test.each([
  ['a path hash of Valkey 9.2', dialectOf('VALKEY', 81), 23],
  ['a module value of the old form', dialectOf('REDIS', 8), 6],
  ['a hash of Redis 7.4 in Valkey', VALKEY, 24],
])('%s is refused by name', (_, dialect, type) => {
  expect(() => new ValueDecoder().begin(type, dialect, new ValueCollector())).toThrow(expect.objectContaining({ code: 'RDB_UNSUPPORTED' }));
});

test('names of groups, consumers and producers outlive the window that they came in', () => {
  const { type, dialect, value } = decodableSamples().find(({ name }) => name === '27 stream')!;
  const names: Uint8Array[] = [];
  class NameKeeper extends ValueCollector {
    override streamGroup(group: Parameters<ValueCollector['streamGroup']>[0]): void {
      names.push(group.name);
      super.streamGroup(group);
    }

    override streamConsumer(consumer: Parameters<ValueCollector['streamConsumer']>[0]): void {
      names.push(consumer.name);
      super.streamConsumer(consumer);
    }
  }
  const decoder = new ValueDecoder();
  const window = Buffer.from(value);
  decoder.begin(type, dialect, new NameKeeper(), window.length);
  decoder.feed(window, 0, window.length);
  window.fill(0);
  expect(names.map((name) => Buffer.from(name).toString())).toEqual(['g0', 'c0', 'c1', 'g1', 'c0', 'c1']);
});

test('a long compressed string passes in parts, wherever the window ends', () => {
  const text = 'text that is compressed, it is said; '.repeat(20_000);
  const value = new Uint8Array(lzf(text));
  const dialect = dialectOf('REDIS', 9);
  const random = new Seeded();
  for (const cuts of [[value.length], random.cuts(40, value.length), random.cuts(400, value.length)]) {
    const decoder = new ValueDecoder();
    const collector = new ValueCollector();
    decoder.begin(0, dialect, collector, value.length);
    let at = 0;
    for (const cut of [...cuts, value.length]) if (!decoder.done && cut >= at) at = decoder.feed(value.slice(0, cut), at, cut);
    expect([decoder.done, at], `seed ${random.seed}`).toEqual([true, value.length]);
    expect(Buffer.from(collector.result?.value as string, 'base64').toString()).toBe(text);
    expect(collector.parts).toBeGreaterThan(1);
  }
  const shorter = value.slice();
  shorter[shorter.length - 33] ^= 0x80;
  expect(() => decodeWhole({ type: 0, dialect, value: shorter })).toThrow(/compressed string/);
});
