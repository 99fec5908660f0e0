import { describe, expect, test } from 'vitest';
import type { ConfigInput } from '../../../src/config/gather-settings.ts';
import { resolveConfig } from '../../../src/config/load.ts';
import { isNotYet, notYet } from '../../../src/config/not-yet.ts';
import { isOptionOf } from '../../../src/config/option-kinds.ts';
import { optionsOf } from '../../../src/config/options-of.ts';
import { type Option, OPTIONS } from '../../../src/config/schema.ts';

const BASE: ConfigInput = { flags: {}, sourceArgument: 'redis://a:1', targetArgument: 'redis://b:2', env: { HOME: '/h' }, cwd: '/here' };
const ofSync = OPTIONS.filter((option) => isOptionOf('sync', option) && notYet(option.key, 'sync') !== undefined);

const OTHER: Readonly<Record<string, string>> = { string: 'x', integer: '7', size: '77mb', list: '7', path: 'x', secret: 'planted', url: 'h:1' };
const otherValue = ({ type, fallback }: Option): string | boolean => (type.kind === 'boolean' ? fallback !== true : OTHER[type.kind]);

describe('every option of a sync that nothing acts on', () => {
  test.each(ofSync.map((option) => [option.key, option] as const))('%s is refused, but not with its default', (key, option) => {
    const { problems } = resolveConfig({ ...BASE, flags: { [key]: otherValue(option) } });
    expect(problems).toEqual([{ code: 'NOT_YET', message: expect.stringContaining(`: ${key} is `) as string }]);
    expect(problems[0].message).not.toContain('planted');
    if (option.fallback === undefined) return;
    const own = option.type.kind === 'boolean' ? (option.fallback as boolean) : option.type.show(option.fallback);
    expect(resolveConfig({ ...BASE, flags: { [key]: own } }).problems).toEqual([]);
  });

  test('has no flag of sync and load, and all others have one', () => {
    const flags = new Set([...optionsOf('sync'), ...optionsOf('load')].map(({ key }) => key));
    for (const option of ofSync) expect(flags.has(option.key)).toBe(false);
    for (const option of OPTIONS.filter((one) => isOptionOf('sync', one) && !isNotYet(one) && !ofSync.includes(one))) expect(flags.has(option.key)).toBe(true);
  });
});
