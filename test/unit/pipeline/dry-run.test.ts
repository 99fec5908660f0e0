import { expect, test } from 'vitest';
import { EntryKind } from '../../../src/model/batch.ts';
import { DryRun } from '../../../src/pipeline/dry-run.ts';
import { RdbType } from '../../../src/rdb/opcodes.ts';
import { dryRunText } from '../../../src/status/dry-run-text.ts';
import { parseDatabaseMap } from '../../../src/transform/database-map.ts';
import { streamBatch } from '../../support/stream-rows.ts';
import { valueBatch, VALUES_NOW } from '../../support/value-rows.ts';

const bytes = (...words: string[]): Buffer[] => words.map((word) => Buffer.from(word));

test('counts what passes and what does not, by rule, with keys as they would be called', () => {
  const run = new DryRun(
    {
      filter: { allow: { prefixes: bytes('old:', 'nobody:') }, block: { suffixes: bytes(':tmp') } },
      transform: { rename: [{ kind: 'prefix', from: Buffer.from('old:'), to: Buffer.from('') }], databases: parseDatabaseMap('5=drop,1=0') },
    },
    { nowMs: VALUES_NOW },
  );
  const rows = [
    { key: 'old:a' },
    { key: 'old:a', database: 1 },
    { key: 'old:h', type: RdbType.HashListpack, value: Buffer.alloc(100) },
    { key: 'old:x:tmp', value: Buffer.alloc(7) },
    { key: 'other' },
    { key: 'old:gone', database: 5 },
    { key: '', kind: EntryKind.RdbFunction },
  ];
  run.take(valueBatch(rows));
  run.take(valueBatch([]));
  run.take(streamBatch(['set old:a 1', 'set b 1', 'sunionstore old:a b', 'unheard.of old:a', 'flushall', 'del old:a b']));
  const report = run.report();
  expect(report.passed).toEqual({ keys: 3, bytes: 120, commands: 2 });
  expect(report.dropped).toEqual({ keys: 3, bytes: 27, commands: 4 });
  expect(report.types).toEqual([
    { type: 'string', keys: 2, bytes: 20 },
    { type: 'hash', keys: 1, bytes: 100 },
  ]);
  expect(report.databases).toEqual([{ database: 0, keys: 3, bytes: 120 }]);
  expect(report.unused).toEqual(['allow prefix "nobody:"']);
  expect(report.rules.find(({ rule }) => rule === 'block suffix ":tmp"')).toEqual({
    rule: 'block suffix ":tmp"',
    effect: 'drop',
    count: 1,
    samples: ['old:x:tmp'],
  });
  expect(report.undecided).toMatchObject({
    count: 3,
    samples: [expect.stringContaining('SUNIONSTORE'), expect.stringContaining('UNHEARD.OF'), expect.anything()],
  });
  expect(report.renamed).toMatchObject({ count: 5, samples: [{ from: 'old:a', to: 'a' }, {}, {}, {}, {}] });
  expect(report.collisions).toMatchObject({
    found: 1,
    isWhole: true,
    samples: ['a'],
    possible: [expect.stringContaining('old:x becomes x'), expect.stringContaining('database 1')],
  });
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);

  const text = dryRunText(report, 100);
  expect(text.split('\n').every((line) => Array.from(line).length <= 100)).toBe(true);
  for (const part of [
    'Nothing was written',
    '3 keys (120 B), 2 commands',
    'block suffix',
    'allow prefix "nobody:"',
    'old:a -> a',
    'Undecided: 3',
    'Keys that get one name: 1',
  ]) {
    expect(text).toContain(part);
  }
});

test('says what is to be thought of before a run', () => {
  const rules = { filter: { valueBytesMax: 5, block: { commands: ['sett'] } }, transform: { ttl: { setMs: 5 } } };
  const { warnings } = new DryRun(rules, { nowMs: 0 }).report();
  expect(warnings).toEqual([expect.stringContaining('SETT'), expect.stringContaining('size'), expect.stringContaining('every command that writes')]);
});

test('without rules everything passes, nothing is said', () => {
  const run = new DryRun({}, { nowMs: 0 });
  run.take(valueBatch([{ key: 'a' }]));
  expect(run.report()).toMatchObject({ passed: { keys: 1 }, rules: [], unused: [], warnings: [], collisions: { possible: [] } });
});
