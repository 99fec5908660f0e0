/** How many keys a running sync compares, as people say it. */
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';

test.each([
  ['off', null],
  ['500/s', { keysPerSecond: 500 }],
  ['1%/h', { sharePerHour: 0.01 }],
  ['12%/d', { sharePerHour: 0.005 }],
])('verify.continuous is %s', (text, continuous) => {
  const sides = { sourceArgument: 'redis://127.0.0.1', targetArgument: 'redis://10.0.0.2:6380', env: { HOME: '/home/u' }, cwd: '/' };
  expect(loadConfig({ ...sides, flags: { 'verify.continuous': text } }).config.verify.continuous).toEqual(continuous);
});
