import { describe, expect, test } from 'vitest';
import { parseDatabaseMap } from '../../../src/transform/database-map.ts';
import { Transform } from '../../../src/transform/transform.ts';
import type { TransformRules, TtlRules } from '../../../src/transform/transform-rules.ts';
import { streamBatch, streamLines } from '../../support/stream-rows.ts';

const NOW = 1_000_000;
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const PREFIX: TransformRules = { rename: [{ kind: 'prefix', from: bytes(''), to: bytes('p:') }] };
const OLD_TO_NEW: TransformRules = { rename: [{ kind: 'prefix', from: bytes('old:'), to: bytes('n:') }] };

function said(rules: TransformRules, ...lines: string[]): string[] {
  return streamLines(new Transform(rules).stream.apply(streamBatch(lines), NOW));
}

describe('every key of a command has its new name', () => {
  test.each([
    ['set k v', 'set p:k v'],
    ['SET k v PX 5', 'SET p:k v PX 5'],
    ["set '' v", 'set p: v'],
    [`set ${'k'.repeat(300)} v`, `set p:${'k'.repeat(300)} v`],
    ['del a b c', 'del p:a p:b p:c'],
    ['mset a 1 b 2', 'mset p:a 1 p:b 2'],
    ['msetex 2 a 1 b 2 px 5', 'msetex 2 p:a 1 p:b 2 px 5'],
    ['rename a b', 'rename p:a p:b'],
    ['copy a b replace', 'copy p:a p:b replace'],
    ['lmove a b left right', 'lmove p:a p:b left right'],
    ['zunionstore d 2 a b weights 1 2', 'zunionstore p:d 2 p:a p:b weights 1 2'],
    ['bitop and d a b', 'bitop and p:d p:a p:b'],
    ['eval script 2 a b c', 'eval script 2 p:a p:b c'],
    ['fcall f 1 a b', 'fcall f 1 p:a b'],
    ['xgroup create k g 0', 'xgroup create p:k g 0'],
    ['sort a store b', 'sort p:a store p:b'],
    ['sort a by nosort get # store b', 'sort p:a by nosort get # store p:b'],
    ['georadius a 1 2 3 km store b', 'georadius p:a 1 2 3 km store p:b'],
    ['move a 1', 'move p:a 1'],
    ['restore a 0 payload replace', 'restore p:a 0 payload replace'],
    ['publish channel m', 'publish channel m'],
    ['spublish channel m', 'spublish channel m'],
    ['function load code', 'function load code'],
  ])('%s', (line, expected) => {
    expect(said(PREFIX, line)).toEqual([`0> ${expected}`]);
  });

  test('where it has one; a batch without any keeps its bytes', () => {
    expect(said(OLD_TO_NEW, 'set old:a 1', 'set b 2', 'mset b 1 old:c 2')).toEqual(['0> set n:a 1', '0> set b 2', '0> mset b 1 n:c 2']);
    const batch = streamBatch(['set a 1', 'del a b']);
    const before = batch.bytes;
    expect(new Transform(OLD_TO_NEW).stream.apply(batch, NOW)).toBe(batch);
    expect(batch.bytes).toBe(before);
  });

  test('values are left as they are, whatever their bytes', () => {
    const value = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))
      .replace(' ', '')
      .repeat(3);
    expect(said(PREFIX, `set k ${value}`, `hset h f ${value}`, `mset a ${value} b ${value}`)).toEqual([
      `0> set p:k ${value}`,
      `0> hset p:h f ${value}`,
      `0> mset p:a ${value} p:b ${value}`,
    ]);
  });

  test.each(['unheard.of k', 'sort a by w_* store b', 'sort a get o_*->f store b', 'flushall', 'flushdb', 'swapdb 0 1'])('or it is untold: %s', (line) => {
    expect(() => said(PREFIX, line)).toThrow(expect.objectContaining({ code: 'COMMAND_UNDECIDED', message: expect.stringContaining('offset') }) as Error);
    expect(said({ ...PREFIX, onUntold: 'drop' }, line, 'set k v')).toEqual(['0> set p:k v']);
    expect(said({ ...PREFIX, onUntold: 'pass' }, line)).toEqual([`0> ${line}`]);
    const transform = new Transform({ ...PREFIX, onUntold: 'dead-letter' });
    expect(transform.stream.apply(streamBatch([line]), NOW).count).toBe(0);
    expect(transform.stream.takeUntold()).toHaveLength(1);
  });

  test('a command without the argument that its key would be stays', () => {
    expect(said(PREFIX, 'get', 'del', 'move', 'xgroup create')).toEqual(['0> get', '0> del', '0> move', '0> xgroup create']);
  });
});

