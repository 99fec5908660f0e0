import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AccessToken, makeTokenFile } from '../../../src/status/server/access-token.ts';

let dir = '';
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'godwit-token-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('a token is known by the whole of it alone', () => {
  const token = new AccessToken('secret-word');
  expect(token.isIn('Bearer secret-word')).toBe(true);
  expect(token.isIn('bearer secret-word')).toBe(true);
  for (const header of [
    undefined,
    '',
    'secret-word',
    'Basic secret-word',
    'Bearer',
    'Bearer ',
    'Bearer secret-wor',
    'Bearer secret-word2',
    'Bearer secret-word x',
  ])
    expect(token.isIn(header)).toBe(false);
});

test('the file is readable by its user alone, another one for each run, and gone with the run and the empty folder', async () => {
  const jobDir = join(dir, 'job');
  const first = await makeTokenFile(jobDir);
  expect(statSync(first.path).mode & 0o777).toBe(0o600);
  expect(first.token.isIn(`Bearer ${readFileSync(first.path, 'utf8').trim()}`)).toBe(true);
  const second = await makeTokenFile(jobDir);
  expect(second.token.text).not.toBe(first.token.text);
  expect(second.token.text.length).toBeGreaterThan(30);
  await first.remove();
  expect(readFileSync(second.path, 'utf8').trim()).toBe(second.token.text);
  await second.remove();
  expect(existsSync(jobDir)).toBe(false);
});

test('a folder that holds more than the token stays; a wide-open file of an earlier run is replaced', async () => {
  const jobDir = join(dir, 'job');
  mkdirSync(join(jobDir, '1'), { recursive: true });
  writeFileSync(join(jobDir, 'control-token'), 'old', { mode: 0o666 });
  const made = await makeTokenFile(jobDir);
  expect(statSync(made.path).mode & 0o777).toBe(0o600);
  await made.remove();
  expect(existsSync(join(jobDir, '1'))).toBe(true);
  expect(existsSync(made.path)).toBe(false);
});
