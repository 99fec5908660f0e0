/** What a refusal of a value says. */
import { describe, expect, test } from 'vitest';
import type { GodwitError } from '../../../src/errors/errors.ts';
import { RdbOpcode } from '../../../src/rdb/opcodes.ts';
import type { ServerVersion } from '../../../src/model/server-version.ts';
import { ValueConversion, Way } from '../../../src/target/value-conversion.ts';

function refusal(type: number, key: string): GodwitError {
  const conversion = new ValueConversion({ product: 'redis', major: 6, minor: 0, patch: 0, text: '6.0.0' }, 'stop');
  conversion.begin({ magic: 'REDIS', version: 11 });
  try {
    conversion.skipsLarge({ type, key: Buffer.from(key), database: 3 });
  } catch (error) {
    return error as GodwitError;
  }
  throw new Error('it was not refused');
}

test('functions are no key, and the fix names the option', () => {
  const functions = refusal(RdbOpcode.Function2, '');
  expect(functions.message).toMatch(/^the functions of the source cannot be brought to Redis 6\.0\.0 as they are: /);
  expect(JSON.parse(JSON.stringify(functions.details))).not.toHaveProperty('key');
  expect(functions.fix).toMatch(/--on-unsupported degrade .* skip /);
});

const server = (name: string): ServerVersion => {
  const [product, text] = name.split(' ');
  const [major, minor] = text.split('.').map(Number);
  return { product: product as ServerVersion['product'], text, major, minor, patch: 0 };
};

/** `as is VERSION`, `encoded`, `refused`. */
function wayOf(magic: 'REDIS' | 'VALKEY', version: number, type: number, target: string): string {
  const conversion = new ValueConversion(server(target), 'stop');
  conversion.begin({ magic, version });
  const way = conversion.way(type);
  return way === Way.AsIs ? `as is ${conversion.version(type)}` : way === Way.Encoded ? 'encoded' : 'refused';
}

describe('types that are younger than version 11, also at servers that are not here', () => {
  test.each([
    [
      'a hash with field expiry',
      24,
      { 'redis 7.2': 'encoded', 'redis 7.4': 'as is 12', 'redis 8.10': 'as is 12', 'valkey 8.1': 'encoded', 'valkey 9.1': 'encoded' },
    ],
    ['the same, packed', 25, { 'redis 7.2': 'encoded', 'redis 7.4': 'as is 12', 'valkey 9.1': 'encoded' }],
    ['the same of the release candidates', 22, { 'redis 7.2': 'encoded', 'redis 7.4': 'encoded', 'redis 8.10': 'encoded', 'valkey 9.1': 'encoded' }],
    [
      'a stream with idempotent producers',
      26,
      { 'redis 6.0': 'encoded', 'redis 8.4': 'encoded', 'redis 8.6': 'as is 13', 'redis 8.10': 'as is 13', 'valkey 9.1': 'encoded' },
    ],
    ['a stream with entries given back', 27, { 'redis 8.6': 'encoded', 'redis 8.8': 'as is 14', 'valkey 9.1': 'encoded' }],
    ['an array', 28, { 'redis 6.0': 'refused', 'redis 8.6': 'refused', 'redis 8.8': 'as is 14', 'valkey 9.1': 'refused' }],
    ['a hash by template that brings its names', 29, { 'redis 8.8': 'encoded', 'redis 8.10': 'as is 15', 'valkey 9.1': 'encoded' }],
    ['the same, one by one', 31, { 'redis 8.8': 'encoded', 'redis 8.10': 'as is 15', 'valkey 9.1': 'encoded' }],
    ['a hash by template of its file', 30, { 'redis 6.0': 'encoded', 'redis 8.10': 'encoded', 'valkey 9.1': 'encoded' }],
    ['the same, one by one', 32, { 'redis 8.10': 'encoded', 'valkey 8.1': 'encoded' }],
  ])('%s (%i)', (_, type, expected) => {
    for (const [target, way] of Object.entries(expected)) expect([target, wayOf('REDIS', 15, type, target)]).toEqual([target, way]);
  });

  test('a hash with field expiry of Valkey', () => {
    expect(['valkey 8.1', 'valkey 9.0', 'valkey 9.2', 'redis 7.2', 'redis 8.0'].map((target) => wayOf('VALKEY', 80, 22, target))).toEqual([
      'encoded',
      'as is 80',
      'as is 80',
      'encoded',
      'encoded',
    ]);
  });
});
