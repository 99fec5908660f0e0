import { expect, test } from 'vitest';
import { parseConfigEpoch, parseNames, parsePrimaryAddress, parseReplicas, parseSentinels, parseSwitch } from '../../../src/topology/sentinel-replies.ts';

const bytes = (...words: string[]): Buffer[] => words.map((word) => Buffer.from(word));

test('the address of a primary, or none', () => {
  expect(parsePrimaryAddress(bytes('10.0.0.1', '6379'))).toEqual({ host: '10.0.0.1', port: 6379 });
  for (const reply of [null, [], bytes('', '6379'), bytes('10.0.0.1', '0'), 'x']) expect(parsePrimaryAddress(reply)).toBe(undefined);
});

test('replicas with what speaks against them', () => {
  const replica = (port: string, flags: string, link: string): Buffer[] =>
    bytes('name', 'n', 'ip', '::1', 'port', port, 'flags', flags, 'master-link-status', link, 'slave-repl-offset', '70');
  const reply = [replica('1', 'slave', 'ok'), replica('2', 's_down,slave,disconnected', 'ok'), replica('3', 'slave', 'err'), bytes('ip', 'h', 'port', '4'), []];
  expect(parseReplicas(reply)).toEqual([
    { host: '::1', port: 1, online: true, offset: 70 },
    { host: '::1', port: 2, online: false, offset: 70 },
    { host: '::1', port: 3, online: false, offset: 70 },
    { host: 'h', port: 4, online: false, offset: -1 },
  ]);
});

test('names, other sentinels, epochs', () => {
  expect(parseNames([bytes('name', 'one'), bytes('name', 'two'), []])).toEqual(['one', 'two']);
  expect(parseSentinels([bytes('ip', '10.0.0.1', 'port', '26379'), bytes('ip', '10.0.0.1')])).toEqual([{ host: '10.0.0.1', port: 26379 }]);
  expect([parseConfigEpoch(bytes('config-epoch', '7')), parseConfigEpoch(new Error('x'))]).toEqual([7, -1]);
});

test('a switch is told from other messages', () => {
  expect(parseSwitch(bytes('message', '+switch-master', 'mine 10.0.0.1 6379 10.0.0.2 6380'))).toEqual({ name: 'mine', to: { host: '10.0.0.2', port: 6380 } });
  expect(parseSwitch(bytes('message', '+sdown', 'slave a b c'))).toBe(undefined);
  expect(parseSwitch(bytes('subscribe', '+switch-master', '1'))).toBe(undefined);
  expect(parseSwitch(bytes('message', '+switch-master', 'mine'))).toBe(undefined);
});
