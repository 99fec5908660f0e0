import { afterEach, describe, expect, test } from 'vitest';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import type { AnnouncedAddresses } from '../../../src/model/side-topology.ts';
import type { ClusterTopologyOptions } from '../../../src/topology/cluster-api.ts';
import type { ClusterChange } from '../../../src/topology/cluster-changes.ts';
import { ClusterTopology } from '../../../src/topology/cluster-topology.ts';
import { parseRedirect } from '../../../src/topology/parse-redirect.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { DISCOVERY } from '../../support/discovery.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { freePort } from '../../support/free-port.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { waitFor } from '../../support/wait-for.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const NOTHING_MAPPED: AnnouncedAddresses = { addressMap: new Map(), preferHostname: false };

async function cluster(options: Parameters<typeof startCluster>[0] = {}): Promise<TestCluster> {
  const started = await startCluster(options);
  closing.push(() => started.stop());
  return started;
}

/** With everything that it told of. */
function follow(
  seeds: readonly Endpoint[],
  more: Partial<ClusterTopologyOptions> = {},
  announced = NOTHING_MAPPED,
): ClusterTopology & { changes: ClusterChange[]; told: string[] } {
  const topology = new ClusterTopology({ ...DISCOVERY, side: { kind: 'cluster', seeds, announced }, refreshEveryMs: 500, refreshGapMs: 50, ...more });
  closing.push(() => topology.close());
  const told = { changes: [] as ClusterChange[], told: [] as string[] };
  topology.events.on('changed', ({ changes }) => told.changes.push(...changes));
  topology.events.on('trouble', ({ error }) => told.told.push(error.code));
  topology.events.on('recovered', () => told.told.push('recovered'));
  return Object.assign(topology, told);
}

const endpoint = ({ port }: { port: number }): Endpoint => ({ host: '127.0.0.1', port });
const portsOf = (topology: ClusterTopology): number[] => topology.map.owningShards.map(({ primary }) => primary.port);
const deadEndpoint = async (): Promise<Endpoint> => endpoint({ port: await freePort() });

describe.each(['redis-6.0', 'redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9.1'] as const)('a cluster of %s', (server) => {
  test('is found from any node, and its failovers and moves of slots are told of', async () => {
    const nodes = await cluster({ server, shards: 2, replicasPerShard: 1 });
    const topology = follow([await deadEndpoint(), endpoint(nodes.node(3))]);
    await topology.start();
    expect(portsOf(topology)).toEqual([nodes.node(0).port, nodes.node(1).port]);
    expect(topology.map.shards.map(({ replicas }) => replicas.map(({ port }) => port))).toEqual([[nodes.node(2).port], [nodes.node(3).port]]);
    expect(topology.databases).toBe(1);

    await nodes.moveSlots(0, 1, [[10, 12]]);
    await waitFor('the move', () => topology.changes.some(({ type }) => type === 'slots-moved'));
    const [first, second] = topology.map.shards.map(({ id }) => id);
    const moved = topology.changes.filter((change) => change.type === 'slots-moved');
    expect(moved.every((change) => change.from === first && change.to === second && change.first >= 10 && change.last <= 12)).toBe(true);
    await waitFor('all of the move', () => topology.map.shardOfSlot(12)?.id === second);

    topology.changes.length = 0;
    await nodes.failover(0);
    await waitFor('the failover', () => topology.changes.some(({ type }) => type === 'primary-changed'));
    expect(topology.changes.find((change) => change.type === 'primary-changed')).toMatchObject({
      shardId: first,
      from: { port: nodes.node(0).port },
      to: { port: nodes.node(2).port },
    });
    expect(topology.changes.filter(({ type }) => type === 'slots-moved')).toEqual([]);
    expect(portsOf(topology)).toEqual([nodes.node(2).port, nodes.node(1).port]);
  });
});

test('the loss of the node that was asked and of a primary is noticed, and followed', async () => {
  const nodes = await cluster({ shards: 3, replicasPerShard: 1 });
  const topology = follow([endpoint(nodes.node(0))]);
  await topology.start();
  const [shard] = topology.map.shards;
  const killed = await nodes.killPrimary(0);
  await waitFor('the new primary', () => portsOf(topology).includes(nodes.node(3).port));
  expect(topology.map.shards.map(({ id }) => id)).toContain(shard.id);
  expect(topology.map.shard(shard.id)?.primary.port).toBe(nodes.node(3).port);
  await killed.start();
  await waitFor('the old one as a replica', () =>
    topology.map.shard(shard.id)?.replicas.some(({ port, health }) => port === killed.port && health === 'online'),
  );
});

