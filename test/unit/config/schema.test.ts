import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ConfigInput } from '../../../src/config/gather-settings.ts';
import { resolveConfig } from '../../../src/config/load.ts';
import { optionsOf } from '../../../src/config/options-of.ts';
import { OPTIONS } from '../../../src/config/schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'godwit-schema-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BASE: ConfigInput = { flags: {}, sourceArgument: 'redis://127.0.0.1', targetArgument: 'redis://10.0.0.2:6380', env: { HOME: '/home/u' }, cwd: folder };

describe('schema', () => {
  test('keys, flags and variables are unique and well formed', () => {
    for (const [field, form] of [
      ['key', /^[a-z_]+(\.[a-z_]+)+$/],
      ['flag', /^--[a-z-]+$/],
      ['env', /^GODWIT_[A-Z_]+$/],
    ] as const) {
      const names = OPTIONS.map((option) => option[field]);
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(form);
    }
  });

  test('every default is shown as something that can be given again', () => {
    for (const { key, type, fallback } of OPTIONS) if (fallback !== undefined) expect([key, type.read(type.show(fallback), true)]).toEqual([key, fallback]);
  });

  test('every option reaches the configuration', () => {
    writeFileSync(join(folder, 'reach'), 'far-reach');
    writeFileSync(join(folder, 'hooks'), '# ours\nhttps://a.example/b\n');
    const other: Record<string, string> = {
      string: 'other',
      boolean: 'true',
      integer: '7',
      duration: '7s',
      size: '77mb',
      url: 'other',
      path: 'reach',
      secret: 'other',
      number: '7',
    };
    const own: Record<string, string | readonly string[]> = {
      'checkpoint.prefix': 'mine',
      'verify.continuous': '1%/h',
      'status.host': '0.0.0.0',
      'keepalive.interval': '7s',
      'source.psync_commands': ['a:1@x'],
      'transform.db_map': '0=3',
      'transform.rename': ['prefix:a=>b'],
    };
    // Only with something else beside them.
    const beside: Record<string, Partial<ConfigInput['flags']>> = {
      'transform.expand': { 'transform.function': 'x' },
      ...Object.fromEntries(['mixed', 'unknown', 'flush', 'keyless'].map((name) => [`filter.on_${name}`, { 'filter.allow_keys': ['a'] }])),
    };
    Object.assign(own, { 'status.token': 'long-enough', 'alerts.webhooks': 'https://a.example/b', 'alerts.webhooks_file': 'hooks' });
    for (const side of ['source', 'target']) own[`${side}.address_map`] = 'a=b';
    const asText = (config: unknown): string => JSON.stringify(config, (_key, value: unknown) => (value instanceof Map ? [...value] : value));
    for (const { key, type, fallback, section } of optionsOf('sync')) {
      const word = type.words.find((candidate) => candidate !== fallback);
      const value = own[key] ?? word ?? (fallback === true ? 'false' : type.kind === 'list' ? ['7'] : other[type.kind]);
      const isAddress = /^\w+\.(?:url|address)$/.test(key);
      // What is said of sentinels counts behind sentinels only, and their addresses stand alone.
      if (key.includes('.sentinel.')) continue;
      const base: ConfigInput = {
        ...BASE,
        sourceArgument:
          isAddress && section === 'source' ? undefined : `${key.startsWith('source.tls') && !key.endsWith('enabled') ? 'rediss' : 'redis'}://127.0.0.1`,
        targetArgument:
          isAddress && section === 'target' ? undefined : `${key.startsWith('target.tls') && !key.endsWith('enabled') ? 'rediss' : 'redis'}://10.0.0.2`,
        env: { HOME: '/h', GODWIT_SOURCE_PASSWORD: 'one', GODWIT_TARGET_PASSWORD: 'one' },
        flags:
          key in beside
            ? beside[key]
            : key.endsWith('.tls.cert')
              ? { [`${section}.tls.key`]: 'reach' }
              : key.endsWith('.tls.key')
                ? { [`${section}.tls.cert`]: 'reach' }
                : {},
      };
      const compare = isAddress ? { ...base, sourceArgument: 'redis://127.0.0.1', targetArgument: 'redis://10.0.0.2' } : base;
      const before = resolveConfig({ ...compare, flags: key.includes('.tls.cert') || key.includes('.tls.key') ? {} : base.flags });
      const after = resolveConfig({ ...base, flags: { ...base.flags, [key]: value } });
      expect([key, after.problems]).toEqual([key, []]);
      expect([key, asText(after.config)]).not.toEqual([key, asText(before.config)]);
    }
  });
});
