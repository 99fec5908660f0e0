import { describe, expect, test } from 'vitest';
import { type Mark, markFields, parseMark } from '../../../src/checkpoint/mark.ts';

const mark: Mark = {
  epoch: 3,
  phase: 'full-sync',
  replicationId: 'a'.repeat(40),
  offset: 123,
  database: 2,
  snapshotId: 1_700_000_000_000,
  rdbOffset: 4096,
  rdbState: { magic: 'REDIS', version: 10, database: 2 },
  owned: true,
};

function asReply(fields: string[]): Map<string, string> {
  return new Map(Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i], fields[2 * i + 1]]));
}

describe('the mark', () => {
  test('reads back as it was written', () => {
    expect(parseMark('key', asReply(markFields(mark)))).toEqual(mark);
  });

  test('is absent when the hash is empty', () => {
    expect(parseMark('key', new Map())).toBeUndefined();
  });

  test.each([
    ['v', '2'],
    ['phase', 'elsewhere'],
    ['offset', '-1'],
    ['epoch', 'many'],
    ['rdb-state', '{'],
  ])('is refused with its field named when %s is %s', (name, value) => {
    const fields = asReply(markFields(mark)).set(name, value);
    expect(() => parseMark('key', fields)).toThrow(name === 'v' ? 'another version' : name);
  });
});
