import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { explainValues } from '../../../src/config/explain.ts';
import type { ConfigInput } from '../../../src/config/gather-settings.ts';
import { resolveConfig } from '../../../src/config/load.ts';
import type { SideSetting } from '../../../src/model/side-topology.ts';

const folder = mkdtempSync(join(tmpdir(), 'godwit-side-'));
afterAll(() => rmSync(folder, { recursive: true }));
const BASE: ConfigInput = { flags: {}, sourceArgument: 'a', targetArgument: 'b', env: { HOME: '/h' }, cwd: folder };
const resolve = (more: Partial<ConfigInput>): ReturnType<typeof resolveConfig> => resolveConfig({ ...BASE, ...more });
const targetOf = (more: Partial<ConfigInput>): SideSetting | undefined => {
  const { config, problems } = resolve(more);
  expect(problems).toEqual([]);
  return config?.targetSide;
};
const messagesOf = (more: Partial<ConfigInput>): string =>
  resolve(more)
    .problems.map(({ message }) => message)
    .join('\n');

const NOT_MAPPED = { addressMap: new Map(), preferHostname: false };

test('several addresses are seeds of what will be seen, all with the same credentials', () => {
  expect(targetOf({ targetArgument: 'redis://u:p@one,two:7' })).toEqual({
    kind: 'auto',
    seeds: [
      { host: 'one', port: 6379, username: 'u', password: 'p' },
      { host: 'two', port: 7, username: 'u', password: 'p' },
    ],
    announced: NOT_MAPPED,
  });
});

test.each([{ targetArgument: 'redis+cluster://one' }, { targetArgument: 'one', flags: { 'target.cluster': true } }])(
  'a cluster is what is called one: %j',
  (input) => {
    expect(targetOf(input)).toEqual({ kind: 'cluster', seeds: [{ host: 'one', port: 6379 }], announced: NOT_MAPPED });
  },
);

describe('sentinels', () => {
  test('have addresses and a name in the URL, whose credentials are those of the servers', () => {
    const flags = { 'target.sentinel.username': 'su', 'target.sentinel.password': 'sp' };
    expect(targetOf({ targetArgument: 'rediss+sentinel://u:p@one,two:7/mine?tls_verify=false', flags })).toEqual({
      kind: 'sentinel',
      sentinels: [
        { host: 'one', port: 26_379, username: 'su', password: 'sp', tls: { verify: false } },
        { host: 'two', port: 7, username: 'su', password: 'sp', tls: { verify: false } },
      ],
      primaryName: 'mine',
      access: { username: 'u', password: 'p', tls: { verify: false } },
      announced: NOT_MAPPED,
    });
  });

  test('can be given part by part, with TLS of their own and a password in a file', () => {
    writeFileSync(join(folder, 'secret'), 'of-sentinels\n');
    const flags = {
      'target.sentinel.address': 'one,two:7',
      'target.sentinel.primary': 'mine',
      'target.sentinel.password_file': 'secret',
      'target.sentinel.tls.enabled': true,
    };
    const side = targetOf({ targetArgument: undefined, flags, env: { HOME: '/h', GODWIT_TARGET_PASSWORD: 'of-servers' } });
    expect(side).toMatchObject({ kind: 'sentinel', access: { password: 'of-servers' } });
    expect(side?.kind === 'sentinel' && side.sentinels).toEqual([
      { host: 'one', port: 26_379, password: 'of-sentinels', tls: { verify: true } },
      { host: 'two', port: 7, password: 'of-sentinels', tls: { verify: true } },
    ]);
  });

  test('may speak plainly although the servers speak TLS', () => {
    const side = targetOf({ targetArgument: 'rediss+sentinel://one/mine', flags: { 'target.sentinel.tls.enabled': false } });
    expect(side?.kind === 'sentinel' && [side.sentinels[0].tls, side.access.tls]).toEqual([undefined, { verify: true }]);
  });

  test('the name alone makes the addresses theirs', () => {
    const side = targetOf({ targetArgument: 'one', flags: { 'target.sentinel.primary': 'mine' } });
    expect(side).toMatchObject({ kind: 'sentinel', sentinels: [{ host: 'one', port: 26_379 }], primaryName: 'mine' });
  });

  test('their password is a secret, and their name is in the name of the job', () => {
    const { config, secrets, effective } = resolve({
      targetArgument: 'redis+sentinel://:one-secret@one/mine',
      flags: { 'target.sentinel.password': 'other-secret' },
    });
    expect([secrets, config?.job.name]).toEqual([['one-secret', 'other-secret'], 'a-6379-to-mine-at-one-26379']);
    expect(JSON.stringify(explainValues(effective))).not.toMatch(/(?:one|other)-secret/);
  });
});

test('announced addresses are mapped by pairs, in a text or as an array of the file', () => {
  writeFileSync(join(folder, 'map.toml'), '[target]\naddress_map = ["10.0.0.1:6379=gate:1", "[::1]=[::2]", "Node.local=gate"]\nprefer_hostname = true\n');
  const side = targetOf({ configFile: 'map.toml' });
  const pairs = [
    ['10.0.0.1:6379', 'gate:1'],
    ['::1', '[::2]'],
    ['node.local', 'gate'],
  ];
  expect(side?.announced).toEqual({ addressMap: new Map(pairs as [string, string][]), preferHostname: true });
});

test('a replica is preferred at the source alone', () => {
  expect(resolve({ flags: { 'source.prefer_replica': true } }).config?.preferReplica).toBe(true);
});

describe('what contradicts itself is refused:', () => {
  test.each<[string, Partial<ConfigInput>]>([
    ['the name of its primary is not given', { targetArgument: 'redis+sentinel://one' }],
    ['a cluster has none', { targetArgument: 'redis+sentinel://one/m', flags: { 'target.cluster': true } }],
    ['sentinel.primary is given twice', { targetArgument: 'redis+sentinel://one/m', flags: { 'target.sentinel.primary': 'n' } }],
    ['gives another address of the target', { flags: { 'target.sentinel.address': 'x', 'target.sentinel.primary': 'n' } }],
    ['given without a password', { targetArgument: 'redis+sentinel://one/m', flags: { 'target.sentinel.username': 'u' } }],
    ['tls.ca names', { targetArgument: 'rediss+sentinel://one/m', flags: { 'target.sentinel.tls.ca': '/nonexistent' } }],
    ['address_map', { flags: { 'target.address_map': 'a:1=b' } }],
    ['address_map', { flags: { 'target.address_map': 'a:99999=b:1' } }],
  ])('%s: %j', (message, input) => {
    expect(messagesOf(input)).toContain(message);
  });
});