describe('databases', () => {
  const MAP: TransformRules = { databases: parseDatabaseMap('0=3,1=drop') };

  test.each([
    [
      ['set a 1', 'select 1', 'set b 1', 'select 2', 'set c 1'],
      ['3> set a 1', '2> set c 1'],
    ],
    [['move a 2'], ['3> move a 2']],
    [['move a 1'], ['3> DEL a']],
    [['select 2', 'move a 0'], ['2> move a 3']],
    [['copy a b DB 1'], []],
    [['copy a b DB 2'], ['3> copy a b DB 2']],
    [['select 2', 'copy a b DB 0'], ['2> copy a b DB 3']],
    [['select 2', 'flushdb'], ['2> flushdb']],
    [['select 1', 'flushdb'], []],
    [['swapdb 2 4'], ['3> swapdb 2 4']],
    [['publish c m'], ['3> publish c m']],
    [['unheard.of k'], ['3> unheard.of k']],
  ])('%s', (lines, expected) => {
    expect(said(MAP, ...lines)).toEqual(expected);
  });

  test.each([
    ['flushall', 'what is left out is not flushed there'],
    ['flushdb', 'database 3 goes to 3 as well'],
    ['swapdb 0 2', 'database 3 as well'],
    ['swapdb 1 2', 'half of it is left out'],
  ])('untold: %s, %s', (line) => {
    expect(() => said(MAP, line)).toThrow('databases');
  });

  test('of two that become one a key moves nowhere, and is no copy of itself', () => {
    const one: TransformRules = { databases: parseDatabaseMap('*=0') };
    expect(said(one, 'move a 5', 'copy a a DB 5', 'copy a b DB 5')).toEqual(['0> copy a b DB 0']);
    expect(said({ databases: parseDatabaseMap('0=1,1=0') }, 'swapdb 0 1', 'flushall', 'flushdb')).toEqual(['1> swapdb 1 0', '1> flushall', '1> flushdb']);
  });

  test('with new names too', () => {
    expect(said({ ...MAP, ...PREFIX }, 'set a 1', 'move a 1', 'move a 2', 'copy a b DB 2')).toEqual([
      '3> set p:a 1',
      '3> DEL p:a',
      '3> move p:a 2',
      '3> copy p:a p:b DB 2',
    ]);
  });

  test.each(['0', '0=x', '0=1,0=2', '*=1,*=2', '0=1,', '-1=0'])('the map %s is refused', (text) => {
    expect(() => parseDatabaseMap(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
  });
});

describe('times to live', () => {
  const timed = (ttl: TtlRules, ...lines: string[]): string[] => said({ ttl }, ...lines).map((line) => line.slice(3));

  test.each([
    ['set k v', 'set k v'],
    ['set k v PX 10000', 'set k v PXAT 1020000'],
    ['set k v NX EX 10 GET', 'set k v NX PXAT 1020000 GET'],
    ['set k v EXAT 1010', 'set k v PXAT 1020000'],
    ['set k v IFEQ PX PXAT 1010000', 'set k v IFEQ PX PXAT 1020000'],
    ['set k v KEEPTTL', 'set k v KEEPTTL'],
    ['setex k 10 v', 'SET k v PXAT 1020000'],
    ['psetex k 10000 v', 'SET k v PXAT 1020000'],
    ['expire k 10', 'PEXPIREAT k 1020000'],
    ['pexpireat k 1010000 NX', 'PEXPIREAT k 1020000 NX'],
    ['pexpireat k 900000', 'PEXPIREAT k 900000'],
    ['expireat k 1010', 'PEXPIREAT k 1020000'],
    ['getex k PX 10000', 'getex k PXAT 1020000'],
    ['restore k 0 payload', 'restore k 0 payload'],
    ['restore k 1010000 payload ABSTTL', 'restore k 1020000 payload ABSTTL'],
    ['restore k 10000 payload REPLACE', 'restore k 1020000 payload REPLACE ABSTTL'],
    ['msetex 2 EX 1 b 2 PX 10000', 'msetex 2 EX 1 b 2 PXAT 1020000'],
    ['hpexpireat h 1010000 fields 1 f', 'hpexpireat h 1010000 fields 1 f'],
    ['persist k', 'persist k'],
    ['hset h f v', 'hset h f v'],
    ['expire k soon', 'expire k soon'],
  ])('doubled: %s', (line, expected) => {
    expect(timed({ scale: 2 }, line)).toEqual([expected]);
  });

  test.each([
    ['set k v PX 5 NX', ['set k v NX']],
    ['setex k 10 v', ['SET k v']],
    ['expire k 10', []],
    ['getex k EX 10', []],
    ['restore k 10000 payload', ['restore k 0 payload']],
    ['msetex 1 a 1 EX 5', ['msetex 1 a 1']],
    ['persist k', ['persist k']],
  ])('taken away: %s', (line, expected) => {
    expect(timed({ persist: true }, line)).toEqual(expected);
  });

  test.each([
    ['set k v', ['set k v PXAT 1060000']],
    ['set k v EX 5', ['set k v PXAT 1060000']],
    ['hset h f v', ['hset h f v', 'PEXPIREAT h 1060000']],
    ['mset a 1 b 2', ['mset a 1 b 2', 'PEXPIREAT a 1060000', 'PEXPIREAT b 1060000']],
    ['persist k', ['PEXPIREAT k 1060000']],
    ['restore k 0 payload', ['restore k 1060000 payload ABSTTL']],
    ['del a b', ['del a b']],
    ['publish c m', ['publish c m']],
    ['flushall', ['flushall']],
  ])('given to every key: %s', (line, expected) => {
    expect(timed({ setMs: 60_000 }, line)).toEqual(expected);
  });

  test('given to every key under its new name, in its new database, as one unit', () => {
    const transform = new Transform({ ...PREFIX, databases: parseDatabaseMap('0=2'), ttl: { setMs: 60_000 } });
    const batch = transform.stream.apply(streamBatch(['hset h f v', 'set a 1']), NOW);
    expect(streamLines(batch)).toEqual(['2> hset p:h f v', '2> PEXPIREAT p:h 1060000', '2> set p:a 1 PXAT 1060000']);
    expect(batch.endOffset[0]).toBe(batch.endOffset[1]);
    expect(transform.counts).toMatchObject({ renamed: 2, moved: 2, retimed: 2, dropped: 0, untold: 0 });
  });

  test('jitter is of the key: the same every time, others for others, never above its bound', () => {
    const at = (key: string): number => Number(timed({ addMs: 0, jitterMs: 1000 }, `pexpireat ${key} 1010000`)[0].split(' ')[2]);
    const times = Array.from({ length: 200 }, (_, i) => at(`k${i}`));
    expect(times.every((time) => time >= 1_010_000 && time <= 1_011_000)).toBe(true);
    expect(new Set(times).size).toBeGreaterThan(150);
    expect(at('k1')).toBe(at('k1'));
  });

  test('min and max are the last word', () => {
    expect(timed({ minMs: 20_000 }, 'pexpireat k 1010000')).toEqual(['PEXPIREAT k 1020000']);
    expect(timed({ scale: 100, maxMs: 30_000 }, 'pexpireat k 1010000')).toEqual(['PEXPIREAT k 1030000']);
    expect(timed({ addMs: -60_000 }, 'pexpireat k 1010000')).toEqual(['PEXPIREAT k 1000001']);
  });

  test.each<TtlRules>([{ persist: true, minMs: 1 }, { setMs: 5, scale: 2 }, { scale: 0 }, { scale: -1 }, { setMs: 0 }, { minMs: 5, maxMs: 4 }, { addMs: 0.5 }])(
    '%o is refused',
    (ttl) => {
      expect(() => new Transform({ ttl })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
    },
  );
});

test('a transaction keeps its offset, whatever becomes of its commands', () => {
  const batch = streamBatch(['multi', 'set a 1', 'del a b', 'move a 1', 'exec', 'set c 1']);
  const ends = [...batch.endOffset.subarray(0, 4)];
  const result = new Transform({ ...PREFIX, databases: parseDatabaseMap('1=drop') }).stream.apply(batch, NOW);
  expect(streamLines(result)).toEqual(['0> set p:a 1', '0> del p:a p:b', '0> DEL p:a', '0> set p:c 1']);
  expect([...result.endOffset.subarray(0, 4)]).toEqual(ends);
});
