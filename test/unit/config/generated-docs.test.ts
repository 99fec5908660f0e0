import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configurationPage, errorsPage, fromRedisShakePage } from '../../../scripts/generate-docs.ts';

const page = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

test('docs/errors.md is what the codes say (else: npx tsx scripts/generate-docs.ts)', () => expect(page('errors.md')).toBe(errorsPage()));
test('docs/configuration.md is what the schema says (else: npx tsx scripts/generate-docs.ts)', () =>
  expect(page('configuration.md')).toBe(configurationPage()));
test("docs/from-redisshake.md is what the table of RedisShake's keys says (else: npx tsx scripts/generate-docs.ts)", () =>
  expect(page('from-redisshake.md')).toBe(fromRedisShakePage()));
