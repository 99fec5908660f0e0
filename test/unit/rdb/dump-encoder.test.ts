/** What DumpEncoder refuses, gives up, and checks; that servers take what it writes is shown by test/integration/rdb. */
import { describe, expect, test } from 'vitest';
import { ValueKind } from '../../../src/model/value-kind.ts';
import { DumpEncoder } from '../../../src/rdb/encode/dump-encoder.ts';
import { featuresOfType, representable } from '../../../src/rdb/encode/representable.ts';
import { dialectOf } from '../../../src/rdb/dialect.ts';
import { parseServerVersion, type ServerVersion } from '../../../src/model/server-version.ts';
import { dumpVersionFor } from '../../../src/rdb/encode/dump-version.ts';
import { type ValueModel, feedValue } from '../../support/value-model.ts';

const hashWithExpiry: ValueModel = {
  kind: 'hash',
  fields: [
    ['a', '1', -1],
    ['b', '2', 4_000_000_000_000],
  ],
};
const plainHash: ValueModel = { kind: 'hash', fields: hashWithExpiry.kind === 'hash' ? hashWithExpiry.fields.map(([name, text]) => [name, text, -1]) : [] };

function payloadOf(encoder: DumpEncoder, value: ValueModel): Buffer {
  feedValue(value, encoder);
  return Buffer.from(encoder.bytes.subarray(0, encoder.length));
}

function server(name: string): ServerVersion {
  const [product, version] = name.split(' ');
  return parseServerVersion(`${product}_version:${version}`)!;
}

describe('what a version cannot say', () => {
  test('a field expiry is refused, or left out when that is allowed', () => {
    expect(() => payloadOf(new DumpEncoder({ version: 11 }), hashWithExpiry)).toThrow(expect.objectContaining({ code: 'VALUE_NOT_REPRESENTABLE' }));
    const degraded = payloadOf(new DumpEncoder({ version: 11, degrade: true }), hashWithExpiry);
    expect(degraded.equals(payloadOf(new DumpEncoder({ version: 11 }), plainHash))).toBe(true);
  });

  test('an array is refused', () => {
    expect(() => new DumpEncoder({ version: 12, degrade: true }).begin(ValueKind.Array, 1)).toThrow(
      expect.objectContaining({ code: 'VALUE_NOT_REPRESENTABLE' }),
    );
  });

  test('an encoder goes on after a refusal', () => {
    const encoder = new DumpEncoder({ version: 9 });
    const first = payloadOf(encoder, plainHash);
    expect(() => payloadOf(encoder, hashWithExpiry)).toThrow();
    expect(payloadOf(encoder, plainHash).equals(first)).toBe(true);
  });
});

test('a value that is not the same in the second pass is noticed', () => {
  const encoder = new DumpEncoder({ version: 12 });
  const passes = (first: ValueModel, second: ValueModel) => (): void => {
    encoder.measureNext();
    feedValue(first, encoder, { count: -1 });
    encoder.piecesNext(encoder.plan(), () => undefined);
    feedValue(second, encoder, { count: -1 });
  };
  const set = (...elements: string[]): ValueModel => ({ kind: 'set', elements });
  const internal = expect.objectContaining({ code: 'INTERNAL' });
  expect(passes(set('a', 'b'), set('a', 'b'))).not.toThrow();
  expect(passes(set('a', 'b'), set('a', 'b', 'c'))).toThrow(internal);
  expect(passes(set('a', 'b'), set('a', 'bb'))).toThrow(internal);
  expect(passes(plainHash, hashWithExpiry)).toThrow(internal);
});

test('entries that were given back become pending entries of a consumer of ours', () => {
  const pending = [
    { id: '1-0', deliveredMs: 1, deliveries: 1, consumer: -1 },
    { id: '2-0', deliveredMs: 2, deliveries: 1, consumer: 0 },
    { id: '3-0', deliveredMs: 2, deliveries: 4, consumer: -1 },
  ];
  const consumer = { name: 'alice', seenMs: 1, activeMs: 1 };
  const group = { name: 'g', lastId: '2-0', entriesRead: 2 };
  const stream = { entries: [], nodeEntries: 1, lastId: '2-0', counters: { maxDeletedId: '2-0', entriesAdded: 2 }, producers: 2 };
  const given: ValueModel = { kind: 'stream', stream: { ...stream, groups: [{ ...group, pending, consumers: [consumer] }] } };
  const owned = pending.map((entry) => ({ ...entry, consumer: entry.consumer < 0 ? 1 : 0 }));
  const ours = { name: 'godwit:returned', seenMs: 0, activeMs: -1 };
  const expected: ValueModel = { kind: 'stream', stream: { ...stream, groups: [{ ...group, pending: owned, consumers: [consumer, ours] }] } };
  for (const version of [10, 11] as const) {
    const encoder = new DumpEncoder({ version });
    expect(payloadOf(encoder, given).equals(payloadOf(encoder, expected))).toBe(true);
  }
});

describe('what a server can hold', () => {
  const lost = (...what: string[]): object => ({ answer: 'degraded', lost: what.map((word) => expect.stringContaining(word)) });

  test.each([
    ['redis 7.4.1', { answer: 'yes' }],
    ['redis 8.0.2', { answer: 'yes' }],
    ['valkey 9.1.2', { answer: 'yes' }],
    ['redis 7.2.6', lost('expiry of hash fields')],
    ['valkey 8.1.1', lost('expiry of hash fields')],
  ])('a hash with field expiry at %s', (name, answer) => {
    expect(representable(ValueKind.Hash, featuresOfType(dialectOf('REDIS', 12), 24), server(name))).toEqual(answer);
    expect(representable(ValueKind.Hash, featuresOfType(dialectOf('VALKEY', 80), 22), server(name))).toEqual(answer);
    expect(representable(ValueKind.Hash, featuresOfType(dialectOf('VALKEY', 80), 4), server(name))).toEqual({ answer: 'yes' });
  });

  test.each([
    [21, 'redis 8.0.2', { answer: 'yes' }],
    [21, 'redis 7.0.15', lost('last active')],
    [21, 'redis 6.2.16', lost('entries added', 'last active')],
    [15, 'redis 5.0.14', { answer: 'yes' }],
    [15, 'redis 4.0.14', { answer: 'no', why: 'Redis 4.0.14 has no streams' }],
    [27, 'valkey 9.1.2', lost('idempotent producers', 'given back')],
  ])('a stream of type %i at %s', (type, name, answer) => {
    expect(representable(ValueKind.Stream, featuresOfType(dialectOf('REDIS', 15), type), server(name))).toEqual(answer);
  });

  test('arrays and modules', () => {
    expect(representable(ValueKind.Array, {}, server('valkey 9.1.2'))).toMatchObject({ answer: 'no' });
    expect(representable(ValueKind.Module, {}, server('redis 8.0.2'))).toMatchObject({ answer: 'no' });
    expect(representable(ValueKind.Module, {}, server('redis 8.0.2'), true)).toEqual({ answer: 'yes' });
  });

  test.each([
    ['redis 4.0.14', null],
    ['redis 6.2.16', 9],
    ['redis 7.0.15', 10],
    ['redis 7.2.6', 11],
    ['redis 7.4.1', 12],
    ['redis 8.6.0', 12],
    ['valkey 7.2.9', 11],
    ['valkey 8.1.1', 11],
    ['valkey 9.1.2', 80],
  ])('%s takes payloads of version %s', (name, version) => {
    expect(dumpVersionFor(server(name))).toBe(version);
  });
});
