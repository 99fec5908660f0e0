import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testTransform, type Transform, type TransformBatch, type TransformResult } from '../../../src/index.ts';
import { JavaScriptTransform } from '../../../src/transform/javascript/javascript-transform.ts';
import { loadTransform } from '../../../src/transform/javascript/load-transform.ts';
import { TransformOutput } from '../../../src/transform/transform-output.ts';
import { rowsOf, runEngine } from '../../support/transform/transform-run.ts';

const made = (transform: Transform, ...commands: string[][]): [number, ...string[]][] =>
  testTransform(transform, commands).map(({ db, args }) => [db, ...args]);

describe('transform(entry)', () => {
  test('sees the command, its group, keys, indexes, slots and database', () => {
    const seen: unknown[] = [];
    testTransform(
      (entry) => {
        const { command, group, db, args, keys, keyIndexes, slots } = entry;
        seen.push({ command, group, db, args: args.map(String), keys: keys.map(String), keyIndexes, slots });
        return entry;
      },
      [{ args: ['mset', 'key1', 'a', 'key2', 'b'], db: 3 }, ['xgroup', 'create', 's', 'g', '0'], ['Mystery', 'x']],
    );
    expect(seen).toEqual([
      { command: 'MSET', group: 'STRING', db: 3, args: ['mset', 'key1', 'a', 'key2', 'b'], keys: ['key1', 'key2'], keyIndexes: [1, 3], slots: [9189, 4998] },
      { command: 'XGROUP-CREATE', group: 'STREAM', db: 0, args: ['xgroup', 'create', 's', 'g', '0'], keys: ['s'], keyIndexes: [2], slots: [3828] },
      { command: 'MYSTERY', group: 'unknown', db: 0, args: ['Mystery', 'x'], keys: [], keyIndexes: [], slots: [] },
    ]);
  });

  test('the entry as it came, another database, other arguments, fewer and more', () => {
    expect(made((entry) => entry, ['SET', 'a', '1'])).toEqual([[0, 'SET', 'a', '1']]);
    expect(made((entry) => Object.assign(entry, { db: 5 }), ['SET', 'a', '1'])).toEqual([[5, 'SET', 'a', '1']]);
    const rename: Transform = (entry) => {
      for (const index of entry.keyIndexes) entry.args[index] = `new:${String(entry.args[index])}`;
      return entry;
    };
    expect(made(rename, ['MSET', 'a', '1', 'b', '2'])).toEqual([[0, 'MSET', 'new:a', '1', 'new:b', '2']]);
    const longer: Transform = (entry) => {
      entry.args.push('EX', 100n, 'x', 7);
      return entry;
    };
    expect(made(longer, ['SET', 'a', '1'])).toEqual([[0, 'SET', 'a', '1', 'EX', '100', 'x', '7']]);
    expect(made((entry) => Object.assign(entry, { args: ['DEL', 'x'] }), ['SET', 'a', '1'])).toEqual([[0, 'DEL', 'x']]);
  });

  test('commands instead, one or many, with the database of the entry unless they say another', () => {
    expect(testTransform(() => ({ args: ['DEL', 'x'] }), [{ args: ['PING'], db: 4 }])).toMatchObject([{ db: 4, args: ['DEL', 'x'], of: 0 }]);
    const split: Transform = ({ args }) => [{ args: ['SET', args[1], args[2]] }, { args: ['SET', args[3], args[4]], db: 9 }];
    expect(made(split, ['MSET', 'a', '1', 'b', '2'])).toEqual([
      [0, 'SET', 'a', '1'],
      [9, 'SET', 'b', '2'],
    ]);
    expect(made((entry) => [entry, { args: ['INCR', 'n'] }] as TransformResult, ['SET', 'a', '1'])).toEqual([
      [0, 'SET', 'a', '1'],
      [0, 'INCR', 'n'],
    ]);
  });

  test('null and an empty list drop the entry', () => {
    expect(
      testTransform((entry) => (entry.command === 'DEL' ? null : entry.command === 'PING' ? [] : entry), [['DEL', 'a'], ['PING'], ['INCR', 'b']]),
    ).toMatchObject([{ args: ['INCR', 'b'], of: 2 }]);
  });

  test('all bytes come through, looked at or not', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (const transform of [(entry) => entry, (entry) => ({ args: [...entry.args] })] satisfies Transform[]) {
      expect(testTransform(transform, [['SET', 'k', all]])[0].bytes[2]).toEqual(Buffer.from(all));
    }
  });

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'it returned nothing: it is to return the entry'],
    ['a promise', Promise.resolve(null), 'it returned a promise (a transform may not be async)'],
    ['a truth', true, 'it returned a boolean'],
    ['an object of another kind', {}, 'it returned a command whose args are a undefined'],
    ['no name', { args: [] }, 'it returned a command without a name'],
    ['an argument that is none', { args: ['SET', 'a', null] }, 'args[2] is a null; it is to be text, bytes or a number'],
    ['not a number', { args: ['SET', 'a', Number.NaN] }, 'args[2] is a NaN'],
    ['no database', { args: ['PING'], db: -1 }, 'db is -1; it is to be a number from 0'],
  ])('%s is no result', (_, result, message) => {
    const transform = (() => result) as Transform;
    expect(() => testTransform(transform, [['GET', 'a']])).toThrow(
      expect.objectContaining({ code: 'TRANSFORM_FAILED', message: expect.stringContaining(message) }),
    );
  });

  test('an entry of an earlier call is not taken for the one of this call', () => {
    let kept: Parameters<Transform>[0] | undefined;
    expect(() =>
      testTransform(
        (entry) => (kept ??= entry),
        [
          ['GET', 'a'],
          ['GET', 'b'],
        ],
      ),
    ).toThrow('command 1: the transform failed: TypeError: it returned the entry of another call');
  });

  test('an entry that fails makes nothing, those before it stay, and the run goes on behind it when it is told to', () => {
    const engine = new JavaScriptTransform({
      transform: (entry) => {
        if (String(entry.keys[0]) === 'b') throw new RangeError('no b');
        return [{ args: ['A'] }, entry];
      },
    });
    const output = new TransformOutput();
    const rows = rowsOf([
      ['GET', 'a'],
      ['GET', 'b'],
      ['GET', 'c'],
    ]);
    expect(engine.run(rows, 0, output)).toMatchObject({ row: 1, message: 'the transform failed: RangeError: no b' });
    expect(engine.run(rows, 2, output)).toBeUndefined();
    expect(Array.from(output.row.subarray(0, output.count))).toEqual([0, 0, 2, 2]);
  });
});

