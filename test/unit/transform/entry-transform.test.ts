import { expect, test } from 'vitest';
import { EntryKind } from '../../../src/model/batch.ts';
import { RdbType } from '../../../src/rdb/opcodes.ts';
import { parseDatabaseMap } from '../../../src/transform/database-map.ts';
import { Transform } from '../../../src/transform/transform.ts';
import type { TransformRules } from '../../../src/transform/transform-rules.ts';
import { keysOf, valueBatch, valuesOf, VALUES_NOW } from '../../support/value-rows.ts';

const RULES: TransformRules = {
  rename: [{ kind: 'prefix', from: Buffer.from('old:'), to: Buffer.from('the-new-one:') }],
  databases: parseDatabaseMap('0=3,1=drop'),
  ttl: { scale: 0.5 },
};

test('values get another key, database and time, and their bytes stay', () => {
  const transform = new Transform(RULES);
  const rows = [
    { key: 'old:a', value: Buffer.from('value a'), ttlMs: 1000 },
    { key: 'b', value: Buffer.from('value b'), database: 2 },
    { key: 'old:c', value: Buffer.from('value c'), database: 1 },
    { key: '', value: Buffer.from('library'), kind: EntryKind.RdbFunction },
    { key: 'old:', value: Buffer.from('value d'), type: RdbType.HashListpack, ttlMs: -5 },
  ];
  const batch = transform.entries.apply(valueBatch(rows), VALUES_NOW);
  expect(keysOf(batch)).toEqual(['the-new-one:a', 'b', '', 'the-new-one:']);
  expect(valuesOf(batch)).toEqual(['value a', 'value b', 'library', 'value d']);
  expect([...batch.database.subarray(0, 4)]).toEqual([3, 2, 0, 3]);
  expect([...batch.expiryMs.subarray(0, 4)]).toEqual([VALUES_NOW + 500, -1, -1, VALUES_NOW - 5]);
  expect([...batch.kind.subarray(0, 4)]).toEqual([EntryKind.RdbValue, EntryKind.RdbValue, EntryKind.RdbFunction, EntryKind.RdbValue]);
  expect(transform.counts).toMatchObject({ renamed: 2, moved: 2, dropped: 1, retimed: 1 });
  expect(transform.counts.samples.map(({ from, to }) => [Buffer.from(from).toString(), Buffer.from(to).toString()])[0]).toEqual(['old:a', 'the-new-one:a']);
});

test('where no key changes, the bytes stay the same ones', () => {
  const batch = valueBatch([{ key: 'a', ttlMs: 1000 }, { key: 'b' }]);
  const before = batch.bytes;
  const result = new Transform({ ...RULES, ttl: { persist: true } }).entries.apply(batch, VALUES_NOW);
  expect([result.bytes === before, result === batch, ...result.expiryMs.subarray(0, 2)]).toEqual([true, true, -1, -1]);
});

test('a large value answers as a small one', () => {
  const { entries } = new Transform(RULES);
  const head = { kind: EntryKind.RdbValue, type: 0, key: Buffer.from('old:k'), database: 0, expiryMs: VALUES_NOW + 10, idle: -1, freq: -1, valueStart: 0 };
  expect(entries.applyLarge(head, VALUES_NOW)).toEqual({ key: Buffer.from('the-new-one:k'), database: 3, expiryMs: VALUES_NOW + 5 });
  expect(entries.applyLarge({ ...head, database: 1 }, VALUES_NOW)).toBeNull();
  expect(entries.applyLarge({ ...head, kind: EntryKind.RdbFunction }, VALUES_NOW)).toMatchObject({ key: Buffer.from('old:k') });
});