test('a node that says nothing costs no more than a moment', async () => {
  const nodes = await cluster({ shards: 3, config: { 'cluster-node-timeout': 15_000 } });
  const topology = follow([endpoint(nodes.node(0)), endpoint(nodes.node(1))]);
  await topology.start();
  nodes.pauseNode(0);
  const startMs = performance.now();
  await topology.refresh();
  expect(performance.now() - startMs).toBeLessThan(1_500);
  expect(topology.connections().map(({ address }) => address)).not.toContain(`127.0.0.1:${nodes.node(0).port}`);
  nodes.resumeNode(0);
});

test('a redirect leads to its node at once, and to a map that knows it', async () => {
  const nodes = await cluster({ shards: 2 });
  const topology = follow([endpoint(nodes.node(0))], { refreshEveryMs: 600_000 });
  await topology.start();
  await nodes.moveSlots(0, 1, [[0, 0]]);
  const reply = await nodes
    .node(0)
    .client()
    .call('GET', '{3560}') // slot 0
    .catch((error: Error) => error.message);
  const redirect = parseRedirect(String(reply));
  expect(redirect).toMatchObject({ kind: 'moved', slot: 0, port: nodes.node(1).port });
  const { endpoint: to, node } = topology.redirected(redirect!, { host: '127.0.0.1' });
  expect([to.port, node?.port]).toEqual([nodes.node(1).port, nodes.node(1).port]);
  await waitFor('the refresh that it asked for', () => topology.map.primaryOfSlot(0)?.port === nodes.node(1).port);
});

test('addresses that cannot be reached are mapped, those of redirects too', async () => {
  const nodes = await cluster({ shards: 2, nodeConfig: (i) => ({ 'cluster-announce-hostname': `node-${i}.invalid` }) });
  const proxies = [await startFaultProxy(nodes.node(0)), await startFaultProxy(nodes.node(1))];
  closing.push(...proxies.map((proxy) => () => Promise.resolve(proxy.close())));
  const addressMap = new Map(nodes.nodes.map((node, i) => [`node-${i}.invalid:${node.port}`, `127.0.0.1:${proxies[i].port}`]));
  const topology = follow([endpoint(proxies[0])], {}, { addressMap, preferHostname: true });
  await topology.start();
  expect(portsOf(topology)).toEqual(proxies.map(({ port }) => port));
  for (const host of ['127.0.0.1', 'node-1.invalid']) {
    const { endpoint: to } = topology.redirected({ kind: 'ask', slot: 1, host, port: nodes.node(1).port }, { host: '127.0.0.1' });
    expect(to.port).toBe(proxies[1].port);
  }
  proxies[0].close();
  await waitFor('the other proxy to be asked', () => topology.connections()[0]?.address === `127.0.0.1:${proxies[1].port}`);
});

test('a replica is preferred by its real offset, never one that is cut off', async () => {
  const nodes = await cluster({ shards: 1, replicasPerShard: 2, config: { 'cluster-node-timeout': 30_000 } });
  const topology = follow([endpoint(nodes.node(0))]);
  await topology.start();
  expect((await topology.replicationSource(topology.map.shards[0], true)).role).toBe('replica');
  expect((await topology.replicationSource(topology.map.shards[0], false)).role).toBe('primary');
  nodes.pauseNode(1);
  expect((await topology.replicationSource(topology.map.shards[0], true)).port).toBe(nodes.node(2).port);
  nodes.resumeNode(1);
  const unblock = await nodes.blockReplication(0);
  const linksDown = async (): Promise<boolean> => {
    const infos = await Promise.all([1, 2].map((i) => nodes.node(i).client().info('replication')));
    return infos.every((info) => info.includes('master_link_status:down'));
  };
  await waitFor('the links to be down', linksDown);
  expect((await topology.replicationSource(topology.map.shards[0], true)).role).toBe('primary');
  await unblock();
});