test('of a list with a mistake nothing is left', () => {
  const engine = new JavaScriptTransform({ transform: () => [{ args: ['A'] }, { args: ['B', 'c'] }, { args: ['D', null as unknown as string] }] });
  expect(runEngine(engine, rowsOf([['PING']]))).toMatchObject({ commands: [], failure: { row: 0, message: expect.stringContaining('args[1] is a null') } });
});

describe('transformBatch(entries)', () => {
  test('gives one result for each entry', () => {
    const transformBatch: TransformBatch = (entries) => entries.map((entry, i) => (i === 1 ? null : Object.assign(entry, { db: entries.length })));
    const { commands } = runEngine(
      new JavaScriptTransform({ transformBatch }),
      rowsOf([
        ['GET', 'a'],
        ['GET', 'b'],
        ['GET', 'c'],
      ]),
    );
    expect(commands).toEqual([
      [3, 'GET', 'a'],
      [3, 'GET', 'c'],
    ]);
  });

  test('a call that fails is told from the entry that fails', () => {
    const transformBatch: TransformBatch = (entries) =>
      entries.map((entry) => {
        if (String(entry.keys[0]) === 'b') throw new Error('no b');
        return entry;
      });
    const engine = new JavaScriptTransform({ transformBatch });
    const output = new TransformOutput();
    const rows = rowsOf([
      ['GET', 'a'],
      ['GET', 'b'],
      ['GET', 'c'],
    ]);
    expect(engine.run(rows, 0, output)).toMatchObject({ row: 1, message: 'the transform failed: Error: no b' });
    expect(output.count).toBe(1);
    expect(engine.run(rows, 2, output)).toBeUndefined();
    expect(output.count).toBe(2);
  });

  test('a list of another length is refused', () => {
    expect(runEngine(new JavaScriptTransform({ transformBatch: () => [] }), rowsOf([['PING']])).failure?.message).toContain(
      'a list of 1 results, one for each entry',
    );
  });
});

describe('modules', () => {
  let folder: string;
  const write = async (name: string, text: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, text);
    return file;
  };
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'godwit-transform-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('are loaded, and say whether they want logical commands', async () => {
    const plain = await loadTransform(await write('a.mjs', 'export const transform = (entry) => entry;'));
    expect(plain.expansion.wanted).toBe(false);
    expect(runEngine(plain, rowsOf([['GET', 'a']])).commands).toEqual([[0, 'GET', 'a']]);
    const batch = await loadTransform(await write('b.mjs', 'export const expand = true; export const transformBatch = (entries) => entries.map(() => null);'));
    expect(batch.expansion).toEqual({ wanted: true, because: 'the module exports expand = true' });
    const old = await loadTransform(await write('c.cjs', 'module.exports = { transform: (entry) => entry };'));
    expect(runEngine(old, rowsOf([['GET', 'a']])).commands).toEqual([[0, 'GET', 'a']]);
  });

  test('an error names the line and the function', async () => {
    const engine = await loadTransform(
      await write('lines.mjs', 'function rename(entry) {\n  return entry.nothing.here;\n}\nexport function transform(entry) {\n  return rename(entry);\n}\n'),
    );
    expect(runEngine(engine, rowsOf([['GET', 'a']])).failure).toEqual({
      row: 0,
      line: 2,
      functionName: 'rename',
      message: "the transform failed: TypeError: Cannot read properties of undefined (reading 'here') (line 2 in rename)",
    });
  });

  test.each([
    ['none.mjs', 'export const other = 1;', 'none.mjs exports neither transform(entry) nor transformBatch(entries)'],
    ['both.mjs', 'export const transform = () => null, transformBatch = () => [];', 'both.mjs exports both transform and transformBatch'],
    ['syntax.mjs', 'export const = ;', 'syntax.mjs cannot be loaded: '],
    ['throws.mjs', 'throw new Error("at the start");', 'throws.mjs cannot be loaded: at the start'],
    ['rename.lua', 'x = 1', 'rename.lua is no module: its name is to end in .js, .mjs, .cjs, .ts, .mts'],
  ])('%s is refused', async (name, text, message) => {
    await expect(loadTransform(await write(name, text))).rejects.toMatchObject({ code: 'TRANSFORM_INVALID', message: expect.stringContaining(message) });
  });

  test('a file that is not there is named', async () => {
    await expect(loadTransform(path.join(folder, 'nowhere.mjs'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});
