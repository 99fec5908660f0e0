import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadSourceConfig } from '../../../src/config/load-source-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'godwit-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

const load = (text: string): ReturnType<typeof loadSourceConfig> => {
  writeFileSync(join(folder, 'x.toml'), text);
  return loadSourceConfig({ flags: {}, env: { HOME: '/h' }, cwd: folder, configFile: 'x.toml' });
};

test('of a file that has filters, a command with filters of its own says so', () => {
  const { source, warnings } = load('source.url = "a:1"\n[filter]\nallow_db = [1]\nblock_db = []\n');
  expect(source).toEqual({ host: 'a', port: 1 });
  expect(warnings).toEqual(['x.toml:3: filter.allow_db has no effect on this command, which has filters of its own']);
});

test('what is said of a target is none of its matter', () => {
  expect(load('source.url = "a:1"\ntarget.cluster = true\nrate.commands = 5').warnings).toEqual([]);
});
