/** Digest and first difference of two values agree: the same digest means no difference, whatever the order and the pieces that a server gives them in. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ContentDigest } from '../../src/rdb/compare/content-digest.ts';
import { type Difference, firstDifference } from '../../src/rdb/compare/first-difference.ts';
import { ValueModel as ComparedModel } from '../../src/rdb/compare/value-model.ts';
import { values } from '../support/value-arbitraries.ts';
import { feedValue, type ValueModel } from '../support/value-model.ts';

const FEATURES = { fieldExpiry: true, streamCounters: true, idempotence: true, returned: true };
const SEED = 12_345;
const any = values({ fieldExpiry: true });

function digestOf(value: ValueModel, textBytes?: number): string {
  const digest = new ContentDigest(FEATURES, SEED);
  feedValue(value, digest, { textBytes });
  return digest.key;
}

function difference(left: ValueModel, right: ValueModel): Difference | null {
  const [own, other] = [left, right].map((value) => {
    const model = new ComparedModel(FEATURES, 1e9);
    feedValue(value, model);
    return model;
  });
  return firstDifference(own, other, 0);
}

/** As another server could give it: collections without an order in another one. */
function reordered(value: ValueModel): ValueModel {
  if (value.kind === 'set') return { ...value, elements: value.elements.toReversed() };
  if (value.kind === 'zset') return { ...value, members: value.members.toReversed() };
  if (value.kind === 'hash') return { ...value, fields: value.fields.toReversed() };
  if (value.kind !== 'stream') return value;
  return { kind: 'stream', stream: { ...value.stream, nodeEntries: value.stream.nodeEntries + 1, groups: value.stream.groups.toReversed() } };
}

test('order and pieces do not matter', () => {
  fc.assert(
    fc.property(any, fc.integer({ min: 1, max: 9 }), (value, textBytes) => {
      expect(digestOf(reordered(value), textBytes)).toBe(digestOf(value));
      expect(difference(value, reordered(value))).toBeNull();
    }),
    { numRuns: 150 },
  );
});

test('two values have the same digest if there is no difference, and only then', () => {
  fc.assert(
    fc.property(any, any, (left, right) => {
      const isSame = digestOf(left) === digestOf(right);
      const found = difference(left, right);
      // Counters that one of them does not know fit any other, which a digest cannot say.
      const isUnknown = left.kind === 'stream' && found === null && !isSame;
      if (!isUnknown) expect(found === null).toBe(isSame);
    }),
    { numRuns: 600 },
  );
});

test('one change anywhere is found', () => {
  fc.assert(
    fc.property(any, fc.nat(), (value, choice) => {
      const changed = changedAt(value, choice);
      if (changed === null) return;
      expect(digestOf(changed)).not.toBe(digestOf(value));
      expect(difference(value, changed)).not.toBeNull();
      expect(difference(changed, value)).not.toBeNull();
    }),
    { numRuns: 300 },
  );
});

function changedAt(value: ValueModel, choice: number): ValueModel | null {
  const at = (count: number): number => choice % count;
  if (value.kind === 'string') return { kind: 'string', text: `${value.text}!` };
  if (value.kind === 'list') return { kind: 'list', elements: [...value.elements, 'one more'] };
  if (value.kind === 'set') return { kind: 'set', elements: value.elements.filter((_, i) => i !== at(value.elements.length)) };
  if (value.kind === 'zset') {
    const members = value.members.map(([member, score], i) => [member, i === at(value.members.length) ? nextDouble(score) : score] as const);
    return members.some(([, score], i) => score !== value.members[i][1]) ? { kind: 'zset', members } : null;
  }
  if (value.kind === 'hash')
    return { kind: 'hash', fields: value.fields.map((field, i) => (i === at(value.fields.length) ? [field[0], `${field[1]}!`, field[2]] : field)) };
  return value.kind === 'stream' ? { kind: 'stream', stream: { ...value.stream, lastId: '99999999-9' } } : null;
}

/** The least that is more. */
function nextDouble(value: number): number {
  if (!Number.isFinite(value)) return value;
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, value === 0 ? 0 : value);
  bytes.setBigInt64(0, bytes.getBigInt64(0) + 1n);
  return bytes.getFloat64(0);
}
