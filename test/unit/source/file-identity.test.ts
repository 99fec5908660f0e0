import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { differenceOf, type FileIdentity, type FilePart } from '../../../src/source/file/file-identity.ts';
import { openFileSource } from '../../../src/source/open-file-source.ts';

const PART: FilePart = { name: '', bytes: 100_000, version: 'monday', head: 'aa', headBytes: 16_384 };

function identity(over: Partial<FilePart> = {}, grows = true): FileIdentity {
  return { name: 'a.aof', grows, parts: [{ ...PART, ...over }] };
}

test('a file is the same while nothing of it has changed, or an AOF has grown', () => {
  expect(differenceOf(identity(), identity())).toBeUndefined();
  expect(differenceOf(identity(), identity({ bytes: 200_000, version: 'tuesday' }))).toBeUndefined();
  expect(differenceOf(identity({ bytes: 90, headBytes: 90 }), identity({ bytes: 200, version: 'tuesday', head: 'bb', headBytes: 200 }))).toBeUndefined();
});

test.each([
  ['a snapshot has another size', identity({}, false), identity({ bytes: 200_000 }, false), 'has 200000 bytes, the one of the mark had 100000'],
  ['an AOF has become shorter', identity(), identity({ bytes: 50_000 }), 'has 50000 bytes'],
  ['it was written anew with the same size', identity(), identity({ version: 'tuesday' }), 'was changed (tuesday) since the mark was written (monday)'],
  ['it begins with other bytes', identity(), identity({ head: 'bb' }), 'begins with other bytes'],
  ['a longer one begins with other bytes', identity(), identity({ bytes: 200_000, head: 'bb' }), 'begins with other bytes'],
  ['it has another name', identity(), { ...identity(), name: 'b.aof' }, 'is b.aof, the one of the mark was a.aof'],
  ['a part is gone', { ...identity(), parts: [PART, { ...PART, name: '2' }] }, identity(), 'has 1 parts'],
])('it is another one when %s', (_when, before, now, difference) => {
  expect(differenceOf(before, now)).toContain(difference);
});

test('a pipe with fewer bytes than are looked at first is read from its begin', async () => {
  const command = '*2\r\n$4\r\nINCR\r\n$1\r\na\r\n';
  const source = await openFileSource('-', { stdin: Readable.from([Buffer.from(command.slice(0, 9)), Buffer.from(command.slice(9))], { objectMode: false }) });
  expect((await source.identity()).parts[0]).toMatchObject({ bytes: -1, version: '', headBytes: command.length });
  expect(await source.next()).toMatchObject({ kind: 'rows', batch: { count: 1 } });
  expect(await source.next()).toMatchObject({ kind: 'end' });
  await source.close();
});
