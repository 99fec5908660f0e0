/** Random values of every kind, for fast-check. */
import fc from 'fast-check';
import type { StreamEntryModel, StreamGroupModel, StreamModel } from './stream-model.ts';
import type { ValueModel } from './value-model.ts';

const anyBytes = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const integers = fc.oneof(
  fc.integer({ min: -130, max: 130 }),
  fc.integer({ min: -33_000, max: 33_000 }),
  fc.integer({ min: -(2 ** 33), max: 2 ** 33 }),
  fc.maxSafeInteger(),
);
const edges = ['', '-0', '+1', '007', '9223372036854775807', '-9223372036854775808', '9007199254740993', '-', '1e3', ' 1', '12a', '0', '-1', '12', '13'];
const long = fc.tuple(fc.constantFrom(62, 63, 64, 120, 127, 128, 250, 254, 260, 4_095, 4_096, 8_170, 8_185, 8_192, 9_000, 16_384, 70_000), anyBytes);

/** A text, mostly short. */
const texts = fc.oneof(
  { weight: 4, arbitrary: anyBytes },
  { weight: 3, arbitrary: integers.map(String) },
  { weight: 2, arbitrary: fc.constantFrom(...edges) },
  { weight: 1, arbitrary: long.map(([length, filling]) => `${filling}${'x'.repeat(length)}`.slice(0, length)) },
);

const scores = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 0.1, 2 ** 53, -(2 ** 53)),
);

const many = { maxLength: 150 };
const expiries = fc.oneof({ weight: 2, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.integer({ min: 4_000_000_000_000, max: 4_100_000_000_000 }) });

const strings = texts.map((text): ValueModel => ({ kind: 'string', text }));
const lists = fc.array(texts, { minLength: 1, ...many }).map((elements): ValueModel => ({ kind: 'list', elements }));
const sets = fc
  .oneof(fc.uniqueArray(texts, { minLength: 1, ...many }), fc.uniqueArray(integers.map(String), { minLength: 1, ...many }))
  .map((elements): ValueModel => ({ kind: 'set', elements }));
const members = fc.uniqueArray(fc.tuple(texts, scores), { minLength: 1, selector: ([member]) => member, ...many });
/** In the order of a skiplist, a packed encoding, or any. */
const zsets = fc.tuple(members, fc.constantFrom('ascending', 'descending', 'any')).map(([list, order]): ValueModel => {
  const pairs = list.map(([member, score]) => [member, score === 0 ? 0 : score] as const);
  const ascending = pairs.toSorted((a, b) => (a[1] !== b[1] ? (a[1] < b[1] ? -1 : 1) : a[0] < b[0] ? -1 : 1));
  return { kind: 'zset', members: order === 'any' ? pairs : order === 'ascending' ? ascending : ascending.toReversed() };
});

function hashes(expiry: fc.Arbitrary<number>): fc.Arbitrary<ValueModel> {
  return fc.uniqueArray(fc.tuple(texts, texts, expiry), { minLength: 1, selector: ([field]) => field, ...many }).map((fields) => ({ kind: 'hash', fields }));
}

const shortTexts = fc.oneof(anyBytes, integers.map(String), fc.constantFrom('a', 'b', '', '17'));
const fieldNames = fc.constantFrom('a', 'b', 'c', '1', '');

/** Entries in the order of their ids, from steps between them. */
const entries = fc
  .array(
    fc.record({
      step: fc.tuple(fc.nat({ max: 300 }), fc.nat({ max: 3 })),
      fields: fc.array(fc.tuple(fieldNames, shortTexts), { minLength: 1, maxLength: 3 }),
      deleted: fc.boolean(),
    }),
    {
      maxLength: 12,
    },
  )
  .map((steps) => {
    let [ms, sequence] = [0, 0];
    return steps.map(({ step, fields, deleted }): StreamEntryModel => {
      sequence = step[0] > 0 ? step[1] : sequence + 1 + step[1];
      ms += step[0];
      return { id: `${ms}-${sequence}`, fields: fields.flat(), deleted };
    });
  });

const group = fc.record({
  name: shortTexts,
  lastAt: fc.nat({ max: 14 }),
  entriesRead: fc.integer({ min: -1, max: 20 }),
  consumers: fc.uniqueArray(shortTexts, { minLength: 1, maxLength: 3 }),
  times: fc.array(fc.integer({ min: 1_500_000_000_000, max: 1_700_000_000_000 }), { minLength: 3, maxLength: 3 }),
  pendingOf: fc.array(fc.integer({ min: -1, max: 2 }), { maxLength: 12 }),
  hasConsumers: fc.boolean(),
});

/** A stream whose pending entries are in its nodes, some of them deleted since. */
const streams = fc
  .record({
    entries,
    nodeEntries: fc.integer({ min: 1, max: 5 }),
    beyond: fc.nat({ max: 2 }),
    deletedBefore: fc.nat({ max: 5 }),
    hasCounters: fc.boolean(),
    activeTimes: fc.boolean(),
    groups: fc.uniqueArray(group, { maxLength: 3, selector: ({ name }) => name }),
  })
  .map((raw): ValueModel => {
    const last = raw.entries.at(-1)?.id ?? '0-0';
    const lastId = raw.beyond === 0 ? last : `${Number(last.split('-')[0]) + raw.beyond}-0`;
    const maxDeletedId = raw.entries.findLast((entry) => entry.deleted)?.id ?? '0-0';
    const counters = raw.hasCounters ? { maxDeletedId, entriesAdded: raw.entries.length + raw.deletedBefore } : null;
    const stream: StreamModel = {
      entries: raw.entries,
      nodeEntries: raw.nodeEntries,
      lastId,
      counters,
      activeTimes: raw.activeTimes,
      groups: raw.groups.map((item) => groupModel(item, raw.entries, lastId)),
    };
    return { kind: 'stream', stream };
  });

function groupModel(raw: typeof group extends fc.Arbitrary<infer T> ? T : never, entriesOf: readonly StreamEntryModel[], lastId: string): StreamGroupModel {
  const { times } = raw;
  const consumers = raw.hasConsumers ? raw.consumers.map((name, i) => ({ name, seenMs: times[i], activeMs: i === 2 ? -1 : times[i] + 5 })) : [];
  const pending = entriesOf.flatMap((entry, i) => {
    const consumer = raw.pendingOf[i] ?? -1;
    return consumer < 0 || consumer >= consumers.length ? [] : [{ id: entry.id, deliveredMs: times[i % 3], deliveries: i % 4, consumer }];
  });
  return { name: raw.name, lastId: entriesOf[raw.lastAt]?.id ?? lastId, entriesRead: raw.entriesRead, consumers, pending };
}

export interface ValueChoice {
  readonly fieldExpiry: boolean;
}

export function values({ fieldExpiry }: ValueChoice): fc.Arbitrary<ValueModel> {
  return fc.oneof(strings, lists, sets, zsets, hashes(fc.constant(-1)), streams, ...(fieldExpiry ? [hashes(expiries)] : []));
}
