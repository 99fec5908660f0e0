/** Snapshots of real servers through filter and transform: keys get their names, and every value and column stays what it was, however its key was stored. */
import { expect, test } from 'vitest';
import { Filter } from '../../src/filter/filter.ts';
import { Batch, EntryKind } from '../../src/model/batch.ts';
import { VALUE_KIND_NAMES } from '../../src/model/value-kind.ts';
import { kindOfType } from '../../src/rdb/kind-of-type.ts';
import { RdbDecoder } from '../../src/rdb/rdb-decoder.ts';
import { parseDatabaseMap } from '../../src/transform/database-map.ts';
import { Transform } from '../../src/transform/transform.ts';
import { ownFiles } from '../support/rdb/fixture-files.ts';
import { type Row, rowsOf } from '../support/rdb/walk.ts';

const isValue = (row: Row): boolean => row.kind === EntryKind.RdbValue;

/** All rows, each batch of some after `change` has had it. */
function rowsThrough(file: Uint8Array, change: (batch: Batch) => Batch): Row[] {
  const decoder = new RdbDecoder();
  const rows: Row[] = [];
  const batch = new Batch(7);
  for (let at = 0; decoder.status !== 'end';) {
    batch.reset();
    at = decoder.decode(file, at, file.length, at, batch);
    rows.push(...rowsOf(change(batch)));
    if (decoder.status === 'need-more') throw new Error('the file ends too early');
  }
  return rows;
}

test.each(ownFiles().map((file) => [file.name, file.bytes] as const))('%s', (_, bytes) => {
  const before = rowsThrough(bytes, (batch) => batch);
  expect(before.length).toBeGreaterThan(30);
  const transform = new Transform({ rename: [{ kind: 'prefix', from: Buffer.alloc(0), to: Buffer.from('app:') }], databases: parseDatabaseMap('0=9') });
  const renamed = rowsThrough(bytes, (batch) => transform.entries.apply(batch, 0));
  const expected = before.map((row) => (isValue(row) ? { ...row, key: `app:${row.key}`, database: row.database === 0 ? 9 : row.database } : row));
  expect(renamed).toEqual(expected);

  const { entries } = new Filter({ allow: { types: ['hash', 'list'] }, block: { prefixes: [Buffer.from('k')] } });
  const filtered = rowsThrough(bytes, (batch) => {
    entries.apply(batch, 0);
    return batch;
  });
  const passes = ({ type, key }: Row): boolean => ['hash', 'list'].includes(VALUE_KIND_NAMES[kindOfType(type)]) && !key.startsWith('k');
  expect(filtered).toEqual(before.filter((row) => !isValue(row) || passes(row)));
});
