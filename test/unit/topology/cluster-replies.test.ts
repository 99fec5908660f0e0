/** The replies in test/fixtures/topology are recorded: three shards with a replica each, slot 42 on its way from the first to the second, the last replica dead. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AnnouncedAddresses } from '../../../src/model/side-topology.ts';
import { buildClusterMap } from '../../../src/topology/build-cluster-map.ts';
import type { ClusterMap } from '../../../src/topology/cluster-map.ts';
import { mergeViews } from '../../../src/topology/merge-views.ts';
import type { NodeView } from '../../../src/topology/node-view.ts';
import { parseClusterNodes } from '../../../src/topology/parse-cluster-nodes.ts';
import { parseClusterShards } from '../../../src/topology/parse-cluster-shards.ts';
import { parseClusterSlots } from '../../../src/topology/parse-cluster-slots.ts';

const recorded = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`../../fixtures/topology/${name}.json`, import.meta.url), 'utf8')) as Record<string, unknown>;
const PLAIN: AnnouncedAddresses = { addressMap: new Map(), preferHostname: false };

function mapOf(nodes: readonly NodeView[], more: { announced?: AnnouncedAddresses; tls?: boolean; askedHost?: string; before?: ClusterMap } = {}): ClusterMap {
  return buildClusterMap({ nodes, currentEpoch: 3, stateOk: true }, { announced: PLAIN, askedHost: 'asked', tls: false, ...more });
}

const slotsOf = (map: ClusterMap): string[] => map.shards.map(({ slots }) => slots.map(({ first, last }) => `${first}-${last}`).join(' '));
const SLOTS = ['0-5000 6000-6000', '5001-5999 6001-16383', ''];

describe.each(['redis-6.0', 'redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9.1'])('replies of %s', (server) => {
  const replies = recorded(server);
  const nodes = parseClusterNodes(String(replies['0 NODES']));
  const shards = parseClusterShards(replies['1 SHARDS']);

  test('CLUSTER NODES says who there is, who owns what, what is on its way, and who has failed', () => {
    const map = mapOf(nodes);
    expect(slotsOf(map)).toEqual(SLOTS);
    expect([map.slotsMissing, [...map.nodes].length]).toEqual([0, 6]);
    expect(map.shards.map(({ replicas }) => replicas.map(({ health }) => health))).toEqual([['online'], ['online'], ['failed']]);
    expect(map.moving).toEqual([{ slot: 42, fromId: map.shards[0].primary.id, toId: map.shards[1].primary.id }]);
    expect(mapOf(parseClusterNodes(String(replies['1 NODES']))).moving).toEqual(map.moving);
    expect(map.shards.map(({ primary }) => primary.configEpoch)).toEqual([1, 2, 3]);
    expect([...map.nodes].every(({ host, port }) => host === '127.0.0.1' && port > 10_000)).toBe(true);
  });

  test.runIf(server !== 'redis-6.0')('CLUSTER SHARDS adds offsets, and names', () => {
    const map = mapOf(mergeViews(nodes, shards));
    expect(slotsOf(map)).toEqual(SLOTS);
    expect(map.shards.every(({ primary, replicas }) => primary.offset > 0 && replicas[0].offset > 0)).toBe(true);
    expect(nodes.map(({ hostname }) => hostname).toSorted()).toEqual(Array.from({ length: 6 }, (_, i) => `node-${i}.local`));
    expect(slotsOf(mapOf(shards))).toEqual(SLOTS);
    if (server === 'valkey-9.1') expect(map.shards.every(({ id, primary }) => /^[0-9a-f]{40}$/.test(id) && id !== primary.id)).toBe(true);
  });

  test('CLUSTER SLOTS will do where it is all there is, whatever endpoint it names', () => {
    for (const node of ['1 SLOTS', '2 SLOTS']) {
      const map = mapOf(parseClusterSlots(replies[node]));
      expect(slotsOf(map)).toEqual(SLOTS.slice(0, 2));
      expect([...map.nodes].every(({ host }) => host === '127.0.0.1')).toBe(true);
      expect(map.shards.map(({ primary }) => primary.id)).toEqual(
        mapOf(nodes)
          .shards.slice(0, 2)
          .map(({ primary }) => primary.id),
      );
    }
  });

  test.runIf(server !== 'redis-6.0')('host names are taken when they are preferred, and the address map goes before what is announced', () => {
    const preferred = mapOf(nodes, { announced: { addressMap: new Map(), preferHostname: true } });
    expect(preferred.shards.map(({ primary }) => primary.host)).toEqual(['node-0.local', 'node-1.local', 'node-2.local']);
    const { port } = preferred.shards[0].primary;
    const addressMap = new Map([
      [`127.0.0.1:${port}`, 'outside:1'],
      ['node-1.local', 'outside'],
    ]);
    const mapped = mapOf(nodes, { announced: { addressMap, preferHostname: true } });
    expect(mapped.shards.map(({ primary }) => `${primary.host}:${primary.port}`).slice(0, 2)).toEqual([
      'outside:1',
      `outside:${preferred.shards[1].primary.port}`,
    ]);
    for (const address of [`127.0.0.1:${port}`, `node-0.local:${port}`, 'outside:1']) expect(mapped.nodeAt(address)?.id).toBe(mapped.shards[0].primary.id);
  });
});

describe.each(['redis-6.0', 'redis-7.0', 'valkey-9.1'])('replies of %s with TLS', (server) => {
  test('lead to the TLS ports over TLS, and to the plain ones without', () => {
    const replies = recorded(`tls-${server}`);
    const portsOver = (kind: 'tls' | 'plain'): number[] => {
      const views = mergeViews(parseClusterNodes(String(replies[`${kind} NODES`])), parseClusterShards(replies[`${kind} SHARDS`]));
      return mapOf(views, { tls: kind === 'tls' }).shards.map(({ primary }) => primary.port);
    };
    const busPorts = [...String(replies['tls NODES']).matchAll(/@(\d+) .* (\d+)-\d+$/gm)]
      .toSorted((a, b) => Number(a[2]) - Number(b[2]))
      .map((match) => Number(match[1]));
    expect(portsOver('tls')).toEqual(busPorts.map((port) => port - 10_000));
    // Redis 6 shows the TLS ports to everybody.
    if (server !== 'redis-6.0') for (const port of portsOver('plain')) expect(busPorts).not.toContain(port + 10_000);
  });
});

const id = (letter: string): string => letter.repeat(40);

describe('quirks:', () => {
  const nodeOf = (line: string): NodeView | undefined => parseClusterNodes(`${line}\n`)[0];

  test.each([
    [`${id('a')} :6379@16379 myself,master - 0 0 1 connected 0-16383`, { ip: '', port: 6379, hasAddress: true }],
    [`${id('a')} 10.0.0.1:6379 master - 0 0 1 connected`, { ip: '10.0.0.1', port: 6379 }],
    [`${id('a')} ::1:6379@16379 master - 0 0 1 connected`, { ip: '::1', port: 6379 }],
    [
      `${id('a')} 2001:db8::7:6379@16379,h.example,shard-id=${id('f')},tls-port=7000 master - 0 0 1 connected`,
      { ip: '2001:db8::7', hostname: 'h.example', shardId: id('f'), tlsPort: 7000 },
    ],
    [`${id('a')} 10.0.0.1:6379@16379,,shard-id=${id('f')} master - 0 0 1 connected`, { hostname: '', shardId: id('f') }],
    [`${id('a')} 10.0.0.1:6379@16379,? master - 0 0 1 connected`, { hostname: '' }],
    [`${id('a')} :0@0 slave,fail,noaddr ${id('b')} 1 0 1 disconnected`, { hasAddress: false, health: 'failed', role: 'replica', primaryId: id('b') }],
    [`${id('a')} 10.0.0.1:6379@16379 handshake - 0 0 0 connected`, { hasAddress: false }],
    [
      `${id('a')} 10.0.0.1:6379@16379 master,fail?,nofailover - 0 0 7 connected 5 7-9 [1->-${id('b')}] [x] 99999`,
      {
        health: 'suspected',
        configEpoch: 7,
        slots: [
          { first: 5, last: 5 },
          { first: 7, last: 9 },
        ],
        moving: [{ slot: 1, otherId: id('b'), direction: 'to' }],
      },
    ],
    [`${id('a')} 10.0.0.1:6379@16379 slave - 0 0 1 connected`, { role: 'replica', primaryId: undefined }],
  ])('%s', (line, expected) => {
    expect(nodeOf(line)).toMatchObject(expected);
  });

  test('lines that say nothing are left out', () => {
    for (const line of ['', 'ERR', 'vars currentEpoch 3 lastVoteEpoch 0', `${id('A')} 1.1.1.1:1@2 master - 0 0 1 connected`])
      expect(nodeOf(line)).toBe(undefined);
    expect([parseClusterShards('x'), parseClusterShards([['slots', [0]]]), parseClusterSlots([[0, 99_999, ['h', 1]], 'x'])]).toEqual([[], [], []]);
  });

  test('a host that is not named is the one that was asked', () => {
    const map = mapOf(parseClusterNodes(`${id('a')} :6379@16379 myself,master - 0 0 1 connected 0-16383`), { askedHost: '10.1.1.1' });
    expect(map.shards[0].primary).toMatchObject({ host: '10.1.1.1', announcedAddress: '10.1.1.1:6379' });
    expect(mapOf(parseClusterSlots([[0, 16_383, [null, 6379, id('a')]]]), { askedHost: '::1' }).nodeAt('[::1]:6379')?.id).toBe(id('a'));
  });

  test('of two that claim a slot the higher epoch has it', () => {
    const lines = [`${id('a')} 10.0.0.1:1@2 master - 0 0 5 connected 0-100`, `${id('b')} 10.0.0.2:1@2 master - 0 0 9 connected 50-16383`];
    for (const text of [lines.join('\n'), lines.toReversed().join('\n')]) expect(slotsOf(mapOf(parseClusterNodes(text)))).toEqual(['0-49', '50-16383']);
  });

  test('a failed primary that owns nothing is no shard; one that owns slots is; one without an address leaves its slots uncovered', () => {
    const lines = [
      `${id('a')} 10.0.0.1:1@2 master,fail - 0 0 5 disconnected`,
      `${id('b')} 10.0.0.2:1@2 master,fail - 0 0 9 disconnected 0-99`,
      `${id('c')} :0@0 master,noaddr - 0 0 9 disconnected 100-199`,
    ];
    const map = mapOf(parseClusterNodes(lines.join('\n')));
    expect([map.shards.map(({ id: shard }) => shard), map.slotsMissing]).toEqual([[id('b')], 16_284]);
  });

  test('a shard keeps its id when its replica takes over, also when the old primary stays as one without slots', () => {
    const before = mapOf(
      parseClusterNodes([`${id('a')} 10.0.0.1:1@2 master - 0 0 1 connected 0-16383`, `${id('b')} 10.0.0.2:1@2 slave ${id('a')} 0 0 1 connected`].join('\n')),
    );
    const after = [`${id('a')} 10.0.0.1:1@2 master - 0 0 1 connected`, `${id('b')} 10.0.0.2:1@2 master - 0 0 2 connected 0-16383`];
    expect(mapOf(parseClusterNodes(after.join('\n')), { before }).shards.map((shard) => [shard.id, shard.primary.id])).toEqual([
      [id('a'), id('b')],
      [`${id('a')}-alone`, id('a')],
    ]);
  });

  test('two primaries in one shard of CLUSTER SHARDS: the one that lives has the slots', () => {
    const node = (name: string, health: string): unknown[] => [
      'id',
      id(name),
      'port',
      1,
      'ip',
      '10.0.0.1',
      'endpoint',
      '',
      'role',
      'master',
      'replication-offset',
      1,
      'health',
      health,
    ];
    const map = mapOf(parseClusterShards([['slots', [0, 16_383], 'nodes', [node('a', 'fail'), node('b', 'online')]]]));
    expect(map.primaryOfSlot(0)?.id).toBe(id('b'));
  });
});
