import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { LogFile } from '../../../src/cli/log-file.ts';
import type { LogConfig } from '../../../src/config/sync-config.ts';

const root = mkdtempSync(join(tmpdir(), 'godwit-log-'));
let folder = '';
let path = '';
const troubles: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(root, 'x-'));
  path = join(folder, 'sub', 'shake.log');
  troubles.length = 0;
});
afterAll(() => rmSync(root, { recursive: true }));

const PLAIN: Omit<LogConfig['file'], 'path'> = { bytesMax: 0, ageMaxMs: 0, filesMax: 0, compress: false };

function open(options: Partial<LogConfig['file']> = {}): LogFile {
  return new LogFile({ ...PLAIN, path, ...options }, (message) => troubles.push(message));
}

const asides = (): string[] =>
  readdirSync(join(folder, 'sub'))
    .filter((name) => name !== 'shake.log')
    .toSorted();

test('lines are appended, to a file that is there too', () => {
  open().write('one\n');
  open().write('two\n');
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
});

test('a file of its size is put aside under a name with the time, and compressed', async () => {
  const log = open({ bytesMax: 10, compress: true });
  log.write('12345678\n');
  log.write('later\n');
  await log.settled();
  expect(readFileSync(path, 'utf8')).toBe('later\n');
  expect(asides()).toEqual([expect.stringMatching(/^shake-\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}Z\.log\.gz$/)]);
  expect(gunzipSync(readFileSync(join(folder, 'sub', asides()[0]))).toString()).toBe('12345678\n');
});

test('a line that is longer than the size is written whole', () => {
  const log = open({ bytesMax: 10 });
  log.write('123456789012345\n');
  expect(readFileSync(path, 'utf8')).toBe('123456789012345\n');
});

test('files put aside are removed by number and by age, and files of others stay', async () => {
  mkdirSync(join(folder, 'sub'));
  const names = ['shake-2026-01-01T00-00-00.000Z.log.gz', 'shake-2026-01-02T00-00-00.000Z.log', 'shake-2026-01-03T00-00-00.000Z.log.gz'];
  for (const name of [...names, 'shake-old.log', 'other-2026-01-01T00-00-00.000Z.log']) writeFileSync(join(folder, 'sub', name), 'x');
  await open({ filesMax: 2 }).settled();
  expect(asides()).toEqual(['other-2026-01-01T00-00-00.000Z.log', names[1], names[2], 'shake-old.log']);
  utimesSync(join(folder, 'sub', names[1]), 1000, 1000);
  await open({ ageMaxMs: 60_000, compress: true }).settled();
  expect(asides()).toEqual(['other-2026-01-01T00-00-00.000Z.log', names[2], 'shake-old.log']);
});

test('a file that cannot be opened is told before anything begins', () => {
  writeFileSync(join(folder, 'sub'), '');
  expect(() => open()).toThrow(/log\.file names .*shake\.log, which cannot be written: a part of its path is a file|log\.file names .* a file is in its place/);
});

test('a file that cannot be put aside stops the log once, and nothing else', () => {
  const log = open({ bytesMax: 10 });
  log.write('12345678\n');
  rmSync(path);
  log.write('one\n');
  log.write('two\n');
  expect(troubles).toEqual([expect.stringMatching(/^the log file .*shake\.log is not written any more: there is no such file$/)]);
  expect(existsSync(path)).toBe(false);
});