test('a cluster that lacks slots, or that is down, is trouble, and the map is kept', async () => {
  const nodes = await cluster({ shards: 2, slots: [[[0, 8_000]], [[8_001, 16_382]]] });
  const topology = follow([endpoint(nodes.node(0))]);
  await expect(topology.start({ attemptsMax: 2 })).rejects.toMatchObject({
    code: 'CLUSTER_NOT_READY',
    message: expect.stringContaining('1 slots have no node') as string,
  });
  await nodes.node(1).client().call('CLUSTER', 'ADDSLOTS', 16_383);
  await nodes.settled();
  await topology.start();
  const { map } = topology;
  await Promise.all(nodes.nodes.map((node) => node.kill()));
  await waitFor('the trouble', () => topology.told.includes('CONNECT_FAILED'));
  expect(topology.map).toBe(map);
  await Promise.all(nodes.nodes.map((node) => node.start()));
  await waitFor('the end of the trouble', () => topology.told.at(-1) === 'recovered', { timeoutMs: 20_000 });
});

test('a node that belongs to another cluster now is not believed', async () => {
  const one = await cluster({ shards: 2 });
  const topology = follow([endpoint(one.node(0))], { refreshEveryMs: 200 });
  await topology.start();
  const { map } = topology;
  for (const node of one.nodes) {
    await node.client().call('FLUSHALL');
    await node.client().call('CLUSTER', 'RESET', 'HARD');
  }
  await one.node(0).client().call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
  await waitFor('the trouble', () => topology.told.includes('WRONG_TOPOLOGY'));
  expect(topology.map).toBe(map);
});

describe('what cannot be followed says so:', () => {
  let server: RealServer;
  test('a server that is no cluster', async () => {
    server = await startServer();
    closing.push(() => server.stop());
    await expect(follow([endpoint(server)]).start()).rejects.toMatchObject({ code: 'WRONG_TOPOLOGY' });
  });

  test('seeds that nobody listens on, all of them', async () => {
    const seeds = [await deadEndpoint(), await deadEndpoint()];
    const failing = follow(seeds).start({ attemptsMax: 1 });
    await expect(failing).rejects.toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringContaining(String(seeds[1].port)) as string });
  });

  test('a search that is closed ends at once, however long its next pause is', async () => {
    const reconnect = { ...DISCOVERY.reconnect, delayMinMs: 600_000, delayMaxMs: 600_000 };
    const topology = follow([await deadEndpoint()], { reconnect });
    const starting = topology.start();
    await waitFor('the first failure', () => topology.told.length > 0);
    await topology.close();
    await expect(starting).rejects.toThrow('closed');
  });

  test('a wrong password', async () => {
    server = await startServer({ args: { 'cluster-enabled': 'yes', requirepass: 'right' } });
    closing.push(() => server.stop());
    await expect(follow([{ ...endpoint(server), password: 'wrong' }, await deadEndpoint()]).start()).rejects.toMatchObject({ code: 'AUTH_FAILED' });
  });
});

test('the rights that are documented are enough, and so is CLUSTER SLOTS alone', async () => {
  const nodes = await cluster({ shards: 2 });
  const rights = {
    documented: ['+cluster|nodes', '+cluster|shards', '+cluster|info', '+cluster|slots', '+info', '+role', '+config|get'],
    'slots-alone': ['+cluster|slots'],
    none: ['+cluster|info'],
  };
  for (const [name, granted] of Object.entries(rights)) {
    for (const node of nodes.nodes) await node.client().call('ACL', 'SETUSER', name, 'on', '>secret', '+ping', ...granted);
  }
  const as = (username: string): ClusterTopology => follow([{ ...endpoint(nodes.node(1)), username, password: 'secret' }]);
  for (const name of ['documented', 'slots-alone']) {
    const topology = as(name);
    await topology.start();
    expect([name, portsOf(topology), topology.endpointOf(topology.map.shards[0].primary).username]).toEqual([name, nodes.nodes.map(({ port }) => port), name]);
  }
  await expect(as('none').start()).rejects.toMatchObject({ code: 'PERMISSION_DENIED', message: expect.stringContaining('CLUSTER NODES') as string });
});

test('databases of a Valkey 9 cluster are counted, and a cluster is found over TLS', async () => {
  const certificates = await makeCertificates();
  const nodes = await cluster({ server: 'valkey-9.1', shards: 2, tls: certificates.server, config: { 'cluster-databases': 16 } });
  const topology = follow([{ host: '127.0.0.1', port: nodes.node(0).tlsPort, tls: { verify: true, caFile: certificates.client.caFile } }]);
  await topology.start();
  expect([topology.databases, portsOf(topology)]).toEqual([16, nodes.nodes.map(({ tlsPort }) => tlsPort)]);
  certificates.remove();
});
