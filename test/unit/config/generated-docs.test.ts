import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { configurationPage, doctorPage, errorsPage, fromRedisShakePage, fromRedisShakePageZh, metricsPage } from '../../../scripts/generate-docs.ts';
import { SHAKE_BECOMES_ZH, SHAKE_NOTES_ZH } from '../../../scripts/shake-notes-zh.ts';
import { SHAKE_KEYS } from '../../../src/config/shake/shake-keys.ts';

const page = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

test('docs/errors.md is what the codes say (else: npx tsx scripts/generate-docs.ts)', () => expect(page('errors.md')).toBe(errorsPage()));
test('docs/metrics.md is what the metrics say (else: npx tsx scripts/generate-docs.ts)', () => expect(page('metrics.md')).toBe(metricsPage()));
test('docs/configuration.md is what the schema says (else: npx tsx scripts/generate-docs.ts)', () =>
  expect(page('configuration.md')).toBe(configurationPage()));
test('docs/doctor.md is what the registry of checks says (else: npx tsx scripts/generate-docs.ts)', () => expect(page('doctor.md')).toBe(doctorPage()));
test("docs/from-redisshake.md is what the table of RedisShake's keys says (else: npx tsx scripts/generate-docs.ts)", () =>
  expect(page('from-redisshake.md')).toBe(fromRedisShakePage()));

describe('docs/from-redisshake.zh-CN.md', () => {
  test('is what the table and its translations say (else: npx tsx scripts/generate-docs.ts)', () => {
    expect(page('from-redisshake.zh-CN.md')).toBe(fromRedisShakePageZh());
  });

  test('has the sections, rows, links and code of the English page', () => {
    const shape = (text: string): string[] => text.match(/^#+|^- \*\*|^\| `[\w.]+` \||^```\w*/gm) ?? [];
    expect(shape(page('from-redisshake.zh-CN.md'))).toEqual(shape(page('from-redisshake.md')));
    const links = (text: string): Set<string> => new Set([...text.matchAll(/\]\(([\w-]+\.md)/g)].map(([, name = '']) => name));
    const [english, chinese] = [links(page('from-redisshake.md')), links(page('from-redisshake.zh-CN.md'))];
    expect([...english].filter((name) => !chinese.has(name) && !name.startsWith('from-redisshake') && name !== 'from-redisshake.zh-CN.md')).toEqual([]);
    const codes = (text: string): Set<string> => new Set(text.match(/`[^`\n]+`/g));
    const missing = [...codes(page('from-redisshake.md'))].filter((code) => !codes(page('from-redisshake.zh-CN.md')).has(code));
    expect(missing).toEqual([]);
  });

  test('keeps no translation of what is not said any more', () => {
    const said = new Set(SHAKE_KEYS.flatMap(({ note = '', becomes }) => [note, becomes]));
    expect([...Object.keys(SHAKE_NOTES_ZH), ...Object.keys(SHAKE_BECOMES_ZH)].filter((text) => !said.has(text))).toEqual([]);
  });
});
