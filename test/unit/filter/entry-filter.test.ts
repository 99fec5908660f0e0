import { describe, expect, test } from 'vitest';
import { Filter } from '../../../src/filter/filter.ts';
import type { FilterRules } from '../../../src/filter/filter-rules.ts';
import { EntryKind } from '../../../src/model/batch.ts';
import { RdbType } from '../../../src/rdb/opcodes.ts';
import { keysOf, valueBatch, type ValueRow, VALUES_NOW } from '../../support/value-rows.ts';

/** Type id of ReJSON-RL, version 3: nine characters of six bits and ten bits. */
const MODULE_ID = moduleId('ReJSON-RL', 3);

function moduleId(name: string, version: number): Buffer {
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  let id = 0n;
  for (const character of name) id = (id << 6n) | BigInt(characters.indexOf(character));
  const bytes = Buffer.alloc(9, 0x81);
  bytes.writeBigUInt64BE((id << 10n) | BigInt(version), 1);
  return bytes;
}

function left(rules: FilterRules, rows: readonly ValueRow[]): string[] {
  const batch = valueBatch(rows);
  new Filter(rules).entries.apply(batch, VALUES_NOW);
  return keysOf(batch);
}

const TYPES: readonly ValueRow[] = [
  { key: 'string' },
  { key: 'list', type: RdbType.ListQuicklist2 },
  { key: 'set', type: RdbType.SetIntset },
  { key: 'zset', type: RdbType.ZsetListpack },
  { key: 'hash', type: RdbType.HashListpackEx },
  { key: 'stream', type: RdbType.StreamListpacks3 },
  { key: 'json', type: RdbType.Module2, value: MODULE_ID },
];

describe('a value of a snapshot passes by', () => {
  test.each<[string, FilterRules, string[]]>([
    ['type', { allow: { types: ['hash', 'ZSET'] } }, ['zset', 'hash']],
    ['type, not', { block: { types: ['string', 'module'] } }, ['list', 'set', 'zset', 'hash', 'stream']],
    ["the name of a module's type", { allow: { types: ['ReJSON-RL', 'set'] } }, ['set', 'json']],
    ['the name of another one', { allow: { types: ['MBbloom--'] } }, []],
    ["the name of a module's type, not", { block: { types: ['ReJSON-RL'] } }, ['string', 'list', 'set', 'zset', 'hash', 'stream']],
    ['group', { allow: { groups: ['SORTED_SET', 'LIST'] } }, ['list', 'zset']],
    ['group, not', { block: { groups: ['string', 'hash', 'stream'] } }, ['list', 'set', 'zset', 'json']],
    ['the command that makes it', { allow: { commands: ['SET', 'xadd'] } }, ['string', 'stream']],
    ['RESTORE', { allow: { commands: ['restore'] } }, TYPES.map(({ key }) => key)],
    ['commands, not', { block: { commands: ['RPUSH', 'HSET', 'APPEND'] } }, ['string', 'set', 'zset', 'stream', 'json']],
    ['key and type together', { allow: { types: ['set', 'zset'], suffixes: [Buffer.from('zset')] } }, ['zset']],
  ])('%s', (_, rules, keys) => {
    expect(left(rules, TYPES)).toEqual(keys);
  });

  test('database, size and time to live', () => {
    const rows: ValueRow[] = [
      { key: 'a', database: 1 },
      { key: 'b', value: Buffer.alloc(100) },
      { key: 'c', ttlMs: 5000 },
      { key: 'd', ttlMs: -5 },
    ];
    expect(left({ allow: { databases: [0] } }, rows)).toEqual(['b', 'c', 'd']);
    expect(left({ block: { databases: [0] } }, rows)).toEqual(['a']);
    expect(left({ valueBytesMax: 99 }, rows)).toEqual(['a', 'c', 'd']);
    expect(left({ valueBytesMin: 11 }, rows)).toEqual(['b']);
    expect(left({ ttlMinMs: 0 }, rows)).toEqual(['a', 'b', 'c']);
    expect(left({ ttlMaxMs: 5000 }, rows)).toEqual(['c', 'd']);
    expect(left({ ttlMinMs: 5001 }, rows)).toEqual(['a', 'b']);
    expect(left({ expiring: 'only' }, rows)).toEqual(['c', 'd']);
    expect(left({ expiring: 'none' }, rows)).toEqual(['a', 'b']);
  });
});

test('libraries answer as FUNCTION LOAD, and as what has no key', () => {
  const rows: ValueRow[] = [{ key: '', kind: EntryKind.RdbFunction }, { key: '', kind: EntryKind.RdbScript }, { key: 'k' }];
  expect(left({ block: { groups: ['scripting'] } }, rows)).toEqual(['k']);
  expect(left({ block: { commands: ['FUNCTION-LOAD'] } }, rows)).toEqual(['', 'k']);
  expect(left({ block: { prefixes: [Buffer.from('x')] } }, rows)).toEqual(['', '', 'k']);
  expect(left({ block: { prefixes: [Buffer.from('x')] }, policies: { onKeyless: 'drop' } }, rows)).toEqual(['k']);
  expect(() => left({ allow: { types: ['string'] }, policies: { onKeyless: 'stop' } }, rows)).toThrow('library');
});

test('commands among the rows stay, and a large value answers as a small one', () => {
  expect(left({ block: { prefixes: [Buffer.from('')] } }, [{ key: 'c', kind: EntryKind.Command }, { key: 'v' }])).toEqual(['c']);
  const head = { kind: EntryKind.RdbValue, type: RdbType.Module2, key: Buffer.from('k'), database: 0, expiryMs: -1, idle: -1, freq: -1, valueStart: 0 };
  const { entries } = new Filter({ allow: { types: ['ReJSON-RL'] }, valueBytesMax: 1000 });
  expect(entries.moduleNameMatters(RdbType.Module2)).toBe(true);
  expect(entries.wantsLarge(head, 1000, VALUES_NOW, MODULE_ID)).toBe(true);
  expect(entries.wantsLarge(head, 1001, VALUES_NOW, MODULE_ID)).toBe(false);
  expect(entries.wantsLarge(head, 1000, VALUES_NOW, moduleId('MBbloom--', 1))).toBe(false);
});

test('rules that cannot be are refused, and what only a snapshot tells is named', () => {
  for (const rules of [{ allow: { types: ['sting'] } }, { valueBytesMin: 2, valueBytesMax: 1 }, { ttlMinMs: 2, ttlMaxMs: 1 }]) {
    expect(() => new Filter(rules)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
  }
  expect(new Filter({ valueBytesMax: 5, expiring: 'none', allow: { types: ['ReJSON-RL'] } }).snapshotOnly).toEqual(['size', 'time to live', 'type of module']);
  expect([new Filter({}).isActive, new Filter({ allow: { keys: [] } }).isActive, new Filter({ expiring: 'none' }).isActive]).toEqual([false, false, true]);
});
