/** What becomes of what is there already under the name of an output. */
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openOutputFile } from '../../../src/target/file/output-file.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'godwit-output-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  const output = await openOutputFile(path);
  await output.write(Buffer.from(text));
  await output.finish();
}

test('a file is replaced, at the end only', async () => {
  const path = join(folder, 'out');
  writeFileSync(path, 'old');
  const output = await openOutputFile(path);
  await output.write(Buffer.from('new'));
  expect(readFileSync(path, 'utf8')).toBe('old');
  await output.finish();
  expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['new', ['out']]);
});

test('a link stays one, and what it leads to is replaced', async () => {
  mkdirSync(join(folder, 'elsewhere'));
  writeFileSync(join(folder, 'elsewhere', 'file'), 'old');
  symlinkSync(join('elsewhere', 'file'), join(folder, 'link'));
  await write(join(folder, 'link'), 'new');
  expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(folder, 'elsewhere', 'file'), 'utf8')).toBe('new');
});

test('what is no plain file is written to, and stays what it is, also when the output is discarded', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const [text] = await Promise.all([readFile(path, 'utf8'), write(path, 'through')]);
  expect(text).toBe('through');
  const [nothing, output] = await Promise.all([readFile(path, 'utf8'), openOutputFile(path).then((opened) => opened.discard())]);
  expect([nothing, output]).toEqual(['', undefined]);
  expect([lstatSync(path).isFIFO(), readdirSync(folder)]).toEqual([true, ['pipe']]);
});

test('a folder is refused', async () => {
  await expect(openOutputFile(folder)).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
});
