import { describe, expect, test } from 'vitest';
import { GodwitError } from '../../../src/errors/errors.ts';
import { parseAofManifest } from '../../../src/aof/manifest.ts';

const parse = (text: string): ReturnType<typeof parseAofManifest> => parseAofManifest(Buffer.from(text));

function refusal(text: string): GodwitError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof GodwitError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('the AOF manifest', () => {
  test('gives base, history and incr files with their sequence', () => {
    const manifest = parse(
      'file appendonly.aof.2.base.rdb seq 2 type b\n' +
        'file appendonly.aof.1.base.rdb seq 1 type h\n' +
        'file appendonly.aof.1.incr.aof seq 1 type h\n' +
        'file appendonly.aof.2.incr.aof seq 2 type i\n' +
        'file appendonly.aof.3.incr.aof seq 3 type i\n',
    );
    expect(manifest.base).toEqual({ kind: 'base', name: 'appendonly.aof.2.base.rdb', sequence: 2, line: 1 });
    expect(manifest.history.map(({ name }) => name)).toEqual(['appendonly.aof.1.base.rdb', 'appendonly.aof.1.incr.aof']);
    expect(manifest.incr.map(({ sequence }) => sequence)).toEqual([2, 3]);
  });

  test('passes over comments, blanks around words, carriage returns, and keys of later versions', () => {
    const manifest = parse('# by hand\n  file  a.aof \t seq 1 type i startoffset 0 endoffset 77\r\n');
    expect(manifest).toEqual({ base: null, history: [], incr: [{ kind: 'incr', name: 'a.aof', sequence: 1, line: 2 }] });
  });

  test.each([
    [String.raw`"my \"aof\" \x41\t.aof"`, 'my "aof" A\t.aof'],
    [String.raw`"\xd1\x84.aof"`, 'ф.aof'],
    [String.raw`'it\'s "x".aof'`, `it's "x".aof`],
    ['plain.aof', 'plain.aof'],
  ])('reads the name %s', (written, name) => {
    expect(parse(`file ${written} seq 1 type i\n`).incr[0].name).toBe(name);
  });

  test.each([
    ['', 1, /empty/],
    ['file a seq 1 type i', 1, /cut short/],
    ['file a seq 1 type i\nfile b se', 2, /cut short/],
    ['file a seq 1 type i\n\n', 2, /of the form/],
    ['file a seq 1\n', 1, /of the form/],
    ['file a seq 1 type i more\n', 1, /of the form/],
    ['file "a seq 1 type i\n', 1, /quote/],
    ['file "a"b seq 1 type i\n', 1, /quote/],
    ['file ../a seq 1 type i\n', 1, /is a path/],
    ['file .. seq 1 type i\n', 1, /is a path/],
    ['file "" seq 1 type i\n', 1, /names no file/],
    ['file a seq 0 type i\n', 1, /sequence/],
    ['file a seq one type i\n', 1, /sequence/],
    ['file a seq 1 type x\n', 1, /type/],
    ['file a seq 1 type b\nfile b seq 2 type b\n', 2, /two base files/],
    ['file a seq 2 type i\nfile b seq 2 type i\n', 2, /must rise/],
    [`file ${'a'.repeat(1100)} seq 1 type i\n`, 1, /longer/],
  ])('refuses %j and names the line', (text, line, reason) => {
    const error = refusal(text);
    expect(error).toMatchObject({ code: 'AOF_MANIFEST_INVALID', details: { line } });
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(`line ${line} `);
  });
});
